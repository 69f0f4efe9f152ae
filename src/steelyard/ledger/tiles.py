# SPDX-License-Identifier: Apache-2.0
"""The tree laid out in files of 256 hashes: C2SP *tlog-tiles* (https://c2sp.org/tlog-tiles).

``tile/<level>/<number>`` holds up to 256 hashes of subtrees of ``256**level`` leaves each;
``tile/entries/<number>`` holds the entries themselves, each with its length before it in two bytes.
The last file of a level is partial and carries its width in its name (``….p/<width>``), so a file
with a given name never changes: any web server can hand the ledger out, and any copy of it is
complete.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.ledger.merkle import HASH_SIZE, NodeReader, perfect_hash

WIDTH = 256
ENTRIES = -1
"""The level that stands for the entries themselves."""
MAX_ENTRY = 65_535
"""Bytes of one entry: its length is written in two bytes."""
_HEIGHT = 8
_PATH = re.compile(
    r"\Atile/(?P<level>entries|[0-9]{1,2})/(?P<number>(?:x[0-9]{3}/){0,5}[0-9]{3})"
    r"(?:\.p/(?P<width>[0-9]{1,3}))?\Z"
)


class Tile(NamedTuple):
    """One file of the layout: level (:data:`ENTRIES` for entries), number and width (1 to 256)."""

    level: int
    number: int
    width: int

    @property
    def path(self) -> str:
        """Return the path relative to the ledger's root, such as ``tile/0/x001/234.p/5``."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        suffix = f".p/{self.width}" if self.width < WIDTH else ""
        return f"tile/{level}/{_number_path(self.number)}{suffix}"

    @property
    def start(self) -> int:
        """Return the index of the first leaf under this tile."""
        return self.number << (_HEIGHT * (max(self.level, 0) + 1))


def _number_path(number: int) -> str:
    parts = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        parts.append(f"x{number % 1000:03d}")
    return "/".join(reversed(parts))


def parse_path(path: str) -> Tile | None:
    """Return the tile whose path is exactly ``path``, or None."""
    found = _PATH.match(path)
    if found is None:
        return None
    number = int(found["number"].replace("/", "").replace("x", ""))
    level = ENTRIES if found["level"] == "entries" else int(found["level"])
    tile = Tile(level, number, int(found["width"] or WIDTH))
    return tile if 0 < tile.width <= WIDTH and tile.path == path else None


def last_tiles(size: int) -> list[Tile]:
    """Return the rightmost tile of every level of a tree of ``size`` leaves, entries first.

    These, and only these, change when the tree grows to ``size``; a level whose tiles are all full
    gives its last full one.
    """
    tiles: list[Tile] = []
    level, count = ENTRIES, size
    while count:
        tiles.append(Tile(level, (count - 1) // WIDTH, (count - 1) % WIDTH + 1))
        level += 1
        if level > 0:
            count //= WIDTH
    return tiles


def all_tiles(size: int) -> Iterator[Tile]:
    """Yield every tile a tree of ``size`` leaves consists of, entries first, then by level."""
    for last in last_tiles(size):
        for number in range(last.number):
            yield Tile(last.level, number, WIDTH)
        yield last


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle: every entry after its length as two bytes, big end first.

    Raises:
        InputError: an entry is longer than 65,535 bytes.
    """
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise InputError(
                f"A ledger entry has {len(entry)} bytes; the format allows {MAX_ENTRY}.",
                next_step="Log a digest and keep the document beside the ledger.",
                code="ledger.entry-size",
            )
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_entries(data: bytes) -> list[bytes]:
    """Return the entries of an entry bundle.

    Raises:
        IntegrityError: the bytes end inside an entry.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        end = at + 2 + length
        if end > len(data):
            raise IntegrityError(
                f"The file ends inside entry {len(entries)}.", code="ledger.entries"
            )
        entries.append(data[at + 2 : end])
        at = end
    return entries


def split_hashes(data: bytes) -> list[bytes]:
    """Return the hashes of a tile file, whose length must be a multiple of 32."""
    if len(data) % HASH_SIZE:
        raise IntegrityError("The length is not a multiple of 32 bytes.", code="ledger.tile")
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def levels_of(leaf_hashes: Sequence[bytes]) -> list[list[bytes]]:
    """Return the hashes of every level: the leaves, then one hash per full tile below."""
    levels = [list(leaf_hashes)]
    while len(levels[-1]) >= WIDTH:
        below = levels[-1]
        full = range(0, len(below) - WIDTH + 1, WIDTH)
        levels.append([perfect_hash(below[at : at + WIDTH]) for at in full])
    return levels


def level_reader(hash_at: Callable[[int, int], Sequence[bytes]]) -> NodeReader:
    """Return a node reader over tiles; ``hash_at(level, number)`` gives the hashes of one tile."""

    def read(level: int, index: int) -> bytes:
        tile_level, inside = divmod(level, _HEIGHT)
        first = index << inside
        number, offset = divmod(first, WIDTH)
        return perfect_hash(hash_at(tile_level, number)[offset : offset + (1 << inside)])

    return read


def levels_reader(levels: Sequence[Sequence[bytes]]) -> NodeReader:
    """Return a node reader over the levels that :func:`levels_of` made."""
    return level_reader(lambda level, number: levels[level][number * WIDTH : (number + 1) * WIDTH])
