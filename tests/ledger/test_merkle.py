# SPDX-License-Identifier: Apache-2.0
"""Proofs of any tree verify, and proofs of another one do not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.kernel.errors import IntegrityError
from steelyard.ledger import merkle
from steelyard.ledger.merkle import leaf_hash, leaves_reader, root_hash
from steelyard.ledger.tiles import levels_of, levels_reader

SIZES = st.integers(1, 600)
LEAVES = [leaf_hash(number.to_bytes(2, "big")) for number in range(600)]


def naive_root(leaves: list[bytes]) -> bytes:
    """The recursion of RFC 6962 word for word."""
    if not leaves:
        return merkle.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


@settings(max_examples=60, deadline=None)
@given(SIZES)
def test_roots_follow_the_definition(size: int) -> None:
    levels = levels_of(LEAVES[:size])
    assert root_hash(levels_reader(levels), size) == naive_root(LEAVES[:size])
    assert root_hash(leaves_reader(LEAVES[:size]), size) == naive_root(LEAVES[:size])


@settings(max_examples=100, deadline=None)
@given(SIZES, st.data())
def test_inclusion(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    read = levels_reader(levels_of(LEAVES[:size]))
    root = root_hash(read, size)
    proof = merkle.inclusion_proof(read, index, size)
    assert merkle.root_from_inclusion(LEAVES[index], index, size, proof) == root
    with pytest.raises(IntegrityError):
        merkle.root_from_inclusion(LEAVES[index], index, size, [*proof, root])
    if proof:
        with pytest.raises(IntegrityError):
            merkle.root_from_inclusion(LEAVES[index], index, size, proof[:-1])
        broken = [bytes(32), *proof[1:]]
        assert merkle.root_from_inclusion(LEAVES[index], index, size, broken) != root
    other = data.draw(st.integers(0, size - 1).filter(lambda one: one != index or size == 1))
    if other != index:
        try:
            found = merkle.root_from_inclusion(LEAVES[index], other, size, proof)
        except IntegrityError:
            return
        assert found != root


@settings(max_examples=150, deadline=None)
@given(SIZES, st.data())
def test_consistency(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    read = levels_reader(levels_of(LEAVES[:new]))
    first, second = root_hash(read, old), root_hash(read, new)
    proof = merkle.consistency_proof(read, old, new)
    assert merkle.verify_consistency(old, new, first, second, proof)
    assert not merkle.verify_consistency(old, new, bytes(32), second, proof)
    assert not merkle.verify_consistency(old, new, first, second, [*proof, first])
    if 0 < old < new:
        assert not merkle.verify_consistency(old, new, first, bytes(32), proof)
        for at in range(len(proof)):
            broken = [bytes(32) if at == number else one for number, one in enumerate(proof)]
            assert not merkle.verify_consistency(old, new, first, second, broken)


def test_an_index_outside_the_tree_is_refused() -> None:
    with pytest.raises(IntegrityError):
        merkle.root_from_inclusion(LEAVES[0], 5, 5, [])
    with pytest.raises(ValueError, match="not in a tree"):
        merkle.inclusion_proof(leaves_reader(LEAVES), 5, 5)
    with pytest.raises(ValueError, match="cannot extend"):
        merkle.consistency_proof(leaves_reader(LEAVES), 6, 5)
    assert not merkle.verify_consistency(6, 5, bytes(32), bytes(32), [])
