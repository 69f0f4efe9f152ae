# SPDX-License-Identifier: Apache-2.0
"""What the state of a request means for the state its revision is shown in.

What is decided is an adoption: a revision, for a use case, in an environment. The revision's own
state is the headline over all of them. An approval somewhere makes it approved; nothing that only
happens to one request takes an approval, a suspension or a revocation away.
"""

from __future__ import annotations

from sqlalchemy import select

from steelyard.governance.intake.tables import RequestRow
from steelyard.governance.inventory.facts import RevisionState
from steelyard.governance.inventory.queries import revision_row
from steelyard.governance.inventory.service import mark_revision
from steelyard.kernel.actor import SYSTEM
from steelyard.platform.work import Work

_UNDECIDED = ("quarantined", "in review")


def follow(work: Work, request: RequestRow, *, conditions: bool = False) -> None:
    """Move the revision of a request that has just moved, where that changes the headline."""
    if not request.revision:
        return
    revision = revision_row(work.session, SYSTEM, request.revision, lock=True)
    now = request.state
    if now == "approved":
        better: RevisionState = "approved with conditions" if conditions else "approved"
        if revision.state in (*_UNDECIDED, "rejected") or (
            revision.state == "approved with conditions" and not conditions
        ):
            mark_revision(work, SYSTEM, revision.id, better, request=request.id)
    elif now == "submitted":
        if revision.state == "quarantined" and request.stage == "in review":
            mark_revision(work, SYSTEM, revision.id, "in review", request=request.id)
    elif revision.state in _UNDECIDED and not _others_wait(work, request):
        if now == "rejected":
            mark_revision(work, SYSTEM, revision.id, "rejected", request=request.id)
        elif revision.state == "in review":
            mark_revision(work, SYSTEM, revision.id, "quarantined", request=request.id)


def _others_wait(work: Work, request: RequestRow) -> bool:
    other = work.session.scalar(
        select(RequestRow.id)
        .where(
            RequestRow.revision == request.revision,
            RequestRow.state == "submitted",
            RequestRow.id != request.id,
        )
        .limit(1)
    )
    return other is not None
