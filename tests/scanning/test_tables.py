# SPDX-License-Identifier: Apache-2.0
"""Tables and arrays of data tools: the frame must fit, and types that run code are named."""

from __future__ import annotations

import base64
import contextlib
import pickle
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scanning.test_disguise import Calls, examine

from steelyard.artifacts.compressed import Budget
from steelyard.artifacts.mat_files import walk_mat
from steelyard.artifacts.source import BytesSource
from steelyard.artifacts.tables import read_table
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Verdict
from steelyard.kernel.limits import DEFAULT_LIMITS


def parquet(footer: bytes = b"\x15\4\x19\x1c") -> bytes:
    return b"PAR1" + bytes(30) + footer + struct.pack("<I", len(footer)) + b"PAR1"


def arrow(footer: bytes = bytes(40)) -> bytes:
    return b"ARROW1\0\0" + bytes(64) + footer + struct.pack("<I", len(footer)) + b"ARROW1"


def element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(number: int = 6, *inner: bytes) -> bytes:
    parts = element(6, struct.pack("<II", number, 0)) + element(5, bytes(8)) + element(1, b"name")
    return element(14, parts + (b"".join(inner) or element(9, bytes(16))))


def mat(*elements: bytes) -> bytes:
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + b"".join(elements)


def compressed(data: bytes) -> bytes:
    packed = zlib.compress(data)
    return struct.pack("<II", 15, len(packed)) + packed


HONEST = {
    "a.parquet": parquet(),
    "a.arrow": arrow(),
    "a.mat": mat(matrix(), compressed(matrix(1, matrix(), matrix()))),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_files_are_clean(tmp_path: Path, name: str) -> None:
    report = examine(tmp_path / name, HONEST[name])
    assert (report.format, report.verdict) == (name[2:], Verdict.CLEAN)
    assert report.findings == ()


@pytest.mark.parametrize("name", HONEST)
def test_what_is_cut_is_not_clean(tmp_path: Path, name: str) -> None:
    assert examine(tmp_path / name, HONEST[name][:-3]).verdict is not Verdict.CLEAN


def test_a_footer_longer_than_the_file(tmp_path: Path) -> None:
    data = b"PAR1" + struct.pack("<I", 999) + b"PAR1"
    assert [item.rule for item in examine(tmp_path / "a.parquet", data).findings] == [
        "file.malformed"
    ]


def test_a_pickled_type_is_named_and_its_pickle_examined(tmp_path: Path) -> None:
    schema = b"ARROW:extension:name arrow.py_extension_type " + pickle.dumps(Calls())
    footer = b"ARROW:schema\x18\xff\1" + base64.b64encode(schema)
    for data in (arrow(schema), parquet(footer)):
        report = examine(tmp_path / "a.data", data)
        assert {"arrow.pickled-type", "pickle.dangerous-call"} <= {
            item.rule for item in report.findings
        }


@pytest.mark.parametrize(("number", "verdict"), [(16, Verdict.SUSPICIOUS), (17, Verdict.CLEAN)])
def test_arrays_of_matlab_that_are_no_data(tmp_path: Path, number: int, verdict: Verdict) -> None:
    report = examine(tmp_path / "a.mat", mat(compressed(matrix(1, matrix(number)))))
    assert [item.rule for item in report.findings] == ["mat.object"]
    assert report.verdict is verdict


@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_mutations_raise_artifact_errors_only(at: int, junk: bytes) -> None:
    for data in HONEST.values():
        source = BytesSource(data[:at] + junk + data[at + len(junk) :])
        with contextlib.suppress(ArtifactError):
            read_table(source)
        with contextlib.suppress(ArtifactError):
            list(walk_mat(source, DEFAULT_LIMITS, Budget(source.size, DEFAULT_LIMITS)))
