# SPDX-License-Identifier: Apache-2.0
"""Every route for every role, read off the OpenAPI document.

A route that names no right, or a right nobody listed, fails; so does a route that lets in a role
that has not its right, or keeps one out that has. Objects of another unit must look exactly like
objects that are not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.server import Doors, houses, person

from steelyard.api.app import routes_of
from steelyard.api.door import OPEN
from steelyard.bootstrap.house import House
from steelyard.kernel.actor import BUILT_IN_ROLES, Scope
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
    assert not PERMISSIONS.keys() - used


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
        and route["path"] not in READ_BY_POST
    ]
    assert not changing


def test_administrators_hold_no_right_to_decide() -> None:
    deciding = {right for right, roles in PERMISSIONS.items() if "administrator" in roles}
    assert not deciding & DECIDING


READ_BY_POST = {
    "/api/v1/charters/check",
}
"""Questions too long for an address; they change nothing."""
DECIDING: set[str] = set()
"""Rights that decide about models, requests or exceptions."""


def _foreign(doors: Doors) -> dict[str, str]:
    """Return an id of every kind of thing that belongs to the unit ``search``."""
    from tests.api.test_use_cases import FIVE

    owner = doors.as_(person("owner", "requester"))
    return {"use_case_id": owner.post("/api/v1/use-cases", json=FIVE).json()["id"]}


def _of(things: dict[str, str], found: re.Match[str]) -> str:
    return things[found[1]]


BELONGS_TO_NOBODY = {"proposal_id", "sha256"}
"""Path parameters of things everybody in the house may see."""


def test_things_of_another_unit_are_not_there(tmp_path: Path) -> None:
    for house in houses("sqlite", tmp_path):
        doors = Doors(house)
        things = _foreign(doors)
        stranger = doors.as_(person("fraud", "requester", unit="fraud"))
        unknown = set()
        for route in routes_of(doors.app):
            names = re.findall(r"\{([^}:]*)[^}]*\}", route["path"])
            if not names or not allowed(person("x", "requester"), route["right"]):
                continue
            unknown |= {name for name in names if name not in things} - BELONGS_TO_NOBODY
            if not set(names) <= things.keys():
                continue
            there = re.sub(r"\{([^}:]*)[^}]*\}", partial(_of, things), route["path"])
            headers = {"if-match": '"1"'}
            seen = stranger.request(route["method"], there, json={}, headers=headers)
            none = stranger.request(route["method"], _path(route["path"]), json={}, headers=headers)
            assert seen.status_code == none.status_code, route
            assert seen.json().get("code") == none.json().get("code"), route
        assert not unknown, "name these path parameters in _foreign or BELONGS_TO_NOBODY"
