# SPDX-License-Identifier: Apache-2.0
"""Routes of exceptions: ask for one, vote, extend, end it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.exceptions import queries, service, terms, voting
from steelyard.governance.exceptions.queries import ExceptionView

router = Router(prefix="/exceptions", tags=["Exceptions"])
LongText = Annotated[str, Field(max_length=20_000)]
Said = Annotated[str, Field(min_length=1, max_length=20_000)]
PersonId = Annotated[str, Field(min_length=1, max_length=40)]
Answers = Annotated[dict[str, LongText], Field(max_length=20)]


def _like(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class NewException(BaseModel):
    """What is asked for; ``answers`` are to what else the charter asks of an exception."""

    model_config = _like(
        {
            "request": "req_01k00000000000000000000000",
            "rule": "training-data-named",
            "reason": "The publisher answers in January.",
            "owner": "usr_01k00000000000000000000000",
            "until": "2027-01-31",
            "controls": ["Outputs are read by a person before they are used."],
        }
    )

    request: Annotated[str, Field(max_length=40)]
    rule: Annotated[str, Field(min_length=1, max_length=100)]
    reason: Said
    owner: PersonId
    until: dt.date
    controls: Annotated[list[Said], Field(max_length=20)] = []
    answers: Answers = {}


class Change(BaseModel):
    """What should be different in a draft."""

    model_config = _like({"until": "2027-01-15"})

    reason: Said | None = None
    owner: PersonId | None = None
    until: dt.date | None = None
    controls: Annotated[list[Said], Field(max_length=20)] | None = None
    answers: Answers | None = None


class Vote(BaseModel):
    """A yes or a no in a role; members of a committee may abstain."""

    model_config = _like({"role": "head-of-risk", "answer": "yes"})

    role: Annotated[str, Field(min_length=1, max_length=60)]
    answer: Literal["yes", "no", "abstain"]
    reason: LongText = ""
    declares: bool = False


class Minutes(BaseModel):
    """What a committee discussed and who was there."""

    model_config = _like({"text": "We discussed the permit.", "attended": []})

    text: Said
    attended: Annotated[list[PersonId], Field(max_length=200)] = []


class Extension(BaseModel):
    """Until when an expired exception is wanted again, and why."""

    model_config = _like({"until": "2027-03-31", "reason": "The publisher is late."})

    until: dt.date
    reason: Said


class Ending(BaseModel):
    """Why an exception ends."""

    model_config = _like({"reason": "The rule is fulfilled now."})

    reason: Said


@router.door("GET", "", right="exception.read", returns=PageOf[ExceptionView])
def find(
    caller: Caller,
    asked: Asked,
    state: Annotated[
        Literal["draft", "in review", "active", "rejected", "expired", "revoked"] | None, Query()
    ] = None,
    rule: Annotated[str | None, Query(max_length=100)] = None,
    use_case: Annotated[str | None, Query(max_length=40)] = None,
    request: Annotated[str | None, Query(max_length=40)] = None,
    unit: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """List the exceptions you can see, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            queries.find(
                session, caller.actor, limit=asked.limit + 1, after=asked.after, state=state,
                rule=rule, use_case=use_case, request=request, unit=unit,
            ),
            lambda row: (row.id,),
        )
    )  # fmt: skip


@router.door("POST", "", right="exception.ask", returns=ExceptionView, status=201)
def draft(body: NewException, caller: Caller) -> Response:
    """Write down what is asked for; nobody is asked yet."""
    asked = terms.Asked(
        rule=body.rule,
        reason=body.reason,
        owner=body.owner,
        until=body.until,
        controls=tuple(body.controls),
        answers=body.answers,
    )
    return caller.act(lambda work: service.draft(work, caller.actor, body.request, asked), 201)


@router.door("GET", "/{exception_id}", right="exception.read", returns=ExceptionView)
def get(exception_id: str, caller: Caller) -> Response:
    """Return one exception with what was said about it."""
    return caller.read(lambda session: queries.get(session, caller.actor, exception_id))


@router.door("PATCH", "/{exception_id}", right="exception.ask", returns=ExceptionView)
def change(exception_id: str, body: Change, caller: Caller) -> Response:
    """Change a draft; needs ``If-Match``."""
    given: dict[str, Any] = body.model_dump(exclude_unset=True, exclude_none=True)
    if "controls" in given:
        given["controls"] = tuple(given["controls"])
    return caller.act(
        lambda work: service.change(work, caller.actor, exception_id, given, caller.expected)
    )


@router.door("POST", "/{exception_id}/submit", right="exception.ask", returns=ExceptionView)
def submit(exception_id: str, caller: Caller) -> Response:
    """Ask the people who grant exceptions; needs ``If-Match``."""
    return caller.act(
        lambda work: service.submit(work, caller.actor, exception_id, caller.expected)
    )


@router.door(
    "POST", "/{exception_id}/votes", right="exception.grant", returns=ExceptionView, status=201
)
def vote(exception_id: str, body: Vote, caller: Caller) -> Response:
    """Grant an exception, or refuse it, in a role; needs ``If-Match``."""
    return caller.act(
        lambda work: voting.vote(
            work, caller.actor, exception_id, body.role, body.answer, body.reason,
            caller.expected, declares=body.declares,
        ),
        201,
    )  # fmt: skip


@router.door(
    "POST", "/{exception_id}/minutes", right="exception.grant", returns=ExceptionView, status=201
)
def minute(exception_id: str, body: Minutes, caller: Caller) -> Response:
    """Keep the minutes of the committee, which closes its vote; needs ``If-Match``."""
    return caller.act(
        lambda work: voting.minute(
            work, caller.actor, exception_id, body.text, tuple(body.attended), caller.expected
        ),
        201,
    )


@router.door("POST", "/{exception_id}/extend", right="exception.ask", returns=ExceptionView)
def extend(exception_id: str, body: Extension, caller: Caller) -> Response:
    """Ask for an expired exception again; it is reviewed anew. Needs ``If-Match``."""
    return caller.act(
        lambda work: service.extend(
            work, caller.actor, exception_id, body.until, body.reason, caller.expected
        )
    )


@router.door("POST", "/{exception_id}/revoke", right="exception.end", returns=ExceptionView)
def revoke(exception_id: str, body: Ending, caller: Caller) -> Response:
    """End an exception at once; needs ``If-Match``."""
    return caller.act(
        lambda work: service.revoke(work, caller.actor, exception_id, body.reason, caller.expected)
    )
