# SPDX-License-Identifier: Apache-2.0
"""What two revisions differ in, as the pages that compare them show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from steelyard.governance.inventory import comparing, queries
from steelyard.governance.inventory.changes import FileDiff, RevisionDiff
from steelyard.governance.inventory.facts import RevisionView
from steelyard.kernel.errors import ConflictError, InputError, SteelyardError
from steelyard.reporting.view import fact_text
from steelyard.ui.texts import mark

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from steelyard.ui.door import Looking

CHOICES, SHOWN = 100, 100
"""Revisions to choose from; rows of a list of changes."""
WORDS = (
    mark("added"), mark("removed"), mark("changed"), mark("moved"), mark("weights"),
    mark("adapter"), mark("tokenizer"), mark("code"), mark("configuration"), mark("card"),
    mark("license"), mark("data"), mark("other"), mark("base model"), mark("dataset"),
    mark("stricter"), mark("looser"), mark("different"), mark("mixed"), mark("same"),
    mark("unknown"),
)  # fmt: skip
"""Words of the data that pages say in the language of whoever looks."""


class Changes(NamedTuple):
    """A list of changes as it is shown."""

    rows: list[Any]
    left: int
    """How many more there are."""


def comparison(viewer: Looking, new_id: str, old_id: str) -> dict[str, Any]:
    """Return what a page needs to show a comparison; one that cannot be made says why.

    Raises:
        MissingError: there is no such revision, or the viewer may not see it.
    """

    def ask(session: Session) -> tuple[RevisionView, RevisionView | None, list[RevisionView]]:
        new = queries.get_revision(session, viewer.actor, new_id)
        choices = queries.find_revisions(session, viewer.actor, limit=CHOICES, model=new.model)
        earlier = (
            old_id or new.parent or next((each.id for each in choices if each.id < new.id), "")
        )
        old = queries.get_revision(session, viewer.actor, earlier) if earlier else None
        return new, old, choices

    new, old, choices = viewer.find(ask)
    found, problem = _compared(viewer, new, old)
    return {
        "new": new,
        "old": old,
        "choices": choices,
        "diff": found,
        "problem": problem,
        "parts": _parts(found) if found is not None else {},
        "said_fact": fact_text,
    }


def _compared(
    viewer: Looking, new: RevisionView, old: RevisionView | None
) -> tuple[RevisionDiff | None, SteelyardError | None]:
    if old is None:
        return None, None
    try:
        pair = viewer.find(
            lambda session: comparing.snapshots_of(session, viewer.actor, new.id, old.id)
        )
    except (ConflictError, InputError) as error:
        return None, error
    return comparing.compare(viewer.house.blobs, *pair), None


def _parts(found: RevisionDiff) -> dict[str, Changes]:
    """Return the lists of a comparison, each cut to what one page shows."""
    named = {each.path for each in (*found.weights, *found.code, *found.dependencies)}
    rest: list[FileDiff] = [each for each in found.files if each.path not in named]
    lists: dict[str, tuple[Any, ...] | list[Any]] = {
        "weights": found.weights, "code": found.code, "dependencies": found.dependencies,
        "files": rest, "card": found.card, "packages": found.packages, "facts": found.facts,
        "lineage": found.lineage, "findings_added": found.findings_added,
        "findings_gone": found.findings_gone,
    }  # fmt: skip
    return {
        name: Changes(list(rows[:SHOWN]), max(0, len(rows) - SHOWN) + found.left_out.get(name, 0))
        for name, rows in lists.items()
    }
