# SPDX-License-Identifier: Apache-2.0
"""Routes of the use case register."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.use_cases import queries, service
from steelyard.governance.use_cases.register import UseCaseView
from steelyard.kernel.use_case import Autonomy, DataClass, Exposure, PeopleAffected, PersonalData

router = Router(prefix="/use-cases", tags=["Use cases"])
Text = Annotated[str, Field(min_length=1, max_length=5000)]


class Registration(BaseModel):
    """The five questions, a name and a purpose; everything else may come later."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "name": "internal-search",
                    "purpose": "Find passages in our engineering handbook",
                    "data_class": "internal",
                    "personal_data": "none",
                    "people_affected": "staff",
                    "autonomy": "assistive",
                    "exposure": "internal",
                }
            ]
        },
    )

    name: Annotated[str, Field(min_length=1, max_length=100)]
    purpose: Text
    data_class: DataClass
    personal_data: PersonalData
    people_affected: PeopleAffected
    autonomy: Autonomy
    exposure: Exposure


class Enrichment(BaseModel):
    """Facts to change, by name; ``null`` takes an optional fact away."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"environment": "staging"}]}
    )

    environment: Annotated[str, Field(max_length=60)] | None = None
    expires: datetime.date | None = None


@router.door("POST", "", right="use-case.write", returns=UseCaseView, status=201)
def register(body: Registration, caller: Caller) -> Response:
    """Register a use case."""
    given: dict[str, Any] = body.model_dump(mode="json")
    return caller.act(lambda work: service.register(work, caller.actor, given), 201)


@router.door("GET", "", right="use-case.read", returns=PageOf[UseCaseView])
def find(
    caller: Caller,
    asked: Asked,
    state: Annotated[str | None, Query(max_length=20)] = None,
    unit: Annotated[str | None, Query(max_length=100)] = None,
    name: Annotated[str | None, Query(max_length=100, description="How it begins.")] = None,
) -> Response:
    """List the use cases you can see, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            queries.find(
                session, caller.actor, limit=asked.limit + 1, after=asked.after,
                state=state, unit=unit, name=name,
            ),
            lambda row: (row.id,),
        )
    )  # fmt: skip


@router.door("GET", "/{use_case_id}", right="use-case.read", returns=UseCaseView)
def get(use_case_id: str, caller: Caller) -> Response:
    """Return one use case."""
    return caller.read(lambda session: queries.get(session, caller.actor, use_case_id))


@router.door("PATCH", "/{use_case_id}", right="use-case.write", returns=UseCaseView)
def enrich(use_case_id: str, body: Enrichment, caller: Caller) -> Response:
    """Change facts of a use case; needs ``If-Match``."""
    changes: dict[str, Any] = body.model_dump(mode="json", exclude_unset=True)
    return caller.act(
        lambda work: service.enrich(work, caller.actor, use_case_id, changes, caller.expected)
    )


@router.door("POST", "/{use_case_id}/retire", right="use-case.write", returns=UseCaseView)
def retire(use_case_id: str, caller: Caller) -> Response:
    """End a use case; needs ``If-Match``."""
    return caller.act(lambda work: service.retire(work, caller.actor, use_case_id, caller.expected))
