# SPDX-License-Identifier: Apache-2.0
"""Everything that belongs to one request, read at once: what its page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from sqlalchemy.orm import Session

from steelyard.governance.assessment import queries as assessments
from steelyard.governance.assessment.views import ASSESSMENT, DOCUMENT_MOST, AssessmentView
from steelyard.governance.decision import queries as decisions
from steelyard.governance.decision.facts import DecisionView
from steelyard.governance.exceptions import queries as exceptions
from steelyard.governance.exceptions.queries import ExceptionView
from steelyard.governance.intake import queries
from steelyard.governance.intake.states import RequestView
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.inventory.facts import RevisionView
from steelyard.governance.review import queries as reviews
from steelyard.governance.review.views import CommentView, ReviewDetail
from steelyard.governance.use_cases import queries as use_cases
from steelyard.governance.use_cases.register import UseCaseView
from steelyard.kernel.actor import Actor
from steelyard.kernel.assessment import Control, Decision, Review, Risk, RuleTrace
from steelyard.kernel.errors import IntegrityError, MissingError
from steelyard.platform.log.timeline import Happening, happenings

if TYPE_CHECKING:
    from steelyard.ui.door import Looking

_HAPPENINGS = 200
_EXCEPTIONS = 20


class Judged(Struct, frozen=True):
    """What a page needs of an assessment; findings and files are not read."""

    risk: Risk
    decision: Decision
    review: Review
    controls: tuple[Control, ...]
    rules: tuple[RuleTrace, ...]

    def trace(self, rule: str) -> RuleTrace | None:
        """Return how a rule came out."""
        return next((each for each in self.rules if each.rule == rule), None)


class Story(Struct, frozen=True, kw_only=True):
    """One request with what came of it."""

    request: RequestView
    case: UseCaseView | None
    revision: RevisionView | None
    assessment: AssessmentView | None
    """The newest, which may be under way."""
    judged: Judged | None
    review: ReviewDetail | None
    decision: DecisionView | None
    exceptions: list[ExceptionView]
    happened: list[Happening]

    @property
    def running(self) -> bool:
        """Whether the assessment is under way."""
        return self.request.stage == "assessing"

    @property
    def changes(self) -> list[CommentView]:
        """What reviewers asked to be changed and nobody answered yet."""
        if self.review is None or self.request.state != "changes requested":
            return []
        now = self.review.review.round
        found = [
            each for each in self.review.comments if each.kind == "change" and each.round == now
        ]
        answered = [
            each.at
            for each in self.review.comments
            if each.author == self.request.requested_by and each.kind == "comment"
        ]
        last = max(answered, default=None)
        return [each for each in found if last is None or each.at > last] or found


def read_story(viewer: Looking, request_id: str) -> Story:
    """Return one request with everything that belongs to it.

    Raises:
        MissingError: there is none, or whoever looks may not see it.
    """
    story, digest = viewer.find(lambda session: _read(session, viewer.actor, request_id))
    if not digest:
        return story
    return msgspec.structs.replace(story, judged=read_judged(viewer, digest))


def read_judged(viewer: Looking, digest: str) -> Judged:
    """Return what an assessment's document says.

    Raises:
        IntegrityError: the bytes are not one.
    """
    data = viewer.house.blobs.read(digest, most=DOCUMENT_MOST)
    try:
        return msgspec.json.decode(data, type=Judged)
    except msgspec.DecodeError as error:
        raise IntegrityError(
            f"The kept assessment cannot be read: {error}.",
            next_step="Assess the revision again.",
            code="assessment.document",
        ) from error


def _read(session: Session, actor: Actor, request_id: str) -> tuple[Story, str]:
    request = queries.get(session, actor, request_id)
    found = assessments.find(session, actor, limit=1, request=request_id)
    assessment = found[0] if found else None
    open_reviews = reviews.find(session, actor, limit=1, request=request_id)
    decided = decisions.find(session, actor, limit=1, request=request_id)
    digest = assessment.documents.get(ASSESSMENT, "") if assessment else ""
    story = Story(
        request=request,
        case=_case(session, actor, request.use_case),
        revision=_revision(session, actor, request.revision),
        assessment=assessment,
        judged=None,
        review=reviews.get(session, actor, open_reviews[0].id) if open_reviews else None,
        decision=decided[0] if decided else None,
        exceptions=exceptions.find(session, actor, limit=_EXCEPTIONS, request=request_id),
        happened=happenings(session, actor, request_id, limit=_HAPPENINGS),
    )
    return story, digest


def _case(session: Session, actor: Actor, case: str) -> UseCaseView | None:
    try:
        return use_cases.get(session, actor, case)
    except MissingError:
        return None


def _revision(session: Session, actor: Actor, revision: str) -> RevisionView | None:
    try:
        return inventory.get_revision(session, actor, revision) if revision else None
    except MissingError:
        return None
