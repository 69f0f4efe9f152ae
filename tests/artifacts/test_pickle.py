# SPDX-License-Identifier: Apache-2.0
"""The opcode reader against CPython's own disassembler, and against broken input."""

from __future__ import annotations

import contextlib
import pickle
import pickletools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.artifacts.pickle import NAMES, OpcodeReader, Span, probe_pickle
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import DEFAULT_LIMITS

_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.complex_numbers() | st.text(min_size=250, max_size=600) | st.binary(min_size=250)
)  # fmt: skip
OBJECTS = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=30,
)


def read(data: bytes) -> list[tuple[int, Any, int]]:
    return list(OpcodeReader(BytesSource(data), 0, DEFAULT_LIMITS).opcodes())


@settings(max_examples=150, deadline=None)
@given(OBJECTS, st.integers(0, 5))
def test_every_opcode_stands_where_pickletools_sees_it(value: object, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    expected = [(opcode.name, position) for opcode, _, position in pickletools.genops(data)]
    assert [(NAMES[code], offset) for code, _, offset in read(data)] == expected


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.integers(0, 5))
def test_short_text_is_read_as_it_was_written(text: str, protocol: int) -> None:
    arguments = [argument for _, argument, _ in read(pickle.dumps([text], protocol))]
    assert text in arguments


@pytest.mark.parametrize("protocol", range(6))
def test_every_cut_is_truncated(protocol: int) -> None:
    data = pickle.dumps({"a": [1, 2.5, "text", b"bytes", 2**70], "b": complex(1, 2)}, protocol)
    for cut in range(len(data)):
        with pytest.raises(ArtifactError):
            read(data[:cut])


@pytest.mark.parametrize("size", [(1 << 20) - 600, (1 << 20) - 1, 1 << 20, (1 << 20) + 3, 3 << 20])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_chunk_borders_do_not_matter(size: int, protocol: int) -> None:
    data = pickle.dumps(["x" * size, "end", {"k": list(range(3000))}], protocol)
    expected = [position for _, _, position in pickletools.genops(data)]
    assert [offset for _, _, offset in read(data)] == expected


def test_a_long_constant_is_a_span_onto_the_source() -> None:
    data = pickle.dumps(b"\x07" * 100_000, 4)
    spans = [argument for _, argument, _ in read(data) if isinstance(argument, Span)]
    assert [(span.length, data[span.offset]) for span in spans] == [(100_000, 7)]


def test_a_long_protocol_0_string_is_no_attack() -> None:
    data = pickle.dumps("y" * 3_000_000, 0)
    (span,) = (argument for _, argument, _ in read(data) if isinstance(argument, Span))
    assert span.length == 3_000_000


def test_hidden_names_are_unescaped() -> None:
    (_, text, _), *_ = read(b"V\\u006f\\u0073\n.")
    assert text == "os"
    (_, text, _), *_ = read(b"S'\\x6f\\163'\n.")
    assert text == "os"
    (_, text, _), *_ = read(b"S'\\8\\9'\n.")
    assert text == "\\8\\9"


def test_numbers_in_other_bases_are_read_past() -> None:
    codes = [code for code, _, _ in read(b"I0x10\nL0x1fL\nI007\n.")]
    assert len(codes) == 4


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\x8e" + b"\xff" * 7 + b"\x7f", LimitExceeded),
        (b"B\xff\xff\xff\x7f", TruncatedArtifact),
        (b"\x8b\xff\xff\xff\xff.", ArtifactError),
        (b"p" + b"9" * 5000 + b"\n.", LimitExceeded),
        (b"c" + b"a" * 5000 + b"\nb\n.", LimitExceeded),
        (b"\xff", ArtifactError),
        (b"", TruncatedArtifact),
    ],
)
def test_lies_are_named(data: bytes, error: type[ArtifactError]) -> None:
    with pytest.raises(error):
        read(data)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_mutations_raise_nothing_else(data: st.DataObject) -> None:
    source = bytearray(pickle.dumps({"a": [1, "b", 2.5, b"c" * 300]}, data.draw(st.integers(0, 5))))
    for _ in range(data.draw(st.integers(1, 6))):
        source[data.draw(st.integers(0, len(source) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ArtifactError):
        read(bytes(source))
    probe_pickle(bytes(source), whole=True)


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_are_recognized(protocol: int) -> None:
    assert probe_pickle(pickle.dumps({"a": [1, 2]}, protocol), whole=True)
    long = pickle.dumps(["w" * 5000, 1], protocol)[:4096]
    assert probe_pickle(b"(lp0\nI1\naV" + b"w" * 4080, whole=False)
    assert probe_pickle(long, whole=False) or protocol < 2


@pytest.mark.parametrize(
    "text",
    [b"I am a sentence.\n", b"(see above)\n", b"the\nof\nand\n", b"]", b"Note: cos\nsin\n.", b"",
     b"Vvv\n", b"cats\nand dogs\n.", b"{\"a\": 1}", b"N.", b"GGUF" + b"\0" * 40],
)  # fmt: skip
def test_prose_is_not(text: bytes) -> None:
    assert not probe_pickle(text, whole=True)
