# SPDX-License-Identifier: Apache-2.0
"""Which roles people can hold: those of every house, and those that charters in force add."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from steelyard.api.identity.views import RoleView
from steelyard.governance.charters.queries import named_roles
from steelyard.kernel.actor import BUILT_IN_ROLES
from steelyard.platform.work import Work


def roles_of(session: Session, today: dt.date) -> list[RoleView]:
    """Return every role."""
    found = {
        name: RoleView(name=name, description=text, built_in=True)
        for name, text in BUILT_IN_ROLES.items()
    }
    for name, text in sorted(named_roles(session, today).items()):
        found.setdefault(name, RoleView(name=name, description=text, built_in=False))
    return list(found.values())


def known_roles(work: Work) -> frozenset[str]:
    """Return the names of all roles."""
    return frozenset(each.name for each in roles_of(work.session, work.today))
