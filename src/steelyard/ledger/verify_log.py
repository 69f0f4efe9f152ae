# SPDX-License-Identifier: Apache-2.0
"""Verify a whole ledger offline: recompute every tile from the entries and compare all bytes.

Three things tell the same story: the entries, the leaf hashes in the level-0 tiles, and the root
in the signed checkpoint. When one of them was changed the other two outvote it, so the changed
file, and the changed entry in it, can be named. An earlier checkpoint, from a bundle or a backup,
adds the proof that nothing was rewritten *with* the key since then.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterable, Sequence

from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.ledger import verify_parts
from steelyard.ledger.bundle import CHECKPOINT, KEY
from steelyard.ledger.checkpoint import SignedHead, TreeHead, parse_checkpoint
from steelyard.ledger.merkle import leaf_hash, root_hash
from steelyard.ledger.signing import PublicKey, keys_in, parse_key_file
from steelyard.ledger.tiles import (
    ENTRIES,
    WIDTH,
    Tile,
    all_tiles,
    decode_entries,
    last_tiles,
    levels_of,
    levels_reader,
    parse_path,
    split_hashes,
)
from steelyard.ledger.verification import (
    UNPINNED,
    Findings,
    Head,
    Reader,
    SignedBy,
    Trust,
    Verification,
    trust_in,
)

LOCK = ".lock"
UNFINISHED = ".new"
"""Suffix of a file that was being written; harmless, never read."""


def is_ledger(names: Collection[str]) -> bool:
    """Tell whether a directory with these files is a ledger, damaged perhaps."""
    return any(name.startswith("tile/") for name in names) or {CHECKPOINT, KEY} == (
        set(names) - {LOCK}
    )


def verify_ledger(
    read: Reader,
    names: Iterable[str],
    *,
    trusted: Collection[str] = (),
    own: str | None = None,
    checkpoints: Sequence[bytes] = (),
) -> Verification:
    """Verify the ledger whose files are ``names`` and whose bytes ``read`` returns.

    ``trusted`` and ``own`` are key fingerprints as for a bundle; ``checkpoints`` are earlier signed
    checkpoints of the same ledger that it must still contain.

    Raises:
        InputError: this is not a ledger, or a file cannot be read.
    """
    present = set(names)
    if not is_ledger(present):
        raise InputError(
            "This directory is not a ledger.",
            next_step="Give the directory that holds `checkpoint` and `tile/`.",
            code="ledger.none",
        )
    return _Check(read, present, trusted, own).run(checkpoints)


class _Check:
    """One verification."""

    def __init__(
        self, read: Reader, names: set[str], trusted: Collection[str], own: str | None
    ) -> None:
        self.read = read
        self.names = names
        self.trusted = trusted
        self.own = own
        self.found = Findings()
        self.notes: list[str] = []
        self.chain = verify_parts.Chain([], None)

    def run(self, checkpoints: Sequence[bytes]) -> Verification:
        signed, key = self.head()
        head = None if signed is None else signed.head
        size = self.size_in_files() if head is None else head.size
        size = self.plausible(size)
        leaves = self.leaves(size, head)
        levels = levels_of(leaves)
        self.tiles(size, leaves, levels)
        self.strangers(size)

        def root_at(count: int) -> bytes:
            return root_hash(levels_reader(levels), count)

        for earlier in checkpoints:
            self.earlier(earlier, len(leaves), root_at, head)
        seen = self.parts(size, root_at)
        return Verification(
            kind="ledger",
            ok=not self.found.problems,
            problems=tuple(self.found.problems),
            notes=tuple(self.notes),
            signer=None
            if key is None or head is None
            else SignedBy(
                name=head.origin,
                fingerprint=key.fingerprint,
                trust=self.trust(key),
            ),
            checkpoint=None if head is None else _shown(head),
            files=len(self.names),
            keys=tuple(one.fingerprint for one in self.chain.every_key()),
            witnesses=tuple(seen),
        )

    def parts(self, size: int, root_at: Callable[[int], bytes]) -> list[str]:
        """Check what lies beside the tree; return what witnesses saw."""
        bundles: dict[int, list[bytes]] = {}

        def entry_at(index: int) -> bytes | None:
            tile = _tile_at(index, size)
            if tile.number not in bundles:
                bundles.clear()  # they are asked for in order
                data = None if self.found.about(tile.path) else self.bytes_of(tile.path)
                bundles[tile.number] = [] if data is None else decode_entries(data)
            inside = bundles[tile.number]
            return inside[index % WIDTH] if index % WIDTH < len(inside) else None

        verify_parts.check_chain(self.chain, size, root_at, entry_at, self.found)
        verify_parts.check_bodies(self.names, self.bytes_of, size, entry_at, self.found)
        return verify_parts.check_cosigned(
            self.names, self.bytes_of, self.chain, size, root_at, self.found
        )

    def trust(self, key: PublicKey) -> Trust:
        """Return how far the key is trusted: as far as any key that led to it."""
        found = [
            trust_in(one.fingerprint, self.trusted, self.own) for one in self.chain.every_key()
        ]
        for best in ("pinned", "own"):
            if best in found:
                return best
        return trust_in(key.fingerprint, self.trusted, self.own)

    def bytes_of(self, name: str) -> bytes | None:
        """Return the bytes of a file, or report that it is missing or special."""
        if name not in self.names:
            self.found.add(name, "file.missing", f"The ledger has no {name}.")
            return None
        try:
            return self.read(name)
        except IntegrityError as error:
            self.found.add_error(name, error)
            return None

    def head(self) -> tuple[SignedHead | None, PublicKey | None]:
        """Verify key and checkpoint; the head is None unless the signature holds."""
        data, key_data = self.bytes_of(CHECKPOINT), self.bytes_of(KEY)
        signed: SignedHead | None = None
        if data is not None:
            try:
                signed = parse_checkpoint(data)
            except IntegrityError as error:
                self.found.add_error(CHECKPOINT, error)
        key = None if key_data is None else self.key(key_data, signed)
        if key is None:
            self.notes.append("No usable key: the checkpoint's signature was not checked.")
            return None, None
        if signed is not None:
            try:
                signed.check(key)
            except IntegrityError as error:
                self.found.add_error(CHECKPOINT, error)
                signed = None
        self.chain = verify_parts.read_chain(self.names, self.bytes_of, key, self.found)
        if self.trust(key) == "not_trusted":
            self.found.add(
                KEY,
                "key.untrusted",
                f"The ledger is signed by key {key.fingerprint}, which is not a key you trust.",
            )
        elif self.trust(key) == "not_pinned":
            self.notes.append(UNPINNED)
        return signed, key

    def key(self, data: bytes, signed: SignedHead | None) -> PublicKey | None:
        """Return the key, from the intact half of a damaged ``key.pub`` if need be."""
        try:
            named = parse_key_file(data)
        except IntegrityError as error:
            self.found.add_error(KEY, error)
            for rest in keys_in(data):
                try:
                    if signed is not None:
                        signed.check(rest)
                        return rest
                except IntegrityError:
                    continue
            return None
        if signed is not None and signed.key_name == signed.head.origin != named.name:
            self.found.add(
                KEY, "key.other", f"key.pub is the key of {named.name}, not of this ledger."
            )
        return named.public

    def size_in_files(self) -> int:
        """Return how many entries the files hold, for want of a checkpoint to believe."""
        tiles = [tile for name in self.names if (tile := parse_path(name)) is not None]
        return max((tile.start + tile.width for tile in tiles if tile.level == ENTRIES), default=0)

    def plausible(self, size: int) -> int:
        """Return ``size``, or what the files can hold at most: a stranger may claim any number."""
        most = WIDTH * sum(name.startswith("tile/entries/") for name in self.names)
        if size > most:
            self.found.add(
                "tile/entries/",
                "file.missing",
                f"The ledger should have {size} entries; the files hold {most} at most.",
            )
        return min(size, most)

    def leaves(self, size: int, head: TreeHead | None) -> list[bytes]:
        """Return the leaf hashes, by majority of entries, level-0 tiles and signed root."""
        entries: list[bytes | None] = []
        hashes: list[bytes | None] = []
        for tile in all_tiles(size):
            if tile.level == ENTRIES:
                entries += _padded(self.entry_hashes(tile), tile.width)
            elif tile.level == 0:
                hashes += _padded(self.tile_hashes(tile), tile.width)
        if entries == hashes and None not in entries:
            leaves = [one for one in entries if one is not None]
            self.check_root(leaves, head)
            return leaves
        by_entries = [one or other or b"" for one, other in zip(entries, hashes, strict=True)]
        by_hashes = [other or one or b"" for one, other in zip(entries, hashes, strict=True)]
        trust_hashes = head is not None and _root(by_hashes) == head.root
        trust_entries = head is not None and not trust_hashes and _root(by_entries) == head.root
        if not trust_entries:
            for index, (one, other) in enumerate(zip(entries, hashes, strict=True)):
                if one is not None and other is not None and one != other:
                    tile = _tile_at(index, size)
                    self.found.add(tile.path, "content.changed", f"Entry {index} was changed.")
        if not trust_hashes and not trust_entries:
            self.check_root(by_hashes, head)
        return by_entries if trust_entries else by_hashes

    def check_root(self, leaves: list[bytes], head: TreeHead | None) -> None:
        if head is not None and _root(leaves) != head.root:
            self.found.add(
                CHECKPOINT,
                "ledger.root",
                "Entries and tiles do not lead to the signed root: they were rewritten together, "
                "or the checkpoint is of another state.",
            )

    def entry_hashes(self, tile: Tile) -> list[bytes] | None:
        """Return the leaf hashes of an entry file, or report why there are none."""
        data = self.bytes_of(tile.path)
        if data is None:
            return None
        try:
            entries = decode_entries(data)
        except IntegrityError as error:
            self.found.add(tile.path, "content.changed", error.message)
            return None
        if len(entries) != tile.width:
            self.found.add(
                tile.path,
                "content.changed",
                f"The file holds {len(entries)} entries instead of {tile.width}.",
            )
            return None
        return [leaf_hash(entry) for entry in entries]

    def tile_hashes(self, tile: Tile) -> list[bytes] | None:
        data = self.bytes_of(tile.path)
        if data is None:
            return None
        try:
            hashes = split_hashes(data)
        except IntegrityError as error:
            self.found.add(tile.path, "content.changed", error.message)
            return None
        if len(hashes) != tile.width:
            self.found.add(
                tile.path,
                "content.changed",
                f"The tile holds {len(hashes)} hashes instead of {tile.width}.",
            )
            return None
        return hashes

    def tiles(self, size: int, leaves: list[bytes], levels: list[list[bytes]]) -> None:
        """Compare every tile, current or left from an earlier size, with the recomputed hashes."""
        required = set(all_tiles(size))
        known = {tile for name in self.names if (tile := parse_path(name)) is not None}
        for tile in sorted(required | {one for one in known if _within(one, size)}):
            if self.found.about(tile.path):
                continue
            if tile.level == ENTRIES:
                wanted, seen = leaves, self.entry_hashes(tile)
            else:
                wanted, seen = levels[tile.level], self.tile_hashes(tile)
            if seen is None:
                continue
            first = tile.number * WIDTH
            wanted = wanted[first : first + tile.width]
            for offset, (one, other) in enumerate(zip(seen, wanted, strict=True)):
                if one != other:
                    what = f"{'Entry' if tile.level == ENTRIES else 'Hash'} {first + offset}"
                    self.found.add(tile.path, "content.changed", f"{what} was changed.")
                    break

    def strangers(self, size: int) -> None:
        """Report files that belong to no ledger of this size."""
        next_size = {tile.path for tile in last_tiles(size + 1)} if size or self.names else set()
        begun = False
        for name in sorted(self.names - {CHECKPOINT, KEY}):
            tile = parse_path(name)
            if tile is not None and _within(tile, size):
                continue
            if verify_parts.is_part(name):
                continue
            if name in next_size or _is_unfinished(name):
                begun = True
            elif name != LOCK:
                self.found.add(name, "file.extra", f"{name} does not belong to the ledger.")
            elif self.bytes_of(name):
                self.found.add(name, "content.changed", "The lock file is not empty.")
        if begun:
            self.notes.append(
                f"Files of an entry {size} lie here that no checkpoint covers: an append was "
                "interrupted, or the checkpoint was set back. The next append replaces them."
            )

    def earlier(
        self,
        data: bytes,
        size: int,
        root_at: Callable[[int], bytes],
        head: TreeHead | None,
    ) -> None:
        """Check that an earlier checkpoint is a beginning of this ledger."""
        try:
            signed = parse_checkpoint(data)
            self.chain.check_signed(signed)
        except IntegrityError as error:
            self.found.add(CHECKPOINT, "ledger.earlier", f"Earlier checkpoint: {error.message}")
            return
        then = signed.head
        if head is None or head.origin != then.origin:
            self.found.add(
                CHECKPOINT, "ledger.earlier", f"The ledger is not {then.origin}, or not readable."
            )
        elif then.size > size:
            self.found.add(
                CHECKPOINT,
                "ledger.shortened",
                f"The ledger once had {then.size} entries and now has {size}.",
            )
        elif root_at(then.size) != then.root:
            self.found.add(
                CHECKPOINT,
                "ledger.rewritten",
                f"One of the first {then.size} entries was rewritten since that checkpoint.",
            )


def _root(leaves: Sequence[bytes]) -> bytes:
    return root_hash(levels_reader(levels_of(leaves)), len(leaves))


def _padded(hashes: list[bytes] | None, width: int) -> Sequence[bytes | None]:
    return [None] * width if hashes is None else hashes


def _tile_at(index: int, size: int) -> Tile:
    number = index // WIDTH
    return Tile(ENTRIES, number, min(WIDTH, size - number * WIDTH))


def _within(tile: Tile, size: int) -> bool:
    """Tell whether a tree of ``size`` leaves fills this tile, or did when it was smaller."""
    count = size if tile.level == ENTRIES else size // WIDTH**tile.level
    return tile.number * WIDTH + tile.width <= count


def _is_unfinished(name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    return last.startswith(".") and last.endswith(UNFINISHED)


def _shown(head: TreeHead) -> Head:
    return Head(
        origin=head.origin, size=head.size, root=base64.b64encode(head.root).decode("ascii")
    )
