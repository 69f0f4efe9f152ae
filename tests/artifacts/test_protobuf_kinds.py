# SPDX-License-Identifier: Apache-2.0
"""Kinds of protobuf messages: told by their fields, in any order, also when cut short."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire import field, graph, node, saved_model

from steelyard.artifacts.protobuf import WireReader
from steelyard.artifacts.protobuf_kinds import protobuf_kind
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import DEFAULT_LIMITS, Limits

GRAPH = graph([node("a", "Const"), node("b", "MatMul", ["a"])])
META = field(1, field(4, "serve")) + field(2, GRAPH)
ONNX = field(7, field(1, field(4, "Add")) + field(2, "g"))
BLOCK = field(1, field(1, 0) + field(2, -1) + field(3, field(1, "x")))
FINGERPRINT = b"".join(field(n, 2**60 + n) for n in range(1, 6)) + field(6, field(1, 1))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (saved_model([node("a", "Const")]), "saved-model"),
        (field(2, META), "saved-model"),
        (META, "meta-graph"),
        (GRAPH, "graph-def"),
        (field(4, field(1, 27)) + GRAPH, "graph-def"),
        (field(1, 8) + ONNX + field(8, field(2, 20)), "onnx"),
        (field(8, field(2, 20)) + ONNX + field(1, 8), "onnx"),
        (field(1, 1) + field(2, field(1, field(1, "x"))) + field(500, b""), "coreml"),
        (BLOCK + field(4, field(1, 0)), "paddle"),
        (FINGERPRINT, "tf-fingerprint"),
        (field(1, "a sentence of text") + field(1, "and another"), ""),
        (b"\x0a", ""),
        (bytes(64), ""),
    ],
)
def test_kinds(data: bytes, kind: str) -> None:
    assert protobuf_kind(BytesSource(data)) == kind


def test_a_message_that_breaks_off_keeps_its_kind() -> None:
    data = saved_model([node(f"n{i}", "MatMul", ["a", "b"]) for i in range(50)])
    assert protobuf_kind(BytesSource(data[: len(data) // 2])) == "saved-model"


@settings(max_examples=200, deadline=2000)
@given(st.binary(max_size=200))
def test_any_bytes_have_a_kind_or_none(data: bytes) -> None:
    assert isinstance(protobuf_kind(BytesSource(data)), str)
    try:
        list(WireReader(BytesSource(data), DEFAULT_LIMITS).fields(0, len(data)))
    except ArtifactError:
        return


def test_the_wire_reader_is_bounded() -> None:
    source = BytesSource(field(1, 1) * 10)
    with pytest.raises(LimitExceeded):
        list(WireReader(source, Limits(protobuf_fields=5)).fields(0, source.size))
    with pytest.raises(LimitExceeded):
        list(WireReader(source, DEFAULT_LIMITS).fields(0, source.size, depth=65))
    for broken in (b"\x08" + b"\xff" * 11, b"\x0a\x05ab", b"\x00\x01", b"\x0b", b"\x08"):
        with pytest.raises(ArtifactError):
            list(WireReader(BytesSource(broken), DEFAULT_LIMITS).fields(0, len(broken)))


def test_fields_across_windows_are_read() -> None:
    data = b"".join(field(2, f"{number:05}") + field(1, number << 40) for number in range(20_000))
    reader = WireReader(BytesSource(data), DEFAULT_LIMITS)
    fields = list(reader.fields(0, len(data)))
    assert [item.value >> 40 for item in fields[1::2]] == list(range(20_000))
    assert reader.text(fields[12]) == "00006"
