# SPDX-License-Identifier: Apache-2.0
"""Routes of decisions: what was decided, its evidence, its conditions, stopping it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.decision import bundle, conditions, force, queries
from steelyard.governance.decision.facts import Admission, ConditionView, DecisionView

router = Router(prefix="/decisions", tags=["Decisions"])
Short = Annotated[str | None, Query(max_length=100)]
_KEPT = {"Cache-Control": "private, max-age=86400"}


class Why(BaseModel):
    """The reason, in words."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"why": "Backdoor reported upstream"}]}
    )

    why: Annotated[str, Field(min_length=1, max_length=5000)]


class Fulfilment(BaseModel):
    """How a condition was fulfilled: a digest of what proves it, or words, or both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"note": "The notice is on the page of the product"}]},
    )

    evidence: Annotated[str, Field(max_length=64)] = ""
    note: Annotated[str, Field(max_length=5000)] = ""


class Term(BaseModel):
    """Until when, and by whom, a condition has to be fulfilled."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"due": "2027-03-31T18:00:00Z"}]}
    )

    due: AwareDatetime
    owner: Annotated[str, Field(max_length=320)] = ""


@router.door("GET", "", right="decision.read", returns=PageOf[DecisionView])
def find(
    caller: Caller,
    asked: Asked,
    state: Short = None,
    outcome: Short = None,
    unit: Short = None,
    request: Short = None,
    revision: Short = None,
    use_case: Short = None,
    environment: Short = None,
    manifest: Short = None,
    text: Annotated[
        str | None, Query(max_length=100, description="A part of the model's name.")
    ] = None,
) -> Response:
    """List the decisions you can see, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            queries.find(
                session, caller.actor, limit=asked.limit + 1, after=asked.after, state=state,
                outcome=outcome, unit=unit, request=request, revision=revision,
                use_case=use_case, environment=environment, manifest=manifest, text=text,
            ),
            lambda row: (row.id,),
        )
    )  # fmt: skip


@router.door("GET", "/admission", right="decision.read", returns=Admission)
def admit(
    caller: Caller,
    use_case: Annotated[str, Query(max_length=40)],
    environment: Annotated[str, Query(max_length=60)],
    revision: Annotated[str, Query(max_length=40)] = "",
    manifest: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Tell whether a revision may be served now, for a use case in an environment."""
    from steelyard.governance.emergency.admission import may_serve
    from steelyard.governance.use_cases.queries import row_of

    def ask(session: Session) -> Admission:
        row_of(session, caller.actor, use_case)
        return may_serve(
            session,
            use_case=use_case,
            environment=environment,
            now=caller.house.clock(),
            revision=revision,
            manifest_sha256=manifest,
        )

    return caller.read(ask)


@router.door("GET", "/{decision_id}", right="decision.read", returns=DecisionView)
def get(decision_id: str, caller: Caller) -> Response:
    """Return one decision."""
    return caller.read(lambda session: queries.get(session, caller.actor, decision_id))


@router.door("GET", "/{decision_id}/bundle", right="decision.read")
def evidence(decision_id: str, caller: Caller) -> Response:
    """Return the evidence as a zip archive that `steelyard verify` checks offline."""
    with caller.house.reading() as session:
        files = bundle.files_of(session, caller.actor, decision_id, caller.house.blobs)
    return Response(
        bundle.zipped(files),
        media_type="application/zip",
        headers={
            **_KEPT,
            "Content-Disposition": f'attachment; filename="{decision_id}.zip"',
        },
    )


@router.door("GET", "/{decision_id}/proof", right="decision.read")
def proof(decision_id: str, caller: Caller) -> Response:
    """Return the proof that the decision is in the ledger, as a C2SP ``.tlog-proof``."""
    return caller.read(
        lambda session: Response(
            bundle.proof_of(session, caller.actor, decision_id),
            media_type="text/plain; charset=utf-8",
            headers=_KEPT,
        )
    )


@router.door("GET", "/{decision_id}/documents/{name}", right="decision.read")
def document(
    decision_id: str, name: Annotated[str, Path(max_length=128)], caller: Caller
) -> Response:
    """Return one document of the decision, as it was signed."""
    with caller.house.reading() as session:
        data = bundle.document_of(session, caller.actor, decision_id, name, caller.house.blobs)
    return Response(
        data,
        media_type="application/octet-stream",
        headers={**_KEPT, "Content-Disposition": "attachment"},
    )


@router.door("GET", "/{decision_id}/conditions", right="decision.read", returns=list[ConditionView])
def terms(decision_id: str, caller: Caller) -> Response:
    """List the conditions of a decision."""
    return caller.read(lambda session: queries.conditions(session, caller.actor, decision_id))


@router.door("POST", "/{decision_id}/suspend", right="decision.act", returns=force.Acted)
def suspend(decision_id: str, body: Why, caller: Caller) -> Response:
    """Stop a decision for now; needs ``If-Match``."""
    return caller.act(
        lambda work: force.suspend(work, caller.actor, decision_id, body.why, caller.expected)
    )


@router.door("POST", "/{decision_id}/revoke", right="decision.act", returns=force.Acted)
def revoke(decision_id: str, body: Why, caller: Caller) -> Response:
    """End a decision for good; needs ``If-Match``."""
    return caller.act(
        lambda work: force.revoke(work, caller.actor, decision_id, body.why, caller.expected)
    )


@router.door("POST", "/{decision_id}/reinstate", right="decision.act", returns=force.Acted)
def reinstate(decision_id: str, body: Why, caller: Caller) -> Response:
    """Let a suspended decision run again; needs ``If-Match``."""
    return caller.act(
        lambda work: force.reinstate(work, caller.actor, decision_id, body.why, caller.expected)
    )


_CONDITION = "/{decision_id}/conditions/{condition_id}"


@router.door("POST", f"{_CONDITION}/schedule", right="decision.act", returns=ConditionView)
def schedule(decision_id: str, condition_id: str, body: Term, caller: Caller) -> Response:
    """Say until when a condition has to be fulfilled; needs ``If-Match``."""
    return caller.act(
        lambda work: conditions.schedule(
            work, caller.actor, decision_id, condition_id, body.due, body.owner, caller.expected
        )
    )


@router.door("POST", f"{_CONDITION}/fulfil", right="condition.fulfil", returns=ConditionView)
def fulfil(decision_id: str, condition_id: str, body: Fulfilment, caller: Caller) -> Response:
    """Report a condition fulfilled; needs ``If-Match``."""
    return caller.act(
        lambda work: conditions.fulfil(
            work, caller.actor, decision_id, condition_id, body.evidence, body.note,
            caller.expected,
        )
    )  # fmt: skip


@router.door("POST", f"{_CONDITION}/confirm", right="decision.act", returns=ConditionView)
def confirm(decision_id: str, condition_id: str, caller: Caller) -> Response:
    """Confirm that a condition is fulfilled; needs ``If-Match``."""
    return caller.act(
        lambda work: conditions.confirm(
            work, caller.actor, decision_id, condition_id, caller.expected
        )
    )
