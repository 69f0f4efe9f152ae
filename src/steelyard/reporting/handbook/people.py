# SPDX-License-Identifier: Apache-2.0
"""Roles, decision rights, tracks and committees, as entries of the handbook."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from steelyard.charter.schema import TIERS, Charter, DecisionRight, TrackRule
from steelyard.kernel.assessment import Tier, Track
from steelyard.reporting.handbook.entries import RoleEntry, StepEntry, TrackEntry
from steelyard.reporting.handbook.wording import (
    ACTIONS,
    RECUSALS,
    anchor,
    condition_of,
    plain_name,
    series,
    titled,
    who_signs,
)

USUAL_ENVIRONMENTS = ("sandbox", "staging", "production")


def environments_of(charter: Charter) -> tuple[str, ...]:
    """Return the environments this charter speaks of, the usual ones where it names none."""
    if charter.scope is not None and charter.scope.environments:
        return charter.scope.environments
    named = [place for right in charter.decision_rights for place in right.environments]
    named += [place for phase in charter.release for place in phase.environments]
    usual = [place for place in USUAL_ENVIRONMENTS if place in named]
    return tuple(dict.fromkeys([*usual, *named])) or USUAL_ENVIRONMENTS


def track_entries(charter: Charter) -> tuple[TrackEntry, ...]:
    """Return the tracks, the quickest first."""
    names = [name for name in ("fast", "standard", "deep") if name in charter.tracks]
    return tuple(_track(charter, name, charter.tracks[name]) for name in names)


def _track(charter: Charter, name: str, track: TrackRule) -> TrackEntry:
    steps = tuple(
        StepEntry(
            name=plain_name(step.name),
            who=_step_who(charter, step.sign_offs, step.quorum, step.committee),
            within=step.within or "",
            when=said.words if (said := condition_of(step.when)) else "",
        )
        for step in track.steps
    )
    asked = [role for step in track.steps for role in (*step.sign_offs, step.committee) if role]
    further = tuple(role for role in dict.fromkeys(asked) if role not in track.sign_offs)
    standing = track.decided_by == "standing-approval"
    return TrackEntry(
        name=name,
        anchor=anchor("track", name),
        tiers=tuple(sorted(track.tiers, key=TIERS.index)),
        standing=standing,
        sign_offs=track.sign_offs,
        further=further,
        who="the charter itself" if standing else _track_who(charter, track, further),
        quorum=track.quorum,
        within=track.within or "",
        valid=track.valid or "",
        escalate=tuple(titled(charter, role) for role in track.escalate),
        escalate_after=track.escalate_after or "",
        remind=track.remind or "",
        steps=steps,
    )


def _track_who(charter: Charter, track: TrackRule, further: tuple[str, ...]) -> str:
    """Return who signs off on a track, and who is asked by a step of it."""
    first = who_signs(charter, track.sign_offs, track.quorum)
    later = series(titled(charter, role) for role in further)
    return f"{first}; further steps ask {later}" if first and later else first or later


def _step_who(
    charter: Charter, roles: tuple[str, ...], quorum: int | None, committee: str | None
) -> str:
    parts = [who_signs(charter, roles, quorum)] if roles else []
    if committee:
        parts.append(f"the {titled(charter, committee)}")
    return series(parts) or "nobody"


class RightRow(NamedTuple):
    """One decision right: who may do what, where."""

    action: str
    who: str
    where: str
    tiers: str
    quorum: int
    recuse: str
    delegate: str
    training: str
    why: str


def right_rows(charter: Charter) -> list[RightRow]:
    """Return every decision right, as the charter gives it."""
    rows = [_right(charter, right) for right in charter.decision_rights]
    order = list(ACTIONS.values())
    return sorted(rows, key=lambda row: order.index(row.action))


def _right(charter: Charter, right: DecisionRight) -> RightRow:
    delegate = ""
    if right.delegate is not None:
        names = series((titled(charter, role) for role in right.delegate.to), "or")
        delegate = f"to {names}, for {right.delegate.longest} at most"
    where = series(right.environments, "or") if right.environments else "everywhere"
    if right.tracks:
        where += f", on the {series(right.tracks, 'or')} track"
    return RightRow(
        action=ACTIONS.get(right.action, right.action),
        who=titled(charter, right.committee or right.role or ""),
        where=where,
        tiers=series(right.tiers, "or") if right.tiers else "every tier",
        quorum=right.quorum,
        recuse=series(RECUSALS[reach] for reach in right.recuse),
        delegate=delegate,
        training=series(right.training),
        why=right.why,
    )


class MatrixCell(NamedTuple):
    """Who must agree at one place and tier, all of them; an empty list means nobody may."""

    holders: tuple[str, ...]


class Matrix(NamedTuple):
    """Who approves: one row for each environment, one column for each tier."""

    tiers: tuple[Tier, ...]
    rows: tuple[tuple[str, tuple[MatrixCell, ...]], ...]
    stated: bool
    """Whether the charter gives rights; otherwise the sign-offs of the tracks are shown."""


def approval_matrix(charter: Charter) -> Matrix:
    """Return who may approve, by environment and tier."""
    rights = [right for right in charter.decision_rights if right.action == "approve"]
    tracks = {tier: name for name, track in charter.tracks.items() for tier in track.tiers}
    rows = []
    for place in environments_of(charter):
        cells = []
        for tier in TIERS:
            if rights:
                found = [r for r in rights if _covers(r, place, tier, tracks.get(tier))]
                names = [_holder(charter, right) for right in found]
            else:
                names = _signers(charter, tier)
            cells.append(MatrixCell(tuple(dict.fromkeys(names))))
        rows.append((place, tuple(cells)))
    return Matrix(TIERS, tuple(rows), stated=bool(rights))


def _covers(right: DecisionRight, place: str, tier: Tier, track: Track | None) -> bool:
    return (
        (not right.environments or place in right.environments)
        and (not right.tiers or tier in right.tiers)
        and (not right.tracks or track in right.tracks)
    )


def _holder(charter: Charter, right: DecisionRight) -> str:
    name = titled(charter, right.committee or right.role or "")
    return f"{right.quorum} of {name}" if right.quorum > 1 else name


def _signers(charter: Charter, tier: Tier) -> list[str]:
    for track in track_entries(charter):
        if tier in track.tiers:
            if track.standing:
                return ["standing approval"]
            return [track.who]
    return []


class RaciRow(NamedTuple):
    """One row of the RACI matrix: a letter, or none, for each role."""

    name: str
    does: str
    letters: tuple[str, ...]


class Raci(NamedTuple):
    """Who is responsible, accountable, consulted and informed."""

    roles: tuple[tuple[str, str], ...]
    rows: tuple[RaciRow, ...]


def raci(charter: Charter) -> Raci:
    """Return the RACI matrix, the roles in the order they are declared."""
    used: dict[str, None] = {}
    for row in charter.responsibilities.values():
        for role in (row.accountable, *row.responsible, *row.consulted, *row.informed):
            used[role] = None
    order = [role for role in charter.roles if role in used]
    order += [role for role in used if role not in charter.roles]
    rows = []
    for name, row in charter.responsibilities.items():
        letters = []
        for role in order:
            held = (
                ("A", role == row.accountable),
                ("R", role in row.responsible),
                ("C", role in row.consulted),
                ("I", role in row.informed),
            )
            letters.append("".join(letter for letter, has in held if has))
        rows.append(RaciRow(plain_name(name), row.does, tuple(letters)))
    return Raci(tuple((role, titled(charter, role)) for role in order), tuple(rows))


class CommitteeRow(NamedTuple):
    """A committee and how it decides."""

    anchor: str
    title: str
    members: str
    quorum: int
    majority: str
    independent: int
    chair: str
    recuse: str
    meets: str


def committee_rows(charter: Charter) -> list[CommitteeRow]:
    """Return the committees by title."""
    majorities = {"simple": "more than half", "two-thirds": "two thirds", "unanimous": "all"}
    rows = [
        CommitteeRow(
            anchor=anchor("committee", name),
            title=one.title,
            members=series(titled(charter, role) for role in one.members),
            quorum=one.quorum,
            majority=majorities[one.majority],
            independent=one.independent,
            chair=titled(charter, one.chair) if one.chair else "",
            recuse=series(RECUSALS[reach] for reach in one.recuse),
            meets=f"every {one.meets}" if one.meets else "",
        )
        for name, one in charter.committees.items()
    ]
    return sorted(rows, key=lambda row: row.title.lower())


def role_entries(charter: Charter) -> tuple[RoleEntry, ...]:
    """Return every role the charter names anywhere, with what it gives the role to do."""
    entries = []
    for role in _all_roles(charter):
        terms = charter.roles.get(role)
        entries.append(
            RoleEntry(
                id=role,
                anchor=anchor("role", role),
                title=titled(charter, role),
                does=terms.does if terms else "",
                held_by=terms.held_by if terms else None,
                deputies=tuple(titled(charter, one) for one in terms.deputies) if terms else (),
                training=terms.training if terms else (),
                independent=terms.independent if terms else False,
                declared=terms is not None,
                duties=tuple(_duties(charter, role)),
            )
        )
    return tuple(sorted(entries, key=lambda entry: entry.title.lower()))


def _all_roles(charter: Charter) -> list[str]:
    found: dict[str, None] = dict.fromkeys(charter.roles)

    def note(roles: Iterable[str | None]) -> None:
        found.update(dict.fromkeys(role for role in roles if role))

    for track in charter.tracks.values():
        note(track.sign_offs)
        note(track.escalate)
        for step in track.steps:
            note(step.sign_offs)
    for rule in charter.rules:
        if rule.effect == "review":
            note(rule.reviewers)
    for committee in charter.committees.values():
        note((*committee.members, committee.chair))
    note(right.role for right in charter.decision_rights)
    for row in charter.responsibilities.values():
        note((row.accountable, *row.responsible, *row.consulted, *row.informed))
    if charter.exceptions is not None:
        note([charter.exceptions.granted_by])
    return [role for role in found if role not in charter.committees]


def _duties(charter: Charter, role: str) -> list[str]:
    """Return what the charter gives a role to do, as sentences."""
    duties = []
    for track in track_entries(charter):
        tiers = series(track.tiers, "or")
        rule = charter.tracks[track.name]  # type: ignore[index]
        if role in (*track.sign_offs, *track.further) and not track.standing:
            within = f" within {track.within}" if track.within else ""
            duties.append(f"Signs off on the {track.name} track ({tiers} risk){within}.")
        if role in rule.escalate:
            duties.append(f"Is asked when the {track.name} track ({tiers} risk) is late.")
    duties += [
        f"May {ACTIONS.get(right.action, right.action)}"
        f"{' in ' + series(right.environments, 'or') if right.environments else ''}"
        f"{', ' + series(right.tiers, 'or') + ' risk' if right.tiers else ''}."
        for right in charter.decision_rights
        if right.role == role
    ]
    duties += [
        f"Sits on the {committee.title}."
        for committee in charter.committees.values()
        if role in committee.members
    ]
    duties += [
        f"Answers for this: {row.does}"
        for row in charter.responsibilities.values()
        if row.accountable == role
    ]
    asked = [rule.id for rule in charter.rules if role in rule.reviewers]
    if asked:
        duties.append(f"Signs off when one of these rules does not hold: {', '.join(asked)}.")
    if charter.exceptions is not None and charter.exceptions.granted_by == role:
        duties.append(f"Grants exceptions, for {charter.exceptions.longest} at most.")
    return duties
