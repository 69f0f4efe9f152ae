# SPDX-License-Identifier: Apache-2.0
"""The tabs of a model that list what other rooms have about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from starlette.responses import Response

from steelyard.api.listing import Asked, cursor_of
from steelyard.governance.assessment import evidencing
from steelyard.governance.decision import queries as decisions
from steelyard.governance.decision.of_model import case_names
from steelyard.governance.inventory import queries
from steelyard.governance.review import queries as reviews
from steelyard.kernel.event_words import EVENTS
from steelyard.platform.log.timeline import happenings
from steelyard.ui.door import Looking, Pages, Viewer
from steelyard.ui.evidence.view import COLUMNS as PROOFS
from steelyard.ui.models.frame import frame_of, show
from steelyard.ui.tables import Column, listed
from steelyard.ui.texts import mark

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from sqlalchemy.orm import Session

pages = Pages()
REVIEWS = (
    Column("case", mark("Use case"), "name", "/reviews/{id}"),
    Column("state", mark("State"), "chip:review"),
    Column("environment", mark("Environment"), "word"),
    Column("tier", mark("Tier"), "tier"),
    Column("track", mark("Track"), "word"),
    Column("due", mark("Due"), "deadline"),
    Column("opened_at", mark("Opened"), "when"),
    Column("closed_at", mark("Closed"), "when"),
)
USES = (
    Column("case", mark("Use case"), "name", "/decisions/{id}"),
    Column("environment", mark("Environment"), "word"),
    Column("state", mark("State"), "chip:decision"),
    Column("outcome", mark("Outcome"), "chip:outcome"),
    Column("tier", mark("Tier"), "tier"),
    Column("commit", mark("Revision"), "code"),
    Column("decided_at", mark("Decided"), "when"),
    Column("valid_until", mark("Valid until"), "day"),
)
WORDS = (
    mark("sandbox"), mark("staging"), mark("production"), mark("fast"), mark("standard"),
    mark("deep"),
)  # fmt: skip
"""Words of the data that pages say in the language of whoever looks."""


class Named(Struct, frozen=True):
    """A row of another room, with the names a person knows things by."""

    row: Any
    case: str
    commit: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


@pages.page("/models/{model_id}/evidence", right="evidence.read")
def evidence(viewer: Viewer, model_id: str, asked: Asked) -> Response:
    """List the proofs about the revisions of a model."""
    here = frame_of(viewer, model_id)
    table = listed(
        viewer, asked, PROOFS, (),
        lambda session, **how: evidencing.find(session, viewer.actor, **how),
        key=lambda row: (row.id,), fixed={"model": here.model.id},
    )  # fmt: skip
    return show(viewer, "models/evidence.html", here, table=table)


@pages.page("/models/{model_id}/reviews", right="review.read")
def reviewed(viewer: Viewer, model_id: str, asked: Asked) -> Response:
    """List the reviews of a model."""
    here = frame_of(viewer, model_id)

    def find(session: Session, **how: Any) -> list[Named]:
        return _named(session, viewer, reviews.find(session, viewer.actor, **how))

    table = listed(
        viewer, asked, REVIEWS, (), find, key=lambda row: (row.id,), fixed={"model": here.model.id}
    )
    return show(viewer, "models/reviews.html", here, table=table)


@pages.page("/models/{model_id}/deployments", right="decision.read")
def deployments(viewer: Viewer, model_id: str, asked: Asked) -> Response:
    """List where a model may be used, for what, and until when."""
    here = frame_of(viewer, model_id)

    def find(session: Session, **how: Any) -> list[Named]:
        return _named(session, viewer, decisions.find(session, viewer.actor, **how))

    table = listed(
        viewer, asked, USES, (), find, key=lambda row: (row.id,), fixed={"model": here.model.id}
    )
    return show(viewer, "models/deployments.html", here, table=table)


def _named(session: Session, viewer: Looking, rows: Sequence[Any]) -> list[Named]:
    cases = case_names(session, viewer.actor, [each.use_case for each in rows])
    commits = {
        each: queries.get_revision(session, viewer.actor, each).commit
        for each in {row.revision for row in rows}
    }
    return [Named(row, cases.get(row.use_case, row.use_case), commits[row.revision])
            for row in rows]  # fmt: skip


@pages.page("/models/{model_id}/activity", right="model.read")
def activity(viewer: Viewer, model_id: str, asked: Asked) -> Response:
    """Show what happened to a model and its revisions, oldest first."""
    here = frame_of(viewer, model_id)
    found = viewer.find(
        lambda session: happenings(
            session, viewer.actor, here.model.id, limit=asked.limit + 1, after=asked.after
        )
    )
    events = found[: asked.limit]
    after = cursor_of((events[-1].seq,), asked.seal) if len(found) > len(events) else ""
    return show(
        viewer, "models/activity.html", here,
        events=[
            (each.at, each.actor, viewer.say(EVENTS.get(each.type, each.type)), each.seq)
            for each in events
        ],
        people={each.actor: each.actor_name for each in events},
        after=after,
        limit=asked.limit,
    )  # fmt: skip
