# SPDX-License-Identifier: Apache-2.0
"""The ledger in the database as files: what verification, exports and the tile door read.

Paths are those of the static layout. A tile that grows is kept once, at its widest; every earlier
width is a beginning of it.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from steelyard.kernel.errors import MissingError, UnavailableError
from steelyard.ledger.bundle import CHECKPOINT, KEY
from steelyard.ledger.checkpoint import InclusionProof, parse_checkpoint
from steelyard.ledger.handover import handover_number, handover_path
from steelyard.ledger.merkle import HASH_SIZE, inclusion_proof
from steelyard.ledger.signing import key_file, parse_note_key
from steelyard.ledger.tiles import (
    ENTRIES,
    WIDTH,
    Tile,
    encode_entries,
    last_tiles,
    level_reader,
    parse_path,
    split_hashes,
)
from steelyard.ledger.verify_parts import COSIGNED, WITNESSES
from steelyard.platform.log.events import ledger_size
from steelyard.platform.log.state import newest_note, state_of
from steelyard.platform.log.tables import (
    CheckpointRow,
    CosignatureRow,
    EventRow,
    HandoverRow,
    TileRow,
    WitnessRow,
)


class LedgerReader:
    """Returns the bytes of one file of the ledger by its path; see :mod:`tiles`.

    Raises (when called):
        MissingError: there is no such file.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def __call__(self, path: str) -> bytes:
        """Return the bytes at ``path``."""
        if path == CHECKPOINT:
            return newest_note(self._session)
        if path == KEY:
            state = state_of(self._session)
            if state is None:
                raise _missing(path)
            return key_file(parse_note_key(state.verifier))
        if path in (COSIGNED, WITNESSES) or handover_number(path) is not None:
            return self._part(path)
        tile = parse_path(path)
        if tile is None:
            raise _missing(path)
        return encode_entries(self.entries(tile)) if tile.level == ENTRIES else self.hashes(tile)

    def _part(self, path: str) -> bytes:
        number = handover_number(path)
        if number is not None:
            found = self._session.scalar(
                select(HandoverRow.data).where(HandoverRow.number == number)
            )
        elif path == WITNESSES:
            rows = self._session.scalars(select(WitnessRow.verifier).order_by(WitnessRow.name))
            found = "".join(f"{verifier}\n" for verifier in rows).encode("ascii")
        else:
            found = self._cosigned()
        if found is None:
            raise _missing(path)
        return found

    def _cosigned(self) -> bytes | None:
        """Return the newest checkpoint that somebody cosigned, with every witness's line."""
        size = self._session.scalar(select(func.max(CosignatureRow.size)))
        note = None if size is None else note_of(self._session, size)
        if note is None:
            return None
        lines = self._session.scalars(
            select(CosignatureRow.line)
            .where(CosignatureRow.size == size)
            .order_by(CosignatureRow.witness)
        )
        return note + "".join(f"{line}\n" for line in lines).encode("utf-8")

    def entries(self, tile: Tile) -> list[bytes]:
        """Return the leaves of an entry bundle, as many as there are."""
        first = tile.number * WIDTH
        found = self._session.scalars(
            select(EventRow.leaf)
            .where(EventRow.position >= first, EventRow.position < first + tile.width)
            .order_by(EventRow.position)
        )
        return [raw(leaf) for leaf in found]

    def hashes(self, tile: Tile) -> bytes:
        """Return the bytes of a hash tile.

        Raises:
            MissingError: there is no such tile.
        """
        data = self._session.scalar(
            select(TileRow.data).where(TileRow.level == tile.level, TileRow.number == tile.number)
        )
        if data is None:
            raise _missing(tile.path)
        return raw(data)[: tile.width * HASH_SIZE]

    def names(self) -> list[str]:
        """Return the paths of all files, as far as rows of the database say they are there."""
        found = [CHECKPOINT, KEY] if state_of(self._session) is not None else []
        numbers = self._session.scalars(select(HandoverRow.number))
        found += [handover_path(number) for number in numbers]
        if self._session.scalar(select(func.max(CosignatureRow.size))) is not None:
            found += [COSIGNED, WITNESSES]
        size = ledger_size(self._session)
        if size:
            newest = last_tiles(size)[0]
            found += [Tile(ENTRIES, number, WIDTH).path for number in range(newest.number)]
            found.append(newest.path)
        tiles = self._session.execute(select(TileRow.level, TileRow.number, TileRow.width))
        found += [Tile(level, number, width).path for level, number, width in tiles]
        return found


def raw(value: bytes | str) -> bytes:
    """Return a column's bytes, also where somebody put a text there, as SQLite lets them."""
    return value.encode("utf-8") if isinstance(value, str) else value


def note_of(session: Session, size: int) -> bytes | None:
    """Return the first checkpoint of exactly ``size`` entries, if one was signed."""
    return session.scalar(
        select(CheckpointRow.note)
        .where(CheckpointRow.size == size)
        .order_by(CheckpointRow.id)
        .limit(1)
    )


def proof(session: Session, position: int) -> bytes:
    """Return the ``.tlog-proof`` of the entry at ``position``.

    It leads to the first checkpoint that covers the entry, so it is the same whenever it is asked
    for, and signed by the key that was in force when the entry was recorded.

    Raises:
        MissingError: there is no such entry.
        UnavailableError: the entry is not in the tree yet.
    """
    leaf = session.scalar(select(EventRow.leaf).where(EventRow.position == position))
    if leaf is None:
        raise MissingError(
            f"The ledger has no entry {position}.",
            next_step="The checkpoint says how many entries there are; they count from 0.",
            code="ledger.entry-missing",
        )
    note = session.scalar(
        select(CheckpointRow.note)
        .where(CheckpointRow.size > position)
        .order_by(CheckpointRow.size, CheckpointRow.id)
        .limit(1)
    )
    if note is None:
        raise not_yet()
    size = parse_checkpoint(note).head.size
    reader = LedgerReader(session)
    kept: dict[tuple[int, int], list[bytes]] = {}

    def hashes(level: int, number: int) -> list[bytes]:
        known = kept.get((level, number))
        if known is None:
            known = kept[level, number] = split_hashes(reader.hashes(Tile(level, number, WIDTH)))
        return known

    path = inclusion_proof(level_reader(hashes), position, size)
    return InclusionProof(position, leaf, path, note).encode()


def not_yet() -> UnavailableError:
    """Return the error for what is committed and waits for its place in the tree."""
    return UnavailableError(
        "This is recorded, but not yet in the tree of the ledger.",
        next_step="Try again in a second.",
        code="ledger.not-yet",
        retry_after=1,
    )


def _missing(path: str) -> MissingError:
    return MissingError(
        f"The ledger has no file {path!r}.",
        next_step="See the checkpoint for how many entries there are.",
        code="ledger.file-missing",
    )
