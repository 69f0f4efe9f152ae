# SPDX-License-Identifier: Apache-2.0
"""Routes of the risk register."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.exceptions import risks
from steelyard.governance.exceptions.risks import HeatCell, RiskView

router = Router(prefix="/risks", tags=["Risks"])
LongText = Annotated[str, Field(max_length=20_000)]
Said = Annotated[str, Field(min_length=1, max_length=20_000)]
OfFive = Annotated[int, Field(ge=1, le=5)]
Tier = Literal["low", "moderate", "high", "critical"]
Treatment = Literal["avoid", "reduce", "transfer", "accept"]
_PERSON = "usr_01k00000000000000000000000"


def _like(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class NewRisk(BaseModel):
    """A risk, how likely and how bad it is (of five), and what is done about it."""

    model_config = _like(
        {
            "title": "The model repeats names from its training data",
            "unit": "search", "tier": "moderate", "likelihood": 2, "impact": 4,
            "residual_likelihood": 1, "residual_impact": 4, "treatment": "reduce",
            "plan": "Filter names from answers.", "owner": _PERSON, "review_on": "2027-05-01",
        }
    )  # fmt: skip

    title: Annotated[str, Field(min_length=1, max_length=300)]
    text: LongText = ""
    about: Annotated[str, Field(max_length=40)] = ""
    unit: Annotated[str, Field(max_length=100)] = ""
    tier: Tier
    likelihood: OfFive
    impact: OfFive
    residual_likelihood: OfFive
    residual_impact: OfFive
    treatment: Treatment
    plan: LongText = ""
    owner: Annotated[str, Field(min_length=1, max_length=40)]
    review_on: dt.date


class RiskChange(BaseModel):
    """What is known of a risk now, or done about it."""

    model_config = _like({"likelihood": 1, "review_on": "2027-11-01"})

    title: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    text: LongText | None = None
    tier: Tier | None = None
    likelihood: OfFive | None = None
    impact: OfFive | None = None
    residual_likelihood: OfFive | None = None
    residual_impact: OfFive | None = None
    treatment: Treatment | None = None
    plan: LongText | None = None
    owner: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    review_on: dt.date | None = None
    state: Literal["open", "closed"] | None = None


class Acceptance(BaseModel):
    """That you carry a risk for one phase, until a day."""

    model_config = _like(
        {"phase": "pilot", "role": "head-of-risk", "reason": "Few users.", "until": "2027-02-01"}
    )

    phase: Annotated[str, Field(min_length=1, max_length=60)]
    role: Annotated[str, Field(min_length=1, max_length=60)]
    reason: Said
    until: dt.date
    conditions: Annotated[list[Said], Field(max_length=20)] = []


class Conclusion(BaseModel):
    """How a phase went."""

    model_config = _like({"phase": "pilot", "held": True, "note": "No name was seen."})

    phase: Annotated[str, Field(min_length=1, max_length=60)]
    held: bool
    note: Said


@router.door("GET", "", right="risk.read", returns=PageOf[RiskView])
def find(
    caller: Caller,
    asked: Asked,
    state: Annotated[Literal["open", "closed"] | None, Query()] = None,
    unit: Annotated[str | None, Query(max_length=100)] = None,
    owner: Annotated[str | None, Query(max_length=40)] = None,
    about: Annotated[str | None, Query(max_length=40)] = None,
    review_before: Annotated[dt.date | None, Query()] = None,
) -> Response:
    """List the risks you can see, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            risks.find(
                session, caller.actor, limit=asked.limit + 1, after=asked.after, state=state,
                unit=unit, owner=owner, about=about, review_before=review_before,
            ),
            lambda row: (row.id,),
        )
    )  # fmt: skip


@router.door("POST", "", right="risk.write", returns=RiskView, status=201)
def record(body: NewRisk, caller: Caller) -> Response:
    """Put a risk into the register."""
    return caller.act(lambda work: risks.record(work, caller.actor, body.model_dump()), 201)


@router.door("GET", "/heat-map", right="risk.read", returns=list[HeatCell])
def heat_map(caller: Caller, unit: Annotated[str | None, Query(max_length=100)] = None) -> Response:
    """Count open risks by likelihood and impact, worst first."""
    return caller.read(lambda session: risks.heat_map(session, caller.actor, unit))


@router.door("GET", "/{risk_id}", right="risk.read", returns=RiskView)
def get(risk_id: str, caller: Caller) -> Response:
    """Return one risk and for which phases it was accepted."""
    return caller.read(
        lambda session: risks.view(session, risks.row_of(session, caller.actor, risk_id))
    )


@router.door("PATCH", "/{risk_id}", right="risk.write", returns=RiskView)
def change(risk_id: str, body: RiskChange, caller: Caller) -> Response:
    """Change what is known of a risk or done about it; needs ``If-Match``."""
    given: dict[str, Any] = body.model_dump(exclude_unset=True, exclude_none=True)
    return caller.act(
        lambda work: risks.change(work, caller.actor, risk_id, given, caller.expected)
    )


@router.door("POST", "/{risk_id}/acceptances", right="risk.accept", returns=RiskView, status=201)
def accept(risk_id: str, body: Acceptance, caller: Caller) -> Response:
    """Carry a risk for one phase of a release; needs ``If-Match``."""
    return caller.act(
        lambda work: risks.accept(
            work, caller.actor, risk_id, phase=body.phase, role=body.role, reason=body.reason,
            until=body.until, conditions=tuple(body.conditions), expected=caller.expected,
        ),
        201,
    )  # fmt: skip


@router.door("POST", "/{risk_id}/conclusions", right="risk.write", returns=RiskView, status=201)
def conclude(risk_id: str, body: Conclusion, caller: Caller) -> Response:
    """Say how a phase went; needs ``If-Match``."""
    return caller.act(
        lambda work: risks.conclude(
            work, caller.actor, risk_id, body.phase, body.held, body.note, caller.expected
        ),
        201,
    )
