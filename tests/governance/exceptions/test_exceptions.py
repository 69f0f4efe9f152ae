# SPDX-License-Identifier: Apache-2.0
"""Exceptions from a draft to their end, and the risk register, on both databases."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select
from tests.governance.review.people import Company, small
from tests.server import NOON, Doors

from steelyard.bootstrap.house import House
from steelyard.governance.clocks import queries as clocks
from steelyard.governance.exceptions import queries, risks, service, voting
from steelyard.governance.exceptions.queries import ExceptionView
from steelyard.governance.exceptions.terms import Asked, check, latest_day, plan_for, terms_of
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError
from steelyard.platform.notify.tables import NoticeRow
from steelyard.worker.handlers import clock_due, clock_remind

TODAY = NOON.date()


def asked(company: Company, **more: Any) -> Asked:
    given: dict[str, Any] = {
        "rule": "documented", "reason": "The card comes in January.",
        "owner": company.person("mona", "model-owner").id, "until": dt.date(2027, 1, 31),
        "controls": ("A person reads every answer.",), "answers": {"supervisor-view": "Informed."},
    }  # fmt: skip
    return Asked(**{**given, **more})


def begun(company: Company, **more: Any) -> ExceptionView:
    """Return an exception that is in review."""

    def act(work: Any) -> ExceptionView:
        made = service.draft(work, company.anna, company.request, asked(company, **more))
        return service.submit(work, company.anna, made.id, made.version)

    company.person("mona", "model-owner")
    return company.house.transact(act)


def vote(company: Company, who: Actor, made: str, role: str, answer: Any = "yes") -> ExceptionView:
    return company.house.transact(
        lambda work: voting.vote(
            work, who, made, role, answer, "Because.", declares=True
        )
    )  # fmt: skip


def rung(company: Company, made: str) -> None:
    """Let the worker do what follows from the last clock of an exception that rang."""
    job = [each for each in company.jobs("clock.due") if each["subject"] == made][-1]
    company.house.transact(lambda work: clock_due(work, job))


def test_an_exception_is_granted_and_expires_by_clock(house: House) -> None:
    company = Company(house)
    company.adopt(small())
    made = begun(company)
    assert (made.state, made.waits_for) == ("in review", ("head-of-risk",))
    for who in (company.anna, company.person("nina", "head-of-risk", unit="search")):
        with pytest.raises(ForbiddenError):
            vote(company, who, made.id, "head-of-risk")
    granted = vote(company, company.person("hugo", "head-of-risk"), made.id, "head-of-risk")
    assert granted.state == "active"
    assert granted.expires == dt.datetime(2027, 1, 31, 23, 59, 59, tzinfo=dt.UTC)
    place: dict[str, Any] = {
        "use_case": granted.use_case, "environment": "sandbox", "request": company.request,
    }  # fmt: skip
    with house.reading() as session:
        assert [e.id for e in queries.active_for(session, NOON, **place)] == [made.id]
        assert queries.active_for(session, NOON, **{**place, "request": "req_x"}) == ()
        later = granted.expires + dt.timedelta(seconds=1)
        assert queries.active_for(session, later, **place) == (), "the clock need not have rung"
    with pytest.raises(ConflictError) as early:
        house.transact(
            lambda work: service.extend(
                work, company.anna, made.id, dt.date(2027, 2, 2), "More.", granted.version
            )
        )
    assert early.value.code == "exception.state"
    company.forward(days=68)
    rung(company, made.id)
    with house.reading() as session:
        over = queries.get(session, SYSTEM, made.id)
    assert over.state == "expired"
    assert len(company.jobs("exception.changed")) == 2
    again = house.transact(
        lambda work: service.extend(
            work, company.anna, made.id, dt.date(2027, 3, 1), "The card is late.", over.version
        )
    )
    assert (again.state, again.renewals) == ("in review", 1)
    assert [each.counts for each in again.votes] == [False]
    vote(company, company.person("hugo"), made.id, "head-of-risk")
    company.forward(days=90)
    rung(company, made.id)
    with pytest.raises(ConflictError) as often:
        house.transact(
            lambda work: service.extend(
                work, company.anna, made.id, dt.date(2027, 6, 1), "Still late.", None
            )
        )
    assert often.value.code == "exception.renewals"


def test_at_critical_risk_the_committee_grants_too(house: House) -> None:
    company = Company(house)
    company.adopt(small())
    company.house.transact(lambda work: None)
    company.request = company.submitted("hf:acme/other@main", tier="critical")
    with pytest.raises(FieldErrors) as long:
        begun(company)
    assert [field for field, _ in long.value.faults] == ["until"]
    made = begun(company, until=TODAY + dt.timedelta(days=10))
    vote(company, company.person("hugo", "head-of-risk"), made.id, "head-of-risk")
    rita, lena = company.person("rita", "risk"), company.person("lena", "legal")
    vote(company, rita, made.id, "risk")
    now = vote(company, lena, made.id, "legal")
    assert now.state == "in review"
    done = house.transact(
        lambda work: voting.minute(work, rita, made.id, "We agreed.", (lena.id,), now.version)
    )
    assert done.state == "active"


def test_a_no_and_an_end(house: House) -> None:
    company = Company(house)
    company.adopt(small())
    hugo = company.person("hugo", "head-of-risk")
    made = begun(company)
    assert vote(company, hugo, made.id, "head-of-risk", "no").state == "rejected"
    assert company.jobs("exception.changed") == []
    other = vote(company, hugo, begun(company).id, "head-of-risk")
    lena = company.person("lena", "legal")
    with pytest.raises(ForbiddenError):
        house.transact(lambda work: service.revoke(work, lena, other.id, "Hm.", other.version))
    ended = house.transact(
        lambda work: service.revoke(work, hugo, other.id, "It was abused.", other.version)
    )
    assert ended.state == "revoked"
    with house.reading() as session:
        assert {e.state for e in clocks.of_subject(session, other.id)} == {"met", "stopped"}


def test_what_a_charter_lets_nobody_grant(house: House) -> None:
    company = Company(house)
    company.adopt(small())
    charter = small()
    with pytest.raises(ForbiddenError) as never:
        check(asked(company, rule="clean"), charter, "low", TODAY)
    assert never.value.code == "exception.never"
    bare = asked(company, rule="nothing", reason=" ", controls=(), answers={}, until=TODAY)
    with pytest.raises(FieldErrors) as caught:
        check(bare, charter, "low", TODAY)
    assert {field for field, _ in caught.value.faults} == {
        "rule", "reason", "until", "controls", "answers.supervisor-view",
    }  # fmt: skip
    assert latest_day(terms_of(charter), "critical", TODAY) == TODAY + dt.timedelta(days=10)
    assert latest_day(terms_of(charter), "low", TODAY) == TODAY + dt.timedelta(days=90)
    assert len(plan_for(charter, environment="sandbox", tier="low").steps) == 1
    assert len(plan_for(charter, environment="sandbox", tier="high").steps) == 2


def test_through_the_door(house: House) -> None:
    company = Company(house)
    company.adopt(small())
    doors = Doors(house)
    mona = company.person("mona", "model-owner")
    anna = doors.as_(company.anna)
    given = {
        "request": company.request, "rule": "documented", "reason": "Later.", "owner": mona.id,
        "until": "2027-01-31", "controls": ["Read it."], "answers": {"supervisor-view": "Yes."},
    }  # fmt: skip
    made = anna.post("/api/v1/exceptions", json=given)
    assert made.status_code == 201, made.text
    path = f"/api/v1/exceptions/{made.json()['id']}"
    assert anna.post("/api/v1/exceptions", json={**given, "rule": "clean"}).status_code == 403
    assert anna.post("/api/v1/exceptions", json={**given, "until": "x"}).status_code == 422
    sooner = anna.patch(path, json={"until": "2027-01-15"}, headers={"if-match": '"1"'})
    assert sooner.json()["until"] == "2027-01-15", sooner.text
    assert anna.post(f"{path}/submit", headers={"if-match": '"1"'}).status_code == 412
    sent = anna.post(f"{path}/submit", headers={"if-match": '"2"'})
    assert sent.json()["state"] == "in review"
    hugo = doors.as_(company.person("hugo", "head-of-risk"))
    yes = {"role": "head-of-risk", "answer": "yes"}
    tag = {"if-match": sent.headers["etag"]}
    assert anna.post(f"{path}/votes", json=yes, headers=tag).json()["code"] == "review.requester"
    assert hugo.post(f"{path}/votes", json=yes, headers=tag).json()["state"] == "active"
    outsider = doors.as_(company.person("carl", "requester", unit="office"))
    assert outsider.get(path).status_code == 404
    listed = anna.get("/api/v1/exceptions?state=active&rule=documented").json()["items"]
    assert [each["id"] for each in listed] == [made.json()["id"]]


def test_a_risk_is_accepted_phase_by_phase(house: House) -> None:
    company = Company(house)
    company.adopt(small())
    doors = Doors(house)
    rita = doors.as_(company.person("rita", "risk"))
    hugo = doors.as_(company.person("hugo", "head-of-risk"))
    mona = company.person("mona", "model-owner")
    given = {
        "title": "It repeats names", "unit": "search", "tier": "moderate", "likelihood": 3,
        "impact": 4, "residual_likelihood": 2, "residual_impact": 4, "treatment": "reduce",
        "owner": mona.id, "review_on": "2027-05-01", "about": company.request,
    }  # fmt: skip
    made = rita.post("/api/v1/risks", json=given)
    assert made.status_code == 201, made.text
    assert made.json()["score"] == 12
    assert rita.post("/api/v1/risks", json={**given, "impact": 6}).status_code == 422
    path = f"/api/v1/risks/{made.json()['id']}"

    def post(who: Any, what: str, version: int, **body: Any) -> Any:
        return who.post(f"{path}/{what}", json=body, headers={"if-match": f'"{version}"'})

    full = {"role": "head-of-risk", "reason": "Few.", "until": "2027-01-31", "phase": "full"}
    soon = post(hugo, "acceptances", 1, **full)
    assert (soon.status_code, soon.json()["code"]) == (409, "risk.phase")
    mine = post(rita, "acceptances", 1, **{**full, "phase": "pilot"})
    assert (mine.status_code, mine.json()["code"]) == (403, "risk.right")
    assert post(hugo, "acceptances", 1, **{**full, "phase": "party"}).status_code == 422
    assert post(hugo, "acceptances", 1, **{**full, "phase": "pilot"}).status_code == 201
    twice = post(hugo, "acceptances", 2, **{**full, "phase": "pilot"})
    assert twice.json()["code"] == "risk.accepted"
    own = post(hugo, "conclusions", 2, phase="pilot", held=True, note="Fine.")
    assert own.json()["code"] == "risk.judge"
    held = post(rita, "conclusions", 2, phase="pilot", held=True, note="No name was seen.")
    assert held.json()["accepted"][0]["outcome"] == "held"
    assert held.json()["accepted"][0]["conditions"] == ["Tell the users."]
    assert post(hugo, "acceptances", 3, **full).status_code == 201
    cells = rita.get("/api/v1/risks/heat-map").json()
    assert cells == [{"likelihood": 3, "impact": 4, "risks": 1}]
    done = rita.patch(path, json={"state": "closed"}, headers={"if-match": '"4"'})
    assert done.json()["state"] == "closed"
    assert rita.get("/api/v1/risks/heat-map").json() == []
    assert rita.get(f"/api/v1/risks?owner={mona.id}&review_before=2027-06-01").json()["items"]


def test_a_risk_nobody_looks_at_climbs_to_the_sponsor(house: House) -> None:
    company = Company(house)
    company.adopt(small())
    mona = company.person("mona", "model-owner")
    rita, theo = company.person("rita", "risk"), company.person("theo", "executive-sponsor")
    given: dict[str, Any] = {
        "title": "It repeats names", "text": "", "about": company.request, "unit": "search",
        "tier": "moderate", "likelihood": 3, "impact": 4, "residual_likelihood": 2,
        "residual_impact": 4, "treatment": "reduce", "plan": "", "owner": mona.id,
        "review_on": TODAY + dt.timedelta(days=30),
    }  # fmt: skip
    made = house.transact(lambda work: risks.record(work, SYSTEM, given))

    def clock() -> Any:
        with house.reading() as session:
            return clocks.of_subject(session, made.id)[-1]

    def ring(kind: str, do: Any) -> None:
        for job in company.jobs(kind):
            house.transact(lambda work, job=job: do(work, job))  # type: ignore[misc]

    assert clock().due.date() == given["review_on"]
    company.forward(days=24)
    ring("clock.remind", clock_remind)
    assert told(house, mona.id) == ["risk.review-due"]
    company.forward(days=7)
    ring("clock.due", clock_due)
    assert told(house, mona.id) == ["risk.review-due", "risk.review-overdue"]
    assert told(house, rita.id) == ["clock.due"]
    assert told(house, theo.id) == []
    company.forward(days=9)
    assert told(house, theo.id) == ["clock.due"]

    later = {"review_on": TODAY + dt.timedelta(days=90)}
    looked = house.transact(lambda work: risks.change(work, SYSTEM, made.id, later, None))
    assert (clock().state, clock().due.date()) == ("running", later["review_on"])
    company.forward(days=80)
    house.transact(lambda work: risks.change(work, SYSTEM, looked.id, {"state": "closed"}, None))
    assert clock().state == "met"


def told(house: House, who: str) -> list[str]:
    with house.reading() as session:
        query = select(NoticeRow.kind).where(NoticeRow.person == who)
        return list(session.scalars(query.order_by(NoticeRow.id)))
