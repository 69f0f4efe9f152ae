# SPDX-License-Identifier: Apache-2.0
"""Coming in and leaving."""
