# SPDX-License-Identifier: Apache-2.0
"""Which roles people can hold."""

from __future__ import annotations

from sqlalchemy.orm import Session

from steelyard.api.identity.views import RoleView
from steelyard.kernel.actor import BUILT_IN_ROLES


def roles_of(_session: Session) -> list[RoleView]:
    """Return every role: those that each house has."""
    return [
        RoleView(name=name, description=text, built_in=True)
        for name, text in BUILT_IN_ROLES.items()
    ]


def known_roles(session: Session) -> frozenset[str]:
    """Return the names of all roles."""
    return frozenset(each.name for each in roles_of(session))
