# SPDX-License-Identifier: Apache-2.0
"""Routes of suppliers."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.assessment import exit_test
from steelyard.governance.inventory import supplying
from steelyard.governance.inventory.suppliers import (
    SupplierKind,
    SupplierState,
    SupplierView,
    Support,
)

router = Router(prefix="/suppliers", tags=["Suppliers"])
Line = Annotated[str, Field(max_length=500)]


class CommitmentBody(BaseModel):
    """Something a supplier promised."""

    model_config = ConfigDict(extra="forbid")

    what: Annotated[str, Field(min_length=1, max_length=1000)]
    within: Line = ""
    until: datetime.date | None = None


class TermsBody(BaseModel):
    """What is agreed; a field that is left out stays as it was."""

    model_config = ConfigDict(extra="forbid")

    commitments: Annotated[list[CommitmentBody], Field(max_length=50)] | None = None
    contract: Line | None = None
    contract_ends: datetime.date | None = None
    security_contact: Line | None = None
    disclosures: Annotated[list[Line], Field(max_length=50)] | None = None


class ExitPlanBody(BaseModel):
    """How we leave: the plan's text, or the SHA-256 of one kept elsewhere."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=50_000)] = ""
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    substitute: Annotated[str, Field(min_length=1, max_length=300)]
    owner: Annotated[str, Field(min_length=1, max_length=320)]
    test_due: datetime.date | None = None


class NewSupplier(BaseModel):
    """A supplier."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "acme",
                    "kind": "vendor",
                    "support": "commercial",
                    "terms": {"contract": "C-17", "contract_ends": "2027-01-15"},
                    "exit_plan": {
                        "text": "Serve other/one instead.",
                        "substitute": "other/one",
                        "owner": "owner@example.org",
                        "test_due": "2027-06-01",
                    },
                }
            ]
        },
    )

    name: Annotated[str, Field(min_length=1, max_length=300)]
    kind: SupplierKind = "publisher"
    support: Support = "none"
    terms: TermsBody | None = None
    exit_plan: ExitPlanBody | None = None


class SupplierChange(BaseModel):
    """What is to change."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"support": "community"}]}
    )

    kind: SupplierKind | None = None
    support: Support | None = None
    state: SupplierState | None = None
    terms: TermsBody | None = None
    exit_plan: ExitPlanBody | None = None


class ExitTest(BaseModel):
    """That the exit plan was tested, and the proof of it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"evidence": "evd_01k00000000000000000000000", "next_due": "2027-12-01"}]
        },
    )

    evidence: Annotated[str, Field(min_length=1, max_length=40)]
    next_due: datetime.date | None = None


def _given(body: BaseModel) -> dict[str, Any]:
    """Return what was sent, as plain data; terms that are null fall back to their defaults."""
    given: dict[str, Any] = body.model_dump(mode="json", exclude_unset=True)
    return given


@router.door("POST", "", right="supplier.write", returns=SupplierView, status=201)
def register(body: NewSupplier, caller: Caller) -> Response:
    """Register a supplier."""
    given = _given(body)
    return caller.act(lambda work: supplying.register_supplier(work, caller.actor, **given), 201)


@router.door("GET", "", right="supplier.read", returns=PageOf[SupplierView])
def find(
    caller: Caller,
    asked: Asked,
    name: Annotated[str | None, Query(max_length=300, description="How it begins.")] = None,
    support: Support | None = None,
    due_before: Annotated[
        datetime.date | None,
        Query(description="Contracts that end, or exit tests due, before this date."),
    ] = None,
) -> Response:
    """List the suppliers, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            supplying.find_suppliers(
                session, limit=asked.limit + 1, after=asked.after, name=name, support=support,
                due_before=due_before,
            ),
            lambda row: (row.id,),
        )
    )  # fmt: skip


@router.door("GET", "/{supplier_id}", right="supplier.read", returns=SupplierView)
def get(supplier_id: str, caller: Caller) -> Response:
    """Return one supplier."""
    return caller.read(lambda session: supplying.get_supplier(session, supplier_id))


@router.door("PATCH", "/{supplier_id}", right="supplier.write", returns=SupplierView)
def change(supplier_id: str, body: SupplierChange, caller: Caller) -> Response:
    """Change a supplier; needs ``If-Match``. Less support than before pulls a trigger."""
    given = _given(body)
    return caller.act(
        lambda work: supplying.change_supplier(
            work, caller.actor, supplier_id, caller.expected, **given
        )
    )


@router.door("POST", "/{supplier_id}/exit-tests", right="supplier.write", returns=SupplierView)
def test(supplier_id: str, body: ExitTest, caller: Caller) -> Response:
    """Record that the exit plan was tested; needs ``If-Match``."""
    return caller.act(
        lambda work: exit_test.record(
            work,
            caller.actor,
            supplier_id,
            caller.expected,
            evidence=body.evidence,
            next_due=body.next_due,
        )
    )
