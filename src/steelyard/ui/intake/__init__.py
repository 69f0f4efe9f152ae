# SPDX-License-Identifier: Apache-2.0
"""Asking for a model: one page with a preview of what would follow."""
