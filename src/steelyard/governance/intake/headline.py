# SPDX-License-Identifier: Apache-2.0
"""What the state of a request means for the state its revision is shown in, before any decision.

What is decided is an adoption: a revision, for a use case, in an environment. The revision's own
state is the headline over all of them. Decisions give it that state; a request that is not decided
only says that somebody is looking.
"""

from __future__ import annotations

from sqlalchemy import select

from steelyard.governance.intake.tables import RequestRow
from steelyard.governance.inventory.queries import revision_row
from steelyard.governance.inventory.service import mark_revision
from steelyard.kernel.actor import SYSTEM
from steelyard.platform.work import Work

_LEFT = ("changes requested", "withdrawn", "expired")
"""States in which a request leaves a review without a decision."""


def follow(work: Work, request: RequestRow) -> None:
    """Move the revision of a request that has just moved, where that changes the headline."""
    reviewed = (request.state, request.stage) == ("submitted", "in review")
    if not request.revision or not (reviewed or request.state in _LEFT):
        return
    revision = revision_row(work.session, SYSTEM, request.revision, lock=True)
    if reviewed and revision.state == "quarantined":
        mark_revision(work, SYSTEM, revision.id, "in review", request=request.id)
    elif not reviewed and revision.state == "in review" and not _others_wait(work, request):
        mark_revision(work, SYSTEM, revision.id, "quarantined", request=request.id)


def _others_wait(work: Work, request: RequestRow) -> bool:
    other = work.session.scalar(
        select(RequestRow.id)
        .where(
            RequestRow.revision == request.revision,
            RequestRow.state == "submitted",
            RequestRow.stage == "in review",
            RequestRow.id != request.id,
        )
        .limit(1)
    )
    return other is not None
