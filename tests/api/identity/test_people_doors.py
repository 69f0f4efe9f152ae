# SPDX-License-Identifier: Apache-2.0
"""People, roles, units, tokens, robots and training through the door."""

from __future__ import annotations

import datetime as dt

from tests.api.identity.desk import Desk
from tests.api.test_use_cases import FIVE
from tests.platform.identity.staff import events, made
from tests.server import NOON


def test_an_administrator_manages_people(desk: Desk) -> None:
    ada = made(desk.house, "ada@example.org", "administrator")
    door = desk.as_(ada)
    assert door.post("/api/v1/units", json={"name": "fraud"}).status_code == 201
    asked = {"mail": "bert@example.org", "name": "Bert", "roles": ["legal"], "units": ["fraud"]}
    bert = door.post("/api/v1/users", json=asked).json()["user"]
    assert bert["state"] == "invited"
    assert [each["role"] for each in bert["roles"]] == ["legal"]
    path = f"/api/v1/users/{bert['id']}"
    read = door.get(path)
    assert door.patch(path, json={"name": "B"}).status_code == 428
    tag = {"if-match": read.headers["etag"]}
    assert door.patch(path, json={"name": "Bert Anders"}, headers=tag).json()["name"] != "Bert"
    assert door.patch(path, json={"name": "X"}, headers=tag).status_code == 412
    until = (NOON + dt.timedelta(days=30)).isoformat()
    granted = door.put(f"{path}/roles/privacy", json={"until": until}).json()
    assert {each["role"] for each in granted["roles"]} == {"legal", "privacy"}
    assert door.delete(f"{path}/roles/legal").status_code == 200
    again = door.delete(f"{path}/roles/legal")
    assert (again.status_code, again.json()["code"]) == (409, "identity.role-not-held")
    assert door.delete(f"{path}/units/fraud").json()["units"] == []
    listed = door.get("/api/v1/users?role=privacy&fields=mail").json()["items"]
    assert listed == [{"mail": "bert@example.org"}]
    assert door.post(f"{path}/disable", json={"reason": "left"}).json()["state"] == "disabled"
    assert door.post(f"{path}/enable", json={}).json()["state"] == "active"
    assert door.post(f"{path}/erase").status_code == 204
    assert door.get(path).status_code == 404
    kept = [row for row in events(desk.house) if row.subject == bert["alias"] and row.body]
    assert kept == []


def test_wrong_fields_are_named(desk: Desk) -> None:
    door = desk.as_(made(desk.house, "ada@example.org", "administrator"))
    for path, body, field in (
        ("users", {"mail": "nobody"}, "mail"),
        ("users", {"mail": "a@example.org", "roles": ["king"]}, "role"),
        ("users", {"mail": "a@example.org", "units": ["none"]}, "unit"),
        ("users", {"mail": "a@example.org", "admin": True}, "admin"),
        ("units", {"name": "No"}, "name"),
        ("units", {"name": "a", "calendar": "XX"}, "calendar"),
        ("training", {"person": "x", "course": "A b", "passed_on": "2026-01-01"}, "course"),
        ("tokens", {"name": "x", "actions": ["fly"]}, "actions"),
        ("robots", {"name": "r", "purpose": "p", "owner": "usr_x"}, "owner"),
    ):
        answer = door.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 422, (path, answer.text)
        assert field in [each["field"] for each in answer.json()["errors"]], path
    assert door.get("/api/v1/users?q=a").json()["items"][0]["mail"] == "ada@example.org"


def test_nobody_raises_themselves_and_the_last_administrator_stays(desk: Desk) -> None:
    ada = made(desk.house, "ada@example.org", "administrator")
    door = desk.as_(ada)
    own = door.put(f"/api/v1/users/{ada.id}/roles/legal", json={})
    assert (own.status_code, own.json()["code"]) == (403, "identity.self-grant")
    for answer in (
        door.delete(f"/api/v1/users/{ada.id}/roles/administrator"),
        door.post(f"/api/v1/users/{ada.id}/disable", json={}),
        door.post(f"/api/v1/users/{ada.id}/erase"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "identity.last-administrator")


def test_the_auditor_reads_and_changes_nothing(desk: Desk) -> None:
    otto = made(desk.house, "otto@example.org", "auditor")
    door = desk.as_(otto)
    for path in ("users", "units", "roles", "robots", "training", "tokens"):
        assert door.get(f"/api/v1/{path}").status_code == 200, path
    assert door.get("/api/v1/tokens?owner=usr_somebody").status_code == 200
    for path, body in (
        ("users", {"mail": "x@example.org"}),
        ("units", {"name": "x"}),
        ("robots", {"name": "r", "purpose": "p", "owner": otto.id}),
        ("training", {"person": otto.id, "course": "c", "passed_on": "2026-01-01"}),
    ):
        assert door.post(f"/api/v1/{path}", json=body).status_code == 403, path


def test_tokens_are_ones_own(desk: Desk) -> None:
    anna = made(desk.house, "anna@example.org", "requester")
    bert = made(desk.house, "bert@example.org", "requester")
    door = desk.as_(anna)
    asked = {"name": "ci", "actions": ["use-case.read"]}
    headers = {"idempotency-key": "one-key-for-it"}
    issued = door.post("/api/v1/tokens", json=asked, headers=headers).json()
    assert door.post("/api/v1/tokens", json=asked, headers=headers).json() != issued
    path = f"/api/v1/tokens/{issued['view']['id']}"
    assert desk.as_(bert).delete(path).status_code == 404
    assert desk.as_(bert).get(f"/api/v1/tokens?owner={anna.id}").status_code == 403
    turned = door.post(f"{path}/rotate", json={"overlap_hours": 1})
    assert turned.status_code == 201
    listed = door.get("/api/v1/tokens").json()["items"]
    assert issued["token"] not in str(listed)
    assert {each["state"] for each in listed} == {"active"}
    assert door.delete(path).json()["state"] == "revoked"
    gone = door.get("/api/v1/me", headers={"authorization": f"Bearer {issued['token']}"})
    assert gone.status_code == 401
    ada = desk.as_(made(desk.house, "ada@example.org", "administrator"))
    assert ada.delete(f"/api/v1/tokens/{turned.json()['view']['id']}").json()["state"] == "revoked"


def test_a_robot_gets_tokens_from_its_owner_and_issues_none(desk: Desk) -> None:
    ada = desk.as_(made(desk.house, "ada@example.org", "administrator"))
    olga = made(desk.house, "olga@example.org", "requester")
    bert = desk.as_(made(desk.house, "bert@example.org", "requester"))
    asked = {"name": "ci", "purpose": "Asks", "owner": olga.id, "roles": ["requester"]}
    robot = ada.post("/api/v1/robots", json=asked).json()
    path = f"/api/v1/robots/{robot['id']}"
    assert bert.post(f"{path}/tokens", json={"name": "x"}).status_code == 403
    issued = desk.as_(olga).post(f"{path}/tokens", json={"name": "x"}).json()
    machine = {"authorization": f"Bearer {issued['token']}"}
    assert bert.get("/api/v1/me", headers=machine).json()["kind"] == "robot"
    more = bert.post("/api/v1/tokens", json={"name": "y"}, headers=machine)
    assert (more.status_code, more.json()["code"]) == (403, "token.robot")
    turned = bert.post(f"/api/v1/tokens/{issued['view']['id']}/rotate", json={}, headers=machine)
    assert turned.status_code == 201
    tag = {"if-match": '"1"'}
    assert ada.patch(path, json={"roles": ["legal"]}, headers=tag).status_code == 422
    assert ada.patch(path, json={"purpose": "Other"}, headers=tag).json()["purpose"] == "Other"
    assert ada.post(f"{path}/disable").json()["state"] == "disabled"
    assert bert.get("/api/v1/me", headers=machine).status_code == 401


def test_an_assessor_sees_what_was_opened(desk: Desk) -> None:
    ada = desk.as_(made(desk.house, "ada@example.org", "administrator"))
    anna = made(desk.house, "anna@example.org", "requester", unit="search")
    eva = made(desk.house, "eva@outside.example", "assessor")
    cases = [
        desk.as_(anna).post("/api/v1/use-cases", json={**FIVE, "name": name}).json()["id"]
        for name in ("one", "two")
    ]
    outside = desk.as_(eva)
    assert outside.get("/api/v1/use-cases").json()["items"] == []
    path = f"/api/v1/users/{eva.id}/openings"
    until = (NOON + dt.timedelta(days=5)).isoformat()
    opened = ada.post(path, json={"use_case": cases[0], "until": until})
    assert opened.status_code == 200, opened.text
    assert [row["id"] for row in outside.get("/api/v1/use-cases").json()["items"]] == [cases[0]]
    assert outside.get(f"/api/v1/use-cases/{cases[1]}").status_code == 404
    assert outside.get("/api/v1/users").status_code == 403
    wrong = ada.post(
        f"/api/v1/users/{anna.id}/openings", json={"use_case": cases[0], "until": until}
    )
    assert wrong.status_code == 422
    assert len(ada.get(path).json()["items"]) == 1
    assert ada.delete(f"{path}/{cases[0]}").status_code == 204
    assert outside.get("/api/v1/use-cases").json()["items"] == []


def test_training_is_seen_by_oneself_and_by_those_who_have_to(desk: Desk) -> None:
    ada = desk.as_(made(desk.house, "ada@example.org", "administrator"))
    anna = made(desk.house, "anna@example.org", "requester")
    bert = made(desk.house, "bert@example.org", "requester")
    for each in (anna, bert):
        asked = {"person": each.id, "course": "pickle-risks", "passed_on": "2026-11-01"}
        assert ada.post("/api/v1/training", json=asked).status_code == 201
    own = desk.as_(anna).get(f"/api/v1/training?person={bert.id}").json()["items"]
    assert [each["person"] for each in own] == [anna.id]
    assert len(ada.get("/api/v1/training?course=pickle-risks").json()["items"]) == 2


def test_logging_somebody_out_stops_all_they_have(desk: Desk) -> None:
    ada = desk.as_(made(desk.house, "ada@example.org", "administrator"))
    anna = made(desk.house, "anna@example.org", "requester")
    door = desk.as_(anna)
    assert door.get("/api/v1/me").status_code == 200
    assert ada.post(f"/api/v1/users/{anna.id}/log-out").status_code == 204
    assert door.get("/api/v1/me").status_code == 401
