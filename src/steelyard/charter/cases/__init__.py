# SPDX-License-Identifier: Apache-2.0
"""Test cases of a charter: facts somebody wrote down, and what the charter must make of them."""
