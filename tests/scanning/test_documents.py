# SPDX-License-Identifier: Apache-2.0
"""Databases and PDF documents: honest ones are clean, actions in them are named."""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scanning.test_disguise import examine

from steelyard.artifacts.pdf_files import read_pdf
from steelyard.artifacts.source import BytesSource
from steelyard.artifacts.sqlite_files import read_sqlite, schema_of
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Verdict


def database(path: Path, *statements: str) -> bytes:
    path.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path.read_bytes()


TABLES = [f"create table t{n} (a text default 'long {'x' * n}', b)" for n in range(120)]
LONG = "create table long (a text default '" + "y" * 9000 + "')"


def test_an_honest_database_is_clean(tmp_path: Path) -> None:
    data = database(tmp_path / "x", *TABLES, LONG, "create view v as select a from t1")
    report = examine(tmp_path / "a.db", data)
    assert (report.verdict, report.findings) == (Verdict.CLEAN, ())
    entries = list(schema_of(BytesSource(data), read_sqlite(BytesSource(data))))
    assert len(entries) == 122
    assert LONG.upper()[:12] + LONG[12:] == next(e.sql for e in entries if e.name == "long")


@pytest.mark.parametrize(
    "statement",
    ["create view v as select load_extension('/x.so')",
     "create trigger g after insert on t1 begin select writefile('x', new.a); end"],
)  # fmt: skip
def test_a_schema_that_reaches_out_is_named(tmp_path: Path, statement: str) -> None:
    report = examine(tmp_path / "a.db", database(tmp_path / "x", *TABLES, statement))
    assert [item.rule for item in report.findings] == ["sqlite.schema"]


def pdf(objects: bytes, stream: bytes = b"BT ET /JS junk") -> bytes:
    catalog = b"%PDF-1.5\n1 0 obj <</Type /Catalog " + objects + b">> endobj\n"
    body = b"2 0 obj <</Length 9>>\nstream\n" + stream + b"\nendstream endobj\n"
    return catalog + body + b"trailer <</Root 1 0 R>>\n%%EOF\n"


def test_an_honest_document_is_clean(tmp_path: Path) -> None:
    report = examine(tmp_path / "a.pdf", pdf(b"/OpenAction [1 0 R /Fit]"))
    assert (report.verdict, report.findings) == (Verdict.CLEAN, ())


@pytest.mark.parametrize(
    "data",
    [
        pdf(b"/OpenAction <</S /JavaScript /JS (app.alert)>>"),
        pdf(b"/OpenAction <</S /#4aavaScript>>"),
        pdf(b"/AA <</O <</S /Launch /F (cmd.exe)>>>>"),
        pdf(b"/Names <</EmbeddedFiles 3 0 R>>"),
        pdf(b">> endobj 5 0 obj <</Type /ObjStm", b"").replace(
            b"<</Length 9>>\nstream\n",
            b"<</Type /ObjStm>>\nstream\n" + zlib.compress(b"<</S /JavaScript /JS (x)>>"),
        ),
    ],
)
def test_actions_are_named(tmp_path: Path, data: bytes) -> None:
    report = examine(tmp_path / "a.pdf", data)
    assert {item.rule for item in report.findings} == {"pdf.action"}


def test_encrypted_and_cut_documents_are_not_clean(tmp_path: Path) -> None:
    for data in (pdf(b"/Encrypt 4 0 R"), pdf(b"")[:-8]):
        assert examine(tmp_path / "a.pdf", data).verdict is Verdict.UNREADABLE


@given(st.integers(0, 4095), st.binary(min_size=1, max_size=6))
def test_mutations_raise_artifact_errors_only(at: int, junk: bytes) -> None:
    data = _SAMPLE[:at] + junk + _SAMPLE[at + len(junk) :]
    with contextlib.suppress(ArtifactError):
        list(schema_of(BytesSource(data), read_sqlite(BytesSource(data))))
    read_pdf(BytesSource(pdf(junk)))


def _sample() -> bytes:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        for statement in TABLES[:40]:
            connection.execute(statement)
        return bytes(connection.serialize())


_SAMPLE = _sample()
