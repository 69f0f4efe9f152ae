# SPDX-License-Identifier: Apache-2.0
"""Examines SQLite databases and PDF documents: data for people and tools, with actions inside."""

from __future__ import annotations

import re

from steelyard.artifacts.pdf_files import read_pdf
from steelyard.artifacts.source import Source
from steelyard.artifacts.sqlite_files import read_sqlite, schema_of
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.appended import examine_rest

_SQL = re.compile(
    r"\b(load_extension|writefile|readfile|fts3_tokenizer|writable_schema|edit|fsdir|lsdir)\s*\("
    r"|\b(ATTACH)\s+(?:DATABASE\b|['\"])|\bUSING\s+(csv|zipfile|fsdir|fileio|sqlite_dbpage)\b",
    re.IGNORECASE,
)
_ACTIONS = {
    "JavaScript": (Severity.HIGH, "runs script in the viewer"),
    "Launch": (Severity.HIGH, "starts a program or opens a file"),
    "RichMedia": (Severity.MEDIUM, "plays active media"),
    "EmbeddedFile": (Severity.MEDIUM, "carries another file inside"),
}


def examine_sqlite(context: Context, source: Source, into: Examination) -> None:
    """Examine the schema of one database; its rows are data."""
    file = read_sqlite(source)
    for entry in schema_of(source, file):
        found = _SQL.search(entry.sql)
        if found is None:
            continue
        name = next(filter(None, found.groups()))
        into.add(
            "sqlite.schema",
            Severity.HIGH,
            f"The {entry.kind[:20]} {entry.name[:80]!r} uses {name}, which reaches files or loads "
            "code when the database is used.",
            location=context.at(f"schema entry {entry.name[:80]}"),
            evidence=entry.sql[max(0, found.start() - 40) : found.end() + 40],
            remedy="Export the tables you need with a read-only tool; do not query the views.",
        )
    examine_rest(context, source, file.end, into)


def examine_pdf(context: Context, source: Source, into: Examination) -> None:
    """Examine one PDF document for actions and files inside."""
    content = read_pdf(source)
    for name, offset in content.names.items():
        severity, effect = _ACTIONS[name]
        into.add(
            "pdf.action",
            severity,
            f"The document names /{name}: it {effect}.",
            location=context.at(f"near byte {offset}"),
            evidence=f"/{name}",
            remedy="Read it in a viewer without script, or ask for plain text.",
        )
    for reason in content.unread:
        into.gap(Coverage.PARTIAL, context.at(reason))
    if not content.complete:
        into.gap(Coverage.PARTIAL, context.at("the document does not end with its end mark"))
