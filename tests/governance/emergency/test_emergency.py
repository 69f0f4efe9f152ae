# SPDX-License-Identifier: Apache-2.0
"""Break-glass: two people, a time, and a review that cannot be forgotten."""

from __future__ import annotations

import datetime as dt
import threading
from functools import partial
from typing import Any

import pytest
from tests.governance.review.people import Company, small
from tests.server import NOON, Doors

from steelyard.bootstrap.house import House
from steelyard.governance.clocks import queries as clocks
from steelyard.governance.emergency import queries, service
from steelyard.governance.emergency.admission import may_serve
from steelyard.governance.emergency.glass import EmergencyView
from steelyard.governance.inventory import service as inventory
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError
from steelyard.worker.handlers import clock_due


def revision(company: Company) -> str:
    """Return a revision in the inventory."""

    def act(work: Any) -> str:
        model = inventory.register_model(
            work, company.anna, purl="pkg:huggingface/acme/guard", name="acme/guard"
        )
        return inventory.register_revision(
            work, company.anna, model=model.id, purl=f"{model.purl}@{'a' * 40}",
            commit="a" * 40, justification="The filter in use fails.",
        ).id  # fmt: skip

    return company.house.transact(act)


def opened(house: House) -> tuple[Company, str]:
    company = Company(house)
    company.adopt(small())
    return company, revision(company)


def ask(company: Company, found: str, **more: Any) -> EmergencyView:
    given: dict[str, Any] = {
        "revision": found, "use_case": company.case, "environment": "production", "hours": 8,
        "reason": "Insults get through.", **more,
    }  # fmt: skip
    return company.house.transact(lambda work: service.ask(work, company.anna, **given))


def agree(company: Company, made: str, who: Actor, role: str = "operator") -> EmergencyView:
    return company.house.transact(lambda work: service.agree(work, who, made, role))


def ring(company: Company, kind: str, **span: float) -> None:
    """Let time pass, and the worker do what follows from a clock."""
    company.forward(**span)
    for job in company.jobs("clock.due"):
        if job["kind"] == kind:
            company.house.transact(partial(clock_due, payload=job))


def test_two_people_open_it_for_a_time(house: House) -> None:
    company, found = opened(house)
    place: dict[str, Any] = {
        "revision": found, "use_case": company.case, "environment": "production",
    }  # fmt: skip
    made = ask(company, found)
    assert (made.state, made.needed) == ("asked", 2)
    oleg, olga = company.person("oleg", "operator"), company.person("olga", "operator")
    agree(company, made.id, oleg)
    with pytest.raises(ConflictError) as twice:
        agree(company, made.id, oleg)
    assert twice.value.code == "emergency.agreed"
    with house.reading() as session:
        assert queries.admitted(session, NOON, **place) is None
    now = agree(company, made.id, olga)
    assert (now.state, now.until, now.review) == ("open", NOON + dt.timedelta(hours=8), "due")
    with house.reading() as session:
        assert queries.admitted(session, NOON, **place)
        assert not queries.admitted(session, NOON, **{**place, "environment": "staging"})
        assert not queries.admitted(session, NOON + dt.timedelta(hours=9), **place)
        asked = {"now": NOON, **place}
        allowed = may_serve(session, **asked)
        assert (allowed.allowed, allowed.code) == (True, "admission.emergency")
        assert not may_serve(session, **{**asked, "environment": "staging"}).allowed
        assert not may_serve(session, **{**asked, "now": NOON + dt.timedelta(hours=9)}).allowed
    assert company.jobs("emergency.changed") == [{"emergency": made.id}]
    ring(company, "emergency", hours=9)
    with house.reading() as session:
        assert queries.get(session, SYSTEM, made.id).state == "closed"


def test_whose_agreement_does_not_count(house: House) -> None:
    company, found = opened(house)
    made = ask(company, found)
    for who, role, code in (
        (company.anna, "operator", "emergency.requester"),
        (company.person("ada", "operator", "administrator"), "operator", "emergency.apart"),
        (company.person("lena", "legal"), "operator", "emergency.right"),
        (company.person("lena"), "legal", "emergency.right"),
    ):
        with pytest.raises(ForbiddenError) as caught:
            agree(company, made.id, who, role)
        assert caught.value.code == code
    with pytest.raises(FieldErrors):
        ask(company, found, hours=500)
    with pytest.raises(FieldErrors):
        ask(company, found, reason=" ")
    with pytest.raises(ConflictError) as same:
        ask(company, found)
    assert same.value.code == "emergency.taken"
    ring(company, "emergency-asked", hours=25)
    with house.reading() as session:
        assert queries.get(session, SYSTEM, made.id).state == "lapsed"


def test_a_review_that_is_missed_climbs_and_blocks_the_unit(house: House) -> None:
    company, found = opened(house)
    made = ask(company, found)
    oleg = company.person("oleg", "operator")
    agree(company, made.id, oleg)
    agree(company, made.id, company.person("olga", "operator"))
    ring(company, "emergency", days=8)
    ring(company, "emergency-review")
    with house.reading() as session:
        late = queries.get(session, SYSTEM, made.id)
        clock = next(c for c in clocks.of_subject(session, made.id) if c.kind.endswith("review"))
    assert late.review == "missed"
    assert (clock.state, clock.ladder, clock.rung) == ("overdue", ("executive-sponsor",), 1)
    with pytest.raises(ConflictError) as blocked:
        ask(company, found)
    assert blocked.value.code == "emergency.blocked"

    def look(who: Actor) -> EmergencyView:
        return house.transact(
            lambda work: service.review(
                work, who, made.id, justified=True, findings="Fine.", nothing_to_improve=True
            )
        )

    for who in (company.anna, oleg):
        with pytest.raises(ForbiddenError):
            look(who)
    assert look(company.person("rita", "risk")).review == "done"
    assert ask(company, found).state == "asked"


def test_a_revision_that_was_stopped_stays_stopped(house: House) -> None:
    company, found = opened(house)
    house.transact(lambda work: inventory.mark_revision(work, SYSTEM, found, "in review"))
    house.transact(lambda work: inventory.mark_revision(work, SYSTEM, found, "rejected"))
    with pytest.raises(ConflictError) as caught:
        ask(company, found)
    assert caught.value.code == "emergency.never"


def test_agreements_race_safely(house: House) -> None:
    if house.database.sqlite:
        pytest.skip("one writer at a time")
    company, found = opened(house)
    made = ask(company, found)
    crowd = [company.person(f"op{number}", "operator") for number in range(4)]
    outcomes: list[str] = []

    def attempt(who: Actor) -> None:
        try:
            outcomes.append(agree(company, made.id, who).state)
        except ConflictError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=attempt, args=(who,)) for who in crowd + crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("asked") == outcomes.count("open") == 1
    assert len(company.jobs("emergency.changed")) == 1


def test_through_the_door(house: House) -> None:
    company, found = opened(house)
    doors = Doors(house)
    anna = doors.as_(company.anna)
    given = {
        "revision": found, "use_case": company.case, "environment": "production", "hours": 2,
        "reason": "Insults.",
    }  # fmt: skip
    made = anna.post("/api/v1/emergencies", json=given)
    assert made.status_code == 201, made.text
    assert anna.post("/api/v1/emergencies", json={**given, "hours": 99}).status_code == 422
    path = f"/api/v1/emergencies/{made.json()['id']}"
    tag, role = made.headers["etag"], {"role": "operator"}
    for name in ("oleg", "olga"):
        client = doors.as_(company.person(name, "operator"))
        done = client.post(f"{path}/agreements", json=role, headers={"if-match": tag})
        assert done.status_code == 201, done.text
        tag = done.headers["etag"]
    assert done.json()["state"] == "open"
    assert doors.as_(company.person("carl", "requester")).get(path).status_code == 404
    rita = doors.as_(company.person("rita", "risk"))
    assert len(rita.get("/api/v1/emergencies?review=due").json()["items"]) == 1
    found_: dict[str, Any] = {"justified": False, "findings": "It could have waited."}
    silent = rita.post(f"{path}/review", json=found_, headers={"if-match": tag})
    assert (silent.status_code, silent.json()["errors"][0]["field"]) == (422, "actions")
    mona = company.person("mona", "model-owner", unit="search")
    theo = company.person("theo", "executive-sponsor")
    better = {"text": "Name a fallback.", "severity": "critical", "owner": mona.id}
    found_["actions"] = [better, {**better, "text": "Train people.", "severity": "low"}]
    after = rita.post(f"{path}/review", json=found_, headers={"if-match": tag})
    assert after.status_code == 200, after.text
    made_ = {e["severity"]: e for e in rita.get("/api/v1/actions").json()["items"]}
    assert {e["review"] for e in made_.values()} == {made.json()["id"]}
    assert (made_["critical"]["owner"], made_["critical"]["sponsor"]) == (mona.id, theo.id)
    assert made_["critical"]["due"][:10] == "2026-11-27", "two business days, as the charter says"
    assert made_["low"]["sponsor"] == ""
    with house.reading() as session:
        assert [c.kind for c in clocks.of_subject(session, made_["low"]["id"])] == ["action"]
    assert (after.json()["state"], after.json()["review"]) == ("closed", "done")
