# SPDX-License-Identifier: Apache-2.0
"""Routes of emergencies: break the glass with two people, and look at it afterwards."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.actions import PersonId, Said, Severity
from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.emergency import queries, service
from steelyard.governance.emergency.glass import LONGEST_HOURS, EmergencyView
from steelyard.governance.review.actions import Found

router = Router(prefix="/emergencies", tags=["Emergencies"])
_IMPROVEMENT = {
    "text": "Name a fallback in the runbook.",
    "severity": "high",
    "owner": "usr_01k00000000000000000000000",
}


def _like(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class NewEmergency(BaseModel):
    """What must be used at once, for how long, and why."""

    model_config = _like(
        {
            "revision": "rev_01k00000000000000000000000",
            "use_case": "uc_01k00000000000000000000000",
            "environment": "production",
            "hours": 8,
            "reason": "The filter in use lets insults through; this one does not.",
        }
    )

    revision: Annotated[str, Field(max_length=40)]
    use_case: Annotated[str, Field(max_length=40)]
    environment: Annotated[str, Field(min_length=1, max_length=60)]
    hours: Annotated[int, Field(ge=1, le=LONGEST_HOURS)]
    reason: Said


class Agreement(BaseModel):
    """The role whose right is used."""

    model_config = _like({"role": "operator"})

    role: Annotated[str, Field(min_length=1, max_length=60)]


class Improvement(BaseModel):
    """Something to improve; the charter says by when, and whether a sponsor stands behind it."""

    model_config = _like(_IMPROVEMENT)

    text: Said
    severity: Severity
    owner: PersonId
    sponsor: Annotated[str, Field(max_length=40)] = ""
    finding: Annotated[str, Field(max_length=200)] = ""


class Findings(BaseModel):
    """What was found afterwards; each thing to improve becomes an action somebody owns."""

    model_config = _like(
        {"justified": True, "findings": "Nobody knew the fallback.", "actions": [_IMPROVEMENT]}
    )

    justified: bool
    findings: Said
    actions: Annotated[list[Improvement], Field(max_length=50)] = []
    nothing_to_improve: bool = False


@router.door("GET", "", right="emergency.read", returns=PageOf[EmergencyView])
def find(
    caller: Caller,
    asked: Asked,
    state: Annotated[Literal["asked", "open", "closed", "lapsed"] | None, Query()] = None,
    review: Annotated[Literal["due", "missed", "done"] | None, Query()] = None,
    unit: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """List the emergencies you can see, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            queries.find(
                session, caller.actor, limit=asked.limit + 1, after=asked.after, state=state,
                review=review, unit=unit,
            ),
            lambda row: (row.id,),
        )
    )  # fmt: skip


@router.door("POST", "", right="emergency.ask", returns=EmergencyView, status=201)
def ask(body: NewEmergency, caller: Caller) -> Response:
    """Ask that the glass be broken; two other people must agree."""
    return caller.act(lambda work: service.ask(work, caller.actor, **body.model_dump()), 201)


@router.door("GET", "/{emergency_id}", right="emergency.read", returns=EmergencyView)
def get(emergency_id: str, caller: Caller) -> Response:
    """Return one emergency."""
    return caller.read(lambda session: queries.get(session, caller.actor, emergency_id))


@router.door(
    "POST", "/{emergency_id}/agreements", right="emergency.agree", returns=EmergencyView,
    status=201,
)  # fmt: skip
def agree(emergency_id: str, body: Agreement, caller: Caller) -> Response:
    """Agree; with the last voice that is needed it opens at once. Needs ``If-Match``."""
    return caller.act(
        lambda work: service.agree(work, caller.actor, emergency_id, body.role, caller.expected),
        201,
    )


@router.door("POST", "/{emergency_id}/close", right="emergency.agree", returns=EmergencyView)
def close(emergency_id: str, caller: Caller) -> Response:
    """End an emergency before its time; needs ``If-Match``."""
    return caller.act(lambda work: service.close(work, caller.actor, emergency_id, caller.expected))


@router.door("POST", "/{emergency_id}/review", right="emergency.review", returns=EmergencyView)
def review(emergency_id: str, body: Findings, caller: Caller) -> Response:
    """Say afterwards whether it was an emergency, and what to improve. Needs ``If-Match``."""
    return caller.act(
        lambda work: service.review(
            work, caller.actor, emergency_id, justified=body.justified, findings=body.findings,
            actions=tuple(Found(**each.model_dump()) for each in body.actions),
            nothing_to_improve=body.nothing_to_improve, expected=caller.expected,
        )
    )  # fmt: skip
