# SPDX-License-Identifier: Apache-2.0
"""What every tab of a model shares: its head, the counts of the tabs, and the assessment shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.responses import Response

from steelyard.governance.assessment import queries as assessments
from steelyard.governance.assessment.views import AssessmentView
from steelyard.governance.decision.of_model import Tally, case_names, highest_tiers, tally
from steelyard.governance.inventory import queries
from steelyard.governance.inventory.facts import ModelView, RevisionView
from steelyard.kernel.assessment import Assessment
from steelyard.kernel.errors import MissingError
from steelyard.ui.assessments.document import read

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from steelyard.ui.door import Looking

CHOICES = 20
"""Assessments that can be chosen on a tab; older ones are reached from their revisions."""


class Frame(NamedTuple):
    """What the head of every tab shows."""

    model: ModelView
    tally: Tally
    newest: RevisionView | None
    tier: str
    """The highest among its uses."""


class Chosen(NamedTuple):
    """The assessment a tab shows: the newest one, or the one the address names."""

    found: AssessmentView | None
    document: Assessment | None
    """None while it is not finished, or where there is none."""
    choices: list[AssessmentView]
    revisions: dict[str, RevisionView]
    cases: dict[str, str]


def frame_of(viewer: Looking, model_id: str) -> Frame:
    """Return the head of a model.

    Raises:
        MissingError: there is no such model, or the viewer may not see it.
    """

    def ask(session: Session) -> Frame:
        model = queries.get_model(session, viewer.actor, model_id)
        newest = queries.newest_of(session, viewer.actor, [model.id]).get(model.id)
        return Frame(
            model=model,
            tally=tally(session, viewer.actor, model.id),
            newest=newest[0] if newest else None,
            tier=highest_tiers(session, viewer.actor, [model.id]).get(model.id, ""),
        )

    return viewer.find(ask)


def chosen_of(viewer: Looking, model: ModelView) -> Chosen:
    """Return the assessment the address names, else the newest finished one.

    Raises:
        MissingError: the address names one that is not of this model.
    """
    wanted = viewer.request.query_params.get("assessment", "")[:40]

    def ask(session: Session) -> tuple[list[AssessmentView], AssessmentView | None]:
        choices = assessments.find(
            session, viewer.actor, limit=CHOICES, model=model.id, state="done"
        )
        if not wanted:
            return choices, choices[0] if choices else None
        found = assessments.get(session, viewer.actor, wanted)
        if queries.get_revision(session, viewer.actor, found.revision).model != model.id:
            raise MissingError(
                f"The assessment {found.id} is about another model.",
                next_step="Choose one from the list.",
                code="assessment.missing",
            )
        return choices, found

    choices, found = viewer.find(ask)
    listed = [*choices, *([found] if found is not None and found not in choices else [])]
    ids = {each.revision for each in listed}

    def name(session: Session) -> tuple[dict[str, RevisionView], dict[str, str]]:
        revisions = {each: queries.get_revision(session, viewer.actor, each) for each in ids}
        return revisions, case_names(session, viewer.actor, [each.use_case for each in listed])

    revisions, cases = viewer.find(name)
    document = read(viewer, found) if found is not None else None
    return Chosen(found, document, listed, revisions, cases)


def show(viewer: Looking, template: str, here: Frame, **known: Any) -> Response:
    """Return a tab of a model."""
    return viewer.show(template, here=here, model=here.model, tabs=tabs_of(viewer, here), **known)


def tabs_of(viewer: Looking, here: Frame) -> list[tuple[str, str, int | None]]:
    """Return word, address and count of every tab the viewer may open."""
    base = f"/models/{here.model.id}"
    counts = here.tally
    items = [
        (viewer.say("Overview"), base, None, "model.read"),
        (viewer.say("Revisions"), f"{base}/revisions", counts.revisions, "model.read"),
        (viewer.say("Assessment"), f"{base}/assessment", None, "assessment.read"),
        (viewer.say("License"), f"{base}/license", None, "assessment.read"),
        (viewer.say("Lineage"), f"{base}/lineage", None, "assessment.read"),
        (viewer.say("Controls"), f"{base}/controls", None, "assessment.read"),
        (viewer.say("Evidence"), f"{base}/evidence", counts.evidence, "evidence.read"),
        (viewer.say("Reviews"), f"{base}/reviews", counts.reviews, "review.read"),
        (viewer.say("Deployments"), f"{base}/deployments", counts.decisions, "decision.read"),
        (viewer.say("Activity"), f"{base}/activity", None, "model.read"),
    ]
    return [(word, path, count) for word, path, count, right in items if viewer.may(right)]
