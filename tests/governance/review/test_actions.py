# SPDX-License-Identifier: Apache-2.0
"""Improvement actions: owner, sponsor, clock, proof and somebody else who verifies."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.governance.review.people import Company
from tests.server import NOON, Doors

from steelyard.bootstrap.house import House
from steelyard.governance.review import action_queries, actions
from steelyard.governance.review.views import ActionView
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.errors import FieldErrors
from steelyard.worker.handlers import clock_due


def test_an_action_from_finding_to_verified(house: House) -> None:
    company = Company(house)
    begun = company.open()
    sara, lena = company.person("sara", "security"), company.person("lena", "legal")
    doors = Doors(house)
    given: dict[str, Any] = {
        "review": begun.review.id, "text": "Rotate the token.", "severity": "high",
        "owner": company.anna.id, "finding": "secret.token",
    }  # fmt: skip
    made = doors.as_(sara).post("/api/v1/actions", json=given)
    assert made.status_code == 201, made.text
    path = f"/api/v1/actions/{made.json()['id']}"
    assert made.json()["due"] == "2026-12-09T23:59:59Z"
    anna = doors.as_(company.anna)
    assert anna.post("/api/v1/actions", json={**given, "severity": "odd"}).status_code == 422

    def post(who: Any, what: str, body: dict[str, Any], version: int) -> Any:
        return who.post(f"{path}/{what}", json=body, headers={"if-match": f'"{version}"'})

    wrong = post(doors.as_(lena), "done", {"proof": "Done."}, 1)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "action.owner")
    assert post(anna, "done", {"proof": "See the vault's log."}, 1).json()["state"] == "done"
    own = post(anna, "verify", {"accepted": True}, 2)
    assert (own.status_code, own.json()["code"]) == (403, "action.verifier")
    assert post(doors.as_(lena), "verify", {"accepted": False}, 2).status_code == 422
    back = post(doors.as_(lena), "verify", {"accepted": False, "note": "The old one works."}, 2)
    assert (back.json()["state"], back.json()["version"]) == ("open", 3)
    post(anna, "done", {"proof": "Now it does not."}, 3)
    assert post(doors.as_(lena), "verify", {"accepted": True}, 4).json()["state"] == "verified"
    late = post(doors.as_(lena), "verify", {"accepted": True}, 5)
    assert (late.status_code, late.json()["code"]) == (409, "action.state")
    listed = anna.get(f"/api/v1/actions?owner={company.anna.id}&state=verified").json()["items"]
    assert len(listed) == 1
    company.sign(sara, "security", nothing_to_improve=False)
    company.sign(lena, "legal", nothing_to_improve=False)
    hugo = company.person("hugo", "head-of-risk")
    done = company.sign(hugo, "head-of-risk", nothing_to_improve=False)
    assert done.review.state == "approved"
    assert not done.nothing_to_improve


def test_a_sponsor_stands_behind_what_is_critical_and_hears_when_it_is_late(house: House) -> None:
    company = Company(house)
    begun = company.open()
    sara = company.person("sara", "security")

    def add(**more: Any) -> ActionView:
        return house.transact(
            lambda work: actions.add(
                work, sara, begun.review.id, text="Fix it.", severity="critical",
                owner=company.anna.id, **more,
            )
        )  # fmt: skip

    with pytest.raises(FieldErrors):
        add()
    with pytest.raises(FieldErrors):
        add(sponsor=sara.id)
    eva = company.person("eva", "executive-sponsor")
    made = add()
    assert made.sponsor == eva.id
    assert made.due == dt.datetime(2026, 11, 27, 23, 59, 59, tzinfo=dt.UTC)
    company.forward(days=4)
    (rung,) = [job for job in company.jobs("clock.due") if job["subject"] == made.id]
    house.transact(lambda work: clock_due(work, rung))
    with house.reading() as session:
        late = action_queries.get(session, SYSTEM, made.id)
        assert late.state == "overdue"
        soon = NOON + dt.timedelta(days=3)
        assert len(action_queries.find(session, SYSTEM, limit=5, due_before=soon)) == 1
    handed = house.transact(
        lambda work: actions.hand_over(work, sara, made.id, eva.id, late.version)
    )
    assert (handed.owner, handed.due) == (eva.id, made.due)
