# SPDX-License-Identifier: Apache-2.0
"""The client against a real server, and against one that is away or strange."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from tests.api.test_use_cases import FIVE
from tests.live import listening
from tests.platform.identity.staff import made, token_of

from steelyard.api.app import create_app
from steelyard.api.authentication import authenticate_with
from steelyard.bootstrap.house import House
from steelyard.kernel.errors import (
    FieldErrors,
    ForbiddenError,
    InputError,
    MissingError,
    StaleError,
    UnauthenticatedError,
    UnavailableError,
    UndecidedError,
)
from steelyard.platform.client import (
    Client,
    Profile,
    load_profile,
    profile_path,
    save_profile,
    server_url,
)


@pytest.fixture
def anna(house: House) -> Iterator[Client]:
    person = made(house, "anna@example.org", "requester", unit="search")
    token = token_of(house, person.id).token
    with listening(create_app(house, authenticate_with(house))) as url:
        yield Client(Profile(url=url, token=token))


def test_calls_pages_versions_and_errors(anna: Client, house: House) -> None:
    made_one = anna.post("/use-cases", FIVE, key="a-key-of-mine")
    assert (made_one.status, made_one.version) == (201, 1)
    assert anna.post("/use-cases", FIVE, key="a-key-of-mine").body == made_one.body
    for number in range(3):
        anna.post("/use-cases", {**FIVE, "name": f"case-{number}"})
    assert len(list(anna.pages("/use-cases", limit=2))) == 4
    path = f"/use-cases/{made_one.body['id']}"
    assert anna.patch(path, {"environment": "staging"}, version=1).version == 2
    with pytest.raises(StaleError) as stale:
        anna.patch(path, {"environment": "production"}, version=1)
    assert isinstance(stale.value.current, dict)
    assert stale.value.current["facts"]["environment"] == "staging"
    with pytest.raises(FieldErrors) as wrong:
        anna.post("/use-cases", {**FIVE, "exposure": "x"})
    assert wrong.value.faults[0][0] == "exposure"
    assert wrong.value.next_step
    with pytest.raises(MissingError):
        anna.get("/use-cases/uc_01k00000000000000000000000")
    reader = made(house, "otto@example.org", "auditor")
    limited = Client(Profile(url=anna.profile.url, token=token_of(house, reader.id).token))
    with pytest.raises(ForbiddenError):
        limited.post("/use-cases", FIVE)
    with pytest.raises(UnauthenticatedError):
        Client(Profile(url=anna.profile.url, token="sty_x")).get("/me")


def test_a_server_that_is_away_is_asked_again() -> None:
    asked: list[str] = []

    def busy(request: Request) -> Response:
        asked.append(request.headers["idempotency-key"])
        if len(asked) < 3:
            return JSONResponse({}, 503, headers={"retry-after": "7"})
        return JSONResponse({"done": True}, 201)

    def elsewhere(request: Request) -> Response:
        return RedirectResponse("http://127.0.0.1:1/stolen")

    def strange(request: Request) -> Response:
        return PlainTextResponse("<html>", 200, media_type="application/json")

    waits: list[float] = []
    routes = [
        Route("/api/v1/busy", busy, methods=["POST"]),
        Route("/api/v1/elsewhere", elsewhere),
        Route("/api/v1/strange", strange),
    ]
    with listening(Starlette(routes=routes)) as url:
        client = Client(Profile(url=url, token="sty_x"), sleep=waits.append)
        assert client.post("/busy").body == {"done": True}
        for path in ("/elsewhere", "/strange"):
            with pytest.raises(UndecidedError) as caught:
                client.get(path)
            assert caught.value.code == "server.strange"
    assert waits == [7, 7]
    assert len(set(asked)) == 1
    with pytest.raises(UnavailableError):
        client.get("/busy")
    assert len(waits) == 6


def test_the_profile_is_the_owners_alone(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    with pytest.raises(InputError) as caught:
        load_profile(environ)
    assert caught.value.code == "profile.missing"
    profile = Profile(url="https://steelyard.example.org", token="sty_x")
    path = save_profile(profile, environ)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_profile(environ) == profile
    path.chmod(0o644)
    with pytest.raises(InputError) as caught:
        load_profile(environ)
    assert caught.value.code == "profile.mode"
    given: dict[str, Any] = {"STEELYARD_URL": "http://localhost:8080/", "STEELYARD_TOKEN": "sty_y"}
    assert load_profile({**environ, **given}) == Profile(url="http://localhost:8080", token="sty_y")
    profile_path(environ).write_bytes(b"{}")
    profile_path(environ).chmod(0o600)
    with pytest.raises(InputError) as caught:
        load_profile(environ)
    assert caught.value.code == "profile.unreadable"


@pytest.mark.parametrize("url", ["example.org", "ftp://x", "http://", "http://u:p@localhost", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InputError) as caught:
        server_url(url)
    assert caught.value.code == "profile.url"


def test_a_token_is_not_sent_in_the_clear() -> None:
    with pytest.raises(InputError) as caught:
        server_url("http://steelyard.example.org")
    assert caught.value.code == "profile.insecure"
    assert server_url("http://intra/", insecure=True) == "http://intra"
    assert server_url("https://x.example/base/") == "https://x.example/base"
