# SPDX-License-Identifier: Apache-2.0
"""Routes of models."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.inventory import parts, queries, service, upstream
from steelyard.governance.inventory.facts import Derived, ModelKind, ModelView, RevisionView
from steelyard.governance.inventory.upstream import UpstreamView
from steelyard.platform.work import Work

router = Router(prefix="/models", tags=["Models"])
Word = Annotated[str | None, Query(max_length=300)]
Why = Annotated[str, Field(min_length=10, max_length=5000)]


class NewModel(BaseModel):
    """A model of our own, or one that is registered before anybody asks for it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "purl": "pkg:huggingface/acme/tiny",
                    "name": "acme/tiny",
                    "publisher": "acme",
                    "kind": "upstream",
                }
            ]
        },
    )

    purl: Annotated[str, Field(pattern=r"^pkg:[^@?#\s]+$", max_length=500)]
    name: Annotated[str, Field(min_length=1, max_length=300)]
    publisher: Annotated[str, Field(max_length=300)] = ""
    kind: ModelKind = "upstream"
    unit: Annotated[str, Field(max_length=100)] = ""
    parent: Annotated[str, Field(max_length=40)] = ""


class NewRevision(BaseModel):
    """Another state of a model, and why it is wanted."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "commit": "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
                    "justification": "Fixes the tokenizer for accented letters.",
                }
            ]
        },
    )

    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
    justification: Why
    parent: Annotated[str, Field(max_length=40)] | None = None


@router.door("POST", "", right="model.write", returns=ModelView, status=201)
def register(body: NewModel, caller: Caller) -> Response:
    """Register a model; one that is there already is returned."""
    given: dict[str, Any] = body.model_dump()
    return caller.act(lambda work: service.register_model(work, caller.actor, **given), 201)


@router.door("GET", "", right="model.read", returns=PageOf[ModelView])
def find(
    caller: Caller,
    asked: Asked,
    state: Word = None,
    kind: Word = None,
    unit: Word = None,
    supplier: Word = None,
    publisher: Word = None,
    name: Annotated[str | None, Query(max_length=300, description="How it begins.")] = None,
) -> Response:
    """List the models you can see, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            queries.find_models(
                session, caller.actor, limit=asked.limit + 1, after=asked.after, state=state,
                kind=kind, unit=unit, supplier=supplier, publisher=publisher, name=name,
            ),
            lambda row: (row.id,),
        )
    )  # fmt: skip


@router.door("GET", "/derived", right="model.read", returns=PageOf[Derived])
def derived(
    caller: Caller,
    asked: Asked,
    of: Annotated[
        str,
        Query(
            min_length=1,
            max_length=500,
            description="org/name, a package URL, an id, or the SHA-256 of a file.",
        ),
    ],
    state: Annotated[list[str] | None, Query(max_length=9)] = None,
) -> Response:
    """List revisions that are, derive from, or hold the bytes of something."""
    return caller.read(
        lambda session: page(
            asked,
            parts.derived_from(
                session, caller.actor, of, limit=asked.limit + 1, after=asked.after,
                states=state or (),
            ),
            lambda row: (row.revision.id,),
        )
    )  # fmt: skip


@router.door("GET", "/{model_id}", right="model.read", returns=ModelView)
def get(model_id: str, caller: Caller) -> Response:
    """Return one model."""
    return caller.read(lambda session: queries.get_model(session, caller.actor, model_id))


@router.door(
    "POST", "/{model_id}/revisions", right="model.write", returns=RevisionView, status=201
)  # fmt: skip
def add_revision(model_id: str, body: NewRevision, caller: Caller) -> Response:
    """Register a revision. It begins in quarantine, whatever was decided about others."""

    def act(work: Work) -> RevisionView:
        model = queries.get_model(work.session, caller.actor, model_id)
        return service.register_revision(
            work,
            caller.actor,
            model=model.id,
            purl=f"{model.purl}@{body.commit}",
            commit=body.commit,
            parent=body.parent,
            justification=body.justification,
        )

    return caller.act(act, 201)


@router.door("GET", "/{model_id}/upstream", right="model.read", returns=UpstreamView)
def seen_upstream(model_id: str, caller: Caller) -> Response:
    """Return what the hub a model comes from said of it, and when it last answered."""
    return caller.read(lambda session: upstream.get(session, caller.actor, model_id))


@router.door("POST", "/{model_id}/upstream/check", right="model.write", returns=UpstreamView)
def check_upstream(model_id: str, caller: Caller) -> Response:
    """Have the hub asked about a model now; what it says is kept in the background."""
    return caller.act(lambda work: upstream.ask_check(work, caller.actor, model_id))
