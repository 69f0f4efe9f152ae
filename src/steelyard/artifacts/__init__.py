# SPDX-License-Identifier: Apache-2.0
"""Bytes to structure: sniffing, one reader per format, hard limits. Only the sandbox runs it."""
