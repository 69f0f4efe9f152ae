# SPDX-License-Identifier: Apache-2.0
"""Routes of reviews: what waits for you, who said what, and saying it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.review import committee, delegation, queries, service, talk
from steelyard.governance.review.views import (
    CommentView,
    DelegationView,
    MeetingView,
    ReviewDetail,
    ReviewView,
    Waiting,
)

router = Router(prefix="/reviews", tags=["Reviews"])
delegations = Router(prefix="/delegations", tags=["Delegations"])
LongText = Annotated[str, Field(max_length=20_000)]
Said = Annotated[str, Field(min_length=1, max_length=20_000)]
RoleName = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9.-]*$")]
PersonId = Annotated[str, Field(min_length=1, max_length=40)]


def _like(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": list(examples)})


class SigningOff(BaseModel):
    """A yes or a no in a role; members of a committee may abstain."""

    model_config = _like(
        {"role": "security", "answer": "yes", "conditions": ["Load it without remote code."]}
    )

    role: RoleName
    answer: Literal["yes", "no", "abstain"]
    reason: LongText = ""
    conditions: Annotated[list[Said], Field(max_length=50)] = []
    declares: Annotated[
        bool, Field(description="You have no financial interest in it and did not make it.")
    ] = False
    nothing_to_improve: bool = False


class Recusal(BaseModel):
    """Why somebody steps aside."""

    model_config = _like({"why": "I advise the publisher."})

    why: Said


class Change(BaseModel):
    """What should change, at a line of evidence."""

    model_config = _like()

    evidence: Annotated[str, Field(max_length=200)] = ""
    text: Said


class Changes(BaseModel):
    """What should change before anybody signs off."""

    model_config = _like({"changes": [{"evidence": "rule:license-is-there", "text": "Attach it."}]})

    changes: Annotated[list[Change], Field(min_length=1, max_length=100)]


class Answer(BaseModel):
    """The requester's answer where nothing that was judged has changed."""

    model_config = _like({"answer": "The license is the one in the repository; see line 3."})

    answer: Said


class Remark(BaseModel):
    """A comment; ``@mail@address`` mentions somebody."""

    model_config = _like({"text": "@lea@example.org, is this clause new?", "evidence": "license"})

    text: Said
    evidence: Annotated[str, Field(max_length=200)] = ""


class Convening(BaseModel):
    """When a committee meets."""

    model_config = _like({"at": "2026-12-01T09:00:00Z"})

    at: AwareDatetime


class Minutes(BaseModel):
    """What a committee discussed and who was there."""

    model_config = _like(
        {"text": "We discussed the pilot.", "attended": ["usr_01k00000000000000000000000"]}
    )

    text: Said
    attended: Annotated[list[PersonId], Field(max_length=200)] = []
    nothing_to_improve: bool = False


class Delegation(BaseModel):
    """A right to hand on, for one review or for every one."""

    model_config = _like(
        {
            "role": "head-of-risk",
            "to": "usr_01k00000000000000000000000",
            "until": "2026-12-24T00:00:00Z",
        }
    )

    role: RoleName
    to: PersonId
    until: AwareDatetime
    review: Annotated[str, Field(max_length=40)] = ""
    reason: LongText = ""


@router.door("GET", "", right="review.read", returns=PageOf[ReviewView])
def find(
    caller: Caller,
    asked: Asked,
    state: Annotated[
        Literal["open", "changes requested", "approved", "rejected", "withdrawn"] | None, Query()
    ] = None,
    request: Annotated[str | None, Query(max_length=40)] = None,
    unit: Annotated[str | None, Query(max_length=100)] = None,
    track: Annotated[Literal["fast", "standard", "deep"] | None, Query()] = None,
) -> Response:
    """List the reviews you can see, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            queries.find(
                session, caller.actor, limit=asked.limit + 1, after=asked.after,
                state=state, request=request, unit=unit, track=track,
            ),
            lambda row: (row.id,),
        )
    )  # fmt: skip


@router.door("GET", "/queue", right="review.read", returns=PageOf[Waiting])
def queue(caller: Caller, asked: Asked) -> Response:
    """List the seats that wait for you, what is due first first."""
    now = caller.house.clock()
    return caller.read(
        lambda session: page(
            asked,
            queries.queue(session, caller.actor, now, limit=asked.limit + 1, after=asked.after),
            lambda row: (row.due.isoformat(), row.review.id, row.role),
        )
    )


@router.door("GET", "/{review_id}", right="review.read", returns=ReviewDetail)
def get(review_id: str, caller: Caller) -> Response:
    """Return a review with everything that was said and done in it."""
    return caller.read(lambda session: queries.get(session, caller.actor, review_id))


@router.door(
    "POST", "/{review_id}/sign-offs", right="review.sign", returns=ReviewDetail, status=201
)
def sign(review_id: str, body: SigningOff, caller: Caller) -> Response:
    """Say yes or no in a role; needs ``If-Match``: you judge what you have read."""
    return caller.act(
        lambda work: service.sign(
            work, caller.actor, review_id, body.role, body.answer, body.reason,
            tuple(body.conditions), caller.expected, declares=body.declares,
            nothing_to_improve=body.nothing_to_improve,
        ),
        201,
    )  # fmt: skip


@router.door("POST", "/{review_id}/recusals", right="review.sign", returns=ReviewDetail, status=201)
def recuse(review_id: str, body: Recusal, caller: Caller) -> Response:
    """Step aside; what you said in this review does not count any more. Needs ``If-Match``."""
    return caller.act(
        lambda work: service.recuse(work, caller.actor, review_id, body.why, caller.expected), 201
    )


@router.door("POST", "/{review_id}/changes", right="review.sign", returns=ReviewDetail, status=201)
def ask_changes(review_id: str, body: Changes, caller: Caller) -> Response:
    """Send the request back to its requester; the clocks stand. Needs ``If-Match``."""
    changes = tuple((change.evidence, change.text) for change in body.changes)
    return caller.act(
        lambda work: service.ask_changes(work, caller.actor, review_id, changes, caller.expected),
        201,
    )


@router.door("POST", "/{review_id}/answer", right="review.answer", returns=ReviewDetail)
def answer(review_id: str, body: Answer, caller: Caller) -> Response:
    """Answer a request for changes with words alone; needs ``If-Match``."""
    return caller.act(
        lambda work: service.resubmit(work, caller.actor, review_id, body.answer, caller.expected)
    )


@router.door(
    "POST", "/{review_id}/comments", right="review.comment", returns=CommentView, status=201
)
def comment(review_id: str, body: Remark, caller: Caller) -> Response:
    """Comment on a review, or on one line of its evidence."""
    return caller.act(
        lambda work: talk.comment(work, caller.actor, review_id, body.text, body.evidence), 201
    )


@router.door("POST", "/{review_id}/meetings", right="review.sign", returns=MeetingView, status=201)
def convene(review_id: str, body: Convening, caller: Caller) -> Response:
    """Call a meeting of the committee that is to decide."""
    return caller.act(lambda work: committee.convene(work, caller.actor, review_id, body.at), 201)


@router.door("POST", "/{review_id}/minutes", right="review.sign", returns=ReviewDetail, status=201)
def minute(review_id: str, body: Minutes, caller: Caller) -> Response:
    """Keep the minutes of the committee, which closes its vote; needs ``If-Match``."""
    return caller.act(
        lambda work: committee.minute(
            work, caller.actor, review_id, body.text, tuple(body.attended), caller.expected,
            nothing_to_improve=body.nothing_to_improve,
        ),
        201,
    )  # fmt: skip


@delegations.door("GET", "", right="delegation.read", returns=PageOf[DelegationView])
def handed_on(caller: Caller, asked: Asked) -> Response:
    """List the rights you handed on or that were handed on to you, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            queries.delegations(session, caller.actor, limit=asked.limit + 1, after=asked.after),
            lambda row: (row.id,),
        )
    )


@delegations.door("POST", "", right="delegation.write", returns=DelegationView, status=201)
def delegate(body: Delegation, caller: Caller) -> Response:
    """Hand the right of a role on until a time, as far as the charter allows."""
    return caller.act(
        lambda work: delegation.delegate(
            work, caller.actor, body.role, body.to, body.until, review_id=body.review,
            reason=body.reason,
        ),
        201,
    )  # fmt: skip


@delegations.door(
    "POST", "/{delegation_id}/revoke", right="delegation.write", returns=DelegationView
)
def revoke(delegation_id: str, caller: Caller) -> Response:
    """Take a right back at once; needs ``If-Match``."""
    return caller.act(
        lambda work: delegation.revoke(work, caller.actor, delegation_id, caller.expected)
    )
