# SPDX-License-Identifier: Apache-2.0
"""The HDF5 library and our reader see the same tree in files of every kind it writes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from steelyard.artifacts.hdf5.reader import read_hdf5
from steelyard.artifacts.source import open_file
from steelyard.kernel.limits import DEFAULT_LIMITS

h5py = pytest.importorskip("h5py", reason="H5PY NOT FOUND: not compared with the HDF5 library")
VERSIONS = [("earliest", "latest"), ("latest", "latest"), ("v108", "v108"), ("v110", "v112")]


def fill(group: Any, source: random.Random, depth: int) -> None:
    for index in range(source.choice((0, 1, 9, 40, 300 if depth == 0 else 3))):
        kind = source.randrange(4)
        name = f"data {index}"
        if kind == 0:
            group.create_dataset(name, shape=(source.randrange(20),), dtype="f4")
        elif kind == 1:
            group.create_dataset(name, shape=(6, 6), chunks=(2, 3), compression="gzip", dtype="f8")
        elif kind == 2:
            group.create_dataset(name, data="a text")
        else:
            group.create_dataset(name, shape=(), dtype="i2")
    for index in range(source.choice((0, 1, 12, 60))):
        group.attrs[f"attribute {index}"] = "words " * source.choice((1, 100))
    if depth < 3:
        for index in range(source.choice((0, 1, 2, 10))):
            fill(group.create_group(f"group {index}"), source, depth + 1)


def tree_of(file: Any) -> tuple[set[str], dict[str, tuple[int, ...]], dict[tuple[str, str], str]]:
    groups, datasets, attributes = {"/"}, {}, {}

    def visit(name: str, item: Any) -> None:
        path = name if name.startswith("/") else f"/{name}"
        if isinstance(item, h5py.Dataset):
            datasets[path] = tuple(item.shape)
        else:
            groups.add(path)
        for key, value in item.attrs.items():
            attributes[path, key] = value

    visit("/", file)
    file.visititems(visit)
    return groups, datasets, attributes


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("versions", VERSIONS, ids="-".join)
def test_both_see_the_same(tmp_path: Path, versions: tuple[str, str], seed: int) -> None:
    source = random.Random(seed)
    path = tmp_path / "file.h5"
    block = source.choice((0, 512, 2048))
    ordered = source.random() < 0.5
    with h5py.File(path, "w", libver=versions, userblock_size=block, track_order=ordered) as file:
        fill(file, source, 0)
    with h5py.File(path) as file:
        groups, datasets, attributes = tree_of(file)
    with open_file(str(path), path.stat().st_size) as opened:
        ours = read_hdf5(opened, DEFAULT_LIMITS)
    assert ours.gaps == []
    assert set(ours.groups) == groups
    assert {item.path: item.shape for item in ours.datasets} == datasets
    assert {(item.owner, item.name): item.text for item in ours.attributes} == attributes
