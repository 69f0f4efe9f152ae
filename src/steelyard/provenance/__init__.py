# SPDX-License-Identifier: Apache-2.0
"""Model card, configuration, lineage claims and the ML-BOM."""
