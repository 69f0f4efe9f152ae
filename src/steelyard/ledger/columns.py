# SPDX-License-Identifier: Apache-2.0
"""What a database keeps beside a leaf to find it by, as a function of the leaf alone.

Columns can be searched but prove nothing; the leaf is what was hashed. So whoever verifies a
database works the columns out again from the leaf and compares.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct

from steelyard.kernel.errors import IntegrityError, SteelyardError
from steelyard.ledger.canonical import parse_canonical
from steelyard.ledger.entry import CharterEntry, LedgerEntry, parse_charter_entry, parse_entry
from steelyard.ledger.event import EVENT_SCHEMA, body_digest, parse_event

_HANDLE = 40
"""Characters of a digest that a column holds."""


class Columns(Struct, frozen=True, kw_only=True):
    """The columns of one leaf."""

    type: str
    subject: str
    about: str
    actor: str
    at: dt.datetime
    body_sha256: str = ""
    """Digest of salt and body; empty where there is none."""


def columns_of(leaf: bytes) -> Columns:
    """Return the columns that belong to ``leaf``: an event, a decision or an adopted charter.

    Raises:
        IntegrityError: it is none of these.
    """
    document = parse_canonical(leaf)
    if not isinstance(document, dict):
        raise IntegrityError("The leaf is not an entry.", code="ledger.entry")
    if document.get("schema") == EVENT_SCHEMA:
        event = parse_event(leaf)
        return Columns(
            type=event.event,
            subject=event.subject,
            about=event.about,
            actor=event.actor,
            at=_moment(event.time),
            body_sha256=event.body_sha256,
        )
    if document.get("event") == "charter.adopted":
        return columns_of_entry(parse_charter_entry(leaf))
    return columns_of_entry(parse_entry(leaf))


def columns_of_entry(entry: LedgerEntry | CharterEntry) -> Columns:
    """Return the columns of a statement's entry: it is found by the digests it names."""
    if isinstance(entry, LedgerEntry):
        subject, about = entry.decision_sha256, entry.manifest_sha256
    else:
        subject, about = entry.statement_sha256, entry.charter_sha256
    return Columns(
        type=entry.event,
        subject=subject[:_HANDLE],
        about=about[:_HANDLE],
        actor="",
        at=_moment(entry.time),
    )


def faults(leaf: bytes, columns: Columns, body: dict[str, Any] | None, salt: str) -> list[str]:
    """Return a sentence for everything kept beside ``leaf`` that the leaf does not bear out.

    ``columns`` are those that are kept; an erased body is none.
    """
    try:
        expected = columns_of(leaf)
    except SteelyardError as error:
        return [f"The leaf cannot be read: {error.message}"]
    found = [
        f"The column {name} is {getattr(columns, name)!s}, but the leaf says "
        f"{getattr(expected, name)!s}."
        for name in ("type", "subject", "about", "actor", "at")
        if getattr(columns, name) != getattr(expected, name)
    ]
    if body:
        try:
            fits = body_digest(body, salt) == expected.body_sha256
        except (SteelyardError, UnicodeEncodeError):
            fits = False
        if not fits:
            found.append("The body is not the one whose digest stands in the leaf.")
    elif salt and expected.body_sha256:
        found.append("The body is gone, but its salt is still there.")
    elif salt:
        found.append("There is a salt without a body.")
    return found


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise IntegrityError(f"{text!r} is not a time.", code="ledger.entry") from error
    if moment.tzinfo is None:
        raise IntegrityError(f"{text!r} has no time zone.", code="ledger.entry")
    return moment.astimezone(dt.UTC)
