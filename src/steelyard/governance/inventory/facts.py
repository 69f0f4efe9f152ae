# SPDX-License-Identifier: Apache-2.0
"""Models, revisions, components and suppliers as they are shown, and how a revision's state moves.

A state belongs to a revision, whose bytes never change. Another commit, a fork, an adapter or a
re-quantization is another revision, and begins in quarantine whatever its parent was allowed.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from steelyard.kernel.errors import ConflictError

ModelKind = Literal["upstream", "internal fine-tune", "fork", "adapter", "quantization"]
ModelState = Literal["active", "retired"]
RevisionState = Literal[
    "quarantined",
    "in review",
    "approved",
    "approved with conditions",
    "suspended",
    "revoked",
    "rejected",
    "retired",
    "tombstoned",
]
ComponentKind = Literal[
    "weights", "adapter", "tokenizer", "code", "configuration", "card", "license", "data", "other",
    "base model", "dataset",
]  # fmt: skip

SERVABLE: frozenset[RevisionState] = frozenset({"approved", "approved with conditions"})
"""States in which a revision may be in use somewhere."""
_DECIDED: frozenset[RevisionState] = SERVABLE | {"rejected"}
MOVES: dict[RevisionState, frozenset[RevisionState]] = {
    "quarantined": _DECIDED | {"in review", "retired", "tombstoned"},
    "in review": _DECIDED | {"quarantined", "retired", "tombstoned"},
    "approved": _DECIDED | {"in review", "suspended", "revoked", "retired"},
    "approved with conditions": _DECIDED | {"in review", "suspended", "revoked", "retired"},
    "suspended": SERVABLE | {"in review", "revoked", "retired"},
    "revoked": frozenset({"in review", "retired", "tombstoned"}),
    "rejected": SERVABLE | {"in review", "retired", "tombstoned"},
    "retired": frozenset({"tombstoned"}),
    "tombstoned": frozenset(),
}
"""State → states that may follow. What is retired never comes back; it is adopted anew."""


class ModelView(Struct, frozen=True, kw_only=True):
    """A model: a repository, or a line of our own."""

    id: str
    purl: str
    name: str
    publisher: str
    kind: ModelKind
    unit: str
    owner: str
    supplier: str
    state: ModelState
    parent: str
    """Model it was made from, where that is in the inventory."""
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int


class RevisionView(Struct, frozen=True, kw_only=True):
    """One immutable state of a model."""

    id: str
    model: str
    name: str
    purl: str
    commit: str
    manifest_sha256: str
    """Empty until its bytes were seen."""
    files: int
    size: int
    state: RevisionState
    unit: str
    parent: str
    """Revision it takes the place of or was made from."""
    justification: str
    replacement: str
    retires_at: dt.datetime | None
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int


class ComponentView(Struct, frozen=True, kw_only=True):
    """A part of a revision: a file, or a model or data set it names."""

    revision: str
    kind: ComponentKind
    name: str
    format: str
    sha256: str
    size: int


class Derived(Struct, frozen=True, kw_only=True):
    """A revision of ours that derives from what was asked about."""

    revision: RevisionView
    by: Literal["name", "bytes", "name and bytes"]


def check_move(now: RevisionState, then: RevisionState, revision: str) -> None:
    """Refuse a change of state that the lifecycle does not have.

    Raises:
        ConflictError: with the states that may follow.
    """
    if then not in MOVES[now]:
        possible = ", ".join(sorted(MOVES[now])) or "nothing"
        raise ConflictError(
            f"The revision {revision} is {now}; it cannot become {then}.",
            next_step=f"After {now} comes: {possible}.",
            code="revision.state",
        )
