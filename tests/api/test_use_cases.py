# SPDX-License-Identifier: Apache-2.0
"""The register of use cases, through its door."""

from __future__ import annotations

from typing import Any

import pytest
from tests.server import Doors, person

FIVE: dict[str, Any] = {
    "name": "internal-search",
    "purpose": "Find passages in our handbook",
    "data_class": "internal",
    "personal_data": "none",
    "people_affected": "staff",
    "autonomy": "assistive",
    "exposure": "internal",
}
ANNA = person("anna", "requester")
BERT = person("bert", "requester", unit="fraud")
OTTO = person("otto", "auditor", unit="")


def test_five_answers_register_a_use_case(doors: Doors) -> None:
    made = doors.as_(ANNA).post("/api/v1/use-cases", json=FIVE)
    assert made.status_code == 201, made.text
    assert made.headers["etag"] == '"1"'
    case = made.json()
    assert case["unit"] == "search"
    assert case["facts"]["environment"] == "sandbox"
    assert case["facts"]["expires"] == "2027-11-25"


def test_every_wrong_field_is_named(doors: Doors) -> None:
    wrong = {**FIVE, "data_class": "secret", "exposure": "everywhere"}
    answer = doors.as_(ANNA).post("/api/v1/use-cases", json=wrong)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {each["field"] for each in answer.json()["errors"]} == {"data_class", "exposure"}
    odd = doors.as_(ANNA).post("/api/v1/use-cases", json={**FIVE, "sectr": "x", "regions": ["eu"]})
    assert [each["field"] for each in odd.json()["errors"]] == ["sectr"]


def test_a_name_is_taken_once_in_a_unit(doors: Doors) -> None:
    anna = doors.as_(ANNA)
    assert anna.post("/api/v1/use-cases", json=FIVE).status_code == 201
    again = anna.post("/api/v1/use-cases", json=FIVE)
    assert (again.status_code, again.json()["code"]) == (409, "use-case.taken")
    assert doors.as_(BERT).post("/api/v1/use-cases", json=FIVE).status_code == 201


def test_rows_of_another_unit_do_not_exist(doors: Doors) -> None:
    made = doors.as_(ANNA).post("/api/v1/use-cases", json=FIVE).json()
    there = doors.as_(BERT).get(f"/api/v1/use-cases/{made['id']}")
    nowhere = doors.as_(BERT).get("/api/v1/use-cases/uc_01k00000000000000000000000")
    assert there.status_code == nowhere.status_code == 404
    assert there.json()["code"] == nowhere.json()["code"]
    assert doors.as_(BERT).get("/api/v1/use-cases").json()["items"] == []
    assert len(doors.as_(OTTO).get("/api/v1/use-cases").json()["items"]) == 1


def test_a_change_needs_the_version_that_was_read(doors: Doors) -> None:
    anna = doors.as_(ANNA)
    made = anna.post("/api/v1/use-cases", json=FIVE)
    path = f"/api/v1/use-cases/{made.json()['id']}"
    blind = anna.patch(path, json={"environment": "staging"})
    assert (blind.status_code, blind.json()["code"]) == (428, "precondition.needed")
    done = anna.patch(
        path, json={"environment": "staging"}, headers={"if-match": made.headers["etag"]}
    )
    assert (done.status_code, done.headers["etag"]) == (200, '"2"')
    stale = anna.patch(path, json={"sector": "health"}, headers={"if-match": '"1"'})
    assert stale.status_code == 412
    assert stale.json()["current"]["facts"]["environment"] == "staging"
    same = anna.get(path, headers={"if-none-match": '"2"'})
    assert same.status_code == 304


def test_a_key_makes_a_call_count_once(doors: Doors) -> None:
    anna = doors.as_(ANNA)
    key = {"idempotency-key": "first-call-1"}
    first = anna.post("/api/v1/use-cases", json=FIVE, headers=key)
    again = anna.post("/api/v1/use-cases", json=FIVE, headers=key)
    assert again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["idempotent-replay"] == "true"
    other = anna.post("/api/v1/use-cases", json={**FIVE, "name": "x"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.reused")


def test_pages_follow_each_other(doors: Doors) -> None:
    anna = doors.as_(ANNA)
    for number in range(5):
        anna.post("/api/v1/use-cases", json={**FIVE, "name": f"case-{number}"})
    seen: list[str] = []
    cursor = ""
    while True:
        then = f"&cursor={cursor}" if cursor else ""
        found = anna.get(f"/api/v1/use-cases?limit=2&fields=name{then}").json()
        seen += [row["name"] for row in found["items"]]
        cursor = found["next"] or ""
        if not cursor:
            break
    assert sorted(seen) == [f"case-{number}" for number in range(5)]
    assert anna.get("/api/v1/use-cases?cursor=nonsense").status_code == 422
    assert anna.get("/api/v1/use-cases?fields=nothing").status_code == 422


@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_and_auditors_are_kept_out(doors: Doors, method: str) -> None:
    assert getattr(doors.stranger, method)("/api/v1/use-cases").status_code == 401
    refused = doors.as_(OTTO).post("/api/v1/use-cases", json=FIVE)
    assert (refused.status_code, refused.json()["code"]) == (403, "right.missing")


def test_too_large_a_body_is_not_read(doors: Doors) -> None:
    answer = doors.as_(ANNA).post("/api/v1/use-cases", content=b"x" * (5 * 1024 * 1024))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
