# SPDX-License-Identifier: Apache-2.0
"""Opens a server's database for what concerns its ledger alone, without starting a server."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from steelyard.ledger.verification import Verification
from steelyard.platform.database.engine import Database
from steelyard.platform.log.export import Exported, export
from steelyard.platform.log.verification import verify_database


def verify_server(
    url: str,
    *,
    trusted: Collection[str] = (),
    own: str | None = None,
    checkpoints: Sequence[bytes] = (),
) -> Verification:
    """Verify the ledger in the database at ``url``.

    Raises:
        InputError: there is no ledger, or the URL is none.
        UnavailableError: the database cannot be reached.
    """
    database = Database(url, pool=1)
    try:
        return verify_database(database, trusted=trusted, own=own, checkpoints=checkpoints)
    finally:
        database.close()


def export_server(url: str, directory: Path, *, bodies: bool) -> Exported:
    """Write the ledger in the database at ``url`` to ``directory``.

    Raises:
        InputError: as for :func:`steelyard.platform.log.export.export`.
        UnavailableError: the database cannot be reached.
    """
    database = Database(url, pool=1)
    try:
        return export(database, directory, bodies=bodies)
    finally:
        database.close()
