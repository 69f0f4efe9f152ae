# SPDX-License-Identifier: Apache-2.0
"""Decisions: what was decided and why, what binds, and the proof of it."""
