# SPDX-License-Identifier: Apache-2.0
"""Which roles people can hold: those of every house, and those its charters name."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from steelyard.api.identity.views import RoleView
from steelyard.governance.charters.queries import named_roles
from steelyard.kernel.actor import BUILT_IN_ROLES


def roles_of(session: Session, today: dt.date) -> list[RoleView]:
    """Return every role."""
    named = named_roles(session, today)
    return [
        *(
            RoleView(name=name, description=text, built_in=True)
            for name, text in BUILT_IN_ROLES.items()
        ),
        *(
            RoleView(name=name, description=text, built_in=False)
            for name, text in sorted(named.items())
            if name not in BUILT_IN_ROLES
        ),
    ]


def known_roles(session: Session, today: dt.date) -> frozenset[str]:
    """Return the names of all roles."""
    return frozenset(each.name for each in roles_of(session, today))
