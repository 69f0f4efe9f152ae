# SPDX-License-Identifier: Apache-2.0
"""The page of a decision: what, why, on which terms, until when; and its proof."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.decisions import evidence as bundle_of
from steelyard.charter.controls import reference_of
from steelyard.governance.assessment import queries as assessments
from steelyard.governance.assessment.views import AssessmentView
from steelyard.governance.decision import queries
from steelyard.governance.decision.facts import DecisionView
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.review import queries as reviews
from steelyard.governance.review.views import ReviewView
from steelyard.governance.use_cases import queries as use_cases
from steelyard.governance.use_cases.register import UseCaseView
from steelyard.kernel.errors import IntegrityError, MissingError
from steelyard.platform.log.timeline import Happening, happenings
from steelyard.ui import papers
from steelyard.ui.decisions import proof
from steelyard.ui.door import Looking, Pages, Viewer

pages = Pages()
_EVENTS = 100


class Read(NamedTuple):
    """What the database knows of a decision."""

    decision: DecisionView
    entry: int
    """Number of its event in the ledger."""
    model: str
    case: UseCaseView
    assessment: AssessmentView | None
    review: ReviewView | None
    events: list[Happening]


def read(session: Session, viewer: Looking, decision_id: str) -> Read:
    """Return what the database knows of a decision.

    Raises:
        MissingError: there is none, or it cannot be seen.
    """
    row = queries.row_of(session, viewer.actor, decision_id)
    found = queries.view(session, row)
    try:
        judged = assessments.get(session, viewer.actor, row.assessment)
    except MissingError:
        judged = None
    about = reviews.find(session, viewer.actor, limit=1, request=row.request)
    return Read(
        decision=found,
        entry=row.entry,
        model=inventory.names_of(session, [row.revision]).get(row.revision, row.purl),
        case=use_cases.get(session, viewer.actor, row.use_case),
        assessment=judged,
        review=about[0] if about and about[0].assessment == row.assessment else None,
        events=happenings(session, viewer.actor, row.id, limit=_EVENTS),
    )


@pages.page("/decisions/{decision_id}", right="decision.read")
def show(decision_id: str, viewer: Viewer) -> Response:
    """Show a decision."""
    found = viewer.find(lambda session: read(session, viewer, decision_id))
    judged = None
    if found.assessment is not None:
        try:
            judged = papers.assessment_of(viewer.house, found.assessment.documents)
        except IntegrityError:  # the page still shows what the database knows; the proof tells
            judged = None
    checked = None
    if viewer.request.query_params.get("proof") == "check":
        checked = proof.check(viewer, decision_id)
    people = {each for c in found.decision.conditions for each in
              (c.owner, c.fulfilled_by, c.confirmed_by)}  # fmt: skip
    laws = {
        name: reference_of(name)
        for reason in (judged.decision.reasons if judged else ())
        for name in reason.frameworks
    }
    return viewer.show(
        "decisions/decision.html", d=found.decision, read=found, judged=judged, checked=checked,
        laws=laws, names=viewer.names(people),
    )  # fmt: skip


@pages.page("/decisions/{decision_id}/bundle", right="decision.read")
def bundle(decision_id: str, viewer: Viewer) -> Response:
    """Send the evidence that ``steelyard verify`` checks offline."""
    return bundle_of(decision_id, viewer)
