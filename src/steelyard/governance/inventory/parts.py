# SPDX-License-Identifier: Apache-2.0
"""The parts of revisions and what they were made from; "what do we run that derives from X"."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from sqlalchemy import cast, delete, insert, literal, select, union
from sqlalchemy.orm import Session

from steelyard.governance.inventory.facts import Derived
from steelyard.governance.inventory.queries import model_row, revision_row, revision_view
from steelyard.governance.inventory.snapshot import Snapshot
from steelyard.governance.inventory.tables import (
    MODELS,
    REVISIONS,
    ComponentRow,
    EdgeRow,
    ModelRow,
    Name,
    RevisionRow,
)
from steelyard.kernel.actor import Actor
from steelyard.kernel.digest import is_sha256
from steelyard.kernel.lineage import GraphNode
from steelyard.platform.ids import is_id
from steelyard.provenance.lineage.names import identity
from steelyard.provenance.queries import key_of, read_target

WEIGHTS = ("weights", "adapter")
_NAME_MOST = 300


def replace_parts(session: Session, revision: RevisionRow, snapshot: Snapshot, key: str) -> None:
    """Set the components and the lineage of a revision to what its examination showed.

    ``key`` is the name of its model without case: the final node of the lineage is called so,
    whatever the files call it.
    """
    session.execute(delete(ComponentRow).where(ComponentRow.revision == revision.id))
    session.execute(delete(EdgeRow).where(EdgeRow.revision == revision.id))
    parts = [
        {
            "revision": revision.id,
            "kind": part.kind,
            "name": part.path[:1000],
            "format": part.format[:60],
            "sha256": part.sha256,
            "size": part.size,
        }
        for part in snapshot.parts
    ]
    graph = snapshot.lineage
    nodes = {node.name: node for node in graph.nodes} if graph is not None else {}
    for node in nodes.values():
        if graph is not None and node.name != graph.subject and node.state == "named":
            kind = "dataset" if node.kind == "dataset" else "base model"
            named = {"name": node.name[:1000], "format": node.kind, "sha256": "", "size": 0}
            parts.append({"revision": revision.id, "kind": kind, **named})
    if parts:
        session.execute(insert(ComponentRow), parts)
    if graph is None:
        return

    def name_of(node: GraphNode) -> str:
        return (key if node.name == graph.subject else key_of(node)[0])[:_NAME_MOST]

    edges = [
        {
            "revision": revision.id,
            "upstream": name_of(nodes[edge.upstream]),
            "upstream_revision": nodes[edge.upstream].revision[:100],
            "downstream": name_of(nodes[edge.downstream]),
            "relation": edge.relation,
            "confidence": edge.confidence,
        }
        for edge in graph.edges
        if nodes[edge.upstream].state != "unnamed"
    ]
    if edges:
        session.execute(insert(EdgeRow), edges)


def derived_from(
    session: Session,
    actor: Actor,
    target: str,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    states: Collection[str] = (),
) -> list[Derived]:
    """Return revisions that are, derive from, or hold the bytes of ``target``, newest first.

    ``target`` is ``org/name``, a package URL, the id of a model or revision, or a SHA-256 of a
    file. Lineage is what files claim and is followed over any number of steps, across revisions;
    a revision named with the target does not narrow it, since most files do not say which one they
    were made from.
    """
    key, digests = _meant(session, actor, target)
    start = select(cast(literal(key), Name).label("name")).cte("reach", recursive=True)
    reach = start.union(select(EdgeRow.downstream).join(start, EdgeRow.upstream == start.c.name))
    by_name = union(
        select(EdgeRow.revision).where(EdgeRow.upstream.in_(select(reach.c.name))),
        select(RevisionRow.id).join(ModelRow, ModelRow.id == RevisionRow.model)
        .where(ModelRow.key == key),
    )  # fmt: skip
    by_bytes = select(ComponentRow.revision).where(ComponentRow.sha256.in_(digests))
    either = union(by_name.subquery().select(), by_bytes)
    query = REVISIONS.seen(select(RevisionRow).where(RevisionRow.id.in_(either)), actor)
    query = query.order_by(RevisionRow.id.desc()).limit(limit)
    if states:
        query = query.where(RevisionRow.state.in_(states))
    if after is not None:
        query = query.where(RevisionRow.id < after[0])
    rows = session.scalars(query).all()
    holding = set(
        session.scalars(by_bytes.where(ComponentRow.revision.in_([row.id for row in rows])))
    )
    named = by_name.subquery()
    called = set(
        session.scalars(select(named.c[0]).where(named.c[0].in_([row.id for row in rows])))
    )
    return [
        Derived(revision=revision_view(row), by=_way(row.id in called, row.id in holding))
        for row in rows
    ]


def _way(named: bool, holds: bool) -> Literal["name", "bytes", "name and bytes"]:
    if named and holds:
        return "name and bytes"
    return "name" if named else "bytes"


def _meant(session: Session, actor: Actor, target: str) -> tuple[str, list[str]]:
    """Return the name and the digests of files that a text asks about."""
    text = target.strip()
    if is_sha256(text):
        return "", [text]
    if is_id(text, "rev"):
        row = revision_row(session, actor, text)
        return model_row(session, actor, row.model).key, _weights(session, [row.id])
    if is_id(text, "mdl"):
        model = model_row(session, actor, text)
        return model.key, _of_model(session, model.id)
    key = identity(read_target(text).name)[:_NAME_MOST]
    named = session.scalars(MODELS.ids(actor).where(ModelRow.key == key)).all()
    return key, [digest for model_id in named for digest in _of_model(session, model_id)]


def _of_model(session: Session, model_id: str) -> list[str]:
    revisions = session.scalars(select(RevisionRow.id).where(RevisionRow.model == model_id)).all()
    return _weights(session, revisions)


def _weights(session: Session, revisions: Collection[str]) -> list[str]:
    found = session.scalars(
        select(ComponentRow.sha256)
        .where(
            ComponentRow.revision.in_(revisions),
            ComponentRow.kind.in_(WEIGHTS),
            ComponentRow.sha256 != "",
        )
        .distinct()
        .limit(5000)
    )
    return list(found)
