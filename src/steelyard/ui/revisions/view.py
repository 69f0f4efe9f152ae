# SPDX-License-Identifier: Apache-2.0
"""The page of one revision, its comparison with another, and the form that ends it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from steelyard.governance.assessment import queries as assessments
from steelyard.governance.decision import queries as decisions
from steelyard.governance.decision.of_model import case_names, is_use
from steelyard.governance.inventory import queries, retirement
from steelyard.governance.inventory.facts import (
    MOVES,
    SERVABLE,
)
from steelyard.kernel.errors import FieldErrors
from steelyard.kernel.event_words import EVENTS
from steelyard.platform.log.timeline import happenings
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.revisions.comparison import comparison

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

pages = Pages()
PARTS_MOST, EVENTS_MOST = 300, 100
"""Rows that are shown; the assessment's document has all files, the ledger all events."""


@pages.page("/revisions/{revision_id}", right="model.read")
def one(viewer: Viewer, revision_id: str) -> Response:
    """Show a revision."""
    return _page(viewer, revision_id, None)


def _page(viewer: Looking, revision_id: str, form: Form | None) -> Response:
    def ask(session: Session) -> tuple[Any, ...]:
        actor = viewer.actor
        found = queries.get_revision(session, actor, revision_id)
        made = assessments.find(session, actor, limit=20, revision=found.id)
        uses = decisions.find(session, actor, limit=100, revision=found.id)
        others = queries.find_revisions(session, actor, limit=100, model=found.model)
        wanted = [each.use_case for each in made] + [each.use_case for each in uses]
        return (
            found,
            queries.get_model(session, actor, found.model),
            queries.components(session, actor, found.id),
            made,
            uses,
            case_names(session, actor, wanted),
            happenings(session, viewer.actor, found.id, limit=EVENTS_MOST),
            [each for each in others if each.id != found.id and each.state in SERVABLE],
        )

    found, model, parts, made, uses, cases, events, others = viewer.find(ask)
    return viewer.show(
        "revisions/one.html",
        revision=found,
        model=model,
        files=[each for each in parts if each.sha256],
        named=[each for each in parts if not each.sha256],
        parts_most=PARTS_MOST,
        assessments=made,
        users=[each for each in uses if is_use(each)],
        cases=cases,
        events=[
            (each.at, each.actor, viewer.say(EVENTS.get(each.type, each.type)), each.seq)
            for each in events
        ],
        people={each.actor: each.actor_name for each in events},
        others=others,
        can_end="retired" in MOVES[found.state],
        form=form if form is not None else Form(version=found.version),
    )


@pages.page("/revisions/{revision_id}/diff", right="model.read")
def diff(viewer: Viewer, revision_id: str) -> Response:
    """Compare a revision with another, its parent if none is named."""
    against = viewer.request.query_params.get("against", "")[:40]
    shown = comparison(viewer, revision_id, against)
    model = viewer.find(
        lambda session: queries.get_model(session, viewer.actor, shown["new"].model)
    )
    return viewer.show("revisions/diff.html", model=model, **shown)


@pages.form("/revisions/{revision_id}/retire", right="revision.retire")
def retire(viewer: Viewer, form: Sent, revision_id: str) -> Response:
    """Announce that a revision ends on a date; its users are told."""
    return viewer.act(
        form,
        lambda work: retirement.retire(
            work, viewer.actor, revision_id, day_of(viewer, form, "effective"),
            expected=form.version, replacement=form["replacement"], notice=form["notice"],
        ),
        then=f"/revisions/{revision_id}",
        said=viewer.say("The end is announced. Those who use the revision are told."),
        again=lambda: _page(viewer, revision_id, form),
    )  # fmt: skip


def day_of(viewer: Looking, form: Form, name: str) -> dt.date:
    """Return the day in a field.

    Raises:
        FieldErrors: there is none, or it is no day.
    """
    try:
        return dt.date.fromisoformat(form[name])
    except ValueError as error:
        raise FieldErrors([(name, viewer.say("Choose a day."))]) from error
