# SPDX-License-Identifier: Apache-2.0
"""Judges recorded assessments again and counts what a change of charter would change."""
