# SPDX-License-Identifier: Apache-2.0
"""Every address with a body: what is wrong is said field by field, and too much is not read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.test_any_input import EVERYTHING
from tests.api.test_rights import NOWHERE
from tests.server import Doors, houses

from steelyard.api import app as application
from steelyard.api.problems import PROBLEM
from steelyard.bootstrap.house import House

NEAR = 900
"""A limit of bodies that a test can go beyond at every address."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for all: nothing in it is changed by calls that are refused."""
    yield from houses("sqlite", tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def doors(shared: House) -> Doors:
    return Doors(shared)


def operations(doors: Doors) -> list[tuple[str, str, dict[str, Any]]]:
    """Return method, path and description of every address that takes a JSON body."""
    found = []
    for path, methods in doors.app.openapi()["paths"].items():
        for method, described in methods.items():
            body = described.get("requestBody", {}).get("content", {})
            if "application/json" in body:
                place = re.sub(r"\{[^}]*\}", NOWHERE, path)
                found.append((method.upper(), place, body["application/json"]["schema"]))
    assert len(found) > 50
    return found


def schema(doors: Doors, described: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that may be named instead of written out."""
    name = described.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = doors.app.openapi()["components"]["schemas"].get(name, described)
    return found


def test_fields_of_another_type_are_named(doors: Doors) -> None:
    client, wrong = doors.as_(EVERYTHING), []
    for method, path, described in operations(doors):
        for name in schema(doors, described).get("properties", {}):
            answer = client.request(method, path, json={name: {"\u2603": [None]}})
            fields = {each["field"] for each in answer.json().get("errors", ())}
            if answer.status_code != 422 or not any(
                each == name or each.startswith(f"{name}.") for each in fields
            ):
                wrong.append((method, path, name, answer.status_code, answer.text[:300]))
    assert not wrong


@pytest.mark.parametrize("data", [b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 800])
def test_what_is_no_object_is_said_so(doors: Doors, data: bytes) -> None:
    client, wrong = doors.as_(EVERYTHING), []
    for method, path, _ in operations(doors):
        answer = client.request(
            method, path, content=data, headers={"content-type": "application/json"}
        )
        if answer.status_code != 422 or answer.headers["content-type"] != PROBLEM:
            wrong.append((method, path, answer.status_code, answer.text[:300]))
    assert not wrong


def test_too_large_a_body_is_refused_however_it_is_sent(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "BODY_MOST", NEAR)
    client, wrong = doors.as_(EVERYTHING), []
    for method, path, _ in operations(doors):
        data = b'{"x":"' + b"x" * NEAR + b'"}'
        ways: tuple[Any, ...] = (data, iter([data[:500], data[500:]]))
        for content in ways:
            answer = client.request(
                method, path, content=content, headers={"content-type": "application/json"}
            )
            if (answer.status_code, answer.json()["code"]) != (413, "body.size"):
                wrong.append((method, path, answer.status_code, answer.text[:300]))
    assert not wrong
