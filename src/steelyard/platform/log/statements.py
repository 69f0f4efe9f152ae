# SPDX-License-Identifier: Apache-2.0
"""Statements in the ledger: entries that say which signed statement was made, in digests."""

from __future__ import annotations

from steelyard.ledger.columns import columns_of_entry
from steelyard.ledger.entry import CharterEntry, LedgerEntry
from steelyard.platform.log.tables import EventRow
from steelyard.platform.work import Work


def record_statement(work: Work, entry: LedgerEntry | CharterEntry) -> EventRow:
    """Add the entry of a signed statement to the ledger, in this transaction."""
    columns = columns_of_entry(entry)
    row = EventRow(
        leaf=entry.encode(),
        at=columns.at,
        type=columns.type,
        subject=columns.subject,
        about=columns.about,
        actor=columns.actor,
        body=None,
        salt="",
    )
    work.session.add(row)
    return row
