# SPDX-License-Identifier: Apache-2.0
"""In-toto statements (https://github.com/in-toto/attestation, v1 and v0.1) as read.

A statement says something (its predicate) about things named by digest (its subjects). Version 0.1
has the same shape and is still written by build systems, so both are read.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from steelyard.provenance.signatures.reading import malformed, member, read_json

STATEMENT_V1 = "https://in-toto.io/Statement/v1"
_TYPES = frozenset({STATEMENT_V1, "https://in-toto.io/Statement/v0.1"})
_MAX_SUBJECTS = 200_000
_MAX_TEXT = 4096
_HEX = re.compile(r"\A(?:[0-9a-fA-F]{2})+\Z")


class Subject(Struct, frozen=True):
    """One thing a statement is about: a name and its digests, lower-case hexadecimal."""

    name: str
    digests: dict[str, str]


class Statement(Struct, frozen=True):
    """A statement; whether its signer may be believed is another matter."""

    type: str
    predicate_type: str
    subjects: tuple[Subject, ...]
    predicate: dict[str, Any]


def read_statement(payload: bytes) -> Statement:
    """Read the payload of an envelope.

    Raises:
        IntegrityError: it is not an in-toto statement.
    """
    value = read_json(payload, "statement")
    kind = member(value, "_type", str, "statement")
    if kind not in _TYPES:
        raise malformed("The payload is not an in-toto statement.", "statement.type")
    predicate_type = member(value, "predicateType", str, "statement")
    rows = member(value, "subject", list, "statement")
    if not 0 < len(rows) <= _MAX_SUBJECTS or not 0 < len(predicate_type) <= _MAX_TEXT:
        raise malformed("The statement names no subject or predicate type, or too many.")
    predicate = value.get("predicate")
    if not isinstance(predicate, dict | None):
        raise malformed("The predicate of the statement is not an object.")
    return Statement(kind, predicate_type, tuple(_subject(row) for row in rows), predicate or {})


def _subject(row: object) -> Subject:
    if not isinstance(row, dict):
        raise malformed("A subject of the statement is no object.")
    name = row.get("name")
    digests = member(row, "digest", dict, "subject")
    if not isinstance(name, str | None) or not digests or len(digests) > 32:
        raise malformed("A subject of the statement has no usable name or digest.")
    found: dict[str, str] = {}
    for algorithm, digest in digests.items():
        if not isinstance(digest, str) or len(digest) > 1024:
            raise malformed("A digest of the statement is not usable.")
        # Other algorithms (a Git commit, a directory hash) are kept out rather than refused.
        if _HEX.match(digest):
            found[algorithm.lower()] = digest.lower()
    return Subject((name or "")[:_MAX_TEXT], found)
