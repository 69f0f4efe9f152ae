# SPDX-License-Identifier: Apache-2.0
"""Tests of charters; a package so that they can share :mod:`tests.charter.samples`."""
