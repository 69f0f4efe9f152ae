# SPDX-License-Identifier: Apache-2.0
"""Routes of improvement actions: what reviews found that should be better."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.review import action_queries, actions
from steelyard.governance.review.views import ActionView

router = Router(prefix="/actions", tags=["Actions"])
Said = Annotated[str, Field(min_length=1, max_length=20_000)]
PersonId = Annotated[str, Field(min_length=1, max_length=40)]
Severity = Literal["critical", "high", "medium", "low"]
_PERSON = "usr_01k00000000000000000000000"


def _like(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class NewAction(BaseModel):
    """Something to improve; the charter says by when."""

    model_config = _like(
        {
            "review": "rvw_01k00000000000000000000000",
            "text": "Rotate the token that stands in the training script.",
            "severity": "high",
            "owner": _PERSON,
            "finding": "secret.token in train.py",
        }
    )

    review: Annotated[str, Field(max_length=40)]
    text: Said
    severity: Severity
    owner: PersonId
    sponsor: Annotated[str, Field(max_length=40)] = ""
    finding: Annotated[str, Field(max_length=200)] = ""


class NewOwner(BaseModel):
    """Who takes an action over."""

    model_config = _like({"owner": _PERSON})

    owner: PersonId


class Proof(BaseModel):
    """What shows that an action is done."""

    model_config = _like({"proof": "Rotated on Monday; see the log of the vault."})

    proof: Said


class Verdict(BaseModel):
    """Whether an action that is said to be done is."""

    model_config = _like({"accepted": True})

    accepted: bool
    note: Annotated[str, Field(max_length=20_000)] = ""


@router.door("GET", "", right="action.read", returns=PageOf[ActionView])
def find(
    caller: Caller,
    asked: Asked,
    state: Annotated[Literal["open", "done", "verified", "overdue"] | None, Query()] = None,
    owner: Annotated[str | None, Query(max_length=40)] = None,
    unit: Annotated[str | None, Query(max_length=100)] = None,
    severity: Annotated[Severity | None, Query()] = None,
    due_before: Annotated[AwareDatetime | None, Query()] = None,
) -> Response:
    """List the actions you can see, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            action_queries.find(
                session, caller.actor, limit=asked.limit + 1, after=asked.after, state=state,
                owner=owner, unit=unit, severity=severity, due_before=due_before,
            ),
            lambda row: (row.id,),
        )
    )  # fmt: skip


@router.door("POST", "", right="action.write", returns=ActionView, status=201)
def add(body: NewAction, caller: Caller) -> Response:
    """Record something a review found that should be better."""
    return caller.act(
        lambda work: actions.add(
            work, caller.actor, body.review, text=body.text, severity=body.severity,
            owner=body.owner, sponsor=body.sponsor, finding=body.finding,
        ),
        201,
    )  # fmt: skip


@router.door("GET", "/{action_id}", right="action.read", returns=ActionView)
def get(action_id: str, caller: Caller) -> Response:
    """Return one action."""
    return caller.read(lambda session: action_queries.get(session, caller.actor, action_id))


@router.door("POST", "/{action_id}/owner", right="action.write", returns=ActionView)
def hand_over(action_id: str, body: NewOwner, caller: Caller) -> Response:
    """Give an action to somebody else; its time does not change. Needs ``If-Match``."""
    return caller.act(
        lambda work: actions.hand_over(work, caller.actor, action_id, body.owner, caller.expected)
    )


@router.door("POST", "/{action_id}/done", right="action.do", returns=ActionView)
def done(action_id: str, body: Proof, caller: Caller) -> Response:
    """Say that your action is done; somebody else verifies it. Needs ``If-Match``."""
    return caller.act(
        lambda work: actions.done(work, caller.actor, action_id, body.proof, caller.expected)
    )


@router.door("POST", "/{action_id}/verify", right="action.write", returns=ActionView)
def verify(action_id: str, body: Verdict, caller: Caller) -> Response:
    """Say whether an action is done; if not, its time runs on. Needs ``If-Match``."""
    return caller.act(
        lambda work: actions.verify(
            work, caller.actor, action_id, body.accepted, body.note, caller.expected
        )
    )
