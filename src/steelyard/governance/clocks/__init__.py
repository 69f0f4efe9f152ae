# SPDX-License-Identifier: Apache-2.0
"""Deadlines: by when something must be done in business time, and who is asked when it is not."""
