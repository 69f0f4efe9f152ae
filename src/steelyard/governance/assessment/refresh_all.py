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
from steelyard.governance.assessment.queries import Basis, stale
from steelyard.governance.charters.queries import current
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.platform.known_bad import advisories_digest
from steelyard.platform.work import Work

SWEEP = "assessments.sweep"
"""Job without a payload, done every hour and after a charter was adopted."""
MOST = 500
"""Re-assessments put by one sweep; while there are more, it comes back."""
_GIVEN_UP = dt.timedelta(days=2)


def sweep(premises: Premises, _payload: dict[str, Any]) -> Callable[[Work], int]:
    """Return what puts a job for every assessment that is out of date, and says how many."""
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
        units = session.scalars(select(UseCaseRow.unit).distinct()).all()
        charters = {unit: current(session, today, unit).identity.sha256 for unit in units if unit}
    scanner = scanner_now(plugins_of(general.charter))
    own = {unit: sha for unit, sha in charters.items() if sha != general.identity.sha256}
    return Basis(
        rules_digest=scanner.rules_digest,
        advisories=advisories_digest(),
        catalog=catalog_sha256(),
        charters={"": general.identity.sha256, **own},
    )
