# SPDX-License-Identifier: Apache-2.0
"""Routes of requests: ask, follow, change, take back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.charters.queries import current
from steelyard.governance.intake import queries, service
from steelyard.governance.intake.preview import Preview, preview
from steelyard.governance.intake.states import RequestView, State
from steelyard.governance.inventory.comparing import SNAPSHOT_MOST
from steelyard.governance.inventory.queries import revision_row
from steelyard.governance.inventory.snapshot import read_snapshot
from steelyard.governance.use_cases import queries as use_cases
from steelyard.governance.use_cases.facts import check_environment
from steelyard.platform.log.timeline import Happening, happenings
from steelyard.platform.work import Work

router = Router(prefix="/requests", tags=["Requests"])
Word = Annotated[str | None, Query(max_length=100)]
Reference = Annotated[str, Field(min_length=1, max_length=500)]
Environment = Annotated[str, Field(max_length=60)]
Why = Annotated[str, Field(max_length=5000)]
Key = Annotated[str, Field(max_length=40)]


class NewRequest(BaseModel):
    """What is asked for, for what, where and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "reference": "hf:acme/tiny@c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
                    "use_case": "uc_01k9xw3v5m8s2t4q6r7p1n0abc",
                    "environment": "sandbox",
                    "justification": "Our search needs an embedding model for German.",
                    "draft": False,
                }
            ]
        },
    )

    reference: Reference
    use_case: Key
    environment: Environment = ""
    justification: Why = ""
    draft: bool = False
    """Only write it down; nobody is asked yet."""


class RequestChange(BaseModel):
    """What is to change."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"environment": "staging"}]}
    )

    reference: Reference | None = None
    environment: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    justification: Why | None = None


class Question(BaseModel):
    """What a request would be about."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"use_case": "uc_01k9xw3v5m8s2t4q6r7p1n0abc", "environment": "production"}]
        },
    )

    use_case: Key
    environment: Environment = ""
    revision: Key = ""
    """One of the inventory; left out for a model nobody has examined."""


@router.door("POST", "", right="request.write", returns=RequestView, status=201)
def make(body: NewRequest, caller: Caller) -> Response:
    """Make a request and submit it, unless it is to stay a draft."""

    def act(work: Work) -> RequestView:
        made = service.draft(
            work,
            caller.actor,
            reference=body.reference,
            use_case=body.use_case,
            environment=body.environment,
            justification=body.justification,
        )
        return made if body.draft else service.submit(work, caller.actor, made.id)

    return caller.act(act, 201)


@router.door("POST", "/preview", right="request.write", returns=Preview)
def ask_first(body: Question, caller: Caller) -> Response:
    """Say what a request would lead to: tier, track, who is asked, the likely outcome."""
    with caller.house.reading() as session:
        case = use_cases.get(session, caller.actor, body.use_case)
        policy = current(session, caller.house.clock().date(), case.unit)
        digest = (
            revision_row(session, caller.actor, body.revision).snapshot if body.revision else ""
        )
    environment = body.environment or case.facts.environment
    check_environment(environment)
    known = None
    if digest:
        known = read_snapshot(caller.house.blobs.read(digest, most=SNAPSHOT_MOST)).facts
    found = preview(
        policy.charter, policy.identity.sha256, case.facts, environment,
        caller.house.clock().date(), known,
    )  # fmt: skip
    return caller.read(lambda _: found)


@router.door("GET", "", right="request.read", returns=PageOf[RequestView])
def find(
    caller: Caller,
    asked: Asked,
    state: State | None = None,
    stage: Word = None,
    unit: Word = None,
    model: Word = None,
    revision: Word = None,
    use_case: Word = None,
    environment: Word = None,
    tier: Word = None,
    requested_by: Word = None,
    text: Annotated[
        str | None, Query(max_length=200, description="A part of the reference.")
    ] = None,
) -> Response:
    """List the requests you can see, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            queries.find(
                session, caller.actor, limit=asked.limit + 1, after=asked.after, state=state,
                stage=stage, unit=unit, model=model, revision=revision, use_case=use_case,
                environment=environment, tier=tier, requested_by=requested_by, text=text,
            ),
            lambda row: (row.id,),
        )
    )  # fmt: skip


@router.door("GET", "/{request_id}", right="request.read", returns=RequestView)
def get(request_id: str, caller: Caller) -> Response:
    """Return one request."""
    return caller.read(lambda session: queries.get(session, caller.actor, request_id))


@router.door("GET", "/{request_id}/timeline", right="request.read", returns=PageOf[Happening])
def timeline(request_id: str, caller: Caller, asked: Asked) -> Response:
    """List what happened to a request, oldest first."""

    def ask(session: Session) -> object:
        queries.row_of(session, caller.actor, request_id)
        found = happenings(
            session, caller.actor, request_id, limit=asked.limit + 1, after=asked.after
        )
        return page(asked, found, lambda each: (each.seq,))

    return caller.read(ask)


@router.door("PATCH", "/{request_id}", right="request.write", returns=RequestView)
def change(request_id: str, body: RequestChange, caller: Caller) -> Response:
    """Change a draft, or a request that was sent back; needs ``If-Match``."""
    given = body.model_dump(exclude_unset=True)
    return caller.act(
        lambda work: service.change(work, caller.actor, request_id, caller.expected, **given)
    )


@router.door("POST", "/{request_id}/submit", right="request.write", returns=RequestView)
def submit(request_id: str, caller: Caller) -> Response:
    """Submit a draft, or a request that was sent back; needs ``If-Match``."""
    return caller.act(lambda work: service.submit(work, caller.actor, request_id, caller.expected))


@router.door("POST", "/{request_id}/resubmit", right="request.write", returns=RequestView)
def resubmit(request_id: str, body: RequestChange, caller: Caller) -> Response:
    """Answer a request for changes and submit again; needs ``If-Match``."""
    given = body.model_dump(exclude_unset=True)
    return caller.act(
        lambda work: service.resubmit(work, caller.actor, request_id, caller.expected, **given)
    )


@router.door("POST", "/{request_id}/withdraw", right="request.write", returns=RequestView)
def withdraw(request_id: str, caller: Caller) -> Response:
    """Take a request back; needs ``If-Match``."""
    return caller.act(
        lambda work: service.withdraw(work, caller.actor, request_id, caller.expected)
    )
