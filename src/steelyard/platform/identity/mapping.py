# SPDX-License-Identifier: Apache-2.0
"""What groups of a directory mean here: roles and units, given and taken back as groups change.

Only what the directory gave is taken back; what an administrator granted by hand stays. Whoever
wrote the mapping does not get new roles by it: nobody grants themselves a role.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from sqlalchemy import select

from steelyard.kernel.actor import ADMINISTRATOR, SYSTEM
from steelyard.kernel.errors import ConflictError, FieldErrors
from steelyard.platform.identity import accounts
from steelyard.platform.identity.people import Source
from steelyard.platform.identity.tables import GrantRow, MembershipRow, UnitRow
from steelyard.platform.work import Work


class Mapping(Struct, frozen=True, kw_only=True):
    """Groups → roles and units. ``everybody`` are roles of all who come from the directory."""

    roles: dict[str, list[str]] = {}
    units: dict[str, list[str]] = {}
    everybody: list[str] = []


def check(work: Work, mapping: Mapping, known: frozenset[str]) -> None:
    """Refuse a mapping to what there is not.

    Raises:
        FieldErrors: naming each.
    """
    faults = []
    for group, roles in [*mapping.roles.items(), ("", mapping.everybody)]:
        field = f"roles.{group}" if group else "everybody"
        faults += [
            (field, f"There is no role {role[:60]!r}.") for role in roles if role not in known
        ]
    if ADMINISTRATOR in mapping.everybody:
        faults.append(("everybody", "Not everybody can be administrator."))
    for group, units in mapping.units.items():
        faults += [
            (f"units.{group}", f"There is no unit {unit[:60]!r}.")
            for unit in units
            if work.session.get(UnitRow, unit) is None
        ]
    if faults:
        raise FieldErrors(faults)


def apply(
    work: Work,
    person_id: str,
    groups: Iterable[str],
    mapping: Mapping,
    source: Source,
    *,
    author: str,
    known: frozenset[str] = frozenset(),
) -> None:
    """Give and take back what the ``groups`` of a person mean."""
    held = set(groups)
    roles = set(mapping.everybody)
    units: set[str] = set()
    for group in held:
        roles |= set(mapping.roles.get(group, ()))
        units |= set(mapping.units.get(group, ()))
    have = {
        row.role: row.source
        for row in work.session.scalars(select(GrantRow).where(GrantRow.person == person_id))
    }
    if author != person_id:
        for role in sorted(roles - have.keys()):
            accounts.grant(work, SYSTEM, person_id, role, known=known | {role}, source=source)
    for role in sorted(have.keys() - roles):
        if have[role] == source:
            _revoke(work, person_id, role)
    belongs = {
        row.unit: row.source
        for row in work.session.scalars(
            select(MembershipRow).where(MembershipRow.person == person_id)
        )
    }
    for unit in sorted(units - belongs.keys()):
        if work.session.get(UnitRow, unit) is not None:
            accounts.join(work, SYSTEM, person_id, unit, source=source)
    for unit in sorted(belongs.keys() - units):
        if belongs[unit] == source:
            accounts.leave(work, SYSTEM, person_id, unit)


def _revoke(work: Work, person_id: str, role: str) -> None:
    try:
        accounts.revoke(work, SYSTEM, person_id, role)
    except ConflictError as error:
        if error.code != "identity.last-administrator":
            raise  # the house keeps its last administrator, whatever the directory says
