# SPDX-License-Identifier: Apache-2.0
"""Improvement actions: what reviews found that should be better."""
