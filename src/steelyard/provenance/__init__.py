# SPDX-License-Identifier: Apache-2.0
"""Model card, configuration, lineage claims, signatures and the ML-BOM."""
