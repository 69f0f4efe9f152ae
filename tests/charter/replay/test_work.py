# SPDX-License-Identifier: Apache-2.0
"""A replay counts what evaluating everything twice would show."""

from __future__ import annotations

import csv
import datetime
import io
from collections import Counter
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from tests.charter.portfolio import recorded
from tests.charter.samples import TODAY, document, facts

from steelyard.charter.evaluate import Evaluation, evaluate
from steelyard.charter.facts import Facts
from steelyard.charter.load import shipped
from steelyard.charter.replay.listing import listed, listing_head
from steelyard.charter.replay.tally import OTHER_TEAMS, STRICTNESS, Tally, add_tally
from steelyard.charter.replay.work import Replay, Span, rule_statuses
from steelyard.charter.resolve import charter_sha256
from steelyard.charter.schema import Charter, Rule
from steelyard.kernel.assessment import Outcome

OLD = shipped("starter")
STANDARD = shipped("standard")
NEW = replace(
    STANDARD,
    rules=tuple(
        replace(rule, otherwise="reject") if rule.id == "load-code-in-isolation" else rule
        for rule in STANDARD.rules
        if not rule.id.startswith("licenses.")
    ),
)
"""Stricter than the old one about code, looser about licenses."""
PORTFOLIO = list(recorded(150, seed=3))


def lines(records: list[dict[str, Any]]) -> list[tuple[str, bytes | str]]:
    return [(f"line {at}", msgspec.json.encode(record)) for at, record in enumerate(records, 1)]


def judged(charter: Charter, record: dict[str, Any]) -> Evaluation:
    drawn = msgspec.convert(record["facts"], Facts)
    return evaluate(charter, drawn, {}, drawn.today)


def rank(evaluation: Evaluation) -> int:
    return STRICTNESS.index(evaluation.decision.outcome)


def test_the_counts_are_those_of_judging_each_twice() -> None:
    tally, changes = Replay(OLD, NEW).work(lines(PORTFOLIO), keep=5)
    pairs = [(judged(OLD, record), judged(NEW, record)) for record in PORTFOLIO]
    assert tally.read == tally.judged == len(PORTFOLIO)
    moves = Counter((a.decision.outcome.value, b.decision.outcome.value) for a, b in pairs)
    assert {
        (old, new): count for old, row in tally.outcomes.items() for new, count in row.items()
    } == moves
    assert tally.stricter == sum(rank(b) > rank(a) for a, b in pairs) > 0
    assert tally.looser == sum(rank(b) < rank(a) for a, b in pairs) > 0
    tiers = Counter((a.risk.tier, b.risk.tier) for a, b in pairs)
    assert {
        (old, new): count for old, row in tally.tier_moves.items() for new, count in row.items()
    } == tiers
    teams = Counter(record["use_case"]["unit"] for record in PORTFOLIO)
    assert {team: moves.judged for team, moves in tally.teams.items()} == teams
    assert sum(moves.stricter for moves in tally.teams.values()) == tally.stricter
    assert sum(moves.looser for moves in tally.tiers.values()) == tally.looser
    after = Counter(item.role for _, b in pairs for item in b.review.sign_offs_required)
    assert {role: load.after for role, load in tally.sign_offs.items() if load.after} == after
    fires = Counter(reason.rule for _, b in pairs for reason in b.decision.reasons)
    assert {name: count.fires for name, count in tally.rules.items() if count.fires} == fires
    assert len(changes) == tally.stricter + tally.looser + tally.same
    shown = Counter(change.direction for change in tally.changes)
    for direction in ("stricter", "looser", "same"):
        assert shown[direction] == min(5, getattr(tally, direction))


def test_alone_is_what_the_charter_without_the_rule_would_say() -> None:
    tally, _ = Replay(OLD, NEW).work(lines(PORTFOLIO), keep=0)
    whole = [judged(NEW, record).decision.outcome for record in PORTFOLIO]
    alone = {}
    for rule in NEW.rules:
        rest = replace(NEW, rules=tuple(other for other in NEW.rules if other is not rule))
        without = [judged(rest, record).decision.outcome for record in PORTFOLIO]
        alone[rule.id] = sum(a != b for a, b in zip(whole, without, strict=True))
    counted = {name: count.alone for name, count in tally.rules.items() if count.new_effect}
    assert counted == alone
    assert any(alone.values())


def test_a_change_says_which_rules_and_why() -> None:
    rule = Rule(
        id="named-owner", why="Somebody answers for it.", require="has(model.commit)",
        otherwise="review(legal)",
    )  # fmt: skip
    new = replace(OLD, rules=(*OLD.rules, rule))
    record = {
        "schema": "steelyard.recorded/v1",
        "subject": {"name": "m"},
        "use_case": {"name": "u", "owner": "team@example.org"},
        "facts": document(),
    }
    tally, changes = Replay(OLD, new).work(lines([record]), keep=5)
    (change,) = changes
    assert (change.old, change.new) == (Outcome.APPROVED, Outcome.REVIEW_REQUIRED)
    assert (change.direction, change.team) == ("stricter", "team@example.org")
    assert change.new_sign_offs == ("legal", "model-owner")
    (item,) = change.rules
    assert (item.rule, item.change, item.effect) == ("named-owner", "fires", "review")
    assert item.why == "Somebody answers for it."
    count = tally.rules["named-owner"]
    assert (count.status, count.fires, count.sends_to_review, count.alone) == ("new", 1, 1, 1)
    back, changes = Replay(new, OLD).work(lines([record]), keep=5)
    assert changes[0].direction == "looser"
    assert changes[0].rules[0].change == "no-longer-fires"
    assert back.rules["named-owner"].alone_before == 1


def test_statuses_look_at_what_a_rule_decides_not_at_its_words() -> None:
    first, second, *others = OLD.rules
    new = replace(
        OLD,
        rules=(
            replace(first, why="Said otherwise."),
            replace(second, otherwise="reject" if second.otherwise != "reject" else "warn"),
            *others[1:],
        ),
    )
    statuses = rule_statuses(OLD, new)
    assert statuses[first.id] == "unchanged"
    assert statuses[second.id] == "changed"
    assert statuses[others[0].id] == "removed"
    assert rule_statuses(new, OLD)[others[0].id] == "new"


def test_recorded_decisions_can_be_the_other_side() -> None:
    records = [{**record, **kept(judged(OLD, record))} for record in PORTFOLIO]
    by_charter, _ = Replay(OLD, NEW).work(lines(records), keep=5)
    by_record, _ = Replay(None, NEW).work(lines(records), keep=5)
    for name in ("judged", "stricter", "looser", "same", "outcomes", "tier_moves", "sign_offs"):
        assert getattr(by_charter, name) == getattr(by_record, name), name
    fired = {name: count.fired_before for name, count in by_charter.rules.items()}
    assert {name: c.fired_before for name, c in by_record.rules.items() if c.fired_before} == {
        name: count for name, count in fired.items() if count
    }


def kept(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "decision": msgspec.to_builtins(evaluation.decision),
        "risk": msgspec.to_builtins(evaluation.risk),
        "review": msgspec.to_builtins(evaluation.review),
        "charter": {"sha256": charter_sha256(OLD)},
    }


def test_a_decision_that_does_not_follow_from_its_facts_is_named() -> None:
    records = [{**record, **kept(judged(OLD, record))} for record in PORTFOLIO[:20]]
    sha256 = charter_sha256(OLD)
    honest, _ = Replay(OLD, NEW, sha256=sha256).work(lines(records), keep=5)
    assert honest.rewritten == 0
    outcome = records[7]["decision"]["outcome"]
    records[7]["decision"]["outcome"] = "rejected" if outcome == "approved" else "approved"
    changed, _ = Replay(OLD, NEW, sha256=sha256).work(lines(records), keep=5)
    assert (changed.rewritten, changed.rewritten_lines) == (1, ["line 8"])
    other, _ = Replay(OLD, NEW, sha256="0" * 64).work(lines(records), keep=5)
    assert other.rewritten == 0, "another charter decided it"


@pytest.mark.parametrize(
    ("spoiled", "word"),
    [
        (b"", "truncated"),
        (b"{}", "missing required field"),
        (b'{"schema": "steelyard.other/v1"}', "schema"),
        (b"\xff\xfe", "malformed"),
        (b"[" * 100_000, "recorded assessment"),
        ("It is longer than the 16 MiB that are read.", "16 MiB"),
    ],
)
def test_what_cannot_be_judged_is_counted_and_named(spoiled: bytes | str, word: str) -> None:
    good = lines(PORTFOLIO[:2])
    tally, _ = Replay(OLD, NEW).work([good[0], ("line 2", spoiled), good[1]], keep=5)
    assert (tally.read, tally.judged, tally.unjudged) == (3, 2, 1)
    assert tally.unjudged_lines[0].where == "line 2"
    assert word in tally.unjudged_lines[0].message


def test_a_fact_of_no_known_value_is_not_judged() -> None:
    record = {**PORTFOLIO[0], "facts": {**PORTFOLIO[0]["facts"], "scan": {"worst": "spotless"}}}
    tally, _ = Replay(OLD, NEW).work(lines([record]), keep=5)
    assert tally.unjudged == 1
    assert "spotless" in tally.unjudged_lines[0].message


def test_a_draft_is_tried_out_on_days_before_it_is_in_force() -> None:
    draft = replace(OLD, version="2", effective=datetime.date(2030, 1, 1))
    tally, _ = Replay(OLD, draft).work(lines(PORTFOLIO), keep=5)
    assert (tally.judged, tally.stricter, tally.looser, tally.same) == (len(PORTFOLIO), 0, 0, 0)


def test_days_outside_are_left_out_and_counted() -> None:
    span = Span(since=datetime.date(2026, 1, 11), until=datetime.date(2026, 1, 20))
    tally, _ = Replay(OLD, NEW, span=span).work(lines(PORTFOLIO), keep=5)
    assert (tally.judged, tally.outside) == (10, len(PORTFOLIO) - 10)


def test_parts_add_up_to_the_whole() -> None:
    bad: tuple[str, bytes | str] = ("line 9", b"{")
    everything = [*lines(PORTFOLIO), bad]
    whole, _ = Replay(OLD, NEW).work(everything, keep=7)
    total = Tally()
    ready = Replay(OLD, NEW)
    for at in range(0, len(everything), 40):
        part, _ = ready.work(everything[at : at + 40], keep=7)
        encoded = msgspec.msgpack.encode(part)
        add_tally(total, msgspec.msgpack.decode(encoded, type=Tally), 7)
    assert total == whole


def test_teams_without_end_share_a_line() -> None:
    total = Tally()
    for at in range(2100):
        part = Tally()
        part.teams[f"team {at}"] = msgspec.convert({"judged": 1}, type(_moves()))
        add_tally(total, part, 5)
    assert len(total.teams) == 2001
    assert total.teams[OTHER_TEAMS].judged == 100


def _moves() -> Any:
    from steelyard.charter.replay.tally import Moves

    return Moves()


def test_the_list_is_json_lines_or_a_table_without_formulas() -> None:
    tally, changes = Replay(OLD, NEW).work(lines(PORTFOLIO), keep=5)
    del tally
    decoded = [msgspec.json.decode(line) for line in listed(changes, "jsonl").splitlines()]
    assert [item["where"] for item in decoded] == [change.where for change in changes]
    evil = replace(changes[0], subject='=HYPERLINK("https://x")', team='a,"b"\nc')
    text = (listing_head("csv") + listed([evil], "csv")).decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["subject"].startswith("'=")
    assert row["team"] == 'a,"b"\nc'
    assert row["new"] == evil.new.value


def test_facts_of_the_assessment_itself_are_enough() -> None:
    """A whole assessment document is read the same way, its other fields passed over."""
    evaluation = evaluate(OLD, facts(), {}, TODAY)
    whole = {
        "schema": "steelyard.assessment/v1",
        "subject": {"name": "m", "purl": "pkg:generic/m", "files": 3, "size": 9},
        "use_case": {"name": "u", "owner": "o", "unit": "research", "purpose": "p"},
        "files": [{"path": "a"}] * 50,
        "facts": msgspec.to_builtins(evaluation.facts),
        "assessed_at": "2026-11-24T10:00:00Z",
        **kept(evaluation),
    }
    tally, _ = Replay(None, OLD).work(lines([whole]), keep=5)
    assert (tally.judged, tally.stricter, tally.looser, tally.same) == (1, 0, 0, 0)
    assert list(tally.teams) == ["research"]
