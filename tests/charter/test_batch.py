# SPDX-License-Identifier: Apache-2.0
"""Judging many says the same as judging one, whatever the facts, and in bounded memory."""

from __future__ import annotations

import datetime
import random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from steelyard.catalog.charters import NAMES
from steelyard.charter import batch as batches
from steelyard.charter.batch import Asker, Batch, Decided, FiredRule, decide_all
from steelyard.charter.evaluate import evaluate
from steelyard.charter.facts import Facts
from steelyard.charter.load import load_charter, shipped
from steelyard.charter.schema import (
    Charter,
    DecisionRight,
    Phase,
    Rule,
    StandingApproval,
    Step,
    TierRule,
)
from steelyard.kernel.assessment import Outcome
from steelyard.kernel.errors import InputError
from tests.charter.portfolio import any_facts, realistic
from tests.charter.samples import facts

HARD = """\
charter: hard
version: 1
effective: 2026-01-01
owner: owner@example.org
purpose: Expressions that fail, that read what is not known, and that read the risk.
risk:
  dimensions:
    sponsor: {of: use_case.sponsor, points: {cto@example.org: 1}, other: 20}
    task: {when: "model.task == 'text-generation'", adds: 30}
    commercial: {of: use_case.commercial, points: {"true": 15, "false": 3}}
    users: {when: "use_case.monthly_users / scan.critical > 2", adds: 25}
  tiers:
    - {tier: critical, when: "risk.score >= 60 || (risk.score > 40 && license.use == 'review')"}
    - {tier: high, when: "use_case.monthly_users > 9 && scan.high > 0"}
    - {tier: moderate, when: "use_case.monthly_users > 10"}
    - {tier: low}
tracks:
  fast: {for: [low], decided_by: standing-approval, valid: 6 months}
  standard: {for: [moderate, high], sign_offs: [security, legal], quorum: 1,
             valid: 6 months}
  deep: {for: [critical], sign_offs: [security], valid: 6 months}
rules:
  - {id: divides, why: It divides., require: "10 / scan.high > 3", otherwise: warn}
  - {id: tier-known, why: It reads the tier., require: "risk.tier != 'high'",
     otherwise: "review(risk, legal)"}
  - {id: has-only, why: It only looks., require: "has(use_case.sponsor) || has(model.commit)",
     otherwise: condition, condition: Name a sponsor.}
  - {id: maybe, why: It may apply., applies: "license.use_policy", require: "model.parameters < 5",
     otherwise: reject}
  - {id: either, why: Kleene., require: "license.use_policy || scan.worst == 'clean'",
     otherwise: review}
  - {id: lists, why: It walks lists.,
     require: "model.datasets.all(d, model.tags.exists(t, t == d || d == 'c4'))", otherwise: warn}
  - {id: dates, why: It compares days., require: "use_case.expires > today", otherwise: warn}
  - {id: index, why: It may fail., require: "license.keys[0] != 'mit'", otherwise: warn}
"""


def hard() -> Charter:
    """Return a charter with more in it than ``charter check`` lets through."""
    charter = load_charter(HARD, "hard.yaml")
    high = TierRule(tier="high", when="has(risk.tier) || use_case.monthly_users > 9")
    late = TierRule(tier="moderate", when="risk.tier != 'low'")
    odd = [
        Rule(id=f"odd-{at}", why="It was never checked.", require=text, otherwise="warn")
        for at, text in enumerate(
            (
                "size(use_case) > 4", "use_case == use_case", "scan.nothing", "has(scan.nothing)",
                "has(model.task) || model.task.nothing", "true", "1", "model.datasets == ['c4']",
                "has(risk.score)", "size(risk) == 2", "today > '2026-06-01'",
                "days_until(use_case.expires) > 90", "license.permits(use_case)",
                "days_since(model.published) > 30", "version_at_least(model.commit, '1.2')",
            )
        )
    ]  # fmt: skip
    first, *others = charter.risk.tiers
    fast, standard, deep = (charter.tracks[name] for name in ("fast", "standard", "deep"))
    steps = (
        Step(name="first", sign_offs=("legal", "security"), quorum=1, when="risk.score > 30"),
        Step(name="board", committee="board", when="license.use_policy"),
    )
    charter = replace(
        charter,
        effective=datetime.date(2026, 3, 1),
        until=datetime.date(2027, 9, 30),
        tracks={"fast": fast, "standard": standard, "deep": replace(deep, steps=steps)},
        standing_approvals=(
            StandingApproval(id="quiet", why="Quiet.", when="scan.high == 0 && license.known",
                             conditions=("Stay quiet.",)),
            StandingApproval(id="any", why="Any.", when="has(use_case.sponsor)"),
        ),
        decision_rights=(
            DecisionRight(action="approve", role="legal", tiers=("low", "moderate")),
            DecisionRight(action="approve", committee="board", environments=("other",)),
        ),
        release=(Phase(name="pilot", environments=("sandbox",), longest="3 months"),),
    )  # fmt: skip
    risk = replace(charter.risk, tiers=(first, high, late, *others))
    return replace(charter, risk=risk, rules=(*charter.rules, *odd))


def summary(charter: Charter, given_facts: Facts) -> Decided:
    """Return what the full evaluation says, in the words of the batch."""
    full = evaluate(charter, given_facts, {}, given_facts.today)
    traces = {trace.rule: trace for trace in full.rules}
    return Decided(
        outcome=full.decision.outcome,
        tier=full.risk.tier,
        score=full.risk.score,
        track=full.review.track,
        fired=tuple(
            FiredRule(
                rule=reason.rule,
                effect=reason.effect,
                unknown="unknown" in (traces[reason.rule].applies, traces[reason.rule].satisfied),
            )
            for reason in full.decision.reasons
        ),
        sign_offs=tuple(item.role for item in full.review.sign_offs_required),
    )


CHARTERS = {**{name: shipped(name) for name in NAMES}, "hard": hard()}
ASKER = Asker()
BATCHES = {name: Batch(charter, ASKER) for name, charter in CHARTERS.items()}
TINY = {name: Batch(charter, Asker(memory=500)) for name, charter in CHARTERS.items()}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_facts(*CHARTERS.values()), st.sampled_from(sorted(CHARTERS)))
def test_a_batch_says_what_the_evaluation_says(drawn: Facts, name: str) -> None:
    expected = summary(CHARTERS[name], drawn)
    assert BATCHES[name].decide(drawn) == expected
    assert BATCHES[name].decide(drawn) == expected, "asked again"
    assert TINY[name].decide(drawn) == expected, "without memory"


@pytest.mark.parametrize("name", sorted(CHARTERS))
def test_a_realistic_portfolio_is_judged_alike(name: str) -> None:
    draw = random.Random(name)
    for at in range(120):
        drawn = msgspec.convert(realistic(draw, at), Facts)
        assert BATCHES[name].decide(drawn) == summary(CHARTERS[name], drawn)


@pytest.mark.parametrize(
    ("known", "optional"),
    [
        ({"license__use_policy": False, "model__parameters": 9}, "license__use_policy"),
        ({"license__use_policy": True, "model__parameters": 4}, "model__parameters"),
    ],
)
def test_an_unknown_fact_is_marked_and_never_helps(known: dict[str, Any], optional: str) -> None:
    first = BATCHES["hard"].decide(facts(**known))
    assert "maybe" not in {item.rule for item in first.fired}
    unknown = BATCHES["hard"].decide(facts(**{**known, optional: None}))
    assert FiredRule(rule="maybe", effect="reject", unknown=True) in unknown.fired
    assert unknown.outcome is Outcome.REJECTED


def test_a_stream_keeps_its_order_and_reports_what_is_no_fact() -> None:
    good = msgspec.json.encode(facts())
    bad = good.replace(b'"worst":"clean"', b'"worst":"spotless"')
    answers = list(decide_all(shipped("starter"), [good, bad, b"{", good, b"[" * 100_000]))
    assert [type(answer) for answer in answers] == [
        Decided, InputError, InputError, Decided, InputError,
    ]  # fmt: skip
    assert answers[0] == answers[3]
    assert "scan.worst" in str(answers[1])


def test_memory_is_bounded_by_the_bytes_of_its_values() -> None:
    asker = Asker(memory=20_000)
    batch = Batch(shipped("standard"), asker)
    for at in range(300):
        batch.decide(facts(use_case__sector=f"sector {at}", model__task=f"task {at}"))
    held = sum(len(memory.answers) for memory in asker.memories)
    assert 0 < held * 60 <= 20_000


def test_what_is_always_new_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "PATIENCE", 50)
    asker = Asker()
    text = HARD.replace("scan.worst == 'clean'", "model.name != 'a name'")
    charter = load_charter(text, "hard.yaml")
    batch = Batch(charter, asker)
    for at in range(200):
        drawn = facts(model__name=f"model {at}")
        assert batch.decide(drawn) == summary(charter, drawn)
    kept = {memory.name: len(memory.answers) for memory in asker.memories}
    assert kept["license.use_policy || model.name != 'a name'"] == kept["either"] == 0
    assert kept["divides"] == 1


def test_huge_values_are_judged_but_not_remembered() -> None:
    asker = Asker()
    batch = Batch(shipped("starter"), asker)
    drawn = facts(license__keys=[f"key-{at}" for at in range(5000)])
    assert batch.decide(drawn) == summary(shipped("starter"), drawn)
    kept = {memory.name: len(memory.answers) for memory in asker.memories}
    assert kept["licenses.review"] == 0
    assert kept["licenses-agree"] == 1
