# SPDX-License-Identifier: Apache-2.0
"""Who never decides, whatever else they hold: robots, administrators, auditors."""

from __future__ import annotations

from steelyard.kernel.actor import ADMINISTRATOR, AUDITOR, Actor
from steelyard.kernel.errors import ForbiddenError


def check_apart(actor: Actor) -> None:
    """Refuse an actor who must not decide.

    Raises:
        ForbiddenError: with the reason.
    """
    if actor.kind != "person":
        raise ForbiddenError(
            "Only a person does this.",
            next_step="Log in as somebody who may decide.",
            code="decision.person",
        )
    for role in (ADMINISTRATOR, AUDITOR):
        if role in actor.roles:
            does = "manages and never decides" if role == ADMINISTRATOR else "changes nothing"
            raise ForbiddenError(
                f"You hold the role {role}, which {does}.",
                next_step="Use an account that does not hold it.",
                code="decision.apart",
            )
