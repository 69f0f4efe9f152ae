# SPDX-License-Identifier: Apache-2.0
"""Examiners of single formats, one module each; loaded only when their format turns up.

Every module has ``RULES`` (rule id to title and usual severity) and an ``examine_…`` function.
"""
