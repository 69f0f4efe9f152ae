# SPDX-License-Identifier: Apache-2.0
"""Writes a backup while the server runs: one state of all tables, and the files they name.

All tables are read in one transaction that sees one moment (a snapshot on either database); writers
go on meanwhile. A file is stored before the row that names it is committed, so every file of that
moment is there when the tables have been read.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from steelyard import __version__
from steelyard.kernel.errors import InputError, MissingError
from steelyard.platform.backup.archive import Index, Writer
from steelyard.platform.backup.values import columns_of, encode_rows
from steelyard.platform.blobs.store import Blobs
from steelyard.platform.database.base import Base
from steelyard.platform.database.engine import Database
from steelyard.platform.database.migrate import step_of
from steelyard.platform.durable import flush_directory
from steelyard.platform.log.state import newest_note

SECRETS = "secrets.key"
"""What a backup calls the keys of sealed secrets, whatever their file is called."""
ROWS = 5000
"""Rows of one member."""


class Backed(Struct, frozen=True, kw_only=True):
    """What a backup holds."""

    path: str
    size: int
    rows: int
    files: int
    entries: int
    """Of the ledger."""


def tables() -> list[Table]:
    """Return every table, in an order in which they can be filled."""
    return list(Base.metadata.sorted_tables)


def dump(
    database: Database,
    blobs: Blobs,
    target: Path,
    now: dt.datetime,
    *,
    keys: tuple[Path, ...] = (),
    secrets_key: Path | None = None,
    progress: Callable[[str], None] = lambda _said: None,
) -> Backed:
    """Write a backup to ``target``, a new file that is there whole or not at all.

    Raises:
        InputError: the file exists, or cannot be written.
        IntegrityError: a stored file was changed where it lies.
    """
    if target.exists():
        raise InputError(
            f"{str(target)!r} exists already.",
            next_step="Name a new file; old backups are not overwritten.",
            code="backup.exists",
        )
    named = {path.name: path for path in keys}
    if secrets_key is not None:
        named[SECRETS] = secrets_key
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
            writer = Writer(file)
            index = _write(writer, database, blobs, now, named, progress)
            writer.close(index)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(target)
        flush_directory(target.parent)
    except OSError as error:
        raise InputError(
            f"The backup {str(target)!r} cannot be written: {error.strerror}.",
            next_step="Check permissions and free space; nothing was left behind.",
            code="backup.unwritable",
        ) from error
    finally:
        fresh.unlink(missing_ok=True)
    return Backed(
        path=str(target),
        size=target.stat().st_size,
        rows=sum(index.counts.values()),
        files=sum(one.name.startswith("blobs/") for one in index.members),
        entries=index.counts["event"],
    )


def _write(
    writer: Writer,
    database: Database,
    blobs: Blobs,
    now: dt.datetime,
    keys: dict[str, Path],
    progress: Callable[[str], None],
) -> Index:
    counts: dict[str, int] = {}
    with database.reading() as session:
        ledger, step = _ledger(session), step_of(session)
        for table in tables():
            progress(table.name)
            counts[table.name] = _table(writer, session, table)
    progress("files")
    for digest in blobs.digests():
        writer.add(f"blobs/{digest}", blobs.size(digest), blobs.stream(digest))
    for name, path in keys.items():
        data = path.read_bytes()
        writer.add(f"keys/{name}", len(data), [data])
    return Index(
        made_at=now.isoformat(),
        version=__version__,
        tables={table.name: columns_of(table) for table in tables()},
        counts=counts,
        ledger=ledger,
        members=writer.members,
        step=step,
    )


def _ledger(session: Session) -> str:
    try:
        return newest_note(session).decode("utf-8")
    except MissingError:
        return ""


def _table(writer: Writer, session: Session, table: Table) -> int:
    count = 0
    for number, data in enumerate(_parts(session, table)):
        writer.add(f"tables/{table.name}/{number:06d}.jsonl", len(data), [data])
        count += data.count(b"\n")
    return count


def _parts(session: Session, table: Table) -> Iterator[bytes]:
    result = session.execute(
        select(table).order_by(*table.primary_key.columns), execution_options={"yield_per": 1000}
    )
    for rows in result.partitions(ROWS):
        yield encode_rows(rows)


def count_rows(session: Session) -> dict[str, int]:
    """Return how many rows each table has."""
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in tables()
    }
