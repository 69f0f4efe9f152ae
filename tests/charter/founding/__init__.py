# SPDX-License-Identifier: Apache-2.0
"""Founding a charter from answers."""
