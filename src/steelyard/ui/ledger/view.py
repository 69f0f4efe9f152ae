# SPDX-License-Identifier: Apache-2.0
"""The ledger's explorer: newest entries, one entry with its proof, what the ledger is."""

from __future__ import annotations

import datetime as dt
import json
import re
from functools import cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import InputError, MissingError, UnavailableError
from steelyard.kernel.event_words import EVENTS
from steelyard.ledger.signing import NoteKey
from steelyard.platform.identity.tables import PersonRow
from steelyard.platform.identity.visibility import readable
from steelyard.platform.log import entries
from steelyard.platform.log.reader import raw
from steelyard.platform.log.tables import EventRow
from steelyard.ui.door import Looking, Pages, Viewer
from steelyard.ui.ledger import path as paths
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.templates import NOTHING
from steelyard.ui.texts import mark

pages = Pages()
_COLUMNS = (
    Column("seq", mark("Entry"), "name", "/ledger/{seq}"),
    Column("type", mark("What happened"), "event"),
    Column("subject", mark("To what"), "code"),
    Column("about", mark("Belongs to"), "code", shown=False),
    Column("actor", mark("Who"), "alias"),
    Column("at", mark("When"), "when"),
    Column("position", mark("Place in the tree"), "number", shown=False),
)
_FILTERS = (
    Filter("type", mark("What happened"), tuple((each, each) for each in sorted(EVENTS))),
    Filter("subject", mark("To what (id)"), wide=True),
    Filter("about", mark("Belongs to (id)")),
    Filter("by", mark("Who (pseudonym)")),
    Filter("since", mark("From (day)")),
    Filter("until", mark("To (day)")),
)
_KINDS = {
    "req": "request_id", "ass": "assessment_id", "dec": "decision_id", "rvw": "review_id",
    "mdl": "model_id", "rev": "revision_id", "uc": "use_case_id", "exc": "exception_id",
    "sup": "supplier_id", "prp": "proposal_id", "act": "action_id", "evd": "evidence_id",
    "rsk": "risk_id", "emg": "emergency_id", "usr": "user_id", "rob": "robot_id",
    "whk": "webhook_id",
}  # fmt: skip
"""Beginning of an id → what pages call such a thing in their address."""


@cache
def places() -> dict[str, str]:
    """Return the beginning of an id → address of the page that shows such a thing."""
    from steelyard.ui.app import pages_of

    shown = {page["path"] for page in pages_of() if page["method"] == "GET"}
    found = {}
    for kind, name in _KINDS.items():
        ends = [path for path in shown if re.fullmatch(rf"[^{{}}]*/\{{{name}\}}", path)]
        if ends:
            found[kind] = min(ends, key=len).removesuffix(f"{{{name}}}")
    return found


@pages.page("/ledger", right="ledger.read")
def find(viewer: Viewer, asked: Asked) -> Response:
    """List entries, newest first, under what the ledger is."""

    def read(session: Session, **how: Any) -> list[entries.EntryView]:
        for name, later in (("since", 0), ("until", 1)):
            if name in how:
                how[name] = _day(how[name], later)
        return entries.find(session, viewer.actor, **how)

    table = listed(viewer, asked, _COLUMNS, _FILTERS, read, key=lambda row: (row.seq,))
    if answer := export(viewer, table):
        return answer
    about = viewer.find(_ledger)
    return viewer.show(
        "ledger/list.html", table=table, about=about, events=EVENTS,
        aliases=names_of(viewer, {row.actor for row in table.rows}),
    )  # fmt: skip


def _ledger(session: Session) -> entries.LedgerView | None:
    try:
        return entries.ledger(session)
    except MissingError:
        return None


def _day(text: str, later: int) -> dt.datetime:
    try:
        day = dt.date.fromisoformat(text)
        return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC) + dt.timedelta(days=later)
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"{text!r} is not a day.", next_step="Write it as 2026-11-27.", code="list.filter"
        ) from error


def names_of(viewer: Looking, aliases: set[str]) -> dict[str, str]:
    """Return the names behind pseudonyms; whoever was erased has none."""
    found = viewer.find(
        lambda session: session.execute(
            select(PersonRow.alias, PersonRow.name).where(PersonRow.alias.in_(sorted(aliases)))
        ).all()
    )
    return {alias: name for alias, name in found if alias} | {"system": "Steelyard"}


def _row(session: Session, seq: str) -> EventRow:
    number = int(seq) if seq.isascii() and seq.isdigit() and len(seq) < 16 else -1
    row = session.scalar(select(EventRow).where(EventRow.seq == number)) if number >= 0 else None
    if row is None:
        raise MissingError(
            f"The ledger has no entry {seq[:40]!r}.",
            next_step="See the newest ones in the list.",
            code="ledger.entry-missing",
        )
    return row


def _seen(session: Session, actor: Actor, row: EventRow) -> entries.EntryView:
    (told,) = readable(session, actor, [(row.subject, row.about)])
    return entries.view(row, told)


def _entry(session: Session, actor: Actor, seq: str) -> dict[str, Any]:
    row = _row(session, seq)
    try:
        path = paths.path_of(session, row.position) if row.position is not None else None
    except UnavailableError:
        path = None
    around = session.execute(
        select(
            select(func.max(EventRow.seq)).where(EventRow.seq < row.seq).scalar_subquery(),
            select(func.min(EventRow.seq)).where(EventRow.seq > row.seq).scalar_subquery(),
        )
    ).one()
    return {
        "entry": _seen(session, actor, row),
        "way": path,
        "previous": around[0],
        "next": around[1],
        "leaf": raw(row.leaf).decode("utf-8", "replace"),
        "fingerprint": _signer(session, path),
    }


def _signer(session: Session, path: paths.Path | None) -> str:
    """Return the fingerprint of the key that signed the checkpoint; empty if it is none of ours."""
    if path is None:
        return ""
    for key in paths.keys_of(session):
        if path.head.key_id == NoteKey(path.head.head.origin, key).id:
            return key.fingerprint
    return ""


@pages.page("/ledger/{seq}", right="ledger.read")
def entry(viewer: Viewer, seq: str) -> Response:
    """Show one entry: what it says, and the path that proves it."""
    known = viewer.find(lambda session: _entry(session, viewer.actor, seq))
    found = known["entry"]
    return viewer.show(
        "ledger/entry.html", **known, events=EVENTS, fields=fields_of(found.details),
        words=fields_of(found.body or {}), places=places(),
        aliases=names_of(viewer, {found.actor}), checks=None,
    )  # fmt: skip


@pages.page("/ledger/{seq}/verify", right="ledger.read")
def verify(viewer: Viewer, seq: str) -> Response:
    """Check one entry now, step by step."""

    def ask(session: Session) -> tuple[entries.EntryView, list[paths.Check]]:
        row = _row(session, seq)
        if row.position is None:
            return _seen(session, viewer.actor, row), []
        return _seen(session, viewer.actor, row), paths.check(session, row)

    found, checks = viewer.find(ask)
    return viewer.show("ledger/verify.html", entry=found, checks=checks, events=EVENTS)


def fields_of(document: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Return a document as names and values, those inside of others with both names."""
    found: list[tuple[str, str]] = []
    for name, value in document.items():
        whole = f"{before} / {name}" if before else name
        if isinstance(value, dict) and value:
            found += fields_of(value, whole)
        elif isinstance(value, list):
            found.append((whole, ", ".join(map(str, value)) or NOTHING))
        else:
            plain = json.dumps(value) if isinstance(value, bool) else str(value)
            found.append((whole, NOTHING if value is None or value in ("", {}) else plain))
    return found
