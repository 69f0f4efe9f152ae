# SPDX-License-Identifier: Apache-2.0
"""Restores a backup into an empty house, and verifies the ledger before it says done.

The archive is read to its end and checked before anything is written. Files go first, rows in one
transaction after them; what was interrupted can be begun again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct
from sqlalchemy import Integer, MetaData, Table, func, insert, select, text
from sqlalchemy.orm import Session

from steelyard import __version__
from steelyard.kernel.errors import ConflictError, InputError, IntegrityError
from steelyard.ledger.verification import Verification
from steelyard.platform.backup.archive import Archive
from steelyard.platform.backup.dump import SECRETS, tables
from steelyard.platform.backup.values import columns_of, decode_rows
from steelyard.platform.blobs.store import Blobs
from steelyard.platform.database.engine import Database
from steelyard.platform.database.migrate import is_ours, knows, newest, step_of, upgrade
from steelyard.platform.durable import make_directory, write_file
from steelyard.platform.log.verification import verify_database
from steelyard.platform.vault import CHECK, Vault, other_key, read_vault
from steelyard.platform.vault_tables import VaultCheckRow

_CHUNK = 1 << 20
_INSERT = 1000


class Restored(Struct, frozen=True, kw_only=True):
    """What was restored."""

    rows: int
    files: int
    keys: int
    verification: Verification | None
    """Of the ledger; None where the backup is from before its first event."""


def load(
    archive: Archive,
    database: Database,
    blobs: Blobs,
    key: Path,
    secrets_key: Path,
    *,
    progress: Callable[[str], None] = lambda _said: None,
) -> Restored:
    """Restore ``archive`` into an empty database.

    ``key`` is where the signing key lies, ``secrets_key`` where the keys of sealed secrets do. A
    backup of older tables goes into those, which are then brought to this version's, as they
    would have been by starting it; the ledger is verified after that.

    Raises:
        ConflictError: something is there already.
        InputError: the backup is of a newer version.
        IntegrityError: the backup, or the ledger in it, does not verify.
    """
    found = prepare(archive, database)
    sealed_with = _check_secrets(archive, secrets_key)
    progress("files")
    files = 0
    for digest, size, file in archive.members("blobs"):
        blobs.put_stream(_pieces(file), sha256=digest, most=size)
        files += 1
    if sealed_with is not None and not secrets_key.exists():
        make_directory(secrets_key.parent, 0o700)
        write_file(secrets_key, sealed_with, 0o600)
    keys = _keys(archive, key) + (sealed_with is not None)

    with database.writing() as session:
        rows = _fill(session, archive, found, progress)
    upgrade(database)  # the rows are there: from here on it is as after a start of this version
    if not database.sqlite:
        with database.writing() as session:
            _advance(session)
    progress("ledger")
    return Restored(rows=rows, files=files, keys=keys, verification=_verified(archive, database))


def prepare(archive: Archive, database: Database) -> list[Table]:
    """Bring the tables of an empty database to where those of the backup were; return them.

    Raises:
        ConflictError: the database is not empty, or has newer tables already.
        InputError: the backup is of a newer version, or does not say how far its tables were.
    """
    index = archive.index
    step = index.step or _newest_if_same(archive)
    if not step or not knows(step):
        raise InputError(
            f"The backup was made by the version {index.version}, whose tables "
            f"{'are newer than' if step else 'are not'} those of this one ({__version__}).",
            next_step="Restore it with the version that made it, or a newer one.",
            code="backup.newer" if step else "backup.version",
        )
    upgrade(database, step)
    with database.reading() as session:
        if step_of(session) != step:
            raise ConflictError(
                f"The database has the tables of this version already ({step_of(session)}), but "
                f"the backup is older ({step}).",
                next_step="Restore into a new data directory, or a database without tables.",
                code="backup.prepared",
            )
        found = list(_reflected(session))
    have = {table.name: set(columns_of(table)) for table in found}
    if have != {name: set(columns) for name, columns in index.tables.items()}:
        raise InputError(
            f"The backup says its tables are as after step {step}, but they are others.",
            next_step="Restore it with the version that made it.",
            code="backup.version",
        )
    check_empty(database, found)
    return found


def _newest_if_same(archive: Archive) -> str:
    """Return the newest step for a backup that names none but has just its tables."""
    have = {table.name: columns_of(table) for table in tables()}
    return newest() if archive.index.tables == have else ""


def _reflected(session: Session) -> Iterator[Table]:
    """Yield the tables as they are in the database, with the types the code gives them."""
    metadata = MetaData()
    metadata.reflect(session.connection(), only=lambda name, _: is_ours(name))
    now = {table.name: table for table in tables()}
    for table in metadata.sorted_tables:
        for column in table.columns:
            known = now[table.name].columns.get(column.name) if table.name in now else None
            if known is not None:
                column.type = known.type
        yield table


def check_empty(database: Database, found: Sequence[Table]) -> None:
    """Refuse a database that holds anything.

    Raises:
        ConflictError: with the table that has rows.
    """
    with database.reading() as session:
        for table in found:
            if session.execute(select(1).select_from(table).limit(1)).first() is not None:
                raise ConflictError(
                    f"The database is not empty: {table.name} has rows.",
                    next_step="Restore into a new data directory or database.",
                    code="backup.not-empty",
                )


def _fill(
    session: Session, archive: Archive, found: Sequence[Table], progress: Callable[[str], None]
) -> int:
    by_name = {table.name: table for table in found}
    counts = dict.fromkeys(by_name, 0)
    for name, size, file in archive.members("tables"):
        table = by_name[name.partition("/")[0]]
        rows = decode_rows(table, archive.index.tables[table.name], file.read(size))
        if not counts[table.name]:
            progress(table.name)
        for start in range(0, len(rows), _INSERT):
            session.execute(insert(table), rows[start : start + _INSERT])
        counts[table.name] += len(rows)
    if counts != archive.index.counts:
        raise IntegrityError("The backup lacks rows its index names.", code="backup.rows")
    return sum(counts.values())


def _advance(session: Session) -> None:
    """Let PostgreSQL count on from the highest number of each table that counts by itself."""
    for table in tables():
        column = table.autoincrement_column
        if column is None or not isinstance(column.type, Integer):
            continue
        highest = session.scalar(select(func.max(column)))
        if highest is not None:
            session.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)"),
                {"table": table.name, "column": column.name, "highest": highest},
            )


def _check_secrets(archive: Archive, path: Path) -> bytes | None:
    """Refuse a backup with sealed secrets that nothing here opens; return its keys, if it has any.

    A server restored without them would come up with second factors that accept no code.

    Raises:
        InputError: the keys are neither in the backup nor in their place, or are other ones.
    """
    table = next(each for each in tables() if each.name == VaultCheckRow.__tablename__)
    sealed = [
        row["sealed"]
        for name, size, file in archive.members("tables")
        if name.startswith(f"{table.name}/")
        for row in decode_rows(table, archive.index.tables[table.name], file.read(size))
    ]
    brought = [f.read(size) for name, size, f in archive.members("keys") if name == SECRETS]
    if not sealed:
        return brought[0] if brought else None
    if not path.exists() and not brought:
        raise InputError(
            "The backup holds sealed secrets (second factors, the directory's, webhooks') and not "
            "the key that opens them; nothing was restored.",
            next_step=f"Put the server's {SECRETS} at {path} first, or restore a backup made "
            "with --keys.",
            code="backup.secrets-key",
        )
    vault = read_vault(path, make=False) if path.exists() else Vault(brought[0].split())
    try:
        vault.open(sealed[0], CHECK)
    except IntegrityError as error:
        raise other_key(path) from error
    return brought[0] if brought else None


def _keys(archive: Archive, key: Path) -> int:
    """Put the keys of the archive beside ``key``; a file that is there must be the same one."""
    count = 0
    for name, size, file in archive.members("keys"):
        data = file.read(size)
        if name == SECRETS:
            continue
        path = key if name == key.name else key.with_name(os.path.basename(name))  # noqa: PTH119
        make_directory(path.parent, 0o700)
        if path.exists():
            if path.read_bytes() != data:
                raise ConflictError(
                    f"Another key lies at {str(path)!r}.",
                    next_step="Move it away, or restore into a new data directory.",
                    code="backup.other-key",
                )
        else:
            write_file(path, data, 0o600)
        count += 1
    return count


def _verified(archive: Archive, database: Database) -> Verification | None:
    note = archive.index.ledger
    if not note:
        return None
    verification = verify_database(database, checkpoints=[note.encode("utf-8")])
    if not verification.ok:
        first = verification.problems[0]
        raise IntegrityError(
            f"The ledger in the backup does not verify: {first.file}: {first.message}",
            next_step="Do not use what was restored; keep the backup for an investigation, and "
            "restore another one.",
            code="backup.ledger",
        )
    return verification


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_CHUNK):
        yield piece
