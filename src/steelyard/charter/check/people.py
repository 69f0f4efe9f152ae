# SPDX-License-Identifier: Apache-2.0
"""People: roles that exist and are held, quorums that can be met, rights that leave no gap."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from steelyard.charter.document import Document, Path, nearest
from steelyard.charter.overlay.tracks import named_roles
from steelyard.charter.rights import ANYWHERE, TRACKS, matches
from steelyard.charter.schema import TIERS, Charter, DecisionRight, RoleTerms, Sections

Use = tuple[Path, str]
"""A place, and the role or committee that is named there."""


def check_people(document: Document, written: Sections, charter: Charter) -> None:
    """Check everything about roles, committees, rights and responsibilities."""
    _known(document, written, charter)
    _held(document, written, charter)
    _committees(document, written, charter)
    _rights(document, written, charter)


def _uses(written: Sections) -> Iterator[Use]:
    """Yield every place of a text that names a role (or a committee)."""
    yield from _uses_in_tracks(written)
    yield from _uses_in_rights(written)
    for row_name, row in written.responsibilities.items():
        path: Path = ("responsibilities", row_name)
        yield (*path, "accountable"), row.accountable
        for field in ("responsible", "consulted", "informed"):
            yield from _list((*path, field), getattr(row, field))
    for name, committee in written.committees.items():
        yield from _list(("committees", name, "members"), committee.members)
    for role_name, terms in written.roles.items():
        yield from _list(("roles", role_name, "deputies"), terms.deputies)
    for stage, gate in written.gates.items():
        yield from _list(("gates", stage, "opened_by"), gate.opened_by)
    if written.remediation is not None:
        yield from _list(("remediation", "escalate"), written.remediation.escalate)


def _uses_in_tracks(written: Sections) -> Iterator[Use]:
    for name, track in written.tracks.items():
        path: Path = ("tracks", name)
        yield from _list((*path, "sign_offs"), track.sign_offs)
        yield from _list((*path, "escalate"), track.escalate)
        for number, step in enumerate(track.steps):
            yield from _list((*path, "steps", number, "sign_offs"), step.sign_offs)
    for index, rule in enumerate(written.rules):
        if rule.effect == "review":
            for role in rule.reviewers:
                yield ("rules", index, "otherwise"), role


def _uses_in_rights(written: Sections) -> Iterator[Use]:
    for number, right in enumerate(written.decision_rights):
        path: Path = ("decision_rights", number)
        if right.role is not None:
            yield (*path, "role"), right.role
        if right.delegate is not None:
            yield from _list((*path, "delegate", "to"), right.delegate.to)
    if written.exceptions is not None:
        yield ("exceptions", "granted_by"), written.exceptions.granted_by


def _list(path: Path, roles: tuple[str, ...]) -> Iterator[Use]:
    for index, role in enumerate(roles):
        yield (*path, index), role


def _known(document: Document, written: Sections, charter: Charter) -> None:
    """A charter that lists roles must list all it names.

    One that lists none itself, but extends one that does, may lean on roles people are given
    elsewhere: that is worth a warning.
    """
    if not charter.roles:
        return
    say = document.error_at if written.roles else document.warn_at
    known = {*charter.roles, *charter.committees}
    for path, role in _uses(written):
        if role not in known:
            say(
                path,
                f"The charter has no role {role!r}.",
                nearest(role, known) or f"Add it under `roles`, or use {', '.join(sorted(known))}.",
            )


def _held(document: Document, written: Sections, charter: Charter) -> None:
    needed: dict[str, Path] = {}
    for path, role in _uses(written):
        if path[0] in ("tracks", "rules", "decision_rights", "committees", "exceptions"):
            needed.setdefault(role, path)
    for role, path in needed.items():
        terms = charter.roles.get(role)
        if terms is not None and terms.held_by == () and not _covered(terms, charter):
            document.error_at(
                ("roles", role, "held_by") if role in written.roles else path,
                f"Nobody holds the role {role!r}, and decisions need it.",
                "Name somebody under `held_by`, or a deputy.",
            )


def _covered(terms: RoleTerms, charter: Charter) -> bool:
    return any(
        role in charter.roles and charter.roles[role].held_by != () for role in terms.deputies
    )


def _people(charter: Charter, role: str) -> set[str] | None:
    """Return the people of a role; None where groups or the server assign them."""
    terms = charter.roles.get(role)
    if terms is None or terms.held_by is None or any("@" not in who for who in terms.held_by):
        return None
    return set(terms.held_by)


def _committees(document: Document, written: Sections, charter: Charter) -> None:
    for name, committee in written.committees.items():
        path: Path = ("committees", name)
        seats = len(committee.members)
        if committee.quorum > seats:
            document.error_at(
                (*path, "quorum"),
                f"The quorum is {committee.quorum}, but the committee has {seats} seats.",
            )
        if committee.independent > committee.quorum:
            document.warn_at(
                (*path, "independent"),
                "More independent members are asked for than the quorum has.",
            )
        if committee.chair is not None and committee.chair not in committee.members:
            document.error_at((*path, "chair"), f"{committee.chair!r} has no seat in it.")
        if "requester" not in committee.recuse:
            document.error_at(
                (*path, "recuse"), "The requester always steps aside.", "Add `requester`."
            )
        known = [_people(charter, role) for role in committee.members]
        people = set().union(*(who for who in known if who is not None))
        if None not in known and len(people) < committee.quorum <= seats:
            document.error_at(
                (*path, "quorum"),
                f"The quorum is {committee.quorum}, but its seats are held by only "
                f"{len(people)} {'person' if len(people) == 1 else 'people'}.",
            )
    named: list[tuple[Path, str | None]] = [
        (("tracks", track, "steps", number, "committee"), step.committee)
        for track, rule in written.tracks.items()
        for number, step in enumerate(rule.steps)
    ]
    named += [
        (("decision_rights", number, "committee"), right.committee)
        for number, right in enumerate(written.decision_rights)
    ]
    if written.exceptions is not None:
        named.append((("exceptions", "committee"), written.exceptions.committee))
    for place, committee_name in named:
        if committee_name is not None and committee_name not in charter.committees:
            document.error_at(
                place,
                f"The charter has no committee {committee_name!r}.",
                nearest(committee_name, charter.committees) or "Describe it under `committees`.",
            )


def _rights(document: Document, written: Sections, charter: Charter) -> None:
    for index, right in enumerate(written.decision_rights):
        path: Path = ("decision_rights", index)
        if (right.role is None) == (right.committee is None):
            document.error_at(path, "A decision right belongs to a 'role' or to a 'committee'.")
            continue
        if "requester" not in right.recuse:
            document.error_at(
                (*path, "recuse"), "The requester always steps aside.", "Add `requester`."
            )
        people = _people(charter, right.role) if right.role else None
        count = None if people is None else len(people)
        if count is not None and right.quorum > count:
            document.error_at(
                (*path, "quorum") if right.quorum > 1 else path,
                f"The quorum is {right.quorum}, but only {count} "
                f"{'person holds' if count == 1 else 'people hold'} the role {right.role!r}.",
                "Name more people under `held_by`, or lower the quorum.",
            )
        for other in written.decision_rights[:index]:
            if _same_place(right, other):
                document.warn_at(
                    path,
                    f"This right to {right.action} overlaps with one above; both must be met.",
                    "Make it one row, or limit the two to different places.",
                )
                break
    if written.decision_rights:
        _gaps(document, charter)


def _same_place(one: DecisionRight, other: DecisionRight) -> bool:
    fields = ("action", "role", "committee", "environments", "tiers", "tracks")
    alike = all(getattr(one, name) == getattr(other, name) for name in fields)
    if alike:
        return True
    same = all(getattr(one, name) == getattr(other, name) for name in ("action", "role"))
    if not same or one.role is None:
        return False
    return all(
        not getattr(one, name)
        or not getattr(other, name)
        or set(getattr(one, name)) & set(getattr(other, name))
        for name in ("environments", "tiers", "tracks")
    )


def _gaps(document: Document, charter: Charter) -> None:
    """Say where nobody may approve, though a track asks people to decide."""
    rows = [right for right in charter.decision_rights if right.action == "approve"]
    if not rows:
        return
    places = dict.fromkeys(e for row in rows for e in row.environments)
    known = charter.scope.environments if charter.scope else ()
    environments = known or (*places, ANYWHERE)
    missing: dict[tuple[str, str], list[str]] = {}
    for environment, tier, track in product(environments, TIERS, TRACKS):
        rule = charter.tracks.get(track)
        if rule is None or tier not in rule.tiers or not named_roles(rule):
            continue
        if not any(matches(row, environment, tier, track) for row in rows):
            missing.setdefault((tier, track), []).append(environment)
    for (at_risk, on_track), where in missing.items():
        document.warn_at(
            ("decision_rights",),
            f"Nobody has the right to approve {at_risk} risk on the {on_track} track in "
            f"{', '.join(where)}; requests there can only be rejected.",
            "Add a row, if that is not what is meant.",
        )
