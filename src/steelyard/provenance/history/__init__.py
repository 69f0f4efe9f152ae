# SPDX-License-Identifier: Apache-2.0
"""Who changed a model repository, when and how: facts, and observations a reviewer should see.

Pure: commits come in as data (from a hub's commit list, or as ``platform/git_history`` reads them
from a clone), the time is given, and what the data do not say stays unknown.
"""
