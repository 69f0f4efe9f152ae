# SPDX-License-Identifier: Apache-2.0
"""Shipped knowledge as data with its sources: licenses, frameworks, controls, charters."""
