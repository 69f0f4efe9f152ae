# SPDX-License-Identifier: Apache-2.0
"""Routes of assessments: how far they are, what they found, and their documents."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.files import attachment
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.assessment import queries
from steelyard.governance.assessment.begin import ask_refresh
from steelyard.governance.assessment.views import AssessmentView
from steelyard.kernel.errors import MissingError

router = Router(prefix="/assessments", tags=["Assessments"])
Word = Annotated[str | None, Query(max_length=100)]
_MEDIA = {"json": "application/json", "html": "text/html; charset=utf-8",
          "sarif": "application/sarif+json"}  # fmt: skip


class Again(BaseModel):
    """Why an adoption should be assessed again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"why": "A new advisory"}]}
    )

    why: Annotated[str, Field(min_length=3, max_length=200)]


@router.door("GET", "", right="assessment.read", returns=PageOf[AssessmentView])
def find(
    caller: Caller,
    asked: Asked,
    request: Word = None,
    revision: Word = None,
    use_case: Word = None,
    state: Word = None,
    outcome: Word = None,
    tier: Word = None,
    unit: Word = None,
    latest: bool | None = None,
) -> Response:
    """List the assessments you can see, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            queries.find(
                session, caller.actor, limit=asked.limit + 1, after=asked.after, request=request,
                revision=revision, use_case=use_case, state=state, outcome=outcome, tier=tier,
                unit=unit, latest=latest,
            ),
            lambda row: (row.id,),
        )
    )  # fmt: skip


@router.door("GET", "/{assessment_id}", right="assessment.read", returns=AssessmentView)
def get(assessment_id: str, caller: Caller) -> Response:
    """Return one assessment; while it runs, its state and progress."""
    return caller.read(lambda session: queries.get(session, caller.actor, assessment_id))


@router.door("GET", "/{assessment_id}/documents/{name}", right="assessment.read")
def document(assessment_id: str, name: str, caller: Caller) -> Response:
    """Return one of its documents: ``assessment.json``, ``report.html``, ``bom.cdx.json`` …"""
    with caller.house.reading() as session:
        found = queries.get(session, caller.actor, assessment_id)
    digest = found.documents.get(name)
    if digest is None:
        raise MissingError(
            f"The assessment {found.id} has no document {name[:80]!r}.",
            next_step=f"It has: {', '.join(sorted(found.documents)) or 'none yet'}.",
            code="assessment.no-document",
        )
    media = _MEDIA.get(name.rpartition(".")[2], "application/octet-stream")
    return attachment(caller.house.blobs, digest, name, media)


@router.door(
    "POST", "/{assessment_id}/refresh", right="assessment.refresh", returns=AssessmentView,
    status=202,
)  # fmt: skip
def refresh(assessment_id: str, body: Again, caller: Caller) -> Response:
    """Have an adoption assessed again."""
    return caller.act(lambda work: ask_refresh(work, caller.actor, assessment_id, body.why), 202)
