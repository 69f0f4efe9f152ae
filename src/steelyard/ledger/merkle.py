# SPDX-License-Identifier: Apache-2.0
"""The Merkle tree of RFC 6962, section 2.1: hashes, roots, inclusion and consistency proofs.

A leaf hashes as ``SHA-256(0x00 || entry)``, an inner node as ``SHA-256(0x01 || left || right)``;
a tree of ``n`` leaves splits at the largest power of two below ``n``. Whatever the size, a tree is
a row of *perfect* subtrees, and those never change once they are full. So everything here works on
a :data:`NodeReader` that knows perfect subtrees only; where their hashes lie (a list, tiles in
files) is somebody else's business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from steelyard.kernel.errors import IntegrityError

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""

NodeReader = Callable[[int, int], bytes]
"""``read(level, index)``: hash over leaves ``index << level`` up to ``(index + 1) << level``."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one log entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def perfect_hash(hashes: Sequence[bytes]) -> bytes:
    """Return the hash over a power-of-two number of neighboring hashes."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def leaves_reader(leaf_hashes: Sequence[bytes]) -> NodeReader:
    """Return a reader over leaf hashes in memory."""

    def read(level: int, index: int) -> bytes:
        return perfect_hash(leaf_hashes[index << level : (index + 1) << level])

    return read


def range_hash(read: NodeReader, start: int, end: int) -> bytes:
    """Return the tree hash over leaves ``start`` to ``end`` (exclusive), ``start`` being aligned.

    Aligned means: a multiple of the largest power of two not above ``end - start``, which holds
    for every subtree RFC 6962 speaks of.
    """
    row: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        row.append(read(level, start >> level))
        start += 1 << level
    accumulated = row.pop()
    while row:
        accumulated = node_hash(row.pop(), accumulated)
    return accumulated


def root_hash(read: NodeReader, size: int) -> bytes:
    """Return the root of the tree over the first ``size`` leaves."""
    return range_hash(read, 0, size) if size else EMPTY_ROOT


def inclusion_proof(read: NodeReader, index: int, size: int) -> tuple[bytes, ...]:
    """Return PATH(index, D[size]) of RFC 6962, section 2.1.1, the leaf's sibling first."""
    if not 0 <= index < size:
        message = f"leaf {index} is not in a tree of {size}"
        raise ValueError(message)
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(range_hash(read, middle, end))
            end = middle
        else:
            proof.append(range_hash(read, start, middle))
            start = middle
    return tuple(reversed(proof))


def consistency_proof(read: NodeReader, old: int, new: int) -> tuple[bytes, ...]:
    """Return PROOF(old, D[new]) of RFC 6962, section 2.1.2; empty if ``old`` is 0 or ``new``."""
    if not 0 <= old <= new:
        message = f"a tree of {new} cannot extend one of {old}"
        raise ValueError(message)
    if old in (0, new):
        return ()
    proof: list[bytes] = []
    start, end = 0, new
    whole = True  # the old tree is still exactly what lies left of `end` in this subtree
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(range_hash(read, middle, end))
            end = middle
        else:
            proof.append(range_hash(read, start, middle))
            start = middle
            whole = False
    if not whole:
        proof.append(range_hash(read, start, end))
    return tuple(reversed(proof))


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root that ``proof`` leads to from the leaf hash ``leaf`` at ``index``.

    Raises:
        IntegrityError: the index is outside the tree, or the proof is too short or too long.
    """
    if not 0 <= index < size:
        raise IntegrityError(
            f"The proof is about entry {index}, but the ledger had {size} entries.",
            code="ledger.proof",
        )
    node, last = index, size - 1
    current = leaf
    hashes = iter(proof)
    used = 0
    while last:
        if node % 2 or node < last:
            sibling = next(hashes, None)
            if sibling is None:
                raise IntegrityError("The inclusion proof is too short.", code="ledger.proof")
            used += 1
            current = node_hash(sibling, current) if node % 2 else node_hash(current, sibling)
        node, last = node // 2, last // 2
    if used != len(proof):
        raise IntegrityError("The inclusion proof is too long.", code="ledger.proof")
    return current


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether ``proof`` shows that the tree of ``new`` leaves extends the one of ``old``."""
    if old > new or old < 0:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)  # a perfect old tree is itself the first node
    if not path:
        return False
    node, last = old - 1, new - 1
    while node % 2:
        node, last = node // 2, last // 2
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node % 2 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        else:
            second = node_hash(second, sibling)
        node, last = node // 2, last // 2
    return last == 0 and first == old_root and second == new_root


def _split(size: int) -> int:
    """Return the largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)
