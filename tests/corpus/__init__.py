# SPDX-License-Identifier: Apache-2.0
"""Hostile files are generated here, never stored."""
