# SPDX-License-Identifier: Apache-2.0
"""R data are walked to their end; a promise that nobody evaluated yet is named."""

from __future__ import annotations

import contextlib
import gzip
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scanning.test_disguise import examine

from steelyard.artifacts.r_data import walk_r
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Coverage, Severity, Verdict
from steelyard.kernel.limits import DEFAULT_LIMITS

HEAD = b"X\n" + struct.pack(">iii", 2, 0x040300, 0x020300)
NIL = struct.pack(">i", 254)
UNBOUND = struct.pack(">i", 252)


def chars(text: str) -> bytes:
    return struct.pack(">ii", 9, len(text)) + text.encode()


def symbol(text: str) -> bytes:
    return struct.pack(">i", 1) + chars(text)


def pair(kind: int, car: bytes, cdr: bytes = NIL, tag: bytes = b"") -> bytes:
    return struct.pack(">i", kind | (0x400 if tag else 0)) + tag + car + cdr


def call(name: str, argument: str = "true") -> bytes:
    return pair(6, symbol(name), pair(2, strings(argument)))


def strings(*texts: str) -> bytes:
    return struct.pack(">ii", 16, len(texts)) + b"".join(map(chars, texts))


def promise(expression: bytes, value: bytes = UNBOUND) -> bytes:
    return pair(5, value, expression, tag=struct.pack(">i", 253))


def environment(frame: bytes) -> bytes:
    return struct.pack(">ii", 4, 0) + struct.pack(">i", 253) + frame + NIL + NIL


REALS = struct.pack(">ii", 14, 3) + bytes(24)
HONEST = HEAD + pair(2, REALS, pair(2, call("lm", "y ~ x"), tag=symbol("call")), symbol("coef"))


@pytest.mark.parametrize("packed", [False, True])
def test_an_honest_model_is_clean(tmp_path: Path, packed: bool) -> None:
    data = b"RDX2\n" + HONEST
    report = examine(tmp_path / "m.rda", gzip.compress(data) if packed else data)
    assert (report.verdict, report.coverage, report.findings) == (Verdict.CLEAN, Coverage.FULL, ())


def test_ascii_is_read_too(tmp_path: Path) -> None:
    data = b"A\n2\n262912\n131840\n531\n254\n" + b"16\n2\n9\n4\na\\n\\302b\n9\n-1\n"
    data = data.replace(b"531\n254\n", b"")
    report = examine(tmp_path / "m.rds", data)
    assert (report.format, report.verdict, report.findings) == ("r-data", Verdict.CLEAN, ())


@pytest.mark.parametrize(
    ("item", "severity"),
    [
        (promise(call("cat")), Severity.CRITICAL),
        (pair(2, promise(call("system")), tag=symbol("x")), Severity.CRITICAL),
        (environment(pair(2, promise(call("system")), tag=symbol("x"))), Severity.CRITICAL),
        (environment(pair(2, promise(call("f")), tag=symbol("x"))), Severity.MEDIUM),
        (environment(pair(2, promise(call("f"), REALS), tag=symbol("x"))), None),
        (environment(pair(2, promise(symbol("x")), tag=symbol("x"))), None),
    ],
)
def test_promises(tmp_path: Path, item: bytes, severity: Severity | None) -> None:
    report = examine(tmp_path / "m.rds", gzip.compress(HEAD + item))
    found = {finding.severity for finding in report.findings if finding.rule == "r.promise"}
    assert found == ({severity} if severity else set())


def test_functions_and_what_they_call(tmp_path: Path) -> None:
    function = pair(3, NIL, call("system2"), tag=struct.pack(">i", 253))
    report = examine(tmp_path / "m.rds", HEAD + function)
    assert {finding.rule for finding in report.findings} == {"r.function", "r.call"}
    assert report.verdict is Verdict.SUSPICIOUS


def test_what_follows_and_what_is_missing(tmp_path: Path) -> None:
    report = examine(tmp_path / "m.rds", HONEST + b"\x7fELF" + bytes(60))
    assert report.verdict is Verdict.MALICIOUS
    assert examine(tmp_path / "n.rds", HONEST[:-3]).verdict is Verdict.SUSPICIOUS


@given(st.integers(0, 120), st.binary(max_size=6))
def test_mutations_raise_artifact_errors_only(at: int, junk: bytes) -> None:
    for data in (HONEST, HEAD + promise(call("system"))):
        with contextlib.suppress(ArtifactError):
            walk_r(BytesSource(data[:at] + junk + data[at + len(junk) :]), DEFAULT_LIMITS)
