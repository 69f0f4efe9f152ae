# SPDX-License-Identifier: Apache-2.0
"""What people of a review, a delegation and an emergency hear of."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select
from tests.governance.emergency.test_emergency import ask, opened, ring
from tests.governance.review.people import Company, small
from tests.server import NOON

from steelyard.bootstrap.house import House
from steelyard.governance.review import delegation, service
from steelyard.platform.notify.tables import NoticeRow
from steelyard.platform.work import Work


def told(house: House, who: str) -> list[str]:
    with house.reading() as session:
        query = select(NoticeRow.kind).where(NoticeRow.person == who)
        return list(session.scalars(query.order_by(NoticeRow.id)))


def test_whoever_was_handed_a_right_hears_of_it_and_of_its_end(house: House) -> None:
    company = Company(house)
    company.adopt(small())
    hugo, rita = company.person("hugo", "head-of-risk"), company.person("rita", "risk")
    until = NOON + dt.timedelta(days=10)

    def act(work: Work) -> Any:
        return delegation.delegate(work, hugo, "head-of-risk", rita.id, until)

    made = house.transact(act)
    assert told(house, rita.id) == ["delegation.made"]
    with house.reading() as session:
        (notice,) = session.scalars(select(NoticeRow).where(NoticeRow.person == rita.id))
        assert notice.text.startswith("Hugo handed the right of head-of-risk on to you until")
    house.transact(lambda work: delegation.revoke(work, hugo, made.id, made.version))
    assert told(house, rita.id) == ["delegation.made", "delegation.revoked"]


def test_whoever_asked_for_changes_hears_the_answer(house: House) -> None:
    company = Company(house)
    company.adopt(small())
    lena = company.person("lena", "legal")
    review = company.open().review.id
    changes = (("card", "Write one."),)
    house.transact(lambda work: service.ask_changes(work, lena, review, changes))
    assert told(house, lena.id) == ["review.waiting"]
    house.transact(lambda work: service.resubmit(work, company.anna, review, "It is there."))
    assert "review.resubmitted" in told(house, lena.id)


def test_whoever_is_not_asked_any_more_hears_why(house: House) -> None:
    company = Company(house)
    company.adopt(small())
    lena = company.person("lena", "legal")
    company.open()
    house.transact(lambda work: service.close_of_request(work, company.request, "it is over"))
    assert told(house, lena.id) == ["review.waiting", "review.ended"]
    with house.reading() as session:
        assert "because it is over" in session.scalars(select(NoticeRow.text)).all()[-1]


def test_whoever_asked_hears_that_nobody_agreed(house: House) -> None:
    company, found = opened(house)
    ask(company, found)
    ring(company, "emergency-asked", hours=25)
    assert "emergency.lapsed" in told(house, company.anna.id)
