# SPDX-License-Identifier: Apache-2.0
"""Archives: members are examined, escapes and bombs are named, at every depth."""

from __future__ import annotations

import gzip
import io
import pickle
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from pathlib import Path

import msgspec
import pytest
from tests.scanning.test_disguise import examine

from steelyard.artifacts.sniff import sniff
from steelyard.artifacts.source import BytesSource, Source
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Severity
from steelyard.kernel.limits import DEFAULT_LIMITS, Limits
from steelyard.scanning.archives import escapes, examine_compressed, examine_tar, examine_zip
from steelyard.scanning.interface import Context, Examination


class Seen:
    """Runs the archive examiners recursively and notes every member's content."""

    def __init__(self, data: bytes, limits: Limits = DEFAULT_LIMITS) -> None:
        self.contents: dict[str, int] = {}
        self.into = Examination(limits)
        self._nested(Context(path="a", format="", limits=limits, examine_nested=self._nested),
                     BytesSource(data), self.into)  # fmt: skip

    def _nested(self, context: Context, source: Source, into: Examination) -> None:
        self.contents[context.member] = source.size
        kind = sniff(source, context.name).format
        context = Context(path=context.path, format=kind, limits=context.limits,
                          member=context.member, depth=context.depth,
                          examine_nested=self._nested)  # fmt: skip
        examiner = {"zip": examine_zip, "tar": examine_tar, "gzip": examine_compressed}.get(kind)
        if examiner is not None:
            examiner(context, source, into)

    @property
    def rules(self) -> set[str]:
        return {finding.rule for finding in self.into.findings}


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(members: list[tuple[str, bytes, str]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind, value in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(value)
                archive.addfile(info, io.BytesIO(value.encode()))
            else:
                info.linkname = value
                archive.addfile(info)
    return out.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_members_are_examined_at_every_depth(method: int) -> None:
    inner = zipped({"deep.txt": b"text" * 10}, method)
    seen = Seen(gzip.compress(tarred([("t.txt", tarfile.REGTYPE, "hello")])))
    assert seen.contents["(expanded) > t.txt"] == 5
    seen = Seen(zipped({"inner.zip": inner, "plain": b"x"}, method))
    assert seen.contents["inner.zip > deep.txt"] == 40
    assert seen.rules == set()


@pytest.mark.parametrize(
    ("name", "outside"),
    [("a/b", False), ("../a", True), ("a/../../b", True), ("/etc/passwd", True), ("C:\\x", True),
     ("a\\..\\..\\b", True), ("..a/b..", False), ("\\\\server\\x", True)],
)  # fmt: skip
def test_names_that_escape(name: str, outside: bool) -> None:
    assert escapes(name) is outside
    rules = Seen(tarred([(name, tarfile.REGTYPE, "x")])).rules
    assert ("archive.traversal" in rules) is outside


@pytest.mark.parametrize(
    ("members", "bad"),
    [
        ([("a/l", tarfile.SYMTYPE, "../x")], False),
        ([("a/l", tarfile.SYMTYPE, "b/../../a/x")], False),
        ([("s", tarfile.SYMTYPE, "."), ("l", tarfile.SYMTYPE, "s/s/..")], True),
        ([("l", tarfile.SYMTYPE, "../x")], True),
        ([("l", tarfile.SYMTYPE, "/etc")], True),
        ([("a/l", tarfile.LNKTYPE, "x")], False),
        ([("a/l", tarfile.LNKTYPE, "../x")], True),
        ([("d", tarfile.SYMTYPE, "."), ("d/e", tarfile.REGTYPE, "x")], True),
    ],
)
def test_links(members: list[tuple[str, bytes, str]], bad: bool) -> None:
    assert ("archive.link" in Seen(tarred(members)).rules) is bad


def test_zip_links_and_devices() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "../../etc/passwd")
    assert Seen(out.getvalue()).rules == {"archive.link"}
    assert Seen(tarred([("null", tarfile.CHRTYPE, "")])).rules == {"archive.device"}


def test_bombs() -> None:
    limits = msgspec.structs.replace(DEFAULT_LIMITS, archive_free=1 << 20)
    zeros = b"\0" * (8 << 20)
    for data in (zipped({"z": zeros}), gzip.compress(zeros)):
        seen = Seen(data, limits)
        assert {f.severity for f in seen.into.findings if f.rule == "archive.bomb"} == {
            Severity.CRITICAL}  # fmt: skip


def test_bombs_spread_over_members_and_depths() -> None:
    limits = msgspec.structs.replace(DEFAULT_LIMITS, archive_free=1 << 20)
    piece = b"\0" * (900 << 10)
    assert "archive.bomb" in Seen(zipped({str(n): piece for n in range(20)}), limits).rules
    layer = zipped({"z": piece})
    for _ in range(3):
        layer = zipped({str(n): layer for n in range(6)})
    start = time.process_time()
    assert "archive.bomb" in Seen(layer, limits).rules
    assert time.process_time() - start < 20


def test_nesting_is_bounded_and_told() -> None:
    layer = b"end"
    for _ in range(12):
        layer = zipped({"z.zip": layer}, zipfile.ZIP_STORED)
    seen = Seen(layer)
    assert "archives are nested too deep" in seen.into.coverage_reasons


def test_claims_of_encryption_and_checksums() -> None:
    data = bytearray(zipped({"secret.txt": b"x" * 100}, zipfile.ZIP_STORED))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    seen = Seen(bytes(data))
    assert "archive.encrypted" in seen.rules
    assert seen.contents["secret.txt"] == 100
    packed = bytearray(zipped({"a.txt": b"text" * 100}))
    for at in (14, packed.index(b"PK\x01\x02") + 16):
        packed[at] ^= 0xFF
    assert "archive.checksum" in Seen(bytes(packed)).rules


def test_a_broken_member_does_not_hide_the_next() -> None:
    data = bytearray(zipped({"a.txt": b"text" * 1000, "b.txt": b"more" * 10}))
    at = data.index(b"a.txt") + 5
    data[at : at + 4] = b"\xff" * 4
    seen = Seen(bytes(data))
    assert seen.contents["b.txt"] == 40
    assert seen.into.coverage_reasons


def test_a_truncated_gzip_is_examined_up_to_the_break() -> None:
    whole = gzip.compress(bytes(range(256)) * 4000)
    seen = Seen(whole[: len(whole) // 2])
    assert seen.contents["(expanded)"] > 0
    assert "archive.structure" in seen.rules
    assert seen.into.coverage_reasons


def test_cut_archives_raise_artifact_errors_only() -> None:
    for data in (zipped({"a": b"x" * 500}), tarred([("t", tarfile.REGTYPE, "y" * 700)])):
        for cut in range(1, len(data), 37):
            try:
                Seen(data[:cut])
            except ArtifactError:
                continue


def with_extra(name: str, other: bytes) -> bytes:
    extra = b"\1" + struct.pack("<I", zlib.crc32(name.encode())) + other
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.extra = struct.pack("<HH", 0x7075, len(extra)) + extra
        archive.writestr(info, b"x")
    return out.getvalue()


def test_a_unicode_path_that_names_another_file() -> None:
    assert "archive.headers-disagree" in Seen(with_extra("model.txt", b"data.pkl")).rules
    assert "archive.traversal" in Seen(with_extra("model.txt", b"../up")).rules
    assert Seen(with_extra("model.txt", b"model.txt")).rules == set()


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        (["a/b.txt", "a\\b.txt"], "archive.duplicate"),
        (["a/b.txt", "a/./b.txt"], "archive.duplicate"),
        (["A.txt", "a.txt"], "archive.similar-names"),
        (["A.txt", "b.txt"], ""),
    ],
)
def test_names_that_some_readers_take_for_the_same(names: list[str], rule: str) -> None:
    assert Seen(zipped(dict.fromkeys(names, b"x"))).rules == ({rule} if rule else set())


def test_a_stated_size_that_is_not_the_real_one() -> None:
    data = bytearray(zipped({"a.txt": b"text" * 100}))
    for at in (22, data.index(b"PK\x01\x02") + 24):
        data[at : at + 4] = struct.pack("<I", 8)
    assert "archive.headers-disagree" in Seen(bytes(data)).rules


def test_sizes_behind_the_data_count_and_must_agree() -> None:
    class Forward(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: object) -> int:
            raise io.UnsupportedOperation

    out = Forward()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"text" * 100)
    data = bytearray(out.getvalue())
    assert Seen(bytes(data)).rules == set()
    data[data.index(b"PK\x07\x08") + 8] ^= 1
    assert Seen(bytes(data)).rules == {"archive.headers-disagree"}


@pytest.mark.parametrize(
    ("mode", "rule"),
    [(stat.S_IFCHR, "archive.device"), (stat.S_IFIFO, "archive.device"),
     (stat.S_IFREG | stat.S_ISUID, "archive.setuid"), (stat.S_IFREG | 0o755, ""), (0xFFFF, "")],
)  # fmt: skip
def test_modes_of_zip_members(mode: int, rule: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("x")
        info.external_attr = mode << 16
        archive.writestr(info, b"x")
    assert Seen(out.getvalue()).rules == ({rule} if rule else set())


def test_members_that_share_bytes_and_unknown_methods() -> None:
    data = bytearray(zipped({"a.txt": b"text" * 100, "b.txt": b"text" * 100}))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = bytes(4)
    assert "archive.overlap" in Seen(bytes(data)).rules
    data = bytearray(zipped({"a.txt": b"text" * 100}))
    for at in (8, data.index(b"PK\x01\x02") + 10):
        data[at] = 99
    seen = Seen(bytes(data))
    assert "archive.encrypted" in seen.rules
    assert seen.into.coverage_reasons


def header(name: str, size: int, flag: bytes = b"0", mode: int = 0o644) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.mode = size, flag, mode
    return info.tobuf(tarfile.USTAR_FORMAT)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def pax(**records: str) -> bytes:
    body = b""
    for key, value in records.items():
        record = f" {key}={value}\n".encode()
        size = len(record) + 2
        body += f"{size if size > 99 or len(str(size)) == 2 else size - 1}".encode() + record
    return header("x", len(body), b"x") + padded(body)


END = bytes(1024)
FILE = header("a.txt", 1) + padded(b"x")


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (FILE + END, ""),
        (FILE + END + FILE + END, "archive.two-ends"),
        (FILE + END + b"more" * 128, "archive.structure"),
        (FILE + bytes([1] * 148) + FILE[148:] + FILE + END, "archive.structure"),
        (pax(path="../up") + FILE + END, "archive.traversal"),
        (pax(path="b.txt") + FILE + END, ""),
        (pax(path="b.txt") + pax(path="c.txt") + FILE + END, "archive.headers-disagree"),
        (pax(path="b\0.txt") + FILE + END, "archive.headers-disagree"),
        (header("x", 6, b"L") + padded(b"../up\0") + FILE + END, "archive.traversal"),
        (pax(linkpath="/etc/passwd") + header("l", 0, b"2") + END, "archive.link"),
        (header("su", 0, mode=0o4755) + END, "archive.setuid"),
        (header("x", 4, b"x") + padded(b"oops") + FILE + END, "archive.structure"),
    ],
)
def test_tars_that_readers_take_differently(data: bytes, rule: str) -> None:
    assert Seen(data).rules == ({rule} if rule else set())


def test_members_behind_a_wrong_checksum_and_the_end_are_examined() -> None:
    broken = FILE[:100] + b"1" + FILE[101:]
    seen = Seen(FILE + broken + header("b.txt", 2) + padded(b"yy") + END)
    assert {name: size for name, size in seen.contents.items() if name} == {"a.txt": 1, "b.txt": 2}
    seen = Seen(FILE + END + header("c.txt", 3) + padded(b"zzz"))
    assert seen.contents["c.txt"] == 3


def test_a_pax_size_counts_over_the_header() -> None:
    seen = Seen(pax(size="600") + header("a.txt", 1) + padded(b"y" * 600) + END)
    assert seen.contents["a.txt"] == 600


def test_the_members_of_a_torch_archive_are_judged_like_any(tmp_path: Path) -> None:
    members = {"m/data.pkl": pickle.dumps({}, 2), "m/version": b"3\n", "../up": b"x"}
    report = examine(tmp_path / "model.pt", zipped(members, zipfile.ZIP_STORED))
    assert report.format == "torch-zip"
    assert "archive.traversal" in {item.rule for item in report.findings}
