# SPDX-License-Identifier: Apache-2.0
"""Backups: one archive of one state of everything, for either database."""
