# SPDX-License-Identifier: Apache-2.0
"""Reads an earlier scan as a baseline: findings that are in it are known."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from steelyard.kernel.errors import InputError
from steelyard.kernel.finding import Finding
from steelyard.kernel.triage import identities

_SCHEMA = "steelyard.scan/v1"


class KnownFile(Struct, frozen=True):
    """One file of the baseline: its bytes and its findings by identity."""

    sha256: str
    findings: Mapping[str, Finding]


class Baseline(Struct, frozen=True):
    """An earlier scan, by path; findings about several files have the empty path."""

    files: Mapping[str, KnownFile]


class _File(Struct):
    path: str
    sha256: str = ""
    findings: tuple[Finding, ...] = ()


class _Document(Struct):
    schema: str
    files: tuple[_File, ...]
    tree_findings: tuple[Finding, ...] = ()


def read_baseline(data: bytes, name: str) -> Baseline:
    """Return the baseline in a document that ``scan --format json`` wrote; ``name`` is its file's.

    Raises:
        InputError: it is no such document.
    """
    try:
        document = msgspec.json.decode(data, type=_Document)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _not_a_scan(name, str(error)) from error
    if document.schema != _SCHEMA:
        raise _not_a_scan(name, f"its schema is {document.schema[:60]!r}")
    files = {file.path: _known(file) for file in document.files}
    files[""] = _known(_File(path="", findings=document.tree_findings))
    return Baseline(files)


def _known(file: _File) -> KnownFile:
    listed = dict(zip(identities(file.path, file.findings), file.findings, strict=True))
    return KnownFile(file.sha256, listed)


def _not_a_scan(name: str, why: str) -> InputError:
    return InputError(
        f"The baseline {name!r} is not the result of a scan: {why}.",
        next_step="Write one with `steelyard scan MODEL --write-baseline FILE`.",
        code="baseline.unreadable",
    )
