# SPDX-License-Identifier: Apache-2.0
"""Roles, committees, decision rights and responsibilities laid over those of a base."""

from __future__ import annotations

from steelyard.charter.document import Path
from steelyard.charter.overlay.laying import Laying, union
from steelyard.charter.rights import cells, matches
from steelyard.charter.schema import (
    Charter,
    Committee,
    DecisionRight,
    Responsibility,
    RoleTerms,
    Sections,
    Term,
)

_MAJORITIES = ("simple", "two-thirds", "unanimous")


def lay_roles(laying: Laying, own: Sections, base: Charter) -> dict[str, RoleTerms]:
    """Return all roles. A unit may name its own holders; duties only grow."""
    merged = dict(base.roles)
    for name, role in own.roles.items():
        old = base.roles.get(name)
        if old is None:
            merged[name] = role
            continue
        if not role.independent and old.independent and laying.refuse:
            role_path: Path = ("roles", name)
            laying.document.warn_at(role_path, f"{laying.who} keeps this role independent.")
        merged[name] = RoleTerms(
            title=role.title,
            does=role.does or old.does,
            held_by=old.held_by if role.held_by is None else role.held_by,
            deputies=role.deputies or old.deputies,
            training=union(old.training, role.training),
            independent=old.independent or role.independent,
        )
    return merged


def lay_committees(laying: Laying, own: Sections, base: Charter) -> dict[str, Committee]:
    """Return all committees; one that the base has may only become stricter."""
    merged = dict(base.committees)
    for name, committee in own.committees.items():
        old = base.committees.get(name)
        merged[name] = (
            committee if old is None else _committee(laying, ("committees", name), committee, old)
        )
    return merged


def _committee(laying: Laying, path: Path, own: Committee, base: Committee) -> Committee:
    if _MAJORITIES.index(own.majority) < _MAJORITIES.index(base.majority):
        laying.looser((*path, "majority"), f"{laying.who} asks for {base.majority}.")
    if own.chair is not None and base.chair not in (None, own.chair):
        laying.wrong((*path, "chair"), f"{laying.who} has {base.chair!r} in the chair.")
    return Committee(
        title=own.title,
        members=union(base.members, own.members),
        quorum=laying.at_least((*path, "quorum"), own.quorum, base.quorum, "members"),
        majority=max(own.majority, base.majority, key=_MAJORITIES.index),
        independent=laying.at_least(
            (*path, "independent"), own.independent, base.independent, "independent members"
        ),
        chair=base.chair or own.chair,
        recuse=union(base.recuse, own.recuse),
        meets=laying.shorter((*path, "meets"), own.meets, base.meets),
        training=union(base.training, own.training),
    )


def lay_rights(laying: Laying, own: Sections, base: Charter) -> tuple[DecisionRight, ...]:
    """Return all decision rights.

    Rows that match together must all be met, so a further row tightens, except where the base
    gives nobody the right: there it would create one.
    """
    for index, right in enumerate(own.decision_rights):
        rows = [row for row in base.decision_rights if row.action == right.action]
        gap = next(
            (cell for cell in cells(right, rows) if not any(matches(row, *cell) for row in rows)),
            None,
        )
        if rows and gap is not None:
            environment, tier, track = gap
            laying.wrong(
                ("decision_rights", index),
                f"{laying.who} gives nobody the right to {right.action} at {tier} risk on the "
                f"{track} track in {environment}; an overlay may not create it.",
                "Limit the row with `environments`, `tiers` or `tracks`.",
            )
    return (*base.decision_rights, *own.decision_rights)


def lay_responsibilities(laying: Laying, own: Sections, base: Charter) -> dict[str, Responsibility]:
    """Return the RACI matrix; who answers for something stays."""
    merged = dict(base.responsibilities)
    for name, row in own.responsibilities.items():
        old = base.responsibilities.get(name)
        if old is None:
            merged[name] = row
            continue
        if row.accountable != old.accountable:
            laying.looser(
                ("responsibilities", name, "accountable"),
                f"{laying.who} makes {old.accountable!r} accountable.",
            )
        merged[name] = Responsibility(
            does=row.does,
            accountable=old.accountable,
            responsible=union(old.responsible, row.responsible),
            consulted=union(old.consulted, row.consulted),
            informed=union(old.informed, row.informed),
        )
    return merged


def lay_terms(laying: Laying, own: Sections, base: Charter) -> tuple[Term, ...]:
    """Return all terms; a word of the base keeps its meaning."""
    known = {(term.field, term.word): term for term in base.terms}
    for index, term in enumerate(own.terms):
        old = known.get((term.field, term.word))
        if old is not None and old.means != term.means:
            laying.wrong(
                ("terms", index, "means"),
                f"{laying.who} already says that {term.word!r} means {old.means!r}.",
            )
    new = tuple(term for term in own.terms if (term.field, term.word) not in known)
    return (*base.terms, *new)
