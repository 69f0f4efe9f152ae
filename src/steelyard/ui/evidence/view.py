# SPDX-License-Identifier: Apache-2.0
"""Evidence: the list, one proof with its editions, and finding it genuine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.catalog.controls import evidence_types
from steelyard.governance.assessment import evidencing
from steelyard.governance.assessment.evidence import (
    EvidenceState,
    EvidenceView,
)
from steelyard.kernel.event_words import EVENTS
from steelyard.platform.log.timeline import happenings
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.evidence.target import target_of
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

pages = Pages()
WORDS = (mark("supports"), mark("against"), mark("advisory"), mark("blocking"))
"""Words of the data that pages say in the language of whoever looks."""
COLUMNS = (
    Column("title", mark("Title"), "name", "/evidence/{id}"),
    Column("kind", mark("Kind"), "word"),
    Column("state", mark("State"), "chip:evidence"),
    Column("says", mark("Says"), "word"),
    Column("control", mark("Control")),
    Column("effective", mark("Of"), "day"),
    Column("expires", mark("Last day"), "day"),
    Column("verified_by", mark("Verified by"), "person"),
    Column("source", mark("Source"), shown=False),
    Column("effect", mark("Effect"), "word", shown=False),
    Column("unit", mark("Unit"), shown=False),
    Column("added_by", mark("Sent by"), "person", shown=False),
    Column("created_at", mark("Sent"), "when", shown=False),
    Column("size", mark("Size"), "size", shown=False),
)
_STATES = tuple((each, each) for each in get_args(EvidenceState))


def _filters() -> tuple[Filter, ...]:
    kinds = tuple((each.id, each.title) for each in evidence_types().values())
    return (
        Filter("kind", mark("Kind"), tuple(sorted(kinds, key=lambda each: each[1]))),
        Filter("state", mark("State"), _STATES),
        Filter("control", mark("Control")),
        Filter("target", mark("About (id)")),
        Filter("unit", mark("Unit")),
    )


@pages.page("/evidence", right="evidence.read")
def proofs(viewer: Viewer, asked: Asked) -> Response:
    """List the evidence the viewer can see."""
    table = listed(
        viewer, asked, COLUMNS, _filters(),
        lambda session, **how: evidencing.find(session, viewer.actor, **how),
        key=lambda row: (row.id,),
    )  # fmt: skip
    return export(viewer, table) or viewer.show("evidence/list.html", table=table)


@pages.page("/evidence/{evidence_id}", right="evidence.read")
def one(viewer: Viewer, evidence_id: str) -> Response:
    """Show a proof."""
    return _page(viewer, evidence_id)


def _page(viewer: Looking, evidence_id: str) -> Response:
    def ask(session: Session) -> tuple[EvidenceView, list[EvidenceView], Any]:
        found = evidencing.view(evidencing.row_of(session, viewer.actor, evidence_id))
        editions = evidencing.find(session, viewer.actor, limit=50, series=found.series)
        return found, editions, happenings(session, viewer.actor, found.id, limit=100)

    found, editions, events = viewer.find(ask)
    known = evidence_types().get(found.kind)
    return viewer.show(
        "evidence/one.html", proof=found, editions=editions, kind=known,
        events=[
            (each.at, each.actor, viewer.say(EVENTS.get(each.type, each.type)), each.seq)
            for each in events
        ],
        people={each.actor: each.actor_name for each in events},
        target=viewer.find(lambda session: target_of(session, viewer, found.target)),
        own=found.added_by == viewer.actor.id,
        names=viewer.names([found.added_by, found.verified_by]), form=Form(),
    )  # fmt: skip


@pages.form("/evidence/{evidence_id}/verify", right="evidence.verify")
def verify(viewer: Viewer, form: Sent, evidence_id: str) -> Response:
    """Say that a proof is what it claims to be."""
    return viewer.act(
        form,
        lambda work: evidencing.verify(work, viewer.actor, evidence_id, form.version),
        then=f"/evidence/{evidence_id}",
        said=viewer.say("The evidence is verified."),
        again=lambda: _page(viewer, evidence_id),
    )


@pages.form("/evidence/{evidence_id}/withdraw", right="evidence.write")
def withdraw(viewer: Viewer, form: Sent, evidence_id: str) -> Response:
    """Take back a proof; it stays on record."""
    return viewer.act(
        form,
        lambda work: evidencing.withdraw(work, viewer.actor, evidence_id, form.version),
        then=f"/evidence/{evidence_id}",
        said=viewer.say("The evidence is withdrawn; it stays on record."),
        again=lambda: _page(viewer, evidence_id),
    )
