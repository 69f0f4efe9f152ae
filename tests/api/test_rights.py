# SPDX-License-Identifier: Apache-2.0
"""Every route for every role, read off the OpenAPI document.

A route that names no right, or a right nobody listed, fails; so does a route that lets in a role
that has not its right, or keeps one out that has. Objects of another unit must look exactly like
objects that are not there.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.server import Doors, houses, person
from tests.stories.test_governance import CASE, PUBLIC, ask, model
from tests.stories.town import Town, open_town

from steelyard.api.app import routes_of
from steelyard.api.door import OPEN
from steelyard.bootstrap.house import House
from steelyard.kernel.actor import BUILT_IN_ROLES, Scope
from steelyard.kernel.errors import SteelyardError
from steelyard.platform.client import Client
from steelyard.platform.identity.permissions import PERMISSIONS, allowed

ROLES = [*BUILT_IN_ROLES, "model-validation"]
"""The built-in ones and one that only a charter knows."""
NOWHERE = "xx_01k00000000000000000000000"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for the whole matrix: nothing in it is changed by calls that are refused."""
    yield from houses("sqlite", tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def matrix(shared: House) -> Doors:
    return Doors(shared)


def _path(path: str) -> str:
    return re.sub(r"\{[^}]*\}", NOWHERE, path)


def test_every_route_names_a_right_somebody_holds(matrix: Doors) -> None:
    wrong = [
        route
        for route in routes_of(matrix.app)
        if route["right"] != OPEN and not PERMISSIONS.get(route["right"] or "")
    ]
    assert not wrong


def test_no_right_is_without_a_route(matrix: Doors) -> None:
    used = {route["right"] for route in routes_of(matrix.app)}
    assert not PERMISSIONS.keys() - used - ASKED_BEHIND_DOORS


@pytest.mark.parametrize("role", ROLES)
def test_doors_open_to_those_who_have_the_right_and_nobody_else(matrix: Doors, role: str) -> None:
    somebody = person(f"matrix-{role}", role)
    client = matrix.as_(somebody)
    wrong = []
    for route in routes_of(matrix.app):
        if route["right"] == OPEN:
            continue
        answer = client.request(route["method"], _path(route["path"]), json={})
        refused = answer.status_code == 403 and answer.json()["code"] == "right.missing"
        if refused == allowed(somebody, route["right"]) or answer.status_code in (401, 500):
            wrong.append((route, answer.status_code, answer.text[:200]))
    assert not wrong


def test_strangers_are_asked_who_they_are(matrix: Doors) -> None:
    wrong = []
    for route in routes_of(matrix.app):
        if route["right"] != OPEN:
            answer = matrix.stranger.request(route["method"], _path(route["path"]), json={})
            if answer.status_code != 401:
                wrong.append((route, answer.status_code))
    assert not wrong


def test_a_token_reaches_no_further_than_its_scope(matrix: Doors) -> None:
    narrow = person("narrow", *BUILT_IN_ROLES, scope=Scope(actions=("use-case.read",)))
    client = matrix.as_(narrow)
    for route in routes_of(matrix.app):
        if route["right"] in (OPEN, "use-case.read"):
            continue
        answer = client.request(route["method"], _path(route["path"]), json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "right.scope"), route


def test_auditors_change_nothing(matrix: Doors) -> None:
    auditor = person("reader", "auditor", unit="")
    changing = [
        route
        for route in routes_of(matrix.app)
        if route["right"] != OPEN
        and route["method"] in ("POST", "PUT", "PATCH", "DELETE")
        and allowed(auditor, route["right"])
        and not route["right"].endswith(".own")
        and route["path"] not in READ_BY_POST
    ]
    assert not changing


def test_administrators_hold_no_right_to_decide() -> None:
    deciding = {right for right, roles in PERMISSIONS.items() if "administrator" in roles}
    assert not deciding & DECIDING


READ_BY_POST = {
    "/api/v1/charters/check",
}
"""Questions too long for an address; they change nothing. Rights that end in ``.own`` are about
one's own logins, tokens and notices."""
ASKED_BEHIND_DOORS = {"token.manage", "token.read", "training.read"}
"""Rights that widen what a door shows or does."""
DECIDING = {
    "action.write",
    "charter.vote",
    "decision.act",
    "emergency.act",
    "exception.end",
    "exception.grant",
    "review.sign",
    "risk.accept",
}
"""Rights that decide about models, requests or exceptions."""
GLOBAL = {
    "delegation_id", "delivery_id", "model_id", "name", "notice_id", "path", "position",
    "proposal_id", "revision_id", "robot_id", "role", "session_id", "sha256", "supplier_id",
    "thing_id", "token_id", "unit", "user_id", "webhook_id",
}  # fmt: skip
"""Path parameters of what everybody in the house may see, or only the person it belongs to."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town in which the unit ``search`` has one thing of every kind."""
    with open_town("sqlite", tmp_path_factory.mktemp("town"), "standard") as place:
        yield place


def _things(town: Town, directory: Path) -> dict[str, str]:
    """Return the id of a thing of every kind that belongs to the unit ``search``."""
    anna = town.settle("anna", "requester", unit="search")
    lena = town.settle("lena", "legal", unit="law")
    pilot = anna.post("/use-cases", CASE).body
    public = anna.post("/use-cases", PUBLIC).body
    request = ask(anna, pilot, model(directory / "a"))
    asked = ask(anna, public, model(directory / "b"))
    town.work_off()
    decision = anna.get("/decisions", request=request["id"]).body["items"][0]
    review = lena.get("/reviews", request=asked["id"]).body["items"][0]
    clock = lena.get("/clocks", subject=review["id"]).body["items"][0]
    return {
        "use_case_id": pilot["id"],
        "request_id": asked["id"],
        "assessment_id": decision["assessment"],
        "decision_id": decision["id"],
        "review_id": review["id"],
        "clock_id": clock["id"],
        **_attached(town, anna, lena, decision, review),
    }


def _attached(
    town: Town, anna: Client, lena: Client, decision: dict[str, Any], review: dict[str, Any]
) -> dict[str, str]:
    """Return ids of what hangs on a decision or a review."""
    action = lena.post(
        "/actions",
        {
            "review": review["id"],
            "text": "Name the license.",
            "owner": town.ids["anna"],
            "severity": "medium",
        },
    ).body
    asked = {
        "request": decision["request"],
        "rule": "training-data-named",
        "reason": "The publisher answers in January.",
        "owner": town.ids["lena"],
        "until": (town.clock().date() + dt.timedelta(days=14)).isoformat(),
        "controls": ["Outputs are read by a person."],
    }
    found = {"action_id": action["id"]}
    try:
        found["exception_id"] = anna.post("/exceptions", asked).body["id"]
    except SteelyardError as error:
        assert error.code.startswith("exception."), error
    return found


def test_things_of_another_unit_are_not_there(town: Town, tmp_path: Path) -> None:
    things = _things(town, tmp_path)
    stranger = town.settle("fred", "requester", unit="fraud")
    fred = person("fred", "requester", unit="fraud")
    routes = routes_of(town.app)
    wrong, unknown = [], set()
    for route in routes:
        names = re.findall(r"\{([^}:]*)[^}]*\}", route["path"])
        if not names or route["right"] == OPEN or not allowed(fred, route["right"]):
            continue
        unknown |= {name for name in names if name not in things} - GLOBAL
        if not set(names) <= things.keys():
            continue
        there = _answer(stranger, route["method"], _filled(route["path"], things))
        nowhere = _answer(stranger, route["method"], _path(route["path"]))
        if there != nowhere:
            wrong.append((route, there, nowhere))
    assert not wrong
    assert not unknown - MADE_BY_HAND


MADE_BY_HAND = {"condition_id", "evidence_id", "exception_id", "risk_id", "emergency_id"}
"""Things whose visibility the tests of their own rooms hold."""


def _filled(path: str, things: dict[str, str]) -> str:
    return re.sub(r"\{([^}:]*)[^}]*\}", partial(_of, things), path)


def _of(things: dict[str, str], found: re.Match[str]) -> str:
    return things[found[1]]


def _answer(client: Client, method: str, path: str) -> str:
    """Return the code of what a call is refused with."""
    try:
        client.call(method, path.removeprefix("/api/v1"), body={}, version=1)
    except SteelyardError as error:
        return error.code
    return "done"
