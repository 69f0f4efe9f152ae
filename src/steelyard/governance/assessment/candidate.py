# SPDX-License-Identifier: Apache-2.0
"""Looks at a revision nobody has asked for, so that it can be compared with the one in use.

Nothing is decided by it. Whoever asks for the revision has it weighed for their use case, by the
examination that is kept here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from steelyard.governance.assessment.begin import Order
from steelyard.governance.assessment.finish import Made, remember
from steelyard.governance.assessment.premises import Premises
from steelyard.governance.assessment.run import make
from steelyard.governance.assessment.tables import AssessmentRow
from steelyard.governance.assessment.views import SNAPSHOT
from steelyard.governance.inventory import service as revisions
from steelyard.governance.inventory.tables import RevisionRow
from steelyard.platform.work import Work


def examine(premises: Premises, payload: dict[str, Any]) -> Callable[[Work], object]:
    """Examine a candidate; ``{"revision": id}``. One that was examined meanwhile is left alone."""
    order = _order(premises, payload["revision"])
    if order is None:
        return lambda _work: None
    made = make(premises, order)
    return lambda work: _keep(work, order, made)


def _order(premises: Premises, revision: str) -> Order | None:
    """Return what to examine: it is judged as the newest adoption of its parent would be."""
    with premises.reading() as session:
        row = session.get(RevisionRow, revision)
        if row is None or row.snapshot or row.state != "quarantined":
            return None
        before = session.scalar(
            select(AssessmentRow)
            .where(AssessmentRow.revision == row.parent, AssessmentRow.latest)
            .order_by(AssessmentRow.id.desc())
            .limit(1)
        )
        if before is None:
            return None
        return Order(
            assessment=row.id,
            request="",
            round=0,
            reference=row.id,
            use_case=before.use_case,
            environment=before.environment,
            unit=before.unit,
            justification="",
            why="candidate",
            previous="",
            attempt=0,
        )


def _keep(work: Work, order: Order, made: Made) -> None:
    revisions.examined(work, order.reference, made.snapshot, made.documents[SNAPSHOT], made.parent)
    found = made.weighed.assessment
    remember(work, order.reference, found.scanner.rules_digest, made)
