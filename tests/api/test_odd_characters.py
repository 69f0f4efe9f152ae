# SPDX-License-Identifier: Apache-2.0
"""Cursors somebody made up and characters no text may hold are refused, never a server's fault."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server import Doors, houses, person

LENA = person("lena", "legal")
LISTS = ("models", "revisions", "suppliers", "requests", "assessments", "evidence", "use-cases")
API = "/api/v1"


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Doors]:
    """The doors of a house on SQLite: nothing here reaches a database."""
    for house in houses("sqlite", tmp_path):
        yield Doors(house)


def made_up(key: Any, mark: bytes = b"") -> str:
    return base64.urlsafe_b64encode(mark + json.dumps(key).encode()).rstrip(b"=").decode()


def test_made_up_cursors_are_refused(doors: Doors) -> None:
    lena = doors.as_(LENA)
    keys: list[Any] = [[], [5], ["x"], ["a\0"], [2**70], ["x", 1], {"a": 1}]
    for path in LISTS:
        for key in keys:
            for mark in (b"", b"x" * 12):
                cursor = made_up(key, mark)
                answer = lena.get(f"{API}/{path}", params={"cursor": cursor})
                assert (answer.status_code, answer.json()["code"]) == (422, "list.cursor")


def test_a_cursor_is_of_one_list(doors: Doors) -> None:
    lena = doors.as_(LENA)
    for number in range(3):
        made = lena.post(f"{API}/suppliers", json={"name": f"s{number}"})
        assert made.status_code == 201
    cursor = lena.get(f"{API}/suppliers?limit=1").json()["next"]
    assert lena.get(f"{API}/suppliers", params={"cursor": cursor}).status_code == 200
    assert lena.get(f"{API}/models", params={"cursor": cursor}).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "models/x%00y", None),
        ("GET", "requests?text=%00", None),
        ("POST", "suppliers", '{"name": "a\\u0000b"}'),
        ("POST", "suppliers", '{"name": "x", "terms": {"contract": "\\\\\\u0000"}}'),
    ],
)
def test_the_character_nul_is_refused(one: Doors, method: str, path: str, body: str | None) -> None:
    answer = one.as_(LENA).request(method, f"{API}/{path}", content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "input.characters")


def test_what_only_looks_like_nul_is_kept(one: Doors) -> None:
    body = r'{"name": "50%00 and \\u0000"}'
    made = one.as_(LENA).post(
        f"{API}/suppliers", content=body, headers={"content-type": "application/json"}
    )
    assert (made.status_code, made.json()["name"]) == (201, r"50%00 and \u0000")
