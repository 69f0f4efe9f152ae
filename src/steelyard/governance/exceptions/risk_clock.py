# SPDX-License-Identifier: Apache-2.0
"""The clock of a risk: by when its owner looks at it again, and who is asked when they do not."""

from __future__ import annotations

import datetime as dt

from steelyard.governance.clocks import service as clocks
from steelyard.governance.exceptions.tables import RiskRow
from steelyard.kernel.actor import SPONSOR
from steelyard.platform.notify.service import tell
from steelyard.platform.work import Work

RISK_REVIEW = "risk-review"
"""Kind of clock: until a risk is looked at again."""
_LADDER = ("risk", SPONSOR)
_RUNG = "5 business days"
_REMIND = "7 days"


def wind(work: Work, row: RiskRow) -> None:
    """Let the clock of a risk run until its day; one that ran before was met by the look taken.

    The clock of a closed risk ends.
    """
    clocks.stop(work, row.id, RISK_REVIEW)
    if row.state != "open":
        return
    end = dt.datetime.combine(row.review_on, dt.time(23, 59, 59), dt.UTC)
    left = max(1, int((end - work.now).total_seconds()))
    clocks.start(
        work, subject=row.id, kind=RISK_REVIEW, about=row.about, unit=row.unit,
        within=f"{left} seconds", remind=_REMIND, ladder=_LADDER, rung=_RUNG,
    )  # fmt: skip


def remind(work: Work, risk_id: str) -> None:
    """Tell the owner of a risk by when to look at it; called when its clock is near its end."""
    _inform(work, risk_id, "risk.review-due")


def overdue(work: Work, risk_id: str) -> None:
    """Tell the owner of a risk that nobody looked at it; called when its clock rings."""
    _inform(work, risk_id, "risk.review-overdue")


def _inform(work: Work, risk_id: str, kind: str) -> None:
    row = work.session.get(RiskRow, risk_id)
    if row is not None and row.state == "open":
        tell(
            work, kind=kind, subject=row.id, about=row.about, people=(row.owner,), unit=row.unit,
            facts={"review_on": row.review_on.isoformat(), "tier": row.tier},
            words={"title": row.title},
        )  # fmt: skip
