# SPDX-License-Identifier: Apache-2.0
"""Finds assessments that no longer rest on what is in force, and has them made again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from steelyard.catalog.edition import catalog_sha256
from steelyard.governance.assessment.begin import REFRESH, give_up_abandoned
from steelyard.governance.assessment.plugins import plugins_of
from steelyard.governance.assessment.premises import Premises, scanner_now
from steelyard.governance.assessment.queries import Basis, Ground, stale
from steelyard.governance.assessment.tables import AssessmentRow
from steelyard.governance.charters.facts import Policy
from steelyard.governance.charters.queries import current, current_row
from steelyard.platform.known_bad import advisories_digest
from steelyard.platform.work import Work

SWEEP = "assessments.sweep"
"""Job without a payload, done every hour and after a charter was adopted."""
MOST = 500
"""Re-assessments put by one sweep; while there are more, it comes back."""
AGAIN = dt.timedelta(minutes=10)
_GIVEN_UP = dt.timedelta(days=2)


def sweep(premises: Premises, _payload: dict[str, Any]) -> Callable[[Work], int]:
    """Return what puts a job for every assessment that is out of date, and says how many."""
    with premises.reading() as session:
        nothing = (
            session.scalar(select(AssessmentRow.id).where(AssessmentRow.latest).limit(1)) is None
        )
        nothing = nothing or current_row(session, premises.clock().date()) is None
    if nothing:
        return lambda _work: 0
    basis = basis_now(premises)

    def effect(work: Work) -> int:
        give_up_abandoned(work, work.now - _GIVEN_UP)
        found = stale(work.session, basis, limit=MOST)
        for each in found:
            work.enqueue(
                REFRESH,
                {"assessment": each.assessment, "why": ", ".join(each.why)},
                key=f"{REFRESH}:{each.assessment}",
            )
        return len(found)

    return effect


def basis_now(premises: Premises) -> Basis:
    """Return what assessments would rest on now.

    Raises:
        UndecidedError: there is no charter, or the sandbox cannot be started.
    """
    today = premises.clock().date()
    with premises.reading() as session:
        general = current(session, today)
        units = session.scalars(select(AssessmentRow.unit).distinct()).all()
        policies = {unit: current(session, today, unit) for unit in units if unit}
    return Basis(
        advisories=advisories_digest(),
        catalog=catalog_sha256(),
        general=_ground(general),
        own={
            unit: _ground(policy)
            for unit, policy in policies.items()
            if policy.identity.sha256 != general.identity.sha256
        },
    )


def _ground(policy: Policy) -> Ground:
    return Ground(
        charter=policy.identity.sha256,
        rules_digest=scanner_now(plugins_of(policy.charter)).rules_digest,
    )
