# SPDX-License-Identifier: Apache-2.0
"""The charter as a handbook, its versions, and how people change it."""
