# SPDX-License-Identifier: Apache-2.0
"""Exceptions: time-boxed permits against a rule, and who grants them."""
