# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.artifacts.hdf5.blocks import find_superblock
from steelyard.artifacts.hdf5.model import Hdf5File
from steelyard.artifacts.hdf5.reader import read_hdf5
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import DEFAULT_LIMITS, Limits

GOLDEN = Path(__file__).resolve().parent / "files"
FILES = {path.name: path.read_bytes() for path in sorted(GOLDEN.glob("*.h5"))}


def read(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Hdf5File:
    return read_hdf5(BytesSource(data), limits)


def test_an_old_keras_file_is_read_whole() -> None:
    file = read(FILES["keras-old.h5"])
    assert (file.version, file.start, file.gaps) == (0, 0, [])
    assert sorted(file.groups) == ["/", "/model_weights", "/model_weights/d", "/model_weights/d/d"]
    shapes = {item.path: (item.shape, item.datatype.name) for item in file.datasets}
    assert shapes == {
        "/model_weights/d/d/kernel:0": ((3, 2), "F32"),
        "/model_weights/d/d/bias:0": ((2,), "F32"),
    }
    texts = {attribute.name: attribute.text for attribute in file.attributes}
    assert texts["keras_version"] == "2.15.0"
    assert '"Sequential"' in texts["model_config"]
    assert texts["layer_names"] == "d"


def test_heaps_and_trees_of_the_latest_format_are_read() -> None:
    file = read(FILES["latest.h5"])
    assert (file.version, file.gaps) == (3, [])
    assert len(file.datasets) == 21
    assert {a.name: a.text for a in file.attributes} == {f"a{i}": f"text {i}" for i in range(20)}
    (packed,) = [item for item in file.datasets if item.path == "/packed"]
    assert (packed.layout, packed.filters, packed.shape) == ("chunked", (1,), (8, 8))


def test_what_leads_outside_is_listed_behind_a_user_block() -> None:
    file = read(FILES["outside.h5"])
    assert file.start == 512
    assert sorted((item.kind, item.path, item.target) for item in file.outside) == [
        ("link", "/away", "/etc/hostname"),
        ("link", "/near", "other.h5"),
        ("storage", "/stored", "../../../etc/hostname"),
        ("virtual dataset", "/v", "/etc/passwd"),
    ]


def test_other_data_are_no_hdf5() -> None:
    with pytest.raises(ArtifactError):
        read(b"\0" * 4096)
    assert find_superblock(BytesSource(b"x" * 100)) == -1


@pytest.mark.parametrize("name", FILES)
def test_a_cut_file_is_an_error_or_a_gap(name: str) -> None:
    whole = read(FILES[name])
    for size in range(0, len(FILES[name]), 97):
        try:
            file = read(FILES[name][:size])
        except ArtifactError:
            continue
        known = len(file.datasets) + len(file.attributes) + len(file.outside)
        complete = len(whole.datasets) + len(whole.attributes) + len(whole.outside)
        assert file.gaps or known == complete


@settings(max_examples=150)
@given(st.sampled_from(sorted(FILES)), st.integers(0, 2**32), st.integers(1, 12))
def test_changed_files_never_fail_otherwise(name: str, seed: int, changes: int) -> None:
    source = random.Random(seed)
    data = bytearray(FILES[name])
    for _ in range(changes):
        data[source.randrange(len(data))] = source.choice((0, 1, 0x7F, 0x80, 0xFF, seed & 0xFF))
    with contextlib.suppress(ArtifactError):
        read(bytes(data))


def test_a_circle_of_groups_ends() -> None:
    """The root's own header address in the place of a member's: visited once."""
    data = FILES["keras-old.h5"]
    root = read(data)
    assert root.groups
    at = data.index(b"SNOD")
    circle = bytearray(data)
    circle[at + 16 : at + 24] = data[64:72]
    file = read(bytes(circle))
    assert len(file.groups) <= len(root.groups)


def test_a_tree_that_is_a_circle_is_refused() -> None:
    data = bytearray(FILES["keras-old.h5"])
    at = data.index(b"TREE")
    data[at + 5] = 1  # an inner node …
    data[at + 32 : at + 40] = at.to_bytes(8, "little")  # … that is its own child
    with pytest.raises(ArtifactError):
        read(bytes(data))


def test_reading_more_than_the_file_could_hold_is_refused() -> None:
    limits = Limits(hdf5_blocks=20)
    with pytest.raises(LimitExceeded):
        read(FILES["latest.h5"], limits)
