# SPDX-License-Identifier: Apache-2.0
"""The ledger in the database: events committed with what they tell, then put into the tree."""
