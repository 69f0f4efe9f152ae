# SPDX-License-Identifier: Apache-2.0
"""Short addresses: from the id of a thing to its page."""
