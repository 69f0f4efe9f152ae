# SPDX-License-Identifier: Apache-2.0
"""Growing the tree by one entry or a batch: which files change, and to what.

Only the right edge of a tree changes, so an append reads and writes a handful of files however
long the ledger is. The edge is checked against the signed root before anything grows on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.ledger.checkpoint import TreeHead
from steelyard.ledger.merkle import NodeReader, leaf_hash, perfect_hash, root_hash
from steelyard.ledger.tiles import (
    ENTRIES,
    WIDTH,
    Tile,
    all_tiles,
    decode_entries,
    encode_entries,
    last_tiles,
    level_reader,
    split_hashes,
)
from steelyard.ledger.verification import Reader


def entries_of(read: Reader, size: int) -> Iterator[bytes]:
    """Yield the first ``size`` entries of a ledger that is known to verify, in order."""
    for tile in all_tiles(size):
        if tile.level == ENTRIES:
            yield from decode_entries(read(tile.path))


class GrowingTree:
    """The tree under ``head``, read through ``read_file`` and grown in memory."""

    def __init__(self, read_file: Reader, head: TreeHead) -> None:
        self._read_file = read_file
        self._head = head
        self._cache: dict[tuple[int, int], list[bytes]] = {}
        self._size = head.size
        self.read: NodeReader = level_reader(self._hashes)

    def grow(self, leaf: bytes) -> list[tuple[Tile, bytes]]:
        """Add ``leaf`` and return the files that change with their bytes, entries first.

        Raises:
            IntegrityError: the tiles on disk do not lead to the signed root.
        """
        entries = self._check()
        before = set(last_tiles(self._size))
        index, self._size = self._size, self._size + 1
        value = leaf_hash(leaf)
        changed: list[tuple[Tile, bytes]] = []
        for tile in last_tiles(self._size):
            if tile in before:
                break
            if tile.level == ENTRIES:
                kept = entries if index % WIDTH else []
                changed.append((tile, encode_entries([*kept, leaf])))
                continue
            hashes = [*self._existing(tile), value]
            self._cache[tile.level, tile.number] = hashes
            changed.append((tile, b"".join(hashes)))
            if tile.width < WIDTH:
                break
            value = perfect_hash(hashes)
        return changed

    def extend(self, leaves: Sequence[bytes]) -> list[tuple[Tile, bytes]]:
        """Add many leaves at once and return the hash tiles that change with their bytes.

        Entries are not among them, as whoever adds many keeps the entries elsewhere. The work is
        linear in the number of leaves.

        Raises:
            IntegrityError: the tiles there are do not lead to the signed root.
        """
        self._check()
        values = [leaf_hash(leaf) for leaf in leaves]
        before, self._size = self._size, self._size + len(leaves)
        changed: list[tuple[Tile, bytes]] = []
        level = 0
        while values:
            number, kept = divmod(before // WIDTH**level, WIDTH)
            hashes = [*(self._hashes(level, number) if kept else ()), *values]
            values = []
            for start in range(0, len(hashes), WIDTH):
                part = hashes[start : start + WIDTH]
                self._cache[level, number] = part
                changed.append((Tile(level, number, len(part)), b"".join(part)))
                if len(part) == WIDTH:
                    values.append(perfect_hash(part))
                number += 1
            level += 1
        return changed

    def _existing(self, tile: Tile) -> list[bytes]:
        return [] if tile.width == 1 else self._hashes(tile.level, tile.number)

    def _hashes(self, level: int, number: int) -> list[bytes]:
        """Return the hashes of one tile of the tree at its present size."""
        known = self._cache.get((level, number))
        if known is None:
            count = self._head.size // WIDTH**level
            tile = Tile(level, number, min(WIDTH, count - number * WIDTH))
            known = split_hashes(self._read_tile(tile))
            if len(known) != tile.width:
                raise _broken(tile.path)
            self._cache[level, number] = known
        return known

    def _read_tile(self, tile: Tile) -> bytes:
        try:
            return self._read_file(tile.path)
        except InputError as error:
            raise _broken(tile.path) from error

    def _check(self) -> list[bytes]:
        """Verify the right edge against the signed root; return the entries of the last file."""
        if root_hash(self.read, self._size) != self._head.root:
            raise _broken("tile/")
        if not self._size:
            return []
        last = last_tiles(self._size)[0]
        entries = decode_entries(self._read_tile(last))
        if [leaf_hash(entry) for entry in entries] != self._hashes(0, last.number):
            raise _broken(last.path)
        return entries


def _broken(path: str) -> IntegrityError:
    return IntegrityError(
        f"The ledger does not verify at {path}; nothing was appended.",
        next_step="Run `steelyard ledger verify` to see what was changed.",
        code="ledger.broken",
    )
