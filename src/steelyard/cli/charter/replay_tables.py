# SPDX-License-Identifier: Apache-2.0
"""A replay on the terminal: what changes, for whom, because of which rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from steelyard.charter.replay.tally import STRICTNESS, Change, Moves, RuleCount, Tally
from steelyard.charter.schema import TIERS
from steelyard.cli.door import console
from steelyard.governance.replay.service import Replayed
from steelyard.reporting.text import plain, visible

_WORDS = {
    "approved": "approved",
    "approved_with_conditions": "with conditions",
    "review_required": "review",
    "rejected": "rejected",
}
_STYLES = {"stricter": "yellow", "looser": "bold red", "same": "cyan"}
_TEAMS_SHOWN = 20
_RULES_SHOWN = 40
_SILENT_SHOWN = 12
_WHYS = {
    "fires": "fires",
    "fires-unknown": "fires, for want of a fact",
    "no-longer-fires": "no longer fires",
    "other-effect": "has another effect",
}


class Page:
    """The terminal, and whether it can show more than ASCII."""

    def __init__(self, screen: Console) -> None:
        self.screen = screen
        self.ascii = screen.options.ascii_only

    def say(self, text: str, style: str = "", columns: int = 0) -> None:
        """Print a line; what strangers wrote in it is made visible."""
        shown = visible(text, 1000)
        line = Text(plain(shown) if self.ascii else shown, style=style)
        self.screen.print(Padding(line, (0, 0, 0, columns), expand=False))

    def table(self, title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table whose first column is text and the others, mostly, numbers."""
        found = [[visible(cell, 80) for cell in row] for row in rows]
        if not found:
            return
        self.screen.print()
        self.say(title, "bold")
        table = Table(box=box.ASCII if self.ascii else box.SIMPLE_HEAD, pad_edge=False)
        for at, name in enumerate(head):
            numbers = at > 0 and all(_is_number(row[at]) for row in found)
            table.add_column(Text(name), justify="right" if numbers else "left", overflow="fold")
        for row in found:
            table.add_row(*[Text(plain(cell) if self.ascii else cell) for cell in row])
        self.screen.print(table)


def _is_number(cell: str) -> bool:
    return not cell.strip("0123456789,.+-·%")


def show_replay(old: str, new: str, done: Replayed, output: Path | None) -> None:
    """Print what a replay found."""
    page, tally = Page(console()), done.tally
    page.say(f"Replay of {tally.judged:,} recorded assessments", "bold")
    page.say(f"before: {old}")
    page.say(f"after:  {new}")
    page.say(_summary(tally), "bold" if tally.stricter or tally.looser else "green")
    if tally.same:
        page.say(f"{tally.same:,} more keep their outcome, with another tier or other sign-offs.")
    if tally.judged:
        _outcomes(page, tally)
        _groups(page, tally)
        _rules(page, tally)
        _sign_offs(page, tally)
    _changes(page, tally, output)
    _doubts(page, tally)
    page.screen.print()
    page.say(
        f"{tally.judged / done.seconds:,.0f} assessments/s, "
        f"{done.evaluations / done.seconds:,.0f} rule evaluations/s "
        f"({done.seconds:.1f} s, {done.jobs} process{'es' if done.jobs > 1 else ''})",
        "dim",
    )


def _summary(tally: Tally) -> str:
    changed = tally.stricter + tally.looser
    if not tally.judged:
        return "No assessment was judged."
    if not changed:
        return "No outcome would change."
    share = 100 * changed / tally.judged
    verb = "decision" if changed == 1 else "decisions"
    return (
        f"{changed:,} {verb} ({share:.1f} %) would change: {tally.stricter:,} stricter, "
        f"{tally.looser:,} looser."
    )


def _outcomes(page: Page, tally: Tally) -> None:
    names = [outcome.value for outcome in STRICTNESS]
    page.table(
        "Outcomes, before (down) and after (across)",
        ["", *[_WORDS[name] for name in names]],
        [
            [_WORDS[old], *[_count(tally.outcomes.get(old, {}).get(new, 0)) for new in names]]
            for old in names
            if old in tally.outcomes
        ],
    )


def _groups(page: Page, tally: Tally) -> None:
    head = ["", "assessed", "stricter", "looser", "other review"]
    tiers = [(tier, tally.tiers[tier]) for tier in TIERS if tier in tally.tiers]
    page.table("By tier before", head, [_moves(name, moves) for name, moves in tiers])
    moved = [
        [f"{old} to {new}", f"{count:,}"]
        for old in TIERS
        for new in TIERS
        if old != new and (count := tally.tier_moves.get(old, {}).get(new, 0))
    ]
    page.table("Tier changes", ["", "assessments"], moved)
    teams = sorted(
        tally.teams.items(), key=lambda item: (-item[1].stricter - item[1].looser, item[0])
    )
    left = len(teams) - _TEAMS_SHOWN
    more = f" (the {_TEAMS_SHOWN} with most changes, of {len(teams):,})" if left > 0 else ""
    page.table(f"By team{more}", head, [_moves(*item) for item in teams[:_TEAMS_SHOWN]])


def _moves(name: str, moves: Moves) -> list[str]:
    counts = (moves.stricter, moves.looser, moves.same)
    return [name, f"{moves.judged:,}", *map(_count, counts)]


def _rules(page: Page, tally: Tally) -> None:
    differ = [(name, count) for name, count in tally.rules.items() if count.status != "unchanged"]
    shown = [item for item in differ if item[1].fires or item[1].fired_before]
    shown.sort(key=lambda item: (-item[1].alone - item[1].alone_before, -item[1].fires, item[0]))
    left = len(shown) - _RULES_SHOWN
    more = f" (the {_RULES_SHOWN} that decide most, of {len(shown):,})" if left > 0 else ""
    page.table(
        f"Rules that differ, and what they would block{more}",
        ["rule", "effect", "before", "fires", "unknown", "alone"],
        [_rule_row(name, count) for name, count in shown[:_RULES_SHOWN]],
    )
    if shown:
        page.say("before, fires: assessments the rule is not satisfied in, then and now.", "dim")
        page.say("unknown: of those, because a fact is not known.", "dim")
        page.say("alone: without this rule the outcome would be milder (if removed: was).", "dim")
    silent = [
        name
        for name, count in differ
        if count.status != "not-compared" and not count.fires and not count.fired_before
    ]
    if silent:
        some = ", ".join(silent[:_SILENT_SHOWN])
        more = f" and {len(silent) - _SILENT_SHOWN} more" if len(silent) > _SILENT_SHOWN else ""
        page.say(f"{len(silent)} more differ and fire in none of these: {some}{more}.", "dim")


def _rule_row(name: str, count: RuleCount) -> list[str]:
    old, new = count.old_effect, count.new_effect
    effect = f"{old} to {new}" if old and new and old != new else str(new or old)
    status = "" if count.status == "not-compared" else f"{count.status}: "
    alone = count.alone_before if count.status == "removed" else count.alone
    counts = (count.fired_before, count.fires, count.unknown, alone)
    return [name, f"{status}{effect}", *map(_count, counts)]


def _sign_offs(page: Page, tally: Tally) -> None:
    loads = sorted(tally.sign_offs.items(), key=lambda item: (-item[1].after, item[0]))
    page.table(
        "Sign-offs asked for",
        ["role", "before", "after", "difference"],
        [
            [role, _count(load.before), _count(load.after), f"{load.after - load.before:+,}"]
            for role, load in loads
        ],
    )


def _changes(page: Page, tally: Tally, output: Path | None) -> None:
    for direction in ("looser", "stricter"):
        shown = [change for change in tally.changes if change.direction == direction]
        if not shown:
            continue
        total = getattr(tally, direction)
        page.screen.print()
        some = f"first {len(shown):,} of {total:,}" if total > len(shown) else f"{total:,}"
        page.say(f"Would be {direction}: {some}", f"bold {_STYLES[direction]}")
        for change in shown:
            _change(page, change)
    if output is not None:
        page.say(f"Every change is in {output}.")
    elif tally.stricter + tally.looser > len(tally.changes):
        page.say("Give --output FILE to have them all.", "dim")


def _change(page: Page, change: Change) -> None:
    page.say(
        f"{change.where}: {change.subject} for {change.use_case} ({change.team}): "
        f"{_WORDS[change.old.value]} to {_WORDS[change.new.value]}",
        columns=2,
    )
    if change.old_tier != change.new_tier:
        scores = f"score {change.old_score} to {change.new_score}"
        page.say(f"tier {change.old_tier} to {change.new_tier}, {scores}", columns=6)
    if set(change.old_sign_offs) != set(change.new_sign_offs):
        before = ", ".join(change.old_sign_offs) or "nobody"
        after = ", ".join(change.new_sign_offs) or "nobody"
        page.say(f"sign-offs: {before}; now {after} (track {change.new_track})", columns=6)
    for item in change.rules:
        why = f": {item.why}" if item.why else ""
        page.say(f"{item.rule} ({item.effect}) {_WHYS[item.change]}{why}", columns=6)


def _doubts(page: Page, tally: Tally) -> None:
    if tally.outside:
        page.say(f"{tally.outside:,} were assessed on other days and left out.")
    if tally.unjudged:
        page.screen.print()
        page.say(
            f"{tally.unjudged:,} could not be judged and are in none of the counts:", "bold red"
        )
        for line in tally.unjudged_lines:
            page.say(f"{line.where}: {line.message}", columns=2)
        if tally.unjudged > len(tally.unjudged_lines):
            page.say(f"and {tally.unjudged - len(tally.unjudged_lines):,} more", columns=2)
    if tally.rewritten:
        page.screen.print()
        page.say(
            f"{tally.rewritten:,} records name the old charter but not the outcome it gives on "
            f"their facts: {', '.join(tally.rewritten_lines)}. Verify their bundles.",
            "bold red",
        )


def _count(number: int) -> str:
    return f"{number:,}" if number else "·"
