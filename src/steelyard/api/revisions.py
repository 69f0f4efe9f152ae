# SPDX-License-Identifier: Apache-2.0
"""Routes of revisions: what they hold, what changed, and when they end."""

from __future__ import annotations

import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.inventory import comparing, queries, retirement
from steelyard.governance.inventory.changes import RevisionDiff
from steelyard.governance.inventory.facts import ComponentView, RevisionView
from steelyard.platform.log.timeline import Happening, happenings

router = Router(prefix="/revisions", tags=["Revisions"])
Word = Annotated[str | None, Query(max_length=100)]


class Retirement(BaseModel):
    """When a revision ends, what takes its place, and what its users are told."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"effective": "2027-03-31", "notice": "The next version takes its place."}]
        },
    )

    effective: datetime.date
    replacement: Annotated[str, Field(max_length=40)] = ""
    notice: Annotated[str, Field(max_length=5000)] = ""


@router.door("GET", "", right="model.read", returns=PageOf[RevisionView])
def find(
    caller: Caller,
    asked: Asked,
    model: Word = None,
    state: Word = None,
    unit: Word = None,
    manifest: Word = None,
) -> Response:
    """List the revisions you can see, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            queries.find_revisions(
                session, caller.actor, limit=asked.limit + 1, after=asked.after, model=model,
                state=state, unit=unit, manifest=manifest,
            ),
            lambda row: (row.id,),
        )
    )  # fmt: skip


@router.door("GET", "/{revision_id}", right="model.read", returns=RevisionView)
def get(revision_id: str, caller: Caller) -> Response:
    """Return one revision."""
    return caller.read(lambda session: queries.get_revision(session, caller.actor, revision_id))


@router.door("GET", "/{revision_id}/components", right="model.read", returns=list[ComponentView])
def components(revision_id: str, caller: Caller) -> Response:
    """Return the files of a revision, and the models and data sets it names."""
    return caller.read(lambda session: queries.components(session, caller.actor, revision_id))


@router.door("GET", "/{revision_id}/diff", right="model.read", returns=RevisionDiff)
def changes(
    revision_id: str,
    caller: Caller,
    against: Annotated[
        str | None,
        Query(max_length=40, description="The earlier revision; its parent if left out."),
    ] = None,
) -> Response:
    """Return what changed since another revision."""

    with caller.house.reading() as session:
        old, new = comparing.snapshots_of(session, caller.actor, revision_id, against or "")
    found = comparing.compare(caller.house.blobs, old, new)
    return caller.read(lambda _: found)


@router.door("GET", "/{revision_id}/timeline", right="model.read", returns=PageOf[Happening])
def timeline(revision_id: str, caller: Caller, asked: Asked) -> Response:
    """List what happened to a revision, oldest first."""

    def ask(session: Session) -> object:
        queries.revision_row(session, caller.actor, revision_id)
        found = happenings(
            session, caller.actor, revision_id, limit=asked.limit + 1, after=asked.after
        )
        return page(asked, found, lambda each: (each.seq,))

    return caller.read(ask)


@router.door("POST", "/{revision_id}/retire", right="revision.retire", returns=RevisionView)
def retire(revision_id: str, body: Retirement, caller: Caller) -> Response:
    """Announce that a revision ends on a date; needs ``If-Match``. Its users are told."""
    return caller.act(
        lambda work: retirement.retire(
            work,
            caller.actor,
            revision_id,
            body.effective,
            expected=caller.expected,
            replacement=body.replacement,
            notice=body.notice,
        )
    )
