# SPDX-License-Identifier: Apache-2.0
"""A use case in the register: what is known of it so far, and whether that is enough to ask.

Registering asks five questions and no more; everything else has a default that is safe to begin
with or may be added later. A request needs a complete use case.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import msgspec
from msgspec import Struct

from steelyard.governance.use_cases.facts import faults
from steelyard.kernel.errors import FieldErrors
from steelyard.kernel.use_case import UseCase

QUESTIONS = ("data_class", "personal_data", "people_affected", "autonomy", "exposure")
"""What is asked first."""
State = Literal["active", "expired", "retired"]
_LIFE = 365


class UseCaseView(Struct, frozen=True, kw_only=True):
    """A registered use case."""

    id: str
    name: str
    unit: str
    state: State
    owner: str
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int
    facts: UseCase
    eu_class: str = ""


def complete(given: dict[str, Any], *, owner: str, unit: str, today: dt.date) -> UseCase:
    """Return the use case that ``given`` answers describe, with defaults for what is not asked.

    Raises:
        FieldErrors: an answer is missing or is not one of the possible ones; all of them at once.
    """
    start: dict[str, Any] = {
        "owner": owner,
        "environment": "sandbox",
        "regions": ["EU"],
        "commercial": True,
        "sector": "software",
        "expires": (today + dt.timedelta(days=_LIFE)).isoformat(),
        "unit": unit or None,
    }
    return check({**start, **{name: value for name, value in given.items() if value is not None}})


def check(facts: dict[str, Any]) -> UseCase:
    """Return the use case in ``facts``.

    Raises:
        FieldErrors: every field that is wrong, each with a sentence.
    """
    found = [
        (field.name, "This must be answered.")
        for field in msgspec.structs.fields(UseCase)
        if field.required and field.name not in facts
    ]
    for field in msgspec.structs.fields(UseCase):
        if field.name in facts:
            try:
                msgspec.convert(facts[field.name], field.type)
            except msgspec.ValidationError as error:
                found.append((field.name, f"{error}."))
    known = {field.name for field in msgspec.structs.fields(UseCase)}
    found += [(name, "There is no such field.") for name in facts if name not in known]
    if found:
        raise FieldErrors(found)
    use_case = msgspec.convert(facts, UseCase)
    wrong = [
        (".".join(map(str, place)), f"{said} {step}".strip())
        for place, said, step in faults(use_case)
    ]
    if wrong:
        raise FieldErrors(wrong)
    return use_case
