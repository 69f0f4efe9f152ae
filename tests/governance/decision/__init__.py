# SPDX-License-Identifier: Apache-2.0
"""Tests of decisions; what they share stands beside them."""
