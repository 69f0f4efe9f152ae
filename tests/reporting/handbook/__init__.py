# SPDX-License-Identifier: Apache-2.0
"""The handbook of a charter."""
