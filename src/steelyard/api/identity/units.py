# SPDX-License-Identifier: Apache-2.0
"""Routes of business units and of training."""

from __future__ import annotations

import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.platform.identity import training, units
from steelyard.platform.identity.permissions import allowed
from steelyard.platform.identity.training import TrainingView
from steelyard.platform.identity.units import UnitView

router = Router(tags=["Units and training"])


class NewUnit(BaseModel):
    """A unit to make."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "fraud", "title": "Fraud", "calendar": "DE-BY"}]},
    )
    name: Annotated[str, Field(min_length=1, max_length=100)]
    title: Annotated[str, Field(max_length=200)] = ""
    parent: Annotated[str, Field(max_length=100)] = ""
    calendar: Annotated[str, Field(max_length=20, description="Such as DE or DE-BY.")] = ""


class UnitChange(BaseModel):
    """What to change."""

    model_config = ConfigDict(extra="forbid")
    title: Annotated[str, Field(max_length=200)] | None = None
    parent: Annotated[str, Field(max_length=100)] | None = None
    calendar: Annotated[str, Field(max_length=20)] | None = None


class Passed(BaseModel):
    """That somebody passed a course."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"person": "usr_01k…", "course": "pickle-risks", "passed_on": "2026-11-02"}
            ]
        },
    )
    person: Annotated[str, Field(max_length=40)]
    course: Annotated[str, Field(min_length=1, max_length=100)]
    passed_on: datetime.date
    valid_until: datetime.date | None = None


@router.door("GET", "/units", right="unit.read", returns=PageOf[UnitView])
def find(caller: Caller, asked: Asked) -> Response:
    """List the units by name."""
    return caller.read(
        lambda session: page(
            asked,
            units.find(session, limit=asked.limit + 1, after=asked.after),
            lambda row: (row.name,),
        )
    )


@router.door("POST", "/units", right="unit.manage", returns=UnitView, status=201)
def create(body: NewUnit, caller: Caller) -> Response:
    """Make a unit."""
    return caller.act(
        lambda work: units.create(
            work, caller.actor, body.name,
            title=body.title, parent=body.parent, calendar=body.calendar,
        ),
        201,
    )  # fmt: skip


@router.door("GET", "/units/{name}", right="unit.read", returns=UnitView)
def get(name: str, caller: Caller) -> Response:
    """Return one unit."""
    return caller.read(lambda session: units.get(session, name))


@router.door("PATCH", "/units/{name}", right="unit.manage", returns=UnitView)
def change(name: str, body: UnitChange, caller: Caller) -> Response:
    """Change a unit; needs ``If-Match``."""
    return caller.act(
        lambda work: units.change(
            work, caller.actor, name, caller.expected,
            title=body.title, parent=body.parent, calendar=body.calendar,
        )
    )  # fmt: skip


@router.door("GET", "/training", right="training.own", returns=PageOf[TrainingView])
def list_training(
    caller: Caller,
    asked: Asked,
    person: Annotated[str | None, Query(max_length=40)] = None,
    course: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """List records of training: your own, or everybody's if your role has to know."""
    whose = person if allowed(caller.actor, "training.read") else caller.actor.id
    return caller.read(
        lambda session: page(
            asked,
            training.find(
                session, limit=asked.limit + 1, after=asked.after, person=whose, course=course
            ),
            lambda row: (row.id,),
        )
    )


@router.door("POST", "/training", right="training.record", returns=TrainingView, status=201)
def record(body: Passed, caller: Caller) -> Response:
    """Record that somebody passed a course."""
    return caller.act(
        lambda work: training.add(
            work, caller.actor, body.person, body.course, body.passed_on, body.valid_until
        ),
        201,
    )
