# SPDX-License-Identifier: Apache-2.0
"""The risk register, its heat map, and who carries which risk for which phase."""
