# SPDX-License-Identifier: Apache-2.0
"""What every route shares: the caller, the right it asks for, conditions, keys and replies.

A route is written so::

    @router.door("POST", "", right="use-case.write", returns=UseCaseView, status=201)
    def register(body: Registration, caller: Caller) -> Response:
        return caller.act(lambda work: service.register(work, caller.actor, body.facts()), 201)

The right is checked before the handler runs; the reply is sent after the commit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.responses import Response
from structlog.contextvars import bind_contextvars

from steelyard.api.openapi import schema_of
from steelyard.bootstrap.house import House
from steelyard.kernel.actor import Actor
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import ConflictError, InputError, UnauthenticatedError
from steelyard.platform.database.engine import wait_for_others
from steelyard.platform.identity.permissions import demand
from steelyard.platform.replies.tables import ReplyRow
from steelyard.platform.work import Work

H = TypeVar("H", bound=Callable[..., Any])
T = TypeVar("T")
OPEN = "open"
"""The right of a route that anybody may use without logging in."""
_KEY = re.compile(r"\A[\x21-\x7e]{8,200}\Z")
_NUL_IN_ADDRESS = re.compile(rb"\x00|%00")
_NUL_IN_BODY = re.compile(rb"\x00|(?<!\\)(?:\\\\)*\\u0000")
_ETAG = re.compile(r'\A(?:W/)?"(\d{1,18})"\Z')


class Router(APIRouter):
    """Routes of one room. Every one names the right it asks for."""

    def door(
        self,
        method: str,
        path: str,
        *,
        right: str,
        returns: Any = None,
        status: int = 200,
    ) -> Callable[[H], H]:
        """Return what makes a function the handler of a route.

        ``right`` is one of the permissions, or :data:`OPEN`. ``returns`` is the msgspec type of the
        reply; the OpenAPI document describes the reply by it.
        """
        answer: dict[str, Any] = {"description": "Done" if status < 300 else "Elsewhere"}
        if returns is not None:
            schema: dict[str, Any] = schema_of(returns)
            answer["content"] = {"application/json": {"schema": schema}}

        def add(handler: H) -> H:
            self.add_api_route(
                path,
                handler,
                methods=[method],
                status_code=status,
                response_model=None,
                openapi_extra={"x-right": right},
                responses={status: answer},
            )
            return handler

        return add


class Called:
    """One call: who, with what conditions, and how to answer it."""

    def __init__(self, request: Request, house: House, actor: Actor, body: bytes) -> None:
        self.request, self.house, self.actor = request, house, actor
        self._body = body
        self.trace: str = request.scope.get("trace", "")

    @property
    def expected(self) -> int:
        """The version of the row the caller has read, from ``If-Match``.

        Raises:
            InputError: the header is missing or is not an entity tag of this server.
        """
        stated = self.request.headers.get("if-match")
        if stated is None:
            raise InputError(
                "This change needs the header If-Match.",
                next_step="Read the thing first and send its ETag back as If-Match.",
                code="precondition.needed",
            )
        found = _ETAG.match(stated.strip())
        if found is None:
            raise InputError(
                f"{stated[:60]!r} is not an entity tag of this server.",
                next_step="Send the ETag of the reply you read, with its quotes.",
                code="precondition.malformed",
            )
        return int(found[1])

    def read(self, ask: Callable[[Session], object]) -> Response:
        """Answer with what ``ask`` finds."""
        with self.house.reading() as session:
            found = ask(session)
        return self._conditional(found)

    def act(self, change: Callable[[Work], object], status: int = 200) -> Response:
        """Do ``change`` in one transaction and answer with what it returns, after the commit.

        A call with an ``Idempotency-Key`` that was done before is answered again, not done again.

        Raises:
            ConflictError: the key was used for another call.
            InputError: the key is malformed.
        """
        key = self.request.headers.get("idempotency-key", "")
        return self.once(key, change, lambda made: reply(made, status))

    def once(
        self, key: str, change: Callable[[Work], T], answer: Callable[[T], Response]
    ) -> Response:
        """Do ``change`` in one transaction unless a call with ``key`` did it before.

        ``answer`` makes the reply, which is kept with the key; an empty key keeps nothing.

        Raises:
            ConflictError: the key was used for another call.
            InputError: the key is malformed.
        """
        if key and not _KEY.match(key):
            raise InputError(
                "The Idempotency-Key must be 8 to 200 visible ASCII characters.",
                next_step="Send a fresh UUID for every new call.",
                code="idempotency.key",
            )

        def act(work: Work) -> Response:
            if key:
                wait_for_others(work.session, f"reply {self.actor.id} {key}")
            kept = self._kept(work.session, key) if key else None
            if kept is not None:
                return kept
            response = answer(change(work))
            if key:
                self._keep(work, key, response)
            return response

        return self.house.transact(act, trace=self.trace)

    def act_once(self, change: Callable[[Work], object], status: int = 200) -> Response:
        """Do ``change`` like :meth:`act`, but keep no reply, because it holds a secret.

        A call repeated with its key is done again.
        """
        return reply(self.house.transact(change, trace=self.trace), status)

    def _conditional(self, found: object) -> Response:
        response = reply(found, 200)
        tag = response.headers.get("etag")
        if tag and tag in self.request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers={"etag": tag})
        return response

    def _fingerprint(self) -> str:
        told = f"{self.request.method} {self.request.url.path}?{self.request.url.query}\n"
        return sha256_hex(told.encode() + self._body)

    def _kept(self, session: Session, key: str) -> Response | None:
        row = session.get(ReplyRow, (self.actor.id, key))
        if row is None:
            return None
        if row.fingerprint != self._fingerprint():
            raise ConflictError(
                "This Idempotency-Key was used for another call.",
                next_step="Send a fresh key with every new call.",
                code="idempotency.reused",
            )
        return Response(row.body, row.status, headers={**row.headers, "idempotent-replay": "true"})

    def _keep(self, work: Work, key: str, response: Response) -> None:
        headers = {
            name: value
            for name, value in response.headers.items()
            if name in ("etag", "location", "content-type")
        }
        work.session.add(
            ReplyRow(
                actor=self.actor.id,
                key=key,
                fingerprint=self._fingerprint(),
                status=response.status_code,
                headers=headers,
                body=bytes(response.body),
                at=work.now,
            )
        )


def reply(found: object, status: int) -> Response:
    """Encode a result; one with a ``version`` gets an entity tag."""
    if isinstance(found, Response):
        return found
    if found is None:
        return Response(status_code=204)
    headers = {}
    version = getattr(found, "version", None)
    if isinstance(version, int):
        headers["ETag"] = f'"{version}"'
    data = msgspec.json.encode(found)
    return Response(data, status, headers=headers, media_type="application/json")


def _refuse_nul(spelled: re.Pattern[bytes], data: bytes) -> None:
    """Refuse the character no database keeps in a text, however it is spelled."""
    if spelled.search(data):
        raise InputError(
            "A text holds the character U+0000.",
            next_step="Leave it out.",
            code="input.characters",
        )


def refuse_nul(request: Request) -> None:
    """Refuse an address that holds the character no database keeps in a text."""
    _refuse_nul(_NUL_IN_ADDRESS, request.scope["path"].encode() + request.scope["query_string"])


async def identified(request: Request) -> Actor:
    """Authenticate the caller and check the right the route declares."""
    from starlette.concurrency import run_in_threadpool

    refuse_nul(request)
    actor = await run_in_threadpool(request.app.state.authenticate, request)
    if actor is None:
        raise UnauthenticatedError(
            "This address needs to know who asks.",
            next_step="Log in, or send an API token as `Authorization: Bearer …`.",
        )
    request.scope["actor"] = actor.alias
    bind_contextvars(trace=request.scope.get("trace", ""), actor=actor.alias)
    demand(actor, request.scope["route"].openapi_extra["x-right"])
    found: Actor = actor
    return found


async def _called(request: Request) -> Called:
    """Read the body, which is small, and find out who calls."""
    body = await request.body()
    _refuse_nul(_NUL_IN_BODY, body)
    return Called(request, request.app.state.house, await identified(request), body)


Caller = Annotated[Called, Depends(_called)]
