# SPDX-License-Identifier: Apache-2.0
"""Rights that were handed on for a time."""
