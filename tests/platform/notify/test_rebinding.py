# SPDX-License-Identifier: Apache-2.0
"""A name that answers with a public address first and a private one the next time."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from tests.platform.notify.receiver import receiving
from tests.server import NOON

from steelyard.platform.notify.post import post

PUBLIC = "93.184.215.14"


def test_the_judged_address_is_the_one_that_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    reached: list[Any] = []

    def answers(host: str, port: int, **_more: Any) -> list[Any]:
        asked.append(host)
        address = PUBLIC if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(place: Any, *_more: Any, **_others: Any) -> socket.socket:
        reached.append(place)
        raise ConnectionRefusedError

    with receiving() as inside:
        port = int(inside.url.rpartition(":")[2].partition("/")[0])
        monkeypatch.setattr(socket, "getaddrinfo", answers)
        monkeypatch.setattr(socket, "create_connection", connect)
        sent = post(f"https://rebinding.example.org:{port}/", "m", {}, [], now=NOON, timeout=5,
                    private=False)  # fmt: skip
        assert inside.got == []
    assert reached == [(PUBLIC, port)]
    assert asked == ["rebinding.example.org"]
    assert not sent.ok
    again = post("https://rebinding.example.org/", "m", {}, [], now=NOON, timeout=5, private=False)
    assert "private network" in again.error
    assert len(reached) == 1
