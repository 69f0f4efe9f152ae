# SPDX-License-Identifier: Apache-2.0
"""Says who makes a call: by API token, else by session cookie."""

from __future__ import annotations

import datetime as dt

from fastapi import Request

from steelyard.api.cookies import session_secret
from steelyard.bootstrap.house import House
from steelyard.kernel.actor import Actor
from steelyard.platform.identity import sessions, tokens
from steelyard.platform.identity.last_used import LastUsed


class Authentication:
    """Asked once for each call; remembers nothing, so that what is revoked stops at once."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.last_used = LastUsed(house.database)
        stated = house.settings.second_factor_roles.split(",")
        self._second_factor = frozenset(role.strip() for role in stated if role.strip())
        house.closers.append(self.last_used.close)

    def __call__(self, request: Request) -> Actor | None:
        """Return who calls, or None.

        A call that shows a token is judged by the token alone, even if it is wrong.
        """
        stated = request.headers.get("authorization")
        if stated is not None:
            scheme, _, secret = stated.partition(" ")
            return self._by_token(secret.strip()) if scheme.lower() == "bearer" else None
        secret = session_secret(request)
        return self._by_session(request, secret) if secret else None

    def _by_token(self, secret: str) -> Actor | None:
        now = self._house.clock()
        with self._house.reading() as session:
            actor = tokens.check(session, secret, now)
        if actor is not None:
            self.last_used.note(actor.token, now)
        return actor

    def _by_session(self, request: Request, secret: str) -> Actor | None:
        now = self._house.clock()
        idle = dt.timedelta(minutes=self._house.settings.session_idle_minutes)
        with self._house.reading() as session:
            found = sessions.check(session, secret, now, idle, self._second_factor)
        if found is None:
            return None
        actor, session_id = found
        request.state.session_id = session_id
        self.last_used.note(session_id, now)
        return actor


def authenticate_with(house: House) -> Authentication:
    """Return what :func:`steelyard.api.app.create_app` asks who makes a call."""
    return Authentication(house)
