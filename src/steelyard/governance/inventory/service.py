# SPDX-License-Identifier: Apache-2.0
"""Verbs of models and revisions: register, examine, mark."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError as Taken
from sqlalchemy.orm import Session

from steelyard.governance.inventory import queries
from steelyard.governance.inventory.changes import diff
from steelyard.governance.inventory.facts import (
    ModelKind,
    ModelView,
    RevisionState,
    RevisionView,
    check_move,
)
from steelyard.governance.inventory.parts import replace_parts
from steelyard.governance.inventory.snapshot import Snapshot
from steelyard.governance.inventory.supplying import pull_trigger
from steelyard.governance.inventory.tables import ModelRow, RevisionRow, SupplierRow
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, IntegrityError
from steelyard.kernel.event import Event
from steelyard.platform.identity.visibility import reaches
from steelyard.platform.work import Work

JUSTIFICATION_LEAST = 10
"""Characters of a justification; a dash is none."""


def register_model(
    work: Work,
    actor: Actor,
    *,
    purl: str,
    name: str,
    publisher: str = "",
    kind: ModelKind = "upstream",
    unit: str = "",
    owner: str = "",
    parent: str = "",
) -> ModelView:
    """Return the model of that package URL in the unit, adding it if it is not there yet.

    Raises:
        FieldErrors: the actor does not belong to the unit, or the name is empty.
        MissingError: there is no such parent.
    """
    if not name.strip() or not purl.startswith("pkg:"):
        raise FieldErrors([("name", "A model has a name and a package URL.")])
    if not reaches(actor, unit):
        raise FieldErrors([("unit", f"You do not belong to the unit {unit!r}.")])
    if parent:
        queries.model_row(work.session, actor, parent)
    known = queries.model_by_purl(work.session, purl, unit)
    if known is not None:
        return queries.model_view(known)
    row = ModelRow(
        id=work.id("mdl"),
        purl=purl,
        name=name,
        key=name.casefold(),
        publisher=publisher,
        kind=kind,
        unit=unit,
        owner=owner or actor.mail,
        supplier=_supplier_of(work.session, publisher),
        state="active",
        parent=parent,
        created_by=actor.id,
        created_at=work.now,
        updated_at=work.now,
        version=1,
    )
    try:
        with work.session.begin_nested():
            work.session.add(row)
            work.session.flush()
    except Taken:  # somebody else registered it in this moment
        known = queries.model_by_purl(work.session, purl, unit)
        if known is None:
            raise
        return queries.model_view(known)
    work.record(
        actor,
        Event(
            type="model.registered",
            subject=row.id,
            about=row.supplier,
            details={"kind": kind, "purl": purl},
            body={"name": name, "owner": row.owner},
        ),
    )
    return queries.model_view(row)


def register_revision(
    work: Work,
    actor: Actor,
    *,
    model: str,
    purl: str,
    commit: str = "",
    parent: str | None = None,
    justification: str,
) -> RevisionView:
    """Return the revision of that package URL, adding it in quarantine if it is not there yet.

    ``parent`` is the revision it changes; without one it is the newest of the model. Whatever was
    decided about the parent says nothing about this one.

    Raises:
        FieldErrors: nobody said why it is wanted.
        MissingError: there is no such model or parent.
        ConflictError: the model is retired.
    """
    session = work.session
    of = queries.model_row(session, actor, model, lock=True)
    known = queries.revision_by_purl(session, of.id, purl)
    if known is not None:
        return queries.revision_view(known)
    if of.state == "retired":
        raise ConflictError(
            f"The model {of.name!r} is retired.",
            next_step="Choose the model that took its place.",
            code="model.retired",
        )
    check_justification(justification)
    if parent:
        queries.revision_row(session, actor, parent)
    elif parent is None:
        before = queries.latest_of(session, of.id)
        parent = before.id if before is not None else ""
    row = RevisionRow(
        id=work.id("rev"),
        model=of.id,
        name=of.name,
        purl=purl,
        commit=commit,
        manifest_sha256="",
        files=0,
        size=0,
        state="quarantined",
        unit=of.unit,
        parent=parent,
        justification=justification,
        snapshot="",
        replacement="",
        notice="",
        retires_at=None,
        created_by=actor.id,
        created_at=work.now,
        updated_at=work.now,
        version=1,
    )
    session.add(row)
    work.record(
        actor,
        Event(
            type="revision.registered",
            subject=row.id,
            about=of.id,
            details={"purl": purl, "parent": parent, "state": row.state},
            body={"justification": justification},
        ),
    )
    return queries.revision_view(row)


def examined(
    work: Work,
    revision_id: str,
    snapshot: Snapshot,
    digest: str,
    before: Snapshot | None = None,
) -> RevisionView:
    """Keep what an examination showed of a revision; ``digest`` names the snapshot in the blobs.

    ``before`` is the snapshot of its parent: a license that takes something away makes the
    supplier somebody to look at.

    Raises:
        MissingError: there is no such revision.
        IntegrityError: other bytes than before were served under the same name.
    """
    row = queries.revision_row(work.session, SYSTEM, revision_id, lock=True)
    model = queries.model_row(work.session, SYSTEM, row.model)
    if row.manifest_sha256 and row.manifest_sha256 != snapshot.manifest_sha256:
        raise IntegrityError(
            f"The revision {row.id} had other bytes when it was first examined: its manifest was "
            f"{row.manifest_sha256}, now it is {snapshot.manifest_sha256}.",
            next_step="Find out who changed what is served under an immutable name.",
            code="revision.bytes-changed",
        )
    if row.snapshot == digest:
        return queries.revision_view(row)
    first = not row.snapshot
    row.manifest_sha256, row.size = snapshot.manifest_sha256, snapshot.size
    row.files, row.snapshot = len(snapshot.parts), digest
    row.updated_at, row.version = work.now, row.version + 1
    replace_parts(work.session, row, snapshot, model.key)
    work.record(
        SYSTEM,
        Event(
            type="revision.examined",
            subject=row.id,
            about=row.model,
            details={
                "manifest_sha256": row.manifest_sha256,
                "snapshot_sha256": digest,
                "files": row.files,
                "size": row.size,
                "version": row.version,
            },
        ),
    )
    if first and before is not None and model.supplier:
        change = diff(before, snapshot)
        if change.license_reopens:
            pull_trigger(
                work, SYSTEM, model.supplier, "license", revision=row.id, parent=row.parent,
                direction=change.license.direction,
            )  # fmt: skip
    return queries.revision_view(row)


def mark_revision(
    work: Work, actor: Actor, revision_id: str, state: RevisionState, **details: Any
) -> RevisionView:
    """Move a revision to another state; ``details`` are ids and dates of why.

    Raises:
        MissingError: there is none, or the actor may not see it.
        ConflictError: that state cannot follow.
    """
    row = queries.revision_row(work.session, actor, revision_id, lock=True)
    if row.state == state:
        return queries.revision_view(row)
    before = cast("RevisionState", row.state)
    check_move(before, state, row.id)
    row.state, row.updated_at, row.version = state, work.now, row.version + 1
    work.record(
        actor,
        Event(
            type=f"revision.{state.replace(' ', '-')}",
            subject=row.id,
            about=row.model,
            details={"before": before, "state": state, "version": row.version, **details},
        ),
    )
    return queries.revision_view(row)


def check_justification(text: str, field: str = "justification") -> None:
    """Refuse a change that nobody gave a reason for.

    Raises:
        FieldErrors: the text is too short to be one.
    """
    if len(text.strip()) < JUSTIFICATION_LEAST:
        raise FieldErrors(
            [(field, f"Say why, in at least {JUSTIFICATION_LEAST} characters.")],
            next_step="Every new revision needs a reason; reviewers read it first.",
        )


def _supplier_of(session: Session, publisher: str) -> str:
    if not publisher:
        return ""
    found = session.scalar(select(SupplierRow.id).where(SupplierRow.key == publisher.casefold()))
    return found or ""
