# SPDX-License-Identifier: Apache-2.0
"""How far an assessment is, told to the page while it runs.

A stream of server-sent events. It ends by itself when the examination has ended, when nobody
listens, and after some minutes (browsers come back on their own). Between two looks nothing is
held: no thread, no session of the database. How many listen at once is bounded, for each person
and in all; who is over it is told to come back later.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from steelyard.governance.assessment import queries as assessments
from steelyard.governance.assessment.views import RUNNING
from steelyard.governance.intake import queries
from steelyard.kernel.errors import SteelyardError
from steelyard.ui.formats import Formats
from steelyard.ui.texts import mark

if TYPE_CHECKING:
    from steelyard.ui.door import Looking

STAGES: Final = {
    "queued": mark("Waiting for a free worker"),
    "fetching": mark("Fetching the files"),
    "scanning": mark("Examining the files"),
    "evaluating": mark("Applying the charter"),
    "done": mark("Examined"),
    "failed": mark("The examination failed"),
}
ALL_MOST, ONE_MOST = 200, 4
"""Streams of this process at once, and of one person."""
BEAT = 1.0
"""Seconds between two looks."""
BEATS_MOST = 600
_PROVE_EVERY = 15
"""Looks after which it is asked again who looks: a session may have ended."""
_listening: Counter[str] = Counter()


class Now(Struct, frozen=True, kw_only=True):
    """How far it is now."""

    done: bool
    """There is nothing to wait for."""
    text: str
    share: float | None
    """0 to 1; None while nobody knows."""


def look(viewer: Looking, request_id: str) -> Now:
    """Return how far the assessment of a request is.

    Raises:
        MissingError: there is no such request, or whoever looks may not see it.
    """

    def ask(session: Session) -> Now:
        request = queries.get(session, viewer.actor, request_id)
        found = assessments.find(session, viewer.actor, limit=1, request=request_id)
        if request.stage != "assessing":
            return Now(done=True, text="", share=1.0)
        if not found or found[0].state not in RUNNING:
            return Now(done=False, text=viewer.say(STAGES["queued"]), share=None)
        now, how = found[0], found[0].progress
        formats = Formats(viewer.look.language, viewer.look.zone)
        parts = [viewer.say(STAGES[now.state])]
        share = None
        if how.bytes_total:
            share = min(1.0, how.bytes_done / how.bytes_total)
            parts.append(f"{formats.size(how.bytes_done)} / {formats.size(how.bytes_total)}")
        elif how.bytes_done:
            parts.append(formats.size(how.bytes_done))
        if how.files:
            parts.append(viewer.say("%(number)s files", number=formats.number(how.files)))
        return Now(done=False, text=" · ".join(parts), share=share)

    return viewer.find(ask)


def stream(viewer: Looking, request_id: str) -> StreamingResponse:
    """Return the stream of a request's progress."""
    return StreamingResponse(
        _events(viewer, request_id),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _events(viewer: Looking, request_id: str) -> AsyncIterator[str]:
    who = viewer.actor.id
    if _listening.total() >= ALL_MOST or _listening[who] >= ONE_MOST:
        yield "retry: 20000\nevent: later\ndata: {}\n\n"
        return
    _listening[who] += 1
    try:
        yield "retry: 3000\n\n"
        said = ""
        for beat in range(BEATS_MOST):
            if beat % _PROVE_EVERY == _PROVE_EVERY - 1 and not await _same(viewer):
                yield _event("gone", {})
                return
            try:
                now = await run_in_threadpool(look, viewer, request_id)
            except SteelyardError:
                yield _event("gone", {})
                return
            told = _event("done" if now.done else "progress", msgspec.to_builtins(now))
            if told != said:
                said = told
                yield told
            elif beat % _PROVE_EVERY == 0:
                yield ": still here\n\n"  # a proxy would think the line dead
            if now.done:
                return
            await asyncio.sleep(BEAT)
    finally:
        _listening[who] -= 1
        if _listening[who] <= 0:
            del _listening[who]


async def _same(viewer: Looking) -> bool:
    """Tell whether whoever listens is still logged in."""
    app: Any = viewer.request.app
    try:
        actor = await run_in_threadpool(app.state.authenticate, viewer.request)
    except SteelyardError:
        return False
    return actor is not None and actor.id == viewer.actor.id


def _event(name: str, data: Any) -> str:
    return f"event: {name}\ndata: {msgspec.json.encode(data).decode()}\n\n"
