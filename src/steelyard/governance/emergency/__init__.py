# SPDX-License-Identifier: Apache-2.0
"""Break-glass: a model is used at once because two people say so, and is looked at afterwards."""
