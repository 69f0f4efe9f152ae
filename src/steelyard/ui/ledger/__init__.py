# SPDX-License-Identifier: Apache-2.0
"""The ledger: what happened, and the proof that nobody changed it since."""
