# SPDX-License-Identifier: Apache-2.0
"""Replies kept for a while, so that a call repeated with its key is answered, not done again."""
