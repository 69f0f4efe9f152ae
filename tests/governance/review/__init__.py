# SPDX-License-Identifier: Apache-2.0
"""Tests of reviews; what they share stands beside them."""
