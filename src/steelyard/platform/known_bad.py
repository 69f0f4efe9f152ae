# SPDX-License-Identifier: Apache-2.0
"""Looks every file's digest up among those of files known to be malicious.

One list is shipped, in ``catalog/data/known_bad.toml``; an organization may add its own, a text
file with one SHA-256 a line. Only whole files are looked up: the bytes of an archive's members have
digests that nobody publishes in such lists, and their content is examined anyway.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from steelyard import catalog
from steelyard.kernel.digest import is_sha256, sha256_hex
from steelyard.kernel.errors import InputError, PositionedError
from steelyard.kernel.finding import FileReport, Finding, Severity, verdict_of, worst
from steelyard.kernel.inspection import Inspection

_LIST_MOST = 64 * 1024 * 1024
_DIGEST = re.compile(rb"\b[0-9a-f]{64}\b")
_NAME_MOST = 200


class KnownBad(Struct, frozen=True):
    """An organization's own list: what each digest is called there, and a digest of the list."""

    names: Mapping[str, str]
    source: str
    sha256: str


def read_known_bad(path: Path) -> KnownBad:
    """Return the list in a text file: a SHA-256 a line, and after it, optionally, a name.

    Empty lines and what follows ``#`` mean nothing.

    Raises:
        InputError: the file cannot be read, or a line does not begin with a SHA-256.
    """
    try:
        data = path.read_bytes() if path.stat().st_size <= _LIST_MOST else None
    except OSError as error:
        raise InputError(
            f"The list of malicious files {str(path)!r} cannot be read: {error.strerror}.",
            next_step="Check the path and its permissions.",
            code="known-bad.unreadable",
        ) from error
    if data is None:
        raise InputError(
            f"The list of malicious files {str(path)!r} is too large: at most "
            f"{_LIST_MOST // 2**20} MiB are read.",
            next_step="Check that this is the file you meant.",
            code="known-bad.size",
        )
    names: dict[str, str] = {}
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        digest, _, name = line.partition("#")[0].strip().partition(" ")
        if not digest:
            continue
        if not is_sha256(digest.lower()):
            raise PositionedError(
                f"{digest[:80]!r} is not a SHA-256.",
                file=str(path),
                line=number,
                column=line.index(digest) + 1,
                next_step="Write 64 hexadecimal digits, then a space and a name if you like.",
                code="known-bad.line",
            )
        names[digest.lower()] = name.strip()[:_NAME_MOST]
    return KnownBad(names, path.name, sha256_hex(data))


def note_known_bad(inspection: Inspection, own: KnownBad | None = None) -> Inspection:
    """Return ``inspection`` with a critical finding for every file known to be malicious."""
    known = _shipped_digests()
    names = own.names if own is not None else {}
    changed = {
        index: _noted(report, own)
        for index, report in enumerate(inspection.files)
        if report.sha256 in known or report.sha256 in names
    }
    scanner = inspection.scanner
    if own is not None:
        digest = sha256_hex(f"{scanner.rules_digest}\0known_bad\0{own.sha256}".encode())
        scanner = structs.replace(scanner, rules_digest=digest)
    if not changed:
        return structs.replace(inspection, scanner=scanner) if own is not None else inspection
    files = tuple(changed.get(index, report) for index, report in enumerate(inspection.files))
    return structs.replace(inspection, files=files, scanner=scanner)


def advisories_digest(own: KnownBad | None = None) -> str:
    """Return a digest over the lists that are looked up, so that a longer list is noticed."""
    return sha256_hex(_shipped_bytes() + b"\0" + (own.sha256 if own else "").encode())


def _noted(report: FileReport, own: KnownBad | None) -> FileReport:
    if own is not None and report.sha256 in own.names:
        name, source = own.names[report.sha256], f"the list {own.source}"
    else:
        entry = _shipped().get(report.sha256, {})
        name = str(entry.get("name", ""))
        source = f"{entry.get('source', 'the shipped list')}, as of {entry.get('as_of', 'unknown')}"
    called = f" as {name}" if name else ""
    finding = Finding(
        rule="digest.known-malicious",
        severity=Severity.CRITICAL,
        message=f"These exact bytes are known to be malicious{called} ({source}).",
        evidence=f"sha256 {report.sha256}",
        remedy="Delete the file and every copy, and find out where it came from and who loaded it.",
    )
    findings = (finding, *report.findings)
    verdict = worst([report.verdict, verdict_of(findings, report.coverage)])
    return structs.replace(report, findings=findings, verdict=verdict)


@cache
def _shipped_bytes() -> bytes:
    # importlib.resources would cost every run more than looking up the digests does.
    place = Path(catalog.__file__).with_name("data") / "known_bad.toml"
    return place.read_bytes() if place.is_file() else b""


@cache
def _shipped_digests() -> frozenset[str]:
    """Every digest the list holds, without reading it as a document: most runs need no more."""
    return frozenset(match.decode() for match in _DIGEST.findall(_shipped_bytes()))


@cache
def _shipped() -> dict[str, dict[str, Any]]:
    import tomllib

    document = tomllib.loads(_shipped_bytes().decode("utf-8"))
    tables = [table for table in document.values() if isinstance(table, list)]
    return {
        str(entry["sha256"]): entry
        for table in tables
        for entry in table
        if isinstance(entry, dict) and "sha256" in entry
    }
