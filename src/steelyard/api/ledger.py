# SPDX-License-Identifier: Apache-2.0
"""Routes of the ledger: the static files any verifier reads, entries with proofs, its keeping."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Path, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.door import OPEN, Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.kernel.errors import MissingError
from steelyard.ledger.bundle import CHECKPOINT, KEY
from steelyard.ledger.checkpoint import parse_checkpoint
from steelyard.ledger.tiles import ENTRIES, WIDTH, parse_path
from steelyard.platform.log import entries, rotation, witness
from steelyard.platform.log.erasure import MOST, Erased, erase_body
from steelyard.platform.log.reader import LedgerReader, proof
from steelyard.platform.log.state import newest_note

router = Router(prefix="/ledger", tags=["Ledger"])
FilePath = Annotated[str, Path(max_length=100)]
Position = Annotated[int, Path(ge=0, lt=2**53)]
_FOREVER = "max-age=31536000, immutable"


class Cosigned(BaseModel):
    """What witnesses answered for the checkpoint of ``size`` entries: their signature lines."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"size": 20852163, "lines": ["— witness.example.com/w1 jWbPPwAAAABk…"]}]
        },
    )

    size: Annotated[int, Field(ge=0, lt=2**53)]
    lines: Annotated[list[Annotated[str, Field(max_length=500)]], Field(min_length=1)]


class WitnessKey(BaseModel):
    """The verifier key of a witness, ``name+hash+base64``."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"verifier": "witness.example.com/w1+8d66cf3f+BG…"}]},
    )

    verifier: Annotated[str, Field(min_length=1, max_length=300)]


class Erasure(BaseModel):
    """Events whose bodies are to be erased, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"seqs": [41, 57], "why": "Request of the person", "on_request": True}]
        },
    )

    seqs: Annotated[list[Annotated[int, Field(ge=1, lt=2**53)]], Field(max_length=MOST)]
    why: Annotated[str, Field(min_length=1, max_length=2000)]
    on_request: bool = False
    """The person the data is about asked for it."""


@router.door("GET", "", right="ledger.read", returns=entries.LedgerView)
def ledger(caller: Caller) -> Response:
    """Return what the ledger is: origin, head, keys, witnesses."""
    return caller.read(entries.ledger)


@router.door("GET", "/checkpoint", right="ledger.read")
def checkpoint(caller: Caller) -> Response:
    """Return the signed head as text, a C2SP checkpoint."""
    return caller.read(lambda session: static(session, CHECKPOINT))


@router.door("GET", "/tile/{path:path}", right="ledger.read")
def tile(path: FilePath, caller: Caller) -> Response:
    """Return a tile or a bundle of entries, by its path in the static layout."""
    return caller.read(lambda session: static(session, f"tile/{path}"))


@router.door("GET", "/files", right="ledger.read", returns=list[str])
def files(caller: Caller) -> Response:
    """List the paths of all files the ledger consists of."""
    return caller.read(lambda session: LedgerReader(session).names())


@router.door("GET", "/files/{path:path}", right="ledger.read")
def file(path: FilePath, caller: Caller) -> Response:
    """Return one of those files."""
    return caller.read(lambda session: static(session, path))


@router.door("GET", "/public/{path:path}", right=OPEN)
def public(path: FilePath, request: Request) -> Response:
    """Return checkpoint, key or tile to anybody, where the operator chose to publish them."""
    house = request.app.state.house
    named = path in (CHECKPOINT, KEY) or parse_path(path) is not None
    if not house.settings.ledger_public or not named:
        raise MissingError("There is nothing at this address.", code="route.missing")
    with house.reading() as session:
        return static(session, path, shared=True)


def static(session: Session, path: str, *, shared: bool = False) -> Response:
    """Return the file at ``path`` of the static layout; full tiles may be kept for ever.

    Raises:
        MissingError: a ledger of this size has no such file.
    """
    data = LedgerReader(session)(path)
    found = parse_path(path)
    if found is not None:
        size = parse_checkpoint(newest_note(session)).head.size
        count = size if found.level == ENTRIES else size // WIDTH**found.level
        if found.number * WIDTH + found.width > count:
            raise MissingError(
                f"The ledger has no file {path!r} yet.",
                next_step="See the checkpoint for how many entries there are.",
                code="ledger.file-missing",
            )
    forever = found is not None and found.width == WIDTH
    scope = "public" if shared else "private"
    return Response(
        data,
        media_type="application/octet-stream" if found else "text/plain; charset=utf-8",
        headers={"Cache-Control": f"{scope}, {_FOREVER}" if forever else "no-cache"},
    )


@router.door("GET", "/entries", right="ledger.read", returns=PageOf[entries.EntryView])
def find(
    caller: Caller,
    asked: Asked,
    type: Annotated[str | None, Query(max_length=60)] = None,  # noqa: A002
    subject: Annotated[str | None, Query(max_length=40)] = None,
    about: Annotated[str | None, Query(max_length=40)] = None,
    actor: Annotated[str | None, Query(max_length=40, description="A pseudonym.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Not before.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before.")] = None,
) -> Response:
    """List events, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            entries.find(
                session, caller.actor, limit=asked.limit + 1, after=asked.after, type=type,
                subject=subject, about=about, by=actor, since=since, until=until,
            ),
            lambda row: (row.seq,),
        )
    )  # fmt: skip


@router.door("GET", "/entries/{position}", right="ledger.read", returns=entries.EntryView)
def entry(position: Position, caller: Caller) -> Response:
    """Return the entry at a position of the tree."""
    return caller.read(lambda session: entries.get(session, caller.actor, position))


@router.door("GET", "/entries/{position}/proof", right="ledger.read")
def entry_proof(position: Position, caller: Caller) -> Response:
    """Return the entry with the proof that it is in the tree, as a C2SP ``.tlog-proof``."""
    return caller.read(
        lambda session: Response(
            proof(session, position),
            media_type="text/plain; charset=utf-8",
            headers={"Cache-Control": f"private, {_FOREVER}"},
        )
    )


@router.door("GET", "/witnesses", right="ledger.read", returns=list[witness.Witness])
def witnesses(caller: Caller) -> Response:
    """List the witnesses, each with the newest head it saw."""
    return caller.read(witness.witnesses)


@router.door("POST", "/witnesses", right="ledger.manage", returns=witness.Witness, status=201)
def know(body: WitnessKey, caller: Caller) -> Response:
    """Take a witness into those whose cosignatures count."""
    return caller.act(lambda work: witness.know(work, caller.actor, body.verifier), 201)


@router.door("POST", "/cosignatures", right="ledger.manage", returns=list[witness.Seen])
def cosignatures(body: Cosigned, caller: Caller) -> Response:
    """Keep cosignatures of known witnesses, once they verify."""
    return caller.act(lambda work: witness.cosignatures(work, caller.actor, body.size, body.lines))


@router.door("POST", "/rotate", right="ledger.manage", returns=rotation.Rotated)
def rotate(caller: Caller) -> Response:
    """Hand the ledger over to a new key, which is made on this host."""
    return caller.act(
        lambda work: rotation.told(rotation.rotate(work, caller.actor, caller.house.keys))
    )


@router.door("POST", "/erase", right="ledger.manage", returns=Erased)
def erase(body: Erasure, caller: Caller) -> Response:
    """Erase what was said beside events; within the retention period only on request."""
    kept = dt.timedelta(days=366 * caller.house.settings.retention_years)
    return caller.act(
        lambda work: erase_body(
            work, caller.actor, body.seqs, body.why, on_request=body.on_request, retention=kept
        )
    )
