# SPDX-License-Identifier: Apache-2.0
"""Reads of the inventory. Models of the world outside are everybody's; ours belong to a unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from steelyard.governance.inventory.facts import (
    ComponentKind,
    ComponentView,
    ModelKind,
    ModelState,
    ModelView,
    RevisionState,
    RevisionView,
)
from steelyard.governance.inventory.tables import (
    MODELS,
    REVISIONS,
    ComponentRow,
    ModelRow,
    RevisionRow,
)
from steelyard.kernel.actor import Actor

S = TypeVar("S", bound=Select[Any])


def get_model(session: Session, actor: Actor, model_id: str) -> ModelView:
    """Return one model.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return model_view(model_row(session, actor, model_id))


def find_models(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    state: str | None = None,
    kind: str | None = None,
    unit: str | None = None,
    supplier: str | None = None,
    publisher: str | None = None,
    name: str | None = None,
) -> list[ModelView]:
    """Return up to ``limit`` models, newest first; ``name`` is how it begins."""
    wanted = (
        (ModelRow.state, state),
        (ModelRow.kind, kind),
        (ModelRow.unit, unit),
        (ModelRow.supplier, supplier),
        (ModelRow.publisher, publisher),
    )
    query = MODELS.newest(actor, limit=limit, after=after, wanted=wanted)
    if name is not None:
        query = query.where(ModelRow.key.startswith(name.casefold(), autoescape=True))
    return [model_view(row) for row in session.scalars(query)]


def model_row(session: Session, actor: Actor, model_id: str, *, lock: bool = False) -> ModelRow:
    """Return the row of one model, locked if it will be changed.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return MODELS.one(session, actor, model_id, lock=lock)


def model_by_purl(session: Session, purl: str, unit: str = "") -> ModelRow | None:
    """Return the model of that package URL in a unit, if the inventory has it."""
    return session.scalar(select(ModelRow).where(ModelRow.unit == unit, ModelRow.purl == purl))


def get_revision(session: Session, actor: Actor, revision_id: str) -> RevisionView:
    """Return one revision.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return revision_view(revision_row(session, actor, revision_id))


def find_revisions(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    model: str | None = None,
    state: str | None = None,
    unit: str | None = None,
    manifest: str | None = None,
) -> list[RevisionView]:
    """Return up to ``limit`` revisions, newest first."""
    wanted = (
        (RevisionRow.model, model),
        (RevisionRow.state, state),
        (RevisionRow.unit, unit),
        (RevisionRow.manifest_sha256, manifest),
    )
    query = REVISIONS.newest(actor, limit=limit, after=after, wanted=wanted)
    return [revision_view(row) for row in session.scalars(query)]


def revision_row(
    session: Session, actor: Actor, revision_id: str, *, lock: bool = False
) -> RevisionRow:
    """Return the row of one revision, locked if it will be changed.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return REVISIONS.one(session, actor, revision_id, lock=lock)


def revision_by_purl(session: Session, model_id: str, purl: str) -> RevisionRow | None:
    """Return the revision of a model that a package URL names, if the inventory has it."""
    return session.scalar(
        select(RevisionRow).where(RevisionRow.model == model_id, RevisionRow.purl == purl)
    )


def revisions_of(model_id: str) -> Select[str]:
    """Return the query for the ids of all revisions of a model."""
    return select(RevisionRow.id).where(RevisionRow.model == model_id)


def newest_of(
    session: Session, actor: Actor, models: Sequence[str]
) -> dict[str, tuple[RevisionView, int]]:
    """Return the newest revision of each model, and how many it has; models without are left
    out."""
    counted = REVISIONS.seen(
        select(func.max(RevisionRow.id), func.count()).where(RevisionRow.model.in_(models)), actor
    ).group_by(RevisionRow.model)
    counts: dict[str, int] = {row[0]: row[1] for row in session.execute(counted)}
    rows = session.scalars(select(RevisionRow).where(RevisionRow.id.in_(list(counts))))
    return {row.model: (revision_view(row), counts[row.id]) for row in rows}


def models_named(session: Session, actor: Actor, names: Sequence[str]) -> dict[str, str]:
    """Return the ids of models by name without case; of several with one name, the newest."""
    keys = {name.casefold() for name in names}
    query = MODELS.seen(
        select(ModelRow.key, ModelRow.id).where(ModelRow.key.in_(sorted(keys))), actor
    )
    return {row[0]: row[1] for row in session.execute(query.order_by(ModelRow.id))}


def latest_of(session: Session, model_id: str, *, but: str = "") -> RevisionRow | None:
    """Return the newest revision of a model, leaving one out."""
    return session.scalar(
        select(RevisionRow)
        .where(RevisionRow.model == model_id, RevisionRow.id != but)
        .order_by(RevisionRow.id.desc())
        .limit(1)
    )


def components(session: Session, actor: Actor, revision_id: str) -> Sequence[ComponentView]:
    """Return the parts of a revision, files first, by name.

    Raises:
        MissingError: there is no such revision, or the actor may not see it.
    """
    row = revision_row(session, actor, revision_id)
    found = session.scalars(
        select(ComponentRow)
        .where(ComponentRow.revision == row.id)
        .order_by(ComponentRow.sha256 == "", ComponentRow.name)
    )
    return [
        ComponentView(
            revision=part.revision,
            kind=cast("ComponentKind", part.kind),
            name=part.name,
            format=part.format,
            sha256=part.sha256,
            size=part.size,
        )
        for part in found
    ]


def names_of(session: Session, revisions: Iterable[str]) -> dict[str, str]:
    """Return the name of the model of each of these revisions; the caller may see them."""
    query = select(RevisionRow.id, RevisionRow.name).where(RevisionRow.id.in_(set(revisions)))
    return {row.id: row.name for row in session.execute(query)}


def model_view(row: ModelRow) -> ModelView:
    """Return what is shown of a model."""
    return ModelView(
        id=row.id,
        purl=row.purl,
        name=row.name,
        publisher=row.publisher,
        kind=cast("ModelKind", row.kind),
        unit=row.unit,
        owner=row.owner,
        supplier=row.supplier,
        state=cast("ModelState", row.state),
        parent=row.parent,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def revision_view(row: RevisionRow) -> RevisionView:
    """Return what is shown of a revision."""
    return RevisionView(
        id=row.id,
        model=row.model,
        name=row.name,
        purl=row.purl,
        commit=row.commit,
        manifest_sha256=row.manifest_sha256,
        files=row.files,
        size=row.size,
        state=cast("RevisionState", row.state),
        unit=row.unit,
        parent=row.parent,
        justification=row.justification,
        replacement=row.replacement,
        retires_at=row.retires_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )
