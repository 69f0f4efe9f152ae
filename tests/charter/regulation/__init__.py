# SPDX-License-Identifier: Apache-2.0
"""Tests of the classification under the EU AI Act."""
