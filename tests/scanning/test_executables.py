# SPDX-License-Identifier: Apache-2.0
"""Programs are told by content; the name decides only whether somebody tried to hide one."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from tests.scanning.test_archives import zipped
from tests.scanning.test_disguise import examine

from steelyard.kernel.finding import Coverage, Severity, Verdict

ELF = b"\x7fELF\2\1\1" + bytes(57)
PE = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(60)
PYC = b"\xa7\r\r\n" + bytes(12) + b"\xe3" + bytes(40)
LNK = b"L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0F" + bytes(60)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("name", "data", "rule", "severity"),
    [
        ("tool", ELF, "file.executable", Severity.HIGH),
        ("_ext.cpython-311-x86_64-linux-gnu.so", ELF, "file.native-library", Severity.MEDIUM),
        ("libx.so.1.2", ELF, "file.native-library", Severity.MEDIUM),
        ("a.so.txt", ELF, "file.disguised-executable", Severity.CRITICAL),
        ("model.safetensors", ELF, "file.disguised-executable", Severity.CRITICAL),
        ("setup.exe", PE, "file.executable", Severity.HIGH),
        ("weights.bin", PE, "file.disguised-executable", Severity.CRITICAL),
        ("m.cpython-311.pyc", PYC, "file.executable", Severity.HIGH),
        ("model.pt", PYC, "file.disguised-executable", Severity.CRITICAL),
        ("README.lnk", LNK, "file.executable", Severity.HIGH),
        ("README.pdf", LNK, "file.disguised-executable", Severity.CRITICAL),
        ("c.dat", b"dex\n035\0" + bytes(80), "file.disguised-executable", Severity.CRITICAL),
        ("a.msi", OLE, "file.executable", Severity.HIGH),
        ("a.json", OLE, "file.disguised-executable", Severity.HIGH),
        ("a.doc", OLE + "_VBA_PROJECT".encode("utf-16-le"), "file.macros", Severity.HIGH),
    ],
)
def test_programs(tmp_path: Path, name: str, data: bytes, rule: str, severity: Severity) -> None:
    report = examine(tmp_path / name, data)
    assert (rule, severity) in {(item.rule, item.severity) for item in report.findings}
    assert report.coverage is Coverage.PARTIAL


@pytest.mark.parametrize("name", ["m.llamafile", "m.gguf"])
def test_a_llamafile_is_a_program_and_its_members_are_examined(tmp_path: Path, name: str) -> None:
    out = io.BytesIO(b"MZqFpD='\n" + bytes(200))
    out.seek(0, io.SEEK_END)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("../escape", b"x")
    report = examine(tmp_path / name, out.getvalue())
    found = {item.rule for item in report.findings}
    assert {"file.llamafile", "archive.traversal"} <= found
    assert ("file.disguised-executable" in found) == (name == "m.gguf")


@pytest.mark.parametrize(
    ("name", "front"), [("sfx", ELF), ("sfx.exe", PE), ("m.keras", b"x\0\1"), ("m.html", b"<html>")]
)
def test_the_archive_behind_something_else_is_examined(
    tmp_path: Path, name: str, front: bytes
) -> None:
    report = examine(tmp_path / name, front + zipped({"../escape": b"x"}))
    assert report.verdict is Verdict.MALICIOUS
    assert "archive.traversal" in {item.rule for item in report.findings}


def test_a_script_without_extension_is_told(tmp_path: Path) -> None:
    report = examine(tmp_path / "run", b"#!/usr/bin/env bash\necho hello\n")
    assert [item.rule for item in report.findings] == ["file.script"]
