# SPDX-License-Identifier: Apache-2.0
"""Finds the two snapshots that a comparison of revisions is about, and compares them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from steelyard.governance.inventory import queries
from steelyard.governance.inventory.changes import RevisionDiff, diff
from steelyard.governance.inventory.snapshot import read_snapshot
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import ConflictError, InputError
from steelyard.kernel.limits import MIB
from steelyard.platform.blobs.store import Blobs

SNAPSHOT_MOST = 256 * MIB


def snapshots_of(
    session: Session, actor: Actor, revision_id: str, against: str = ""
) -> tuple[str, str]:
    """Return the digests of the snapshots of the earlier revision and of ``revision_id``.

    ``against`` is the earlier one; its parent if that is empty.

    Raises:
        MissingError: there is no such revision, or the actor may not see it.
        InputError: it has no parent and none was named.
        ConflictError: one of the two was not examined yet.
    """
    row = queries.revision_row(session, actor, revision_id)
    earlier = against or row.parent
    if not earlier:
        raise InputError(
            f"The revision {row.id} has no parent to compare it with.",
            next_step="Name a revision: ?against=rev_…",
            code="revision.no-parent",
        )
    old = queries.revision_row(session, actor, earlier)
    for each in (old, row):
        if not each.snapshot:
            raise ConflictError(
                f"The revision {each.id} was not examined yet, so nothing can be compared.",
                next_step="Wait for its assessment, or request it.",
                code="revision.unexamined",
            )
    return old.snapshot, row.snapshot


def compare(blobs: Blobs, old: str, new: str) -> RevisionDiff:
    """Return what changed from one snapshot to another, each named by its digest."""
    before, after = (read_snapshot(blobs.read(digest, most=SNAPSHOT_MOST)) for digest in (old, new))
    return diff(before, after)
