# SPDX-License-Identifier: Apache-2.0
"""The stage that records: an assessment becomes a signed statement, a ledger entry and a bundle."""
