# SPDX-License-Identifier: Apache-2.0
"""Pages of suppliers and of how we could leave them."""
