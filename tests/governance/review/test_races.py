# SPDX-License-Identifier: Apache-2.0
"""People who act on one review at the same moment: it ends once, and as one of them said."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.api.test_same_moment import together
from tests.governance.decision.build import ANNA, OTTO, Desk
from tests.governance.review.people import Company, small
from tests.platform.notify.working import with_queue
from tests.server import NOON

from steelyard.bootstrap.house import House
from steelyard.governance.decision import queries as decisions
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake import service as intake
from steelyard.governance.review import committee, queries, service
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.assessment import Review, ReviewStep, SignOff
from steelyard.kernel.errors import ConflictError, ForbiddenError
from steelyard.platform.jobs.tables import JobRow
from steelyard.platform.log.tables import EventRow

TURNS = 6
TWO = Review(
    track="fast",
    decided_by="sign-offs",
    sign_offs_required=tuple(SignOff(role=r, why="track fast") for r in ("security", "legal")),
    quorum=2,
    within="5 business days",
)


@pytest.fixture
def company(house: House) -> Company:
    return Company(with_queue(house))


def tried(act: Callable[[], Any]) -> Callable[[], str]:
    """Return a call that tells ``done`` or the code of the refusal."""

    def run() -> str:
        try:
            act()
        except (ConflictError, ForbiddenError) as error:
            return error.code
        return "done"

    return run


def begin(company: Company, turn: int, review: Review) -> str:
    """Return the id of a new request's review."""
    company.request = company.submitted(f"hf:acme/tiny-{turn}@main")
    return company.open(review).review.id


def signing(company: Company, who: Actor, review: str, role: str, answer: Any = "yes") -> Any:
    return tried(
        lambda: company.house.transact(
            lambda work: service.sign(
                work, who, review, role, answer, "Because.", declares=True, nothing_to_improve=True
            )
        )
    )


def taking_back(house: House, who: Actor, request: str) -> Callable[[], str]:
    return tried(lambda: house.transact(lambda work: intake.withdraw(work, who, request)))


def minuting(house: House, who: Actor, review: str, there: tuple[str, ...]) -> Callable[[], str]:
    return tried(
        lambda: house.transact(
            lambda work: committee.minute(
                work, who, review, "We met.", there, nothing_to_improve=True
            )
        )
    )


def told(house: House, subject: str, kind: str) -> int:
    with house.reading() as session:
        query = select(func.count()).where(EventRow.subject == subject, EventRow.type == kind)
        return session.scalar(query) or 0


def completed(house: House, review: str) -> int:
    with house.reading() as session:
        jobs = session.scalars(select(JobRow).where(JobRow.kind == "review.completed"))
        return sum(job.payload == {"review": review} for job in jobs)


def test_the_last_two_sign_offs_decide_once(company: Company) -> None:
    sara, lena = company.person("sara", "security"), company.person("lena", "legal")
    for turn in range(TURNS):
        review = begin(company, turn, TWO)
        said = together(
            [signing(company, sara, review, "security"), signing(company, lena, review, "legal")]
        )
        assert said == ["done", "done"]
        with company.house.reading() as session:
            assert queries.get(session, SYSTEM, review).review.state == "approved"
        assert told(company.house, review, "review.signed") == 2
        assert completed(company.house, review) == 1


def test_a_yes_and_a_no_at_once_leave_one_outcome(company: Company) -> None:
    one, other = company.person("sara", "security"), company.person("sven", "security")
    lena = company.person("lena", "legal")
    for turn in range(TURNS):
        review = begin(company, turn, TWO)
        assert signing(company, lena, review, "legal")() == "done"
        said = together(
            [
                signing(company, one, review, "security", "yes"),
                signing(company, other, review, "security", "no"),
            ]
        )
        assert said.count("done") == 1, said
        with company.house.reading() as session:
            state = queries.get(session, SYSTEM, review).review.state
        assert state == ("approved" if said[0] == "done" else "rejected")
        assert completed(company.house, review) == 1


def test_a_sign_off_and_a_withdrawal_at_once(company: Company) -> None:
    sara, lena = company.person("sara", "security"), company.person("lena", "legal")
    for turn in range(TURNS):
        review = begin(company, turn, TWO)
        assert signing(company, sara, review, "security")() == "done"
        request = company.request
        take_back = taking_back(company.house, company.anna, request)
        signed, withdrawn = together([signing(company, lena, review, "legal"), take_back])
        assert withdrawn == "done"  # nothing is decided yet, so the requester may
        assert signed in ("done", "review.state")
        company.house.transact(partial(service.close_of_request, request_id=request, why="Gone."))
        with company.house.reading() as session:
            assert requests.row_of(session, SYSTEM, request).state == "withdrawn"
            state = queries.get(session, SYSTEM, review).review.state
        assert state == ("approved" if signed == "done" else "withdrawn")


def test_a_decision_and_a_withdrawal_at_once(house: House) -> None:
    desk = Desk(house)
    for _ in range(TURNS):
        ruling = desk.ruling()
        with house.reading() as session:
            before = len(decisions.find(session, OTTO, limit=99))
        rule = tried(partial(desk.rule, ruling))
        said = together([rule, taking_back(house, ANNA, ruling.request)])
        assert said.count("done") == 1, said
        with house.reading() as session:
            state = requests.row_of(session, SYSTEM, ruling.request).state
            made = len(decisions.find(session, OTTO, limit=99)) - before
        assert (state, made) == (("approved", 1) if said[0] == "done" else ("withdrawn", 0))


def test_two_chairs_write_minutes_once(company: Company) -> None:
    rita, rolf = company.person("rita", "risk"), company.person("rolf", "risk")
    paul, sara = company.person("paul", "privacy"), company.person("sara", "security")
    lena = company.person("lena", "legal")
    assert small().committees["board"].chair == "risk"
    asked = SignOff(role="board", why="track fast, step board")
    board = ReviewStep(name="board", committee="board", within="10 business days")
    plan = Review(
        track="fast", decided_by="sign-offs", sign_offs_required=(*TWO.sign_offs_required, asked),
        quorum=3, within="5 business days", steps=(board,),
    )  # fmt: skip
    for turn in range(3):
        review = begin(company, turn, plan)
        for who, role in ((sara, "security"), (lena, "legal"), (rita, "risk"), (paul, "privacy")):
            assert signing(company, who, review, role)() == "done", role
        there = (rita.id, paul.id)
        chairs = [minuting(company.house, who, review, there) for who in (rita, rolf)]
        said = together(chairs)
        assert said.count("done") == 1, said
        assert told(company.house, review, "meeting.minuted") == 1
        assert completed(company.house, review) == 1
    assert company.house.clock() == NOON
