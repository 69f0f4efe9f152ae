# SPDX-License-Identifier: Apache-2.0
"""Time-boxed permits against one rule, and the register of risks that somebody carries."""
