# SPDX-License-Identifier: Apache-2.0
"""The charter through its door."""

from __future__ import annotations

from tests.server import Doors, person

from steelyard.bootstrap.founding import found_charter
from steelyard.bootstrap.house import House
from steelyard.platform.log.sequencer import sequence
from steelyard.platform.log.verification import verify_database

NEXT = """extends: standard
charter: our-charter
version: "2"
effective: 2026-01-01
owner: risk@example.org
purpose: Ours.
"""
RITA = person("rita", "risk")
HANNA = person("hanna", "head-of-risk")


def test_a_charter_is_changed_by_those_who_may(doors: Doors, house: House) -> None:
    assert doors.as_(RITA).get("/api/v1/charters/current").status_code == 503
    assert found_charter(house, "standard") is not None
    assert found_charter(house, "regulated") is None  # one is in force already
    rita, hanna = doors.as_(RITA), doors.as_(HANNA)
    before = rita.get("/api/v1/charters/current").json()
    assert (before["name"], before["in_force"]) == ("standard", True)
    wrong = rita.post(
        "/api/v1/charters/proposals", json={"file": "c.yaml", "texts": {"c.yaml": "charter: x\n"}}
    )
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["line"] == 1
    made = rita.post(
        "/api/v1/charters/proposals", json={"file": "c.yaml", "texts": {"c.yaml": NEXT}}
    )
    assert made.status_code == 201, made.text
    path = f"/api/v1/charters/proposals/{made.json()['id']}"
    assert made.json()["waiting_for"] == ["1 more of head-of-risk"]
    change = rita.get(f"{path}/diff").json()
    assert change["verdict"] == "same"
    early = rita.post(f"{path}/adopt", headers={"if-match": '"1"'})
    assert (early.status_code, early.json()["code"]) == (409, "charter.votes")
    own = rita.post(
        f"{path}/votes", json={"role": "risk", "answer": "yes"}, headers={"if-match": '"1"'}
    )
    assert (own.status_code, own.json()["code"]) == (403, "charter.own-proposal")
    voted = hanna.post(
        f"{path}/votes", json={"role": "head-of-risk", "answer": "yes"}, headers={"if-match": '"1"'}
    )
    assert voted.json()["waiting_for"] == []
    done = rita.post(f"{path}/adopt", headers={"if-match": voted.headers["etag"]})
    assert done.json()["state"] == "adopted", done.text
    now = rita.get("/api/v1/charters/current").json()
    assert (now["name"], now["previous"]) == ("our-charter", before["sha256"])
    assert not rita.get(f"/api/v1/charters/{before['sha256']}").json()["in_force"]
    names = {row["name"] for row in rita.get("/api/v1/charters").json()["items"]}
    assert names == {"our-charter", "standard"}
    sequence(house.database, house.keys, house.clock())
    assert verify_database(house.database).ok
