# SPDX-License-Identifier: Apache-2.0
"""What becomes of models where they came from: new commits, other terms, gates, and taking down.

A new commit is a new revision in quarantine. Nothing that was decided about another one says
anything about it: whoever wants it asks for it and says why.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from steelyard.governance.inventory import queries
from steelyard.governance.inventory.facts import SERVABLE
from steelyard.governance.inventory.service import register_revision
from steelyard.governance.inventory.supplying import pull_trigger
from steelyard.governance.inventory.tables import ModelRow, RevisionRow, UpstreamRow
from steelyard.kernel.actor import OPERATOR, SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, SteelyardError
from steelyard.kernel.event import Event
from steelyard.platform.notify.service import tell
from steelyard.platform.upstream import Sight
from steelyard.platform.work import Work

WATCH = "upstream.watch"
"""Job, without a payload every few minutes, or ``{"model": id}`` because somebody asked."""
NOTICE = "upstream.notice"
"""Job ``{"model": id, "change": word, …}``: tell who answers for a model or uses it."""
EXAMINE = "upstream.examine"
"""Job ``{"revision": id}``: look at a revision nobody asked for, so that it can be compared."""
BATCH = 25
"""Models that one job asks about."""
HUB = "pkg:huggingface/"
_WATCHED = (*sorted(SERVABLE), "in review", "suspended")
_FIRST_WAIT = dt.timedelta(minutes=5)
_TELL_AFTER = 3
"""Failures in a row of which operators are told."""


class Due(Struct, frozen=True):
    """A model a hub is to be asked about."""

    model: str
    repository: str
    etag: str


class UpstreamView(Struct, frozen=True, kw_only=True):
    """What the hub said of a model when it last answered."""

    model: str
    repository: str
    watched: bool
    """A revision of it is approved, in review or suspended."""
    presence: str
    """``present``, ``gone``, ``disabled``, ``refused``; empty until the hub answered once."""
    commit: str
    revision: str
    """The inventory's revision of that commit."""
    license: str
    gated: str
    checked_at: dt.datetime | None
    """When the hub last answered."""
    tried_at: dt.datetime | None
    next_at: dt.datetime | None
    failures: int
    error: str
    error_code: str


class Watch(Struct, frozen=True, kw_only=True):
    """How well the watch is kept."""

    watched: int
    unseen: int
    """Models no hub has said anything about yet."""
    failing: int
    absent: int
    """Models that are gone, disabled or refused."""
    oldest: dt.datetime | None
    """When the hub last answered about the model it has said nothing about for longest."""


def due(session: Session, now: dt.datetime, *, limit: int = BATCH) -> list[Due]:
    """Return models that a hub is to be asked about now, those first that wait longest."""
    query = (
        _watched(select(ModelRow.id, ModelRow.purl, UpstreamRow.etag))
        .where(or_(UpstreamRow.model.is_(None), UpstreamRow.next_at <= now))
        .order_by(UpstreamRow.next_at.is_not(None), UpstreamRow.next_at, ModelRow.id)
        .limit(limit)
    )
    return [Due(model, purl.removeprefix(HUB), etag or "") for model, purl, etag in
            session.execute(query)]  # fmt: skip


def one(session: Session, actor: Actor, model_id: str) -> Due:
    """Return a model as one that a hub is to be asked about.

    Raises:
        MissingError: there is none, or the actor may not see it.
        ConflictError: it comes from no hub.
    """
    model = queries.model_row(session, actor, model_id)
    if not model.purl.startswith(HUB):
        raise ConflictError(
            f"The model {model.name!r} comes from no hub, so none can be asked about it.",
            next_step="Its newer states are uploaded by whoever makes them.",
            code="upstream.no-hub",
        )
    row = session.get(UpstreamRow, model.id)
    return Due(model.id, model.purl.removeprefix(HUB), row.etag if row is not None else "")


def ask_check(work: Work, actor: Actor, model_id: str) -> UpstreamView:
    """Have the hub asked about a model now.

    Raises:
        MissingError, ConflictError: as :func:`one`.
    """
    found = one(work.session, actor, model_id)
    work.record(actor, Event(type="upstream.check-asked", subject=found.model))
    work.enqueue(WATCH, {"model": found.model}, key=f"{WATCH}:{found.model}")
    return get(work.session, actor, model_id)


def get(session: Session, actor: Actor, model_id: str) -> UpstreamView:
    """Return what the hub said of a model.

    Raises:
        MissingError, ConflictError: as :func:`one`.
    """
    found = one(session, actor, model_id)
    row = session.get(UpstreamRow, found.model)
    model = queries.model_row(session, actor, model_id)
    known = None
    if row is not None and row.commit:
        known = queries.revision_by_purl(session, model.id, f"{model.purl}@{row.commit}")
    watched = session.scalar(_watched(select(ModelRow.id)).where(ModelRow.id == model.id))
    return UpstreamView(
        model=model.id,
        repository=found.repository,
        watched=watched is not None,
        presence=row.presence if row else "",
        commit=row.commit if row else "",
        revision=known.id if known else "",
        license=row.license if row else "",
        gated=row.gated if row else "",
        checked_at=row.checked_at if row else None,
        tried_at=row.tried_at if row else None,
        next_at=row.next_at if row else None,
        failures=row.failures if row else 0,
        error=row.error if row else "",
        error_code=row.error_code if row else "",
    )


def saw(work: Work, model_id: str, sight: Sight | None, every: dt.timedelta) -> None:
    """Keep what the hub said of a model, and act on what is new; None if nothing is.

    Raises:
        MissingError: there is no such model.
    """
    model = queries.model_row(work.session, SYSTEM, model_id, lock=True)
    row = _row(work, model.id)
    row.tried_at = row.checked_at = work.now
    row.next_at = work.now + every
    row.failures, row.error, row.error_code = 0, "", ""
    if sight is None:
        return
    row.etag = sight.etag
    before, row.presence = row.presence, sight.presence
    if sight.presence != "present":
        if before != sight.presence:
            _told(work, model, "gone", presence=sight.presence, before=before)
        return
    if before not in ("", "present"):
        _told(work, model, "returned", before=before)
    gate, terms = row.gated, row.license
    base = _in_use(work.session, model.id)
    candidate = _candidate(work, model, sight, base)
    row.commit, row.license, row.gated = sight.commit, sight.license, sight.gated
    if before and gate != sight.gated:
        _told(work, model, "gated", before=gate or "open", after=sight.gated or "open")
    if before and terms != sight.license:
        _told(work, model, "license", before=terms, after=sight.license, revision=candidate)
        if model.supplier:
            pull_trigger(
                work, SYSTEM, model.supplier, "license", revision=candidate,
                parent=base.id if base else "", direction="declared",
            )  # fmt: skip


def failed(work: Work, model_id: str, error: SteelyardError, every: dt.timedelta) -> None:
    """Note that the hub could not be asked; it is tried again, later each time."""
    row = _row(work, model_id)
    row.tried_at, row.failures = work.now, row.failures + 1
    row.error, row.error_code = str(error)[:2000], error.code[:60]
    row.next_at = work.now + min(every, _FIRST_WAIT * 2.0 ** min(row.failures - 1, 12))
    if row.failures == _TELL_AFTER:
        model = queries.model_row(work.session, SYSTEM, model_id)
        tell(
            work,
            kind="upstream.failing",
            subject=model.id,
            roles=(OPERATOR,),
            facts={"failures": row.failures, "code": row.error_code},
            words={"model": model.name, "said": row.error},
        )


def postpone(work: Work, found: list[Due], seconds: int) -> None:
    """Leave the hub alone for as long as it asks: nobody asks about these models before."""
    for each in found:
        row = _row(work, each.model)
        row.next_at = work.now + dt.timedelta(seconds=seconds)
        row.error = f"The hub asked to be left alone for {seconds} seconds."
        row.error_code = "hub.busy"


def watch_of(session: Session) -> Watch:
    """Return how well the watch is kept."""
    absent = UpstreamRow.presence.in_(("gone", "disabled", "refused"))
    counts = session.execute(
        _watched(
            select(
                func.count(),
                func.count(UpstreamRow.checked_at),
                func.count().filter(UpstreamRow.failures > 0),
                func.count().filter(absent),
                func.min(UpstreamRow.checked_at),
            )
        )
    ).one()
    watched, seen, failing, gone, oldest = counts
    return Watch(
        watched=watched, unseen=watched - seen, failing=failing, absent=gone, oldest=oldest
    )


def _candidate(work: Work, model: ModelRow, sight: Sight, base: RevisionRow | None) -> str:
    """Return the revision of the newest commit, which is registered if nobody knows it yet."""
    purl = f"{model.purl}@{sight.commit}"
    known = queries.revision_by_purl(work.session, model.id, purl)
    if known is not None or base is None or model.state == "retired":
        return known.id if known is not None else ""
    made = register_revision(
        work,
        SYSTEM,
        model=model.id,
        purl=purl,
        commit=sight.commit,
        parent=base.id,
        justification=f"Seen upstream on {work.today}. Nobody has asked for it yet.",
    )
    work.enqueue(EXAMINE, {"revision": made.id}, key=f"{EXAMINE}:{made.id}")
    _told(work, model, "commit", revision=made.id, parent=base.id, commit=sight.commit)
    return made.id


def _told(work: Work, model: ModelRow, change: str, **details: str) -> None:
    """Record a change, and have people told of it."""
    work.record(SYSTEM, Event(type=f"upstream.{change}", subject=model.id, details=details))
    # Not keyed: two changes of one kind are two notices.
    work.enqueue(NOTICE, {"model": model.id, "change": change, **details})


def _in_use(session: Session, model_id: str) -> RevisionRow | None:
    """Return the newest revision of a model that is watched over."""
    return session.scalar(
        select(RevisionRow)
        .where(RevisionRow.model == model_id, RevisionRow.state.in_(_WATCHED))
        .order_by(RevisionRow.id.desc())
        .limit(1)
    )


def _row(work: Work, model_id: str) -> UpstreamRow:
    row = work.session.get(UpstreamRow, model_id, with_for_update=True)
    if row is None:
        row = UpstreamRow(
            model=model_id, presence="", commit="", license="", gated="", etag="", checked_at=None,
            tried_at=None, next_at=work.now, failures=0, error="", error_code="",
        )  # fmt: skip
        work.session.add(row)
    return row


def _watched(query: Any) -> Any:
    """Limit a query of models to those with a revision that is in use or might come into it."""
    in_use: ColumnElement[bool] = exists().where(
        RevisionRow.model == ModelRow.id, RevisionRow.state.in_(_WATCHED)
    )
    return (
        query.select_from(ModelRow)
        .outerjoin(UpstreamRow, UpstreamRow.model == ModelRow.id)
        .where(ModelRow.state == "active", ModelRow.purl.startswith(HUB, autoescape=True), in_use)
    )
