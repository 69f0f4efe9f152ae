# SPDX-License-Identifier: Apache-2.0
"""Writes the ledger of a database as static files that any web server or disk can hand out.

Files of full tiles never change, so an export to the same directory writes only what is new. The
checkpoint is written last: at any moment, also after a crash, the directory is a ledger.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.kernel.errors import InputError
from steelyard.ledger.bundle import CHECKPOINT, KEY
from steelyard.ledger.checkpoint import TreeHead, parse_checkpoint
from steelyard.ledger.handover import handover_number
from steelyard.ledger.merkle import HASH_SIZE
from steelyard.ledger.tiles import ENTRIES, WIDTH, Tile, all_tiles, last_tiles
from steelyard.ledger.verify_log import UNFINISHED
from steelyard.ledger.verify_parts import BODIES, COSIGNED, WITNESSES, BodyLine
from steelyard.platform import durable
from steelyard.platform.database.engine import Database
from steelyard.platform.file_ledger import locked
from steelyard.platform.log.reader import LedgerReader
from steelyard.platform.log.state import newest_note
from steelyard.platform.log.tables import EventRow


class Exported(Struct, frozen=True, kw_only=True):
    """What an export wrote."""

    size: int
    written: int
    """Files; those that were there already are not counted."""


def export(database: Database, directory: Path, *, bodies: bool = False) -> Exported:
    """Write the ledger to ``directory``, new or holding an earlier export of the same ledger.

    With ``bodies``, what was said beside the ledger is written too, for those who may read it.

    Raises:
        InputError: the directory cannot be written, or holds another ledger.
    """
    try:
        durable.make_directory(directory)
        with locked(directory), database.reading() as session:
            return _export(session, directory, bodies)
    except OSError as error:
        raise InputError(
            f"The ledger cannot be exported to {str(directory)!r}: {error.strerror}.",
            next_step="Check its permissions and free space; the same command goes on.",
            code="ledger.unwritable",
        ) from error


def _export(session: Session, directory: Path, bodies: bool) -> Exported:
    note = newest_note(session)
    head = parse_checkpoint(note).head
    _check_same(directory, head)
    read = LedgerReader(session)
    written = 0
    for tile in all_tiles(head.size):
        path = directory / tile.path
        if tile.width == WIDTH and _whole(path, tile):
            continue
        data = read(tile.path)
        durable.make_directory(path.parent)
        durable.replace_file(path, data, UNFINISHED)
        written += 1
    for name in read.names():
        if name in (KEY, COSIGNED, WITNESSES) or handover_number(name) is not None:
            durable.make_directory((directory / name).parent)
            durable.replace_file(directory / name, read(name), UNFINISHED)
            written += 1
    if bodies:
        data = b"".join(line.encode() for line in _bodies(session, head.size))
        durable.replace_file(directory / BODIES, data, UNFINISHED)
        written += 1
    durable.replace_file(directory / CHECKPOINT, note, UNFINISHED)
    _prune(directory, head.size)
    return Exported(size=head.size, written=written + 1)


def _check_same(directory: Path, head: TreeHead) -> None:
    path = directory / CHECKPOINT
    if not path.exists():
        if (directory / "tile").exists():
            return  # an export that was interrupted
        strangers = [name for name in durable.list_files(directory) if not name.startswith(".")]
        if strangers:
            raise _other(directory)
        return
    there = parse_checkpoint(path.read_bytes()).head
    if there.origin != head.origin or there.size > head.size:
        raise _other(directory)


def _other(directory: Path) -> InputError:
    return InputError(
        f"The directory {str(directory)!r} holds something else, or a longer ledger.",
        next_step="Name an empty directory, or that of an earlier export.",
        code="ledger.export",
    )


def _whole(path: Path, tile: Tile) -> bool:
    """Tell whether the file of a full tile is there. Renamed into place, it is whole if it is."""
    if not path.is_file():
        return False
    return tile.level == ENTRIES or path.stat().st_size == WIDTH * HASH_SIZE


def _bodies(session: Session, size: int) -> Iterator[BodyLine]:
    rows = session.execute(
        select(EventRow.position, EventRow.body, EventRow.salt)
        .where(EventRow.position < size)
        .order_by(EventRow.position)
        .execution_options(yield_per=1000)
    )
    for position, body, salt in rows:
        if body:
            yield BodyLine(body=body, position=position, salt=salt)


def _prune(directory: Path, size: int) -> None:
    """Drop partial files of tiles that are full by now."""
    for last in last_tiles(size):
        full = last.number + (last.width == WIDTH)
        for number in range(full):
            path = directory / Tile(last.level, number, WIDTH).path
            partial = path.with_name(f"{path.name}.p")
            if partial.exists():
                with suppress(OSError):  # they do no harm, and verify
                    shutil.rmtree(partial)
