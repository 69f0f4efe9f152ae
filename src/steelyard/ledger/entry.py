# SPDX-License-Identifier: Apache-2.0
"""One ledger entry: an event told in digests.

The ledger can only grow, so nothing may stand in it that must one day be erased: no person, no
mail address, no purpose. The documents behind the digests lie in bundles, which can be deleted; the
entry then still proves that something was decided, and that it was not changed afterwards.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec
from msgspec import Struct

from steelyard.kernel.assessment import Outcome
from steelyard.kernel.digest import is_sha256
from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.ledger.canonical import canonical, parse_canonical

ENTRY_SCHEMA = "steelyard.ledger-entry/v1"
_TIME = re.compile(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z\Z")


class LedgerEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recorded decision. Digests are SHA-256 over the bytes of the named files."""

    event: Literal["decision.recorded"] = "decision.recorded"
    decision_sha256: str
    """``decision.dsse.json``"""
    vsa_sha256: str
    """``vsa.dsse.json``"""
    manifest_sha256: str
    """``manifest.json``: the bytes of the revision"""
    charter_sha256: str
    """``charter.json``: the charter that decided"""
    outcome: Outcome
    environment: str
    time: str
    """RFC 3339 in UTC, ending in ``Z``."""
    schema: Literal["steelyard.ledger-entry/v1"] = "steelyard.ledger-entry/v1"

    def encode(self) -> bytes:
        """Return the canonical bytes that become a leaf."""
        return canonical(msgspec.to_builtins(self))


class CharterEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An adopted charter: from here on, decisions may be taken under it."""

    event: Literal["charter.adopted"] = "charter.adopted"
    statement_sha256: str
    """``charter.dsse.json``"""
    charter_sha256: str
    """``charter.json``"""
    previous_sha256: str
    """The charter it takes the place of; empty for the first one."""
    time: str
    """RFC 3339 in UTC, ending in ``Z``."""
    schema: Literal["steelyard.ledger-entry/v1"] = "steelyard.ledger-entry/v1"

    def encode(self) -> bytes:
        """Return the canonical bytes that become a leaf."""
        return canonical(msgspec.to_builtins(self))


def parse_charter_entry(data: bytes) -> CharterEntry:
    """Read the adoption of a charter from a leaf.

    Raises:
        IntegrityError: the bytes are not canonical JSON, or no such adoption.
    """
    parse_canonical(data)
    try:
        entry = msgspec.json.decode(data, type=CharterEntry)
    except (msgspec.DecodeError, RecursionError) as error:
        raise IntegrityError(
            f"This is not the adoption of a charter: {error}.", code="ledger.entry"
        ) from error
    named = (entry.statement_sha256, entry.charter_sha256, entry.previous_sha256 or "0" * 64)
    if not all(map(is_sha256, named)):
        raise IntegrityError("A digest in the ledger entry is malformed.", code="ledger.entry")
    return entry


def parse_entry(data: bytes) -> LedgerEntry:
    """Read a recorded decision from a leaf.

    Raises:
        IntegrityError: the bytes are not canonical JSON, or not a recorded decision.
    """
    parse_canonical(data)
    try:
        entry = msgspec.json.decode(data, type=LedgerEntry)
    except (msgspec.DecodeError, RecursionError) as error:
        raise IntegrityError(
            f"This is not a ledger entry: {error}.", code="ledger.entry"
        ) from error
    digests = (entry.decision_sha256, entry.vsa_sha256, entry.manifest_sha256, entry.charter_sha256)
    if not all(map(is_sha256, digests)):
        raise IntegrityError("A digest in the ledger entry is malformed.", code="ledger.entry")
    return entry


def check_time(text: str) -> str:
    """Return ``text`` if it is an RFC 3339 time in UTC spelled with ``Z``.

    Raises:
        InputError: it is anything else.
    """
    if _TIME.match(text) is None:
        raise InputError(
            f"{text!r} is not a time in UTC like 2026-01-31T12:00:00Z.", code="ledger.time"
        )
    return text
