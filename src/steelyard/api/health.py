# SPDX-License-Identifier: Apache-2.0
"""Whether the process lives, whether it can work, and numbers for Prometheus."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Callable

import structlog
from fastapi import Request
from msgspec import Struct
from sqlalchemy import func, select
from starlette.responses import JSONResponse, Response

from steelyard.api.door import OPEN, Router
from steelyard.api.door import reply as answer
from steelyard.api.gauges import read_gauges
from steelyard.bootstrap.house import House
from steelyard.kernel.errors import SteelyardError, UnauthenticatedError, UnavailableError
from steelyard.ledger.signing import parse_note_key
from steelyard.platform.log.state import state_of
from steelyard.platform.log.tables import EventRow

router = Router(tags=["Health"])
LEDGER_AGE = dt.timedelta(minutes=2)
"""How long an event may wait for its place in the tree."""
JOB_AGE = dt.timedelta(minutes=10)
"""How long a job may wait for a worker."""
_log = structlog.get_logger("steelyard.health")


class Readiness(Struct, frozen=True, kw_only=True):
    """Whether the server can do its work, part by part."""

    ready: bool
    parts: dict[str, bool]


@router.door("GET", "/healthz", right=OPEN, returns=dict[str, str])
def alive() -> Response:
    """Say that the process lives."""
    return JSONResponse({"status": "alive"})


@router.door("GET", "/readyz", right=OPEN, returns=Readiness)
def ready(request: Request) -> Response:
    """Say whether the server can work; 503 if not. What is wrong stands in the log."""
    house: House = request.app.state.house
    parts = {name: _works(name, check, house) for name, check in CHECKS.items()}
    found = Readiness(ready=all(parts.values()), parts=parts)
    return answer(found, 200 if found.ready else 503)


@router.door("GET", "/metrics", right=OPEN)
def metrics(request: Request) -> Response:
    """Return numbers for Prometheus; with STEELYARD_METRICS_TOKEN only to who shows it."""
    house: House = request.app.state.house
    wanted = house.settings.metrics_token.get_secret_value()
    shown = request.headers.get("authorization", "")
    if wanted and not hmac.compare_digest(shown.encode(), f"Bearer {wanted}".encode()):
        raise UnauthenticatedError(
            "The numbers of this server are shown to its operators only.",
            next_step="Send the token of STEELYARD_METRICS_TOKEN as `Authorization: Bearer …`.",
        )
    try:
        shared = read_gauges(house)
    except UnavailableError as error:
        _log.warning("metrics.partial", said=error.message)
        shared = b""
    return Response(
        house.metrics.text() + shared, media_type="text/plain; version=0.0.4; charset=utf-8"
    )


def _works(name: str, check: Callable[[House], None], house: House) -> bool:
    try:
        check(house)
    except SteelyardError as error:
        _log.warning("health.failed", part=name, said=str(error))
        return False
    return True


def _database(house: House) -> None:
    house.database.check()


def _files(house: House) -> None:
    house.blobs.check()


def _jobs(house: House) -> None:
    if house.engine is None:
        return
    with house.reading() as session:
        waited = house.engine.depth(session, house.clock()).oldest_seconds
    if waited > JOB_AGE.total_seconds():
        raise UnavailableError(f"A job has waited {waited:.0f} s for a worker.")


def _key(house: House) -> None:
    with house.reading() as session:
        state = state_of(session)
    signer = (
        house.keys.first()
        if state is None
        else house.keys.signer(parse_note_key(state.verifier).public)
    )
    signer.sign(b"readiness")


def _ledger(house: House) -> None:
    with house.reading() as session:
        oldest = session.scalar(select(func.min(EventRow.at)).where(EventRow.position.is_(None)))
    if oldest is not None and house.clock() - oldest > LEDGER_AGE:
        raise UnavailableError(f"An event has waited since {oldest} for its place in the ledger.")


CHECKS: dict[str, Callable[[House], None]] = {
    "database": _database,
    "files": _files,
    "jobs": _jobs,
    "key": _key,
    "ledger": _ledger,
}
"""Part of the server → what must work of it."""
