# SPDX-License-Identifier: Apache-2.0
"""Structure readers: what honest libraries write is read; lies and mutations are refused."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import tarfile
import time
import zipfile
from collections.abc import Callable

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from safetensors.numpy import save

from steelyard.artifacts.gguf import read_gguf
from steelyard.artifacts.json_documents import read_json
from steelyard.artifacts.numpy_files import read_npy
from steelyard.artifacts.onnx import read_onnx
from steelyard.artifacts.safetensors import read_safetensors
from steelyard.artifacts.shapes import MANY, elements_of
from steelyard.artifacts.sniff import sniff
from steelyard.artifacts.source import BytesSource
from steelyard.artifacts.tars import read_tar
from steelyard.artifacts.zips import member_source, read_zip
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import DEFAULT_LIMITS as LIMITS


def safetensors() -> bytes:
    data: bytes = save({"a": np.ones((2, 3), np.float32), "b": np.zeros(4, np.int64)}, {"k": "v"})
    return data


def gguf(pairs: bytes = b"", count: int = 0, tensors: int = 1) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    pairs += text("general.name") + struct.pack("<I", 8) + text("tiny")
    pairs += text("list") + struct.pack("<IIQ", 9, 4, 100) + struct.pack("<100I", *range(100))
    pairs += text("words") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b")
    table = (text("w") + struct.pack("<IQIQ", 1, 8, 0, 0)) * tensors
    head = b"GGUF" + struct.pack("<IQQ", 3, tensors, 3 + count) + pairs + table
    return head + b"\0" * (-len(head) % 32 + 32)


def onnx_model() -> bytes:
    branch = helper.make_graph([helper.make_node("Neg", ["x"], ["z"])], "b", [], [])
    weights = helper.make_tensor("w", TensorProto.FLOAT, [2, 2], [1.0, 2.0, 3.0, 4.0])
    outside = helper.make_tensor("o", TensorProto.FLOAT, [0], [])
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="../secret")
    graph = helper.make_graph(
        [helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch),
         helper.make_node("Evil", ["x"], ["q"], domain="com.evil")],
        "g", [], [], [weights, outside],
    )  # fmt: skip
    return bytes(helper.make_model(graph, producer_name="test").SerializeToString())


def npy() -> bytes:
    out = io.BytesIO()
    np.save(out, np.zeros((3, 4), [("a", "<f4"), ("b", "<i8", (2,))]))
    return out.getvalue()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("stored.txt", "one" * 20)
        archive.writestr("deflated.txt", "two" * 200, zipfile.ZIP_DEFLATED)
        archive.writestr("bzip.txt", "three" * 200, zipfile.ZIP_BZIP2)
        archive.writestr("dir/", "")
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("short", "long/" * 60 + "name", "ümlaut"):
            info = tarfile.TarInfo(name)
            info.size = 700
            archive.addfile(info, io.BytesIO(b"z" * 700))
        info = tarfile.TarInfo("link")
        info.type, info.linkname = tarfile.SYMTYPE, "short"
        archive.addfile(info)
    return out.getvalue()


def walk_zip(data: bytes) -> None:
    source = BytesSource(data)
    for member in read_zip(source, LIMITS).members:
        try:
            member_source(source, member, LIMITS)
        except ArtifactError:
            continue


READERS: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "safetensors": (safetensors(), lambda data: read_safetensors(BytesSource(data), LIMITS)),
    "gguf": (gguf(), lambda data: read_gguf(BytesSource(data), LIMITS)),
    "onnx": (onnx_model(), lambda data: read_onnx(BytesSource(data), LIMITS)),
    "npy": (npy(), lambda data: read_npy(BytesSource(data))),
    "json": (b'{"a": [1, 2, {"b": "\\u00e9"}]}', lambda data: read_json(data, LIMITS)),
    "zip": (zipped(), walk_zip),
    "tar": (tarred(), lambda data: list(read_tar(BytesSource(data), LIMITS, []))),
    "sniff": (b"PK\x03\x04" + zipped(), lambda data: sniff(BytesSource(data), "model.bin")),
}


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=150, deadline=2000)
@given(data=st.data())
def test_mutations_raise_artifact_errors_only(kind: str, data: st.DataObject) -> None:
    sample, reader = READERS[kind]
    changed = bytearray(sample)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(changed) - 1))
        patch = data.draw(st.sampled_from([b"\xff" * 8, b"\0" * 8, b"\x80", b"-1", b"9" * 30]) |
                          st.binary(min_size=1, max_size=4))  # fmt: skip
        changed[at : at + len(patch)] = patch
    with contextlib.suppress(ArtifactError):
        reader(bytes(changed))


@pytest.mark.parametrize("kind", [kind for kind in READERS if kind != "sniff"])
def test_cuts_raise_artifact_errors_only(kind: str) -> None:
    sample, reader = READERS[kind]
    for cut in range(0, len(sample), 1 + len(sample) // 400):
        try:
            reader(sample[:cut])
        except ArtifactError:
            continue


@settings(max_examples=200, deadline=2000)
@given(st.binary(max_size=300), st.sampled_from(["a", "a.json", "a.pkl", "a.py", "a.zip"]))
def test_any_bytes_can_be_sniffed(data: bytes, name: str) -> None:
    assert sniff(BytesSource(data), name).format


def test_safetensors_are_read_and_lies_told() -> None:
    header = read_safetensors(BytesSource(safetensors()), LIMITS)
    assert {(t.name, t.dtype, t.shape, t.elements) for t in header.tensors} == {
        ("a", "F32", (2, 3), 6), ("b", "I64", (4,), 4)}  # fmt: skip
    assert (header.metadata, header.problems) == ({"k": "v"}, ())
    for entry, tail, code in (
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"\0" * 20, "trailing"),
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, b"\0" * 12, "hole"),
        ({"a": {"dtype": "F32", "shape": [0], "data_offsets": [8, 0]}}, b"", "out-of-bounds"),
        ({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [-4, 0]}}, b"", "entry"),
        ({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}, b"\0" * 8, "size"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
          "b": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4, "overlap"),
    ):  # fmt: skip
        raw = json.dumps(entry).encode()
        found = read_safetensors(BytesSource(struct.pack("<Q", len(raw)) + raw + tail), LIMITS)
        assert f"safetensors.{code}" in {problem.code for problem in found.problems}


def test_a_safetensors_download_that_broke_off_is_no_lie() -> None:
    found = read_safetensors(BytesSource(safetensors()[:-5]), LIMITS)
    assert (found.problems, found.missing) == ((), 5)


def test_huge_header_lengths_are_refused_before_reading() -> None:
    with pytest.raises(LimitExceeded):
        read_safetensors(BytesSource(b"\xff" * 8 + b"{}"), LIMITS)
    with pytest.raises(TruncatedArtifact):
        read_safetensors(BytesSource(struct.pack("<Q", 1000) + b"{}"), LIMITS)


def test_a_shape_of_very_many_dimensions_is_not_multiplied_out() -> None:
    start = time.process_time()
    assert elements_of([2**62] * 1_000_000) == MANY
    assert elements_of([2**62] * 1000 + [0]) == 0
    assert time.process_time() - start < 20


def test_gguf_is_read() -> None:
    found = read_gguf(BytesSource(gguf()), LIMITS)
    assert found.metadata["general.name"] == "tiny"
    assert len(found.metadata["list"]) == 64
    assert [tensor.shape for tensor in found.tensors] == [(8,)]
    assert found.problems == ()
    short = read_gguf(BytesSource(gguf()[:-8]), LIMITS)
    assert (short.problems, short.missing) == ((), 8)


def test_gguf_tensors_that_lie() -> None:
    def table(*rows: tuple[str, tuple[int, ...], int, int], data: int = 64) -> bytes:
        out = b"GGUF" + struct.pack("<IQQ", 3, len(rows), 0)
        for name, shape, kind, offset in rows:
            out += struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", len(shape))
            out += struct.pack(f"<{len(shape)}QIQ", *shape, kind, offset)
        return out + b"\0" * (-len(out) % 32 + data)

    for rows, code in (
        ([("a", (2**40, 2**40), 0, 0)], "dimensions"),
        ([("a", (8,), 0, 2**40)], "tensor"),
        ([("a", (8,), 0, 0), ("b", (8,), 0, 0)], "overlap"),
        ([("a", (8,), 0, 0), ("a", (8,), 0, 32)], "duplicate-tensor"),
        ([("a", (8,), 0, 32)], "hole"),
        ([("a", (7,), 8, 0)], "row"),
        ([("a", (8,), 0, 0)], "trailing"),
        ([("a", (8,), 99, 0)], "type"),
        ([("a", (8,), 0, 3)], "alignment"),
    ):
        found = read_gguf(BytesSource(table(*rows)), LIMITS)
        assert f"gguf.{code}" in {problem.code for problem in found.problems}, code
    with pytest.raises(LimitExceeded):
        read_gguf(BytesSource(table(("a", (1,) * 5, 0, 0))), LIMITS)


def test_gguf_of_every_version_and_byte_order() -> None:
    for order, version, wide in (("<", 1, "I"), ("<", 2, "Q"), (">", 3, "Q")):

        def text(value: str, order: str = order, wide: str = wide) -> bytes:
            return struct.pack(order + wide, len(value)) + value.encode()

        data = b"GGUF" + struct.pack(f"{order}I2{wide}", version, 1, 2)
        data += text("general.name") + struct.pack(order + "I", 8) + text("old")
        data += text("w") + struct.pack(f"{order}II{wide}", 9, 8, 70) + text("x") * 70
        data += text("t") + struct.pack(f"{order}I{wide}IQ", 1, 8, 0, 0)
        found = read_gguf(BytesSource(data + b"\0" * (-len(data) % 32 + 32)), LIMITS)
        assert (found.version, found.metadata["general.name"]) == (version, "old")
        assert (found.problems, found.missing, len(found.metadata["w"])) == ((), 0, 64)


def test_gguf_counts_that_no_file_could_hold() -> None:
    for tensors, pairs in ((2**40, 0), (0, 2**63)):
        with pytest.raises(LimitExceeded):
            read_gguf(BytesSource(b"GGUF" + struct.pack("<IQQ", 3, tensors, pairs)), LIMITS)
    array = b"\1\0\0\0\0\0\0\0k" + struct.pack("<IIQ", 9, 0, 2**60)
    with pytest.raises(TruncatedArtifact):
        read_gguf(BytesSource(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + array), LIMITS)


def test_onnx_is_read_into_subgraphs() -> None:
    model = read_onnx(BytesSource(onnx_model()), LIMITS)
    assert model.operators["", "Neg"] == 2
    assert model.operators["com.evil", "Evil"] == 1
    assert model.external == ["../secret"]
    assert (model.tensors, model.parameters, model.producer) == (2, 4, "test")


def test_onnx_shapes_are_not_multiplied_out() -> None:
    tensor = onnx.TensorProto()
    tensor.dims.extend([2**62] * 200_000)
    raw = tensor.SerializeToString()
    spread = b"".join(b"\x08" + b"\xff" * 8 + b"\x7f" for _ in range(100_000))
    graph = b"".join(b"\x2a" + _varint(len(part)) + part for part in (raw, spread))
    start = time.process_time()
    read_onnx(BytesSource(b"\x08\x08\x3a" + _varint(len(graph)) + graph), LIMITS)
    assert time.process_time() - start < 20


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def test_npy_headers() -> None:
    header = read_npy(BytesSource(npy()))
    assert (header.shape, header.item_size, header.has_objects) == ((3, 4), 20, False)
    out = io.BytesIO()
    np.save(out, np.array([None, {}], dtype=object), allow_pickle=True)
    assert read_npy(BytesSource(out.getvalue())).has_objects


@pytest.mark.parametrize(
    "text",
    ["__import__('os').system('x')", "(" * 60_000, "-" * 60_000 + "1", "{[]: 1}", "{'shape': 1}",
     "not " * 10_000 + "1", "1+" * 20_000 + "1", "{'descr': '<f" + "9" * 5000 + "', 'shape': ()}",
     "{'descr': '<f4', 'shape': (" + "9" * 5000 + ",)}", "'\\d'", "[" * 5000 + "]" * 5000],
)  # fmt: skip
def test_npy_headers_that_attack_the_parser(text: str) -> None:
    raw = text.encode()
    with pytest.raises(ArtifactError):
        read_npy(BytesSource(b"\x93NUMPY\x02\0" + struct.pack("<I", len(raw)) + raw))


def test_json_is_bounded() -> None:
    with pytest.raises(LimitExceeded):
        read_json(b"[" * 100_000, LIMITS)
    with pytest.raises(ArtifactError):
        read_json('{"a": 1}'.encode("utf-16"), LIMITS)
    with pytest.raises(ArtifactError):
        read_json(b"1" * 10_000, LIMITS)
    assert read_json(b'{"a": 1, "a": 2}', LIMITS).duplicates == ("a",)
    many = json.dumps([str(n) for n in range(100_000)])[1:-1].replace('",', '": 1,') + ": 1"
    start = time.process_time()
    assert len(read_json(f"{{{many}, {many}}}".encode(), LIMITS).duplicates) == 20
    assert time.process_time() - start < 20
    start = time.process_time()
    with pytest.raises(ArtifactError):
        read_json(b"[" * 300 + b'"\\' * 500_000, LIMITS)
    assert time.process_time() - start < 20


def test_tar_names_sizes_and_links() -> None:
    members = list(read_tar(BytesSource(tarred()), LIMITS, []))
    assert [member.name for member in members] == [
        "short", "long/" * 60 + "name", "ümlaut", "link"]  # fmt: skip
    assert [m.content.size for m in members if m.content is not None] == [700] * 3
    assert (members[-1].kind, members[-1].link_target) == ("symlink", "short")


def _tar_header(name: bytes, size: bytes, kind: bytes) -> bytes:
    head = bytearray(512)
    head[: len(name)], head[124 : 124 + len(size)], head[156:157] = name, size, kind
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


def test_a_negative_tar_size_is_refused() -> None:
    with pytest.raises(ArtifactError):
        list(read_tar(BytesSource(_tar_header(b"a", b"-5", b"0") + b"x" * 2048), LIMITS, []))


def test_pax_sizes_count_and_many_records_are_quick() -> None:
    record = b"12 size=600\n"
    data = _tar_header(b"p", b"%011o" % len(record), b"x") + record.ljust(512, b"\0")
    data += _tar_header(b"a", b"00000000001", b"0") + b"x" * 1024 + b"\0" * 1024
    (member,) = read_tar(BytesSource(data), LIMITS, [])
    assert member.content is not None
    assert member.content.size == 600
    body = b"5 a=\n" * 200_000
    flood = _tar_header(b"p", b"%011o" % len(body), b"x") + body.ljust(-(-len(body) // 512) * 512)
    start = time.process_time()
    list(read_tar(BytesSource(flood + b"\0" * 1024), LIMITS, []))
    assert time.process_time() - start < 20


def test_zip_members_are_read() -> None:
    source = BytesSource(zipped())
    archive = read_zip(source, LIMITS)
    assert archive.problems == ()
    contents = {m.name: member_source(source, m, LIMITS) for m in archive.members}
    assert contents["bzip.txt"].read_at(0, 5) == b"three"
    assert contents["deflated.txt"].size == 600


def test_zip_lies_are_told() -> None:
    honest = zipped()

    def codes(data: bytes) -> set[str]:
        return {problem.code for problem in read_zip(BytesSource(data), LIMITS).problems}

    assert codes(b"MZ prefix" + honest) == {"archive.prefix"}
    assert codes(honest + b"tail") == {"archive.suffix"}
    assert "archive.headers-disagree" in codes(honest.replace(b"stored.txt", b"sto\0ed.txt"))
    assert "archive.headers-disagree" in codes(honest.replace(b"stored.txt", b"hidden.txt", 1))
    start = honest.index(b"PK\x01\x02")
    end = honest.index(b"PK\x05\x06")
    second = honest[:end] + honest[start:end] + honest[end:]
    assert "archive.two-ends" in codes(second)


def test_a_zip64_record_beside_a_small_one_that_differs() -> None:
    honest = zipped()
    end = honest.index(b"PK\x05\x06")
    start = honest.index(b"PK\x01\x02")
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, end - start, start)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, end, 1)
    found = read_zip(BytesSource(honest[:end] + record + locator + honest[end:]), LIMITS)
    assert "archive.two-ends" in {problem.code for problem in found.problems}


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"", "a.bin", "empty"), (safetensors(), "m.safetensors", "safetensors"),
        (gguf(), "m.gguf", "gguf"), (onnx_model(), "m.onnx", "onnx"), (npy(), "a.npy", "npy"),
        (zipped(), "a.zip", "zip"), (tarred(), "a.tar", "tar"), (b"\x80\x04N.", "a.txt", "pickle"),
        (b'{"a": 1}', "config.json", "json"), (b"# Title\n", "README.md", "markdown"),
        (b"import os\n", "a.py", "python"), (b"12345678{\"a\": 1}\n", "a.txt", "text"),
        (b"#!/bin/sh\n", "run", "shell"), (b"\0" * 64, "w.pkl", "pickle"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "a.webp", "image"),
    ],
)  # fmt: skip
def test_formats_are_told_by_content(data: bytes, name: str, kind: str) -> None:
    assert sniff(BytesSource(data), name).format == kind


def test_a_pickle_under_another_name_is_a_mismatch() -> None:
    assert "pickle" in sniff(BytesSource(b"\x80\x04N."), "model.safetensors").mismatch
    assert "zip" in sniff(BytesSource(b"\x80\x04N." + zipped()), "a.pkl").mismatch
