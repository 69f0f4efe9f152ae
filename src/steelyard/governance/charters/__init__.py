# SPDX-License-Identifier: Apache-2.0
"""Charters as records: adopted, signed, in the ledger, one taking the place of another."""
