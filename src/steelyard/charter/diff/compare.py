# SPDX-License-Identifier: Apache-2.0
"""Compares two resolved charters: what changed, and which way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from steelyard.charter.diff.changes import (
    Change,
    CharterDiff,
    Direction,
    direction_of,
    shown,
    together,
)
from steelyard.charter.diff.examples import example_of
from steelyard.charter.diff.fields import compare_entries
from steelyard.charter.diff.rights import compare_rights
from steelyard.charter.diff.rules import LIMIT, compare_rules
from steelyard.charter.diff.tracks import compare_standing, compare_tracks
from steelyard.charter.diff.weights import compare_risk
from steelyard.charter.engine import View
from steelyard.charter.resolve import identity_of
from steelyard.charter.schema import Charter, ControlRule
from steelyard.charter.worlds import Question, ask

_WORDS = frozenset(
    {"name", "version", "effective", "until", "owner", "purpose", "extends", "packs"}
)
"""Fields that say who and what, and decide nothing."""
_BY_LOGIC = frozenset(
    {"rules", "risk", "tracks", "controls", "standing_approvals", "decision_rights", "schema"}
)


def compare(old: Charter, new: Charter) -> CharterDiff:
    """Return everything in which ``new`` differs from ``old``, with its direction."""
    changes = (
        *compare_rules(old.rules, new.rules),
        *compare_risk(old, new),
        *compare_tracks(old, new),
        *compare_standing(old, new),
        *compare_rights(old.decision_rights, new.decision_rights),
        *_controls(old, new),
        *_fields(old, new),
    )
    counts: dict[Direction, int] = dict.fromkeys(
        ("looser", "mixed", "unclear", "stricter", "same"), 0
    )
    for change in changes:
        counts[change.direction] += 1
    order = list(counts)
    return CharterDiff(
        old=identity_of(old),
        new=identity_of(new),
        verdict=together(change.direction for change in changes),
        counts={str(name): count for name, count in counts.items()},
        changes=tuple(sorted(changes, key=lambda change: order.index(change.direction))),
    )


def _fields(old: Charter, new: Charter) -> Iterator[Change]:
    """Compare every field that has no logic of its own, those of later schemas included."""
    for name in new.__struct_fields__:
        before, after = getattr(old, name), getattr(new, name)
        if name in _BY_LOGIC or before == after:
            continue
        if name == "references":
            yield Change(
                section=name, subject=name, kind="changed", direction="same", old=before,
                new=after, says="The list of cited laws and standards is another.",
            )  # fmt: skip
        elif name in _WORDS:
            yield Change(
                section=name, subject=name, kind="changed", direction="same", old=before,
                new=after, says=f"{name.capitalize()} was {shown(before)}, is {shown(after)}.",
            )  # fmt: skip
        else:
            yield from compare_entries(name, before, after)


# Controls


def _controls(old: Charter, new: Charter) -> Iterator[Change]:
    before, after = _by_id(old.controls), _by_id(new.controls)
    for identity in dict.fromkeys((*before, *after)):
        ours, theirs = before.get(identity, []), after.get(identity, [])
        if ours == theirs:
            continue
        called = _called_for(identity, ours, theirs)
        if called is not None:
            yield called
        if ours and theirs:
            yield from compare_entries("controls", tuple(ours[:1]), tuple(theirs[:1]))


def _by_id(controls: tuple[ControlRule, ...]) -> dict[str, list[ControlRule]]:
    found: dict[str, list[ControlRule]] = {}
    for control in controls:
        found.setdefault(control.id, []).append(control)
    return found


def _called_for(identity: str, old: list[ControlRule], new: list[ControlRule]) -> Change | None:
    """Return in which cases a control is called for now and was not, or the other way round."""
    one, other = _wanted(old), _wanted(new)
    if one.texts == other.texts:
        return None
    answers = ask(one, other, limit=LIMIT)
    words = {True: "calls for the control", False: "does not call for it"}
    looser = example_of(one, other, answers, lambda was, now: was and not now, words.__getitem__)
    stricter = example_of(one, other, answers, lambda was, now: now and not was, words.__getitem__)
    direction = direction_of(looser, stricter, answers.doubt)
    said = f"The control {identity} " + (
        "is new." if not old else "is gone." if not new else "is called for in other cases."
    )
    if direction == "same":
        said = f"The control {identity} is called for in the same cases, in other words."
    before: Any = tuple(dict.fromkeys(control.when for control in old))
    after: Any = tuple(dict.fromkeys(control.when for control in new))
    return Change(
        section="controls", subject=identity,
        kind="added" if not old else "removed" if not new else "changed",
        direction=direction, says=said, old=before, new=after, looser=looser,
        stricter=stricter, doubt=answers.doubt,
    )  # fmt: skip


def _wanted(controls: list[ControlRule]) -> Question:
    def answer(view: View) -> bool:
        return any(view.ask(control.when) != "false" for control in controls)

    return Question(tuple(dict.fromkeys(control.when for control in controls)), answer)
