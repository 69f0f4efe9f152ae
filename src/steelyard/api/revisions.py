# SPDX-License-Identifier: Apache-2.0
"""Routes of revisions: what they hold, what changed, and when they end."""

from __future__ import annotations

import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.door import Called, Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.inventory import queries, retirement
from steelyard.governance.inventory.changes import RevisionDiff, diff
from steelyard.governance.inventory.facts import ComponentView, RevisionView
from steelyard.governance.inventory.snapshot import Snapshot, read_snapshot
from steelyard.kernel.errors import ConflictError, InputError
from steelyard.kernel.limits import MIB
from steelyard.platform.log.timeline import Happening, happenings

router = Router(prefix="/revisions", tags=["Revisions"])
Word = Annotated[str | None, Query(max_length=100)]
SNAPSHOT_MOST = 256 * MIB


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

    def ask(session: Session) -> tuple[str, str]:
        row = queries.revision_row(session, caller.actor, revision_id)
        earlier = against or row.parent
        if not earlier:
            raise InputError(
                f"The revision {row.id} has no parent to compare it with.",
                next_step="Name a revision: ?against=rev_…",
                code="revision.no-parent",
            )
        old = queries.revision_row(session, caller.actor, earlier)
        for each in (old, row):
            if not each.snapshot:
                raise ConflictError(
                    f"The revision {each.id} was not examined yet, so nothing can be compared.",
                    next_step="Wait for its assessment, or request it.",
                    code="revision.unexamined",
                )
        return old.snapshot, row.snapshot

    with caller.house.reading() as session:
        old, new = ask(session)
    found = diff(_snapshot(caller, old), _snapshot(caller, new))
    return caller.read(lambda _: found)


def _snapshot(caller: Called, digest: str) -> Snapshot:
    return read_snapshot(caller.house.blobs.read(digest, most=SNAPSHOT_MOST))


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
