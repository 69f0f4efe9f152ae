# SPDX-License-Identifier: Apache-2.0
"""What the first page shows: each part is asked for only if the role of whoever looks needs it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy.orm import Session

from steelyard.governance.clocks import queries as clocks
from steelyard.governance.clocks.clock import ClockView, OverdueCount
from steelyard.governance.decision import queries as decisions
from steelyard.governance.emergency import queries as emergencies
from steelyard.governance.emergency.glass import EmergencyView
from steelyard.governance.exceptions import queries as exceptions
from steelyard.governance.exceptions import risks
from steelyard.governance.exceptions.queries import ExceptionView
from steelyard.governance.exceptions.risks import RiskView
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake.states import OPEN, RequestView
from steelyard.governance.review import action_queries as actions
from steelyard.governance.review import queries as reviews
from steelyard.governance.review.views import ActionView, Waiting
from steelyard.governance.use_cases import queries as use_cases
from steelyard.kernel.actor import Actor
from steelyard.platform.identity import people
from steelyard.platform.jobs import service as jobs
from steelyard.platform.notify import inbox
from steelyard.platform.notify.inbox import Notice

MOST = 8
"""Lines of a part; the whole list is one click away."""
CRITICAL = 15
"""Likelihood times impact from which a risk is critical, of 25."""
SOON = dt.timedelta(days=30)


class Mine(Struct, frozen=True, kw_only=True):
    """What somebody asked for, and what is asked of them."""

    requests: list[tuple[RequestView, tuple[str, ...]]]
    """Open ones, and the roles whose voice each waits for."""
    changes: list[RequestView]
    closed: list[RequestView]


class Overview(Struct, frozen=True, kw_only=True):
    """How things stand, for whoever stands behind all of it."""

    overdue: list[OverdueCount]
    late: list[ClockView]
    decided: dict[str, int]
    """Outcome → decisions since the beginning of the month."""
    stages: dict[str, int]
    critical: list[RiskView]
    expiring: list[ExceptionView]
    broken: list[EmergencyView]


class Keeping(Struct, frozen=True, kw_only=True):
    """What those who run the server look after."""

    dead: int
    invited: int
    locked: int


def mine(session: Session, actor: Actor) -> Mine:
    """Return the requests of somebody, and what each of the open ones waits for."""
    found = requests.find(session, actor, limit=50, requested_by=actor.id)
    waits: list[tuple[RequestView, tuple[str, ...]]] = []
    for each in [row for row in found if row.state in OPEN and row.state != "changes requested"][
        :MOST
    ]:
        review = reviews.running_of(session, each.id) if each.stage == "in review" else None
        waits.append((each, review.waits_for if review else ()))
    return Mine(
        requests=waits,
        changes=requests.find(
            session, actor, limit=MOST, requested_by=actor.id, state="changes requested"
        ),
        closed=[row for row in found if row.state not in OPEN][:3],
    )


def seats(session: Session, actor: Actor, now: dt.datetime) -> list[Waiting]:
    """Return the seats that wait for somebody, what is due first first."""
    return reviews.queue(session, actor, now, limit=MOST)


def own_actions(session: Session, actor: Actor) -> list[ActionView]:
    """Return the improvements somebody has to make, overdue ones first."""
    return [
        each
        for state in ("overdue", "open")
        for each in actions.find(session, actor, limit=MOST, owner=actor.id, state=state)
    ][:MOST]


def notices(session: Session, actor: Actor) -> tuple[list[Notice], list[Notice], list[Notice]]:
    """Return unread notices: escalations, mentions, and all others."""
    found = inbox.mine(session, actor, limit=60, unread=True)
    asked = [each for each in found if each.kind == "clock.due"]
    mentions = [each for each in found if each.kind == "review.mentioned"]
    others = [each for each in found if each.kind not in ("clock.due", "review.mentioned")]
    return asked[:MOST], mentions[:MOST], others[:MOST]


def overview(session: Session, actor: Actor, now: dt.datetime) -> Overview:
    """Return how things stand."""
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    open_risks = risks.find(session, actor, limit=200, state="open")
    critical = sorted(
        (each for each in open_risks if each.score >= CRITICAL), key=lambda each: -each.score
    )
    return Overview(
        overdue=clocks.overdue_by_unit(session, actor),
        late=clocks.find(session, actor, limit=MOST, state="overdue"),
        decided=decisions.count_by_outcome(session, actor, month),
        stages=requests.count_by_stage(session, actor),
        critical=critical,
        expiring=exceptions.find(
            session, actor, limit=MOST, state="active", until_before=now.date() + SOON
        ),
        broken=emergencies.find(session, actor, limit=MOST, state="open"),
    )


def keeping(session: Session) -> Keeping:
    """Return what those who run the server look after."""
    return Keeping(
        dead=len(jobs.find(session, limit=100, state="dead")),
        invited=len(people.search(session, limit=100, state="invited")),
        locked=len(people.search(session, limit=100, state="locked")),
    )


def is_fresh(session: Session, actor: Actor) -> tuple[bool, bool, bool]:
    """Tell whether there are other people, a use case and a request, as far as somebody sees."""
    others: Sequence[object] = people.search(session, limit=2)
    return (
        len(others) > 1,
        bool(use_cases.find(session, actor, limit=1)),
        bool(requests.find(session, actor, limit=1)),
    )
