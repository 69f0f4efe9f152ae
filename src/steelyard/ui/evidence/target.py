# SPDX-License-Identifier: Apache-2.0
"""What a proof is about, by the name people know it by."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from steelyard.governance.intake.queries import get as get_request
from steelyard.governance.inventory.queries import get_revision
from steelyard.governance.inventory.supplying import get_supplier
from steelyard.governance.use_cases.queries import get as get_case
from steelyard.kernel.errors import MissingError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from steelyard.ui.door import Looking


class Target(NamedTuple):
    """A thing a proof is about."""

    word: str
    name: str
    link: str


def target_of(session: Session, viewer: Looking, target: str) -> Target | None:
    """Return what an id names; None if there is no such thing, or the viewer may not see it."""
    prefix, actor = target.partition("_")[0], viewer.actor
    try:
        if prefix == "rev":
            found = get_revision(session, actor, target)
            name = f"{found.name} {found.commit[:12]}".strip()
            return Target(viewer.say("Revision"), name, f"/revisions/{found.id}")
        if prefix == "uc":
            name = get_case(session, actor, target).name
            return Target(viewer.say("Use case"), name, f"/use-cases/{target}")
        if prefix == "req":
            return Target(
                viewer.say("Request"), get_request(session, actor, target).id,
                f"/requests/{target}",
            )  # fmt: skip
        if prefix == "sup" and viewer.may("supplier.read"):
            name = get_supplier(session, target).name
            return Target(viewer.say("Supplier"), name, f"/suppliers/{target}")
    except MissingError:
        return None
    return None
