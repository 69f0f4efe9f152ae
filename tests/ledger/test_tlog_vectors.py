# SPDX-License-Identifier: Apache-2.0
"""Values other people published, and other people's code: the tree, notes, tiles and proofs."""

from __future__ import annotations

import hashlib

import pytest
from pymerkle import InmemoryTree

from steelyard.ledger import merkle
from steelyard.ledger.merkle import leaf_hash, leaves_reader, root_hash
from steelyard.ledger.signing import parse_note_key
from steelyard.ledger.tiles import Tile, all_tiles, last_tiles, levels_of, levels_reader

# The leaves and roots that the Certificate Transparency implementations share.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


@pytest.mark.parametrize("size", range(9))
def test_roots_of_the_shared_tree(size: int) -> None:
    read = leaves_reader([leaf_hash(leaf) for leaf in LEAVES])
    assert root_hash(read, size).hex() == ROOTS[size]


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ],
)
def test_inclusion_proofs_of_the_shared_tree(index: int, size: int, proof: list[str]) -> None:
    read = leaves_reader([leaf_hash(leaf) for leaf in LEAVES])
    made = merkle.inclusion_proof(read, index, size)
    assert [one.hex() for one in made] == proof
    leaf = leaf_hash(LEAVES[index])
    assert merkle.root_from_inclusion(leaf, index, size, made).hex() == ROOTS[size]


def test_the_consistency_proof_of_the_rfc_example() -> None:
    # RFC 6962, section 2.1.3: PROOF(3, D[7]) = [c, d, g, l], with the leaves hashed a to j.
    leaves = [leaf_hash(leaf) for leaf in LEAVES[:7]]
    a, b, c, d, e, f, j = leaves
    g = merkle.node_hash(a, b)
    i = merkle.node_hash(e, f)
    l_ = merkle.node_hash(i, j)
    assert merkle.consistency_proof(leaves_reader(leaves), 3, 7) == (c, d, g, l_)
    h = merkle.node_hash(c, d)
    k = merkle.node_hash(g, h)
    assert merkle.consistency_proof(leaves_reader(leaves), 4, 7) == (l_,)
    assert merkle.consistency_proof(leaves_reader(leaves), 6, 7) == (i, j, k)


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 600])
def test_pymerkle_computes_the_same_roots_as_our_tiles(size: int) -> None:
    entries = [hashlib.sha256(str(number).encode()).digest() for number in range(size)]
    other = InmemoryTree(algorithm="sha256")
    for entry in entries:
        other.append_entry(entry)
    levels = levels_of([leaf_hash(entry) for entry in entries])
    assert root_hash(levels_reader(levels), size) == other.get_root()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann",
        ),
        (
            "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
            "sum.golang.org",
        ),
    ],
)
def test_published_verifier_keys(text: str, name: str) -> None:
    key = parse_note_key(text)
    assert key.name == name
    assert key.text == text


def test_a_published_note_verifies() -> None:
    key = parse_note_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = (
        b"If you think cryptography is the answer to your problem,\n"
        b"then you don't know what your problem is.\n"
    )
    import base64

    signed = base64.b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    assert signed[:4] == key.id
    assert key.public.verify(signed[4:], text)
    assert not key.public.verify(signed[4:], text + b"\n")


def test_the_tile_paths_and_sizes_of_the_specification() -> None:
    assert Tile(0, 1234067, 256).path == "tile/0/x001/x234/067"
    tiles = list(all_tiles(70_000))
    by_level = {
        level: [tile.width for tile in tiles if tile.level == level] for level in (-1, 0, 1, 2)
    }
    assert by_level[0] == [256] * 273 + [112]
    assert by_level[-1] == by_level[0]
    assert by_level[1] == [256, 17]
    assert by_level[2] == [1]
    assert [tile.path for tile in last_tiles(256)] == [
        "tile/entries/000",
        "tile/0/000",
        "tile/1/000.p/1",
    ]
