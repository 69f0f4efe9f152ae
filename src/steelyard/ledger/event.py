# SPDX-License-Identifier: Apache-2.0
"""Events as leaves of the ledger: canonical JSON, no person and no typed text in it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Literal

import msgspec
from msgspec import Struct

from steelyard.kernel.digest import is_sha256, sha256_hex
from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.kernel.event import Event
from steelyard.ledger.canonical import canonical, parse_canonical

EVENT_SCHEMA = "steelyard.event/v1"
_TYPE = re.compile(r"\A[a-z][a-z-]*\.[a-z][a-z-]*\Z")
LEAF_MOST = 65_535
"""Bytes of one entry that the tile format can hold."""


class EventEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event as it stands in the ledger."""

    event: str
    subject: str
    about: str
    actor: str
    """A pseudonym; who it stands for is kept elsewhere and can be erased."""
    details: dict[str, Any]
    body_sha256: str
    """Digest of salt and body; empty where there is no body."""
    time: str
    schema: Literal["steelyard.event/v1"] = "steelyard.event/v1"


def event_leaf(event: Event, *, actor: str, time: dt.datetime, salt: str = "") -> bytes:
    """Return the bytes of ``event`` that become a leaf; ``time`` is in UTC.

    Raises:
        InputError: its type is not ``noun.verbed``, or it is too large.
    """
    if not _TYPE.match(event.type):
        raise InputError(f"{event.type!r} is not the type of an event.", code="event.type")
    entry = EventEntry(
        event=event.type,
        subject=event.subject,
        about=event.about,
        actor=actor,
        details=event.details,
        body_sha256=body_digest(event.body, salt) if event.body else "",
        time=time.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z",
    )
    leaf = canonical(msgspec.to_builtins(entry))
    if len(leaf) > LEAF_MOST:
        raise InputError(
            f"The event {event.type} has {len(leaf)} bytes; an entry holds {LEAF_MOST}.",
            next_step="Keep long texts in the body.",
            code="event.size",
        )
    return leaf


def body_digest(body: dict[str, Any], salt: str) -> str:
    """Return the SHA-256 over the salt and the canonical JSON of a body."""
    return sha256_hex(salt.encode("ascii") + b"\n" + canonical(msgspec.to_builtins(body)))


def parse_event(leaf: bytes) -> EventEntry:
    """Read an event from a leaf.

    Raises:
        IntegrityError: the bytes are not canonical JSON, or not an event.
    """
    parse_canonical(leaf)
    try:
        entry = msgspec.json.decode(leaf, type=EventEntry)
    except (msgspec.DecodeError, RecursionError) as error:
        raise IntegrityError(f"This is not an event: {error}.", code="ledger.entry") from error
    if not _TYPE.match(entry.event) or (entry.body_sha256 and not is_sha256(entry.body_sha256)):
        raise IntegrityError("The event in the ledger is malformed.", code="ledger.entry")
    return entry
