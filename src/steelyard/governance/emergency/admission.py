# SPDX-License-Identifier: Apache-2.0
"""May this be served now, by its decision or by an emergency? What doors ask in the end.

A revision that was revoked, rejected or deleted is not served, and neither is one that was stopped
after the glass was broken: whoever stops a model has the last word.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.governance.decision import admission
from steelyard.governance.decision.facts import Admission
from steelyard.governance.decision.tables import DecisionRow
from steelyard.governance.emergency.queries import admitted
from steelyard.governance.emergency.service import NEVER
from steelyard.governance.inventory.tables import RevisionRow


def may_serve(
    session: Session,
    *,
    use_case: str,
    environment: str,
    now: dt.datetime,
    revision: str = "",
    manifest_sha256: str = "",
) -> Admission:
    """Tell whether a revision, named by id or by the digest of its manifest, may be served."""
    decided = admission.may_serve(
        session,
        use_case=use_case,
        environment=environment,
        now=now,
        revision=revision,
        manifest_sha256=manifest_sha256,
    )
    if decided.allowed or not (revision or manifest_sha256):
        return decided
    query = select(RevisionRow.id).where(RevisionRow.state.not_in(NEVER))
    if revision:
        query = query.where(RevisionRow.id == revision)
    if manifest_sha256:
        query = query.where(RevisionRow.manifest_sha256 == manifest_sha256)
    for found in session.scalars(query.order_by(RevisionRow.id).limit(20)):
        permit = admitted(session, now, revision=found, use_case=use_case, environment=environment)
        if permit is None or permit.opened_at is None or permit.until is None:
            continue
        if not _stopped(session, found, use_case, environment, permit.opened_at):
            return Admission(
                allowed=True,
                code="admission.emergency",
                reason=f"The emergency {permit.id} allows it until {permit.until.isoformat()}.",
                decision=decided.decision,
                until=permit.until.date(),
                next_step="It ends by itself; ask for the model in the meantime.",
            )
    return decided


def _stopped(
    session: Session, revision: str, use_case: str, environment: str, since: dt.datetime
) -> bool:
    """Tell whether a decision about this was suspended, revoked or rejected since then."""
    rows = session.scalars(
        select(DecisionRow).where(
            DecisionRow.revision == revision,
            DecisionRow.use_case == use_case,
            DecisionRow.environment == environment,
            DecisionRow.updated_at >= since,
        )
    )
    return any(row.state in ("suspended", "revoked") or row.outcome == "rejected" for row in rows)
