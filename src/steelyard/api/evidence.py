# SPDX-License-Identifier: Apache-2.0
"""Routes of evidence from elsewhere."""

from __future__ import annotations

import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.files import attachment
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.assessment import evidencing
from steelyard.governance.assessment.evidence import Effect, EvidenceState, EvidenceView, Says

router = Router(prefix="/evidence", tags=["Evidence"])
Word = Annotated[str | None, Query(max_length=100)]
Line = Annotated[str, Field(min_length=1, max_length=300)]


class NewEvidence(BaseModel):
    """A proof whose bytes were sent to ``/uploads`` before."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "access-test",
                    "title": "Access test of the search cluster",
                    "name": "access-test.pdf",
                    "media": "application/pdf",
                    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "source": "Internal audit",
                    "effective": "2026-11-02",
                    "target": "uc_01k9xw3v5m8s2t4q6r7p1n0abc",
                }
            ]
        },
    )

    kind: Annotated[str, Field(max_length=60)]
    title: Line
    name: Annotated[str, Field(pattern=r"^[^/\\\x00-\x1f\"]{1,255}$")]
    media: Annotated[str, Field(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$", max_length=100)] = (
        "application/octet-stream"
    )
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    source: Line
    effective: datetime.date
    expires: datetime.date | None = None
    target: Annotated[str, Field(max_length=40)]
    effect: Effect = "advisory"
    says: Says = "supports"
    control: Annotated[str, Field(max_length=100)] = ""
    task: Annotated[str, Field(max_length=100)] = ""
    revises: Annotated[str, Field(max_length=40)] = ""


@router.door("POST", "", right="evidence.write", returns=EvidenceView, status=201)
def add(body: NewEvidence, caller: Caller) -> Response:
    """Attach a proof to a revision, a use case or a request."""
    given = body.model_dump()
    size = caller.house.blobs.size(body.sha256)
    return caller.act(lambda work: evidencing.add(work, caller.actor, size=size, **given), 201)


@router.door("GET", "", right="evidence.read", returns=PageOf[EvidenceView])
def find(
    caller: Caller,
    asked: Asked,
    target: Word = None,
    kind: Word = None,
    state: EvidenceState | None = None,
    series: Word = None,
    unit: Word = None,
    control: Word = None,
) -> Response:
    """List the evidence you can see, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            evidencing.find(
                session, caller.actor, limit=asked.limit + 1, after=asked.after, target=target,
                kind=kind, state=state, series=series, unit=unit, control=control,
            ),
            lambda row: (row.id,),
        )
    )  # fmt: skip


@router.door("GET", "/{evidence_id}", right="evidence.read", returns=EvidenceView)
def get(evidence_id: str, caller: Caller) -> Response:
    """Return one proof."""
    return caller.read(
        lambda session: evidencing.view(evidencing.row_of(session, caller.actor, evidence_id))
    )


@router.door("GET", "/{evidence_id}/file", right="evidence.read")
def download(evidence_id: str, caller: Caller) -> Response:
    """Return the bytes of a proof."""
    with caller.house.reading() as session:
        found = evidencing.view(evidencing.row_of(session, caller.actor, evidence_id))
    return attachment(caller.house.blobs, found.sha256, found.name, found.media)


@router.door("POST", "/{evidence_id}/verify", right="evidence.verify", returns=EvidenceView)
def verify(evidence_id: str, caller: Caller) -> Response:
    """Say that a proof is what it claims to be; needs ``If-Match``, and somebody else."""
    return caller.act(
        lambda work: evidencing.verify(work, caller.actor, evidence_id, caller.expected)
    )


@router.door("POST", "/{evidence_id}/withdraw", right="evidence.write", returns=EvidenceView)
def withdraw(evidence_id: str, caller: Caller) -> Response:
    """Take back a proof you sent; needs ``If-Match``."""
    return caller.act(
        lambda work: evidencing.withdraw(work, caller.actor, evidence_id, caller.expected)
    )
