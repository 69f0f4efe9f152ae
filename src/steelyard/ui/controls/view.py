# SPDX-License-Identifier: Apache-2.0
"""Controls: what must be done, why, what shows that it is done, and where it is still open."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, NamedTuple

from fastapi import Query
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.catalog.controls import CatalogControl, controls, mapping_bases
from steelyard.catalog.frameworks import Framework, find, frameworks
from steelyard.charter.resolve import from_resolved
from steelyard.governance.assessment.queries import find as find_assessments
from steelyard.governance.assessment.tables import EvidenceRow
from steelyard.governance.assessment.views import ASSESSMENT, DOCUMENT_MOST, read_assessment
from steelyard.governance.charters import queries
from steelyard.kernel.errors import MissingError, SteelyardError, UndecidedError
from steelyard.platform.identity.permissions import allowed
from steelyard.reporting.handbook.entries import ControlEntry
from steelyard.reporting.handbook.policy import control_entries
from steelyard.reporting.handbook.wording import condition_of
from steelyard.ui.door import Looking, Pages, Viewer

pages = Pages()
_LOOKED_AT = 100
"""Newest assessments whose controls are counted."""


class Open(NamedTuple):
    """One adoption in which a control is called for."""

    request: str
    model: str
    use_case: str
    state: str


@lru_cache(maxsize=8)
def _entries(canonical: bytes) -> dict[str, ControlEntry]:
    return {entry.id: entry for entry in control_entries(from_resolved(canonical))}


def _in_force(viewer: Looking) -> dict[str, ControlEntry]:
    """Return the controls of the charter in force by id; none where no charter is."""
    today = viewer.house.clock().date()
    try:
        return _entries(viewer.find(lambda session: queries.current(session, today).canonical))
    except UndecidedError:
        return {}


@lru_cache(maxsize=1)
def _by_framework() -> dict[str, list[CatalogControl]]:
    found: dict[str, list[CatalogControl]] = {}
    for control in controls().values():
        named = {item.prefix for ref in control.frameworks if (item := find(ref)) is not None}
        for prefix in named:
            found.setdefault(prefix, []).append(control)
    return found


@pages.page("/controls", right="charter.read")
def listing(
    viewer: Viewer,
    framework: Annotated[str, Query(max_length=60)] = "",
    stage: Annotated[str, Query(max_length=60)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """List the controls by topic, narrowed to a law or standard, a stage, or words."""
    known = frameworks()
    chosen: Framework | None = known.get(framework)
    if framework and chosen is None:
        raise MissingError(
            f"The catalog has no framework {framework!r}.",
            next_step="Choose one from the list.",
            code="catalog.framework",
        )
    called = _in_force(viewer)
    found = _by_framework().get(framework, []) if chosen else list(controls().values())
    word = q.casefold()
    rows = [
        control
        for control in found
        if (not stage or control.stage == stage)
        and (not word or word in f"{control.title} {control.objective} {control.why}".casefold())
    ]
    topics: dict[str, list[CatalogControl]] = {}
    for control in rows:
        topics.setdefault(control.topic, []).append(control)
    counts = {name: len(each) for name, each in _by_framework().items()}
    return viewer.show(
        "controls/list.html", topics=topics, called=called, frameworks=known, counts=counts,
        chosen=chosen, stage=stage, q=q, total=len(rows),
        stages=sorted({control.stage for control in controls().values()}),
        origin=mapping_bases().library,
    )  # fmt: skip


@pages.page("/controls/{control_id}", right="charter.read")
def detail(viewer: Viewer, control_id: str) -> Response:
    """Explain one control: what switches it on, the law behind it, and where it is open."""
    written = controls().get(control_id)
    entry = _in_force(viewer).get(control_id)
    if written is None and entry is None:
        raise MissingError(
            f"There is no control {control_id[:60]!r}.",
            next_step="See them all under Controls.",
            code="control.missing",
        )
    proofs = viewer.find(lambda session: _proofs(session, viewer, control_id))
    return viewer.show(
        "controls/control.html", control_id=control_id, written=written, entry=entry,
        applies=condition_of(written.applies) if written else None,
        laws=[(mapping, find(mapping.ref)) for mapping in written.mappings] if written else [],
        proofs=proofs, opens=_adoptions(viewer, control_id), looked_at=_LOOKED_AT,
    )  # fmt: skip


def _proofs(session: Session, viewer: Looking, control_id: str) -> int:
    """Return how many proofs whoever looks can see for a control."""
    if not viewer.may("evidence.read"):
        return 0
    query = select(func.count()).where(EvidenceRow.control == control_id)
    return session.scalar(query) or 0


def _adoptions(viewer: Looking, control_id: str) -> list[Open]:
    """Return the newest adoptions that a control is called for in, open ones first."""
    if not allowed(viewer.actor, "assessment.read"):
        return []
    found: list[Open] = []
    for each in viewer.find(
        lambda session: find_assessments(session, viewer.actor, limit=_LOOKED_AT, latest=True)
    ):
        if ASSESSMENT in each.documents:
            found += _states(viewer, each, control_id)
    return sorted(found, key=lambda one: one.state == "satisfied")


def _states(viewer: Looking, view: Any, control_id: str) -> list[Open]:
    known = _controls_of(viewer.house.blobs, view.documents[ASSESSMENT])
    return [
        Open(view.request, name, use_case, state)
        for control, state, name, use_case in known
        if control == control_id
    ]


@lru_cache(maxsize=512)
def _controls_of(blobs: Any, digest: str) -> tuple[tuple[str, str, str, str], ...]:
    """Return (control, state, model, use case) of an assessment; documents never change."""
    try:
        read = read_assessment(blobs.read(digest, most=DOCUMENT_MOST))
    except SteelyardError:
        return ()
    return tuple(
        (control.id, control.state, read.subject.name, str(read.use_case.get("name", "")))
        for control in read.controls
    )
