# SPDX-License-Identifier: Apache-2.0
"""Examiners of single formats, one module each; loaded only when their format turns up.

Every module has an ``examine_…`` function; what its rules mean is in ``catalog/rules``.
"""
