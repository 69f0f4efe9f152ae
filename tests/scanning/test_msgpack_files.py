# SPDX-License-Identifier: Apache-2.0
"""Flax checkpoints: arrays are counted; private types, code and hidden files are named."""

from __future__ import annotations

import contextlib
import pickle
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scanning.test_disguise import Calls, examine

from steelyard.artifacts.msgpack_files import looks_like_msgpack, walk_msgpack
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Verdict
from steelyard.kernel.limits import DEFAULT_LIMITS


def text(value: str) -> bytes:
    return bytes([0xA0 + len(value)]) + value.encode()


def binary(value: bytes) -> bytes:
    return b"\xc6" + struct.pack(">I", len(value)) + value


def extension(kind: int, payload: bytes) -> bytes:
    return b"\xc9" + struct.pack(">Ib", len(payload), kind) + payload


def array(shape: bytes = b"\x92\2\3", dtype: str = "float32", size: int = 24) -> bytes:
    return extension(1, b"\x93" + shape + text(dtype) + binary(bytes(size)))


def document(value: bytes) -> bytes:
    return b"\x81" + text("params") + b"\x82" + text("kernel") + array() + text("other") + value


@pytest.mark.parametrize("value", [b"\xc0", b"\xcb" + bytes(8), array(b"\x90", "bfloat16", 2)])
def test_an_honest_checkpoint_is_clean_and_counted(tmp_path: Path, value: bytes) -> None:
    report = examine(tmp_path / "flax_model.msgpack", document(value))
    assert (report.format, report.verdict, report.findings) == ("msgpack", Verdict.CLEAN, ())
    assert report.traits.parameters >= 6
    assert report.traits.weights


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (extension(42, b"x"), "msgpack.extension"),
        (array(b"\x92\2\4"), "msgpack.array"),
        (array(dtype="object"), "msgpack.array"),
        (text("eval('1')"), "msgpack.payload"),
        (binary(pickle.dumps(Calls())), "pickle.dangerous-call"),
        (b"\xc0" + b"\x7fELF" + bytes(60), "file.disguised-executable"),
        (b"\xc1", "file.malformed"),
    ],
)
def test_what_does_not_belong_in_a_checkpoint(tmp_path: Path, value: bytes, rule: str) -> None:
    report = examine(tmp_path / "flax_model.msgpack", document(value))
    assert rule in {item.rule for item in report.findings}
    assert report.verdict in (Verdict.SUSPICIOUS, Verdict.MALICIOUS)


def test_other_bytes_are_not_taken_for_it() -> None:
    assert not looks_like_msgpack(b"\x81\xa5ab\0\1\2" + bytes(50))
    assert not looks_like_msgpack(b"\x80\4\x95" + bytes(50))


@given(st.integers(0, 80), st.binary(max_size=6))
def test_mutations_raise_artifact_errors_only(at: int, junk: bytes) -> None:
    data = document(b"\xc0")
    with contextlib.suppress(ArtifactError):
        walk_msgpack(BytesSource(data[:at] + junk + data[at + len(junk) :]), DEFAULT_LIMITS)
