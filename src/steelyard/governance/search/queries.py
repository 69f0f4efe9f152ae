# SPDX-License-Identifier: Apache-2.0
"""Finding things by name, id, digest or commit, as far as whoever asks may see them.

A name is found by any part of it, every word of the text somewhere in it. The database reads an
index that holds the names and little else, looks only at the rows that fit, and stops after
:data:`ENOUGH` of them. Digests and commits are found by how they begin (see ADR 15).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from steelyard.governance.decision import queries as decisions
from steelyard.governance.decision.tables import DecisionRow
from steelyard.governance.intake.tables import REQUESTS, RequestRow
from steelyard.governance.inventory.tables import (
    MODELS,
    REVISIONS,
    ComponentRow,
    ModelRow,
    RevisionRow,
    SupplierRow,
)
from steelyard.governance.use_cases.tables import USE_CASES, UseCaseRow
from steelyard.kernel.actor import Actor
from steelyard.platform.identity import people

Kind = Literal["model", "revision", "request", "use-case", "decision", "supplier", "person"]
RIGHTS: dict[Kind, str] = {
    "model": "model.read",
    "revision": "model.read",
    "request": "request.read",
    "use-case": "use-case.read",
    "decision": "decision.read",
    "supplier": "supplier.read",
    "person": "user.read",
}
"""Kind → the right it takes to find one, in the order in which they are shown."""
LONGEST, WORDS, ENOUGH = 200, 6, 200
"""Letters of a text, its words that count, and rows that fit before the database stops."""
_ID = re.compile(r"\A[a-z]{2,4}_[0-9a-z]{4,26}\Z")
_HEX = re.compile(r"\A[0-9a-f]{7,64}\Z")


class Found(Struct, frozen=True, kw_only=True):
    """One thing that was found."""

    kind: Kind
    id: str
    title: str
    note: str
    """Where it belongs, or what tells it from others of its name."""
    state: str
    at: dt.datetime | None


def find(
    session: Session, actor: Actor, text: str, kinds: Collection[Kind], *, limit: int
) -> list[Found]:
    """Return up to ``limit`` things of each kind; those whose name is the text come first."""
    wanted = text.strip().casefold()[:LONGEST]
    if len(wanted) < 2:
        return []
    found: list[Found] = []
    for kind in RIGHTS:
        if kind in kinds and kind != "decision":
            found += _FINDERS[kind](session, actor, wanted, limit)
    if "decision" in kinds:
        known = {"model", "revision"} <= set(kinds)
        about = found if known else _models_and_revisions(session, actor, wanted, limit)
        found += _decisions(session, actor, wanted, about, limit)
    found.sort(key=lambda each: _rank(each, wanted))
    return found


def _rank(found: Found, wanted: str) -> int:
    title = found.title.casefold()
    if wanted in (title, found.id):
        return 0
    return 1 if title.startswith(wanted) else 2


def _holds(column: Any, wanted: str) -> ColumnElement[bool]:
    """Return that a column holds every word of the text."""
    return and_(*(column.contains(word, autoescape=True) for word in wanted.split()[:WORDS]))


def _begins(column: InstrumentedAttribute[str], wanted: str) -> ColumnElement[bool]:
    """Return that an id, a digest or a commit begins with the text, so that an index is used."""
    return and_(column >= wanted, column < wanted + "~")


def _newest(
    query: Select[Any], key: InstrumentedAttribute[str], fits: Select[str], limit: int
) -> Select[Any]:
    """Return the newest of what fits; the database stops to look after enough of them."""
    return query.where(key.in_(fits.limit(ENOUGH))).order_by(key.desc()).limit(limit)


def _models(session: Session, actor: Actor, wanted: str, limit: int) -> list[Found]:
    fits = select(ModelRow.id).where(
        _begins(ModelRow.id, wanted) if _ID.match(wanted) else _holds(ModelRow.key, wanted)
    )
    fits = MODELS.seen(fits, actor)
    rows: Sequence[ModelRow] = session.scalars(
        _newest(select(ModelRow), ModelRow.id, fits, limit)
    ).all()
    return [
        Found(
            kind="model", id=row.id, title=row.name, note=row.unit, state=row.state,
            at=row.updated_at,
        )
        for row in rows
    ]  # fmt: skip


def _revisions(session: Session, actor: Actor, wanted: str, limit: int) -> list[Found]:
    digest = wanted.removeprefix("sha256:")
    if _ID.match(wanted):
        tests = [_begins(RevisionRow.id, wanted)]
    elif _HEX.match(digest):
        tests = [_begins(RevisionRow.commit, digest), _begins(RevisionRow.manifest_sha256, digest)]
        if len(digest) == 64:
            holds = select(ComponentRow.revision).where(ComponentRow.sha256 == digest)
            tests.append(RevisionRow.id.in_(holds.limit(ENOUGH)))
    else:
        return []
    found: dict[str, Found] = {}
    for test in tests:  # one index each
        fits = REVISIONS.seen(select(RevisionRow.id).where(test), actor)
        for row in session.scalars(_newest(select(RevisionRow), RevisionRow.id, fits, limit)):
            found[row.id] = Found(
                kind="revision", id=row.id, title=row.name, note=row.commit or row.manifest_sha256,
                state=row.state, at=row.updated_at,
            )  # fmt: skip
    return list(found.values())[:limit]


def _requests(session: Session, actor: Actor, wanted: str, limit: int) -> list[Found]:
    fits = select(RequestRow.id).where(
        _begins(RequestRow.id, wanted) if _ID.match(wanted) else _holds(RequestRow.sought, wanted)
    )
    fits = REQUESTS.seen(fits, actor)
    rows: Sequence[RequestRow] = session.scalars(
        _newest(select(RequestRow), RequestRow.id, fits, limit)
    ).all()
    return [
        Found(
            kind="request", id=row.id, title=row.reference, note=row.environment,
            state=row.state, at=row.updated_at,
        )
        for row in rows
    ]  # fmt: skip


def _use_cases(session: Session, actor: Actor, wanted: str, limit: int) -> list[Found]:
    fits = select(UseCaseRow.id).where(
        _begins(UseCaseRow.id, wanted)
        if _ID.match(wanted)
        else _holds(func.lower(UseCaseRow.name), wanted)
    )
    fits = USE_CASES.seen(fits, actor)
    rows: Sequence[UseCaseRow] = session.scalars(
        _newest(select(UseCaseRow), UseCaseRow.id, fits, limit)
    ).all()
    return [
        Found(
            kind="use-case", id=row.id, title=row.name, note=row.unit, state=row.state,
            at=row.updated_at,
        )
        for row in rows
    ]  # fmt: skip


def _models_and_revisions(session: Session, actor: Actor, wanted: str, limit: int) -> list[Found]:
    return [
        *_models(session, actor, wanted, limit), *_revisions(session, actor, wanted, limit)
    ]  # fmt: skip


def _decisions(
    session: Session, actor: Actor, wanted: str, about: Sequence[Found], limit: int
) -> list[Found]:
    """Return decisions by their id, or the present ones about models and revisions that fit."""
    if _ID.match(wanted):
        test = _begins(DecisionRow.id, wanted)
    else:
        ours = select(RevisionRow.id).where(
            or_(
                RevisionRow.model.in_([each.id for each in about if each.kind == "model"]),
                RevisionRow.id.in_([each.id for each in about if each.kind == "revision"]),
            )
        )
        ids = session.scalars(ours.limit(ENOUGH)).all()
        test = and_(DecisionRow.current, DecisionRow.revision.in_(ids))
    return [
        Found(
            kind="decision", id=each.id, title=each.purl, note=each.environment,
            state=each.outcome, at=each.decided_at,
        )
        for each in decisions.where(session, actor, test, limit=limit)
    ]  # fmt: skip


def _suppliers(session: Session, _: Actor, wanted: str, limit: int) -> list[Found]:
    fits = select(SupplierRow.id).where(
        _begins(SupplierRow.id, wanted) if _ID.match(wanted) else _holds(SupplierRow.key, wanted)
    )
    rows = session.scalars(_newest(select(SupplierRow), SupplierRow.id, fits, limit))
    return [
        Found(
            kind="supplier", id=row.id, title=row.name, note=row.kind, state=row.state,
            at=row.updated_at,
        )
        for row in rows
    ]  # fmt: skip


def _people(session: Session, _: Actor, wanted: str, limit: int) -> list[Found]:
    one = people.person(session, wanted) if _ID.match(wanted) else None
    rows = (one,) if one is not None else people.search(session, wanted, limit=limit)
    return [
        Found(
            kind="person", id=row.id, title=row.name or row.mail, note=row.mail, state=row.state,
            at=None,
        )
        for row in rows
    ]  # fmt: skip


_FINDERS: dict[Kind, Callable[[Session, Actor, str, int], list[Found]]] = {
    "model": _models,
    "revision": _revisions,
    "request": _requests,
    "use-case": _use_cases,
    "supplier": _suppliers,
    "person": _people,
}
