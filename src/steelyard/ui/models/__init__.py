# SPDX-License-Identifier: Apache-2.0
"""The inventory: models, and everything that is known about one, tab by tab."""
