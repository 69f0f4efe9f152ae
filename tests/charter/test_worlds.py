# SPDX-License-Identifier: Apache-2.0
"""What representative worlds claim holds for any facts, and what they cannot tell is said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from steelyard.catalog.charters import NAMES
from steelyard.charter.engine import check, compile_rule, run
from steelyard.charter.evaluate import evaluate
from steelyard.charter.facts import fact_types, facts_from_document
from steelyard.charter.load import shipped
from steelyard.charter.worlds import (
    Question,
    always_true,
    ask,
    can_both_hold,
    expression,
    implies,
    never_true,
    view_of_world,
)
from steelyard.charter.worlds.ask import essential
from steelyard.charter.worlds.atoms import reading_of
from steelyard.charter.worlds.tiers import tiers_of
from tests.charter.samples import TODAY, document

WORDS = ["a", "ab", "b", "zz", "other"]
CATEGORIES = ["permissive", "community", "non-commercial"]
DAYS = ["2026-12-31", "2027-01-01", "2027-01-02", "2029-05-05"]


def quoted(words: list[str]) -> str:
    return "[" + ", ".join(repr(word) for word in words) + "]"


comparisons = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
text_call = st.sampled_from(["startsWith", "endsWith", "contains", "matches"])
element = st.one_of(
    st.builds(lambda w: f"k == '{w}'", st.sampled_from(WORDS)),
    st.builds(lambda w: f"k in {quoted(w)}", st.lists(st.sampled_from(WORDS), max_size=3)),
    st.builds(lambda f, w: f"k.{f}('{w}')", text_call, st.sampled_from(WORDS[:3])),
    st.builds(lambda w: f"(k != '{w}' && scan.isolated)", st.sampled_from(WORDS)),
)
atoms = st.one_of(
    st.builds(lambda o, n: f"scan.high {o} {n}", comparisons, st.integers(0, 5)),
    st.builds(lambda n, o: f"{n} {o} scan.high", st.integers(0, 5), comparisons),
    st.builds(lambda o, n: f"use_case.monthly_users {o} {n}", comparisons, st.integers(0, 3)),
    st.builds(lambda w: f"license.category == '{w}'", st.sampled_from(CATEGORIES)),
    st.builds(
        lambda w: f"license.category in {quoted(w)}",
        st.lists(st.sampled_from(CATEGORIES), max_size=3),
    ),
    st.builds(lambda w: f"model.task != '{w}'", st.sampled_from(WORDS)),
    st.builds(lambda f, w: f"model.name.{f}('{w}')", text_call, st.sampled_from(WORDS[:3])),
    st.builds(lambda w: f"'{w}' in license.keys", st.sampled_from(WORDS)),
    st.builds(
        lambda m, p: f"license.keys.{m}(k, {p})", st.sampled_from(["exists", "all"]), element
    ),
    st.builds(lambda o, n: f"size(license.keys) {o} {n}", comparisons, st.integers(0, 3)),
    st.builds(lambda o, d: f"use_case.expires {o} '{d}'", comparisons, st.sampled_from(DAYS)),
    st.sampled_from(
        ["artifacts.executes_on_load", "scan.isolated", "has(license.use)", "has(model.task)"]
    ),
)
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(lambda a, b: f"({a} && {b})", inner, inner),
        st.builds(lambda a, b: f"({a} || {b})", inner, inner),
        st.builds(lambda a, b: f"(({a}) == ({b}))", inner, inner),
        st.builds(lambda a: f"!({a})", inner),
        st.builds(lambda a, b, c: f"(({a}) ? ({b}) : ({c}))", inner, inner, inner),
    ),
    max_leaves=5,
)
facts = st.fixed_dictionaries(
    {
        "scan.high": st.integers(0, 7),
        "use_case.monthly_users": st.none() | st.integers(0, 9),
        "license.category": st.none() | st.sampled_from(fact_types()["license.category"].values),
        "license.use": st.none() | st.sampled_from(fact_types()["license.use"].values),
        "model.task": st.none() | st.text("abz", max_size=3),
        "model.name": st.text("abz-", max_size=5),
        "license.keys": st.lists(st.sampled_from([*WORDS, "ba", "aab"]), max_size=5),
        "use_case.expires": st.dates().map(str),
        "artifacts.executes_on_load": st.none() | st.booleans(),
        "scan.isolated": st.booleans(),
    }
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(expressions, facts)
@example("license.keys.exists(k, k == 'a') && license.keys.exists(k, k == 'b')",
         {"license.keys": ["b", "zz", "a"]})  # fmt: skip
@example("size(license.keys) == 2 && license.keys.all(k, k == 'a')", {"license.keys": ["a", "a"]})
@example("model.name.startsWith('a') && model.name.startsWith('ab')", {"model.name": "abba"})
def test_no_facts_answer_what_no_world_answered(text: str, world: dict[str, Any]) -> None:
    assert check(text) == []
    answers = ask(expression(text))
    said = run(compile_rule(text), view_of_world(world))
    assert answers.doubt or (said,) in answers.rows
    for row, shown in answers.rows.items():
        assert run(compile_rule(text), view_of_world(shown)) == row[0]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(expressions, expressions, expressions, facts)
def test_joined_questions_answer_as_they_would_together(
    one: str, other: str, third: str, world: dict[str, Any]
) -> None:
    texts = (one, other, third)
    answers = ask(*(expression(text) for text in texts), limit=3000)
    view = view_of_world(world)
    said = tuple(run(compile_rule(text), view) for text in texts)
    assert answers.doubt or said in answers.rows
    for row, shown in answers.rows.items():
        assert tuple(run(compile_rule(text), view_of_world(shown)) for text in texts) == row


@pytest.mark.parametrize(
    ("one", "other", "holds"),
    [
        ("license.category == 'permissive'", "license.category in ['permissive', 'content']", True),
        (
            "license.category in ['permissive', 'content']",
            "license.category == 'permissive'",
            False,
        ),
        ("scan.high > 3", "scan.high >= 4", True),
        ("scan.high >= 3", "scan.high >= 4", False),
        ("has(license.use) && license.use == 'ok'", "license.use == 'ok'", True),
        ("true", "scan.high >= 0", True),
        ("model.name.startsWith('google/gemma')", "model.name.startsWith('google/')", True),
        ("'gpl-3.0' in license.keys", "size(license.keys) > 0", True),
        # Unknown is not true: a fact that may be unknown implies nothing about its values.
        ("true", "license.use == 'ok' || license.use != 'ok'", False),
        ("true", "use_case.commercial || !use_case.commercial", True),
    ],
)
def test_implication(one: str, other: str, holds: bool) -> None:
    verdict = implies(one, other)
    assert verdict.holds is holds
    assert (verdict.example is None) is holds


def test_together_always_never() -> None:
    assert can_both_hold("scan.high > 3", "scan.high < 5").example == {"scan.high": 4}
    assert can_both_hold("scan.high > 3", "scan.high < 4").holds is False
    assert always_true("card.completeness <= 100").holds
    assert never_true("license.keys.exists(k, k == 'a') && size(license.keys) == 0").holds
    found = never_true(
        "license.keys.exists(k, k == 'a') && license.keys.exists(k, k == 'b')"
        " && size(license.keys) <= 2"
    )
    assert found.holds is False
    assert found.example is not None
    assert sorted(found.example["license.keys"]) == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "use_case.environment == environment",
        "size(model.name) > 3",
        "scan.high + scan.low > 3",
        "license.keys.exists_one(k, k == 'a')",
        "license.keys.exists(k, model.tags.exists(t, t == k))",
        "model.name < 'm'",
    ],
)
def test_what_cannot_be_decided_is_not_claimed(text: str) -> None:
    assert check(text) == []
    assert reading_of(text).beyond
    answers = ask(expression(text))
    assert not answers.complete
    assert text in answers.doubt
    assert never_true(f"({text}) && scan.high < 0").holds is None


def test_a_pattern_nothing_matches_is_not_called_impossible() -> None:
    # No word made from the pattern matches it, so whether one could is left open.
    assert never_true("model.name.matches('^q{3}[^q]*q$')").holds is None
    assert never_true("model.name.matches('(?i)nude|nsfw')").holds is False


def test_too_many_worlds_are_sampled_and_said() -> None:
    text = " || ".join(
        f"{path} == {value}"
        for path in ("scan.high", "scan.low", "scan.medium", "scan.critical", "model.size_bytes")
        for value in range(0, 40, 5)
    )
    answers = ask(expression(text), limit=1000)
    assert answers.tried <= 1000
    assert "sampled" in answers.doubt
    assert ask(expression(text), limit=1000).rows == answers.rows


def test_facts_that_do_not_matter_are_left_out() -> None:
    text = "scan.high > 3 && (scan.isolated || !scan.isolated) && environment != 'sandbox'"
    answers = ask(expression(text))
    question = expression(text)
    world = answers.rows[("true",)]
    values = {"scan.high": (0, 4), "scan.isolated": (True, False), "environment": ("sandbox", "x")}
    kept = essential(world, values, lambda w: question.answer(view_of_world(w)) == "true")
    assert set(kept) == {"scan.high", "environment"}


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_rule_is_decidable(name: str) -> None:
    charter = shipped(name)
    texts = [text for rule in charter.rules for text in (rule.applies, rule.require) if text]
    texts += [control.when for control in charter.controls]
    for text in dict.fromkeys(texts):
        assert ask(expression(text)).doubt == ""


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_tiers_that_occur_are_among_those_worked_out(name: str, data: st.DataObject) -> None:
    charter = shipped(name)
    answers = tiers_of(charter.risk)
    assert not answers.doubt
    reached = {charter.risk.tiers[index].tier for (index,) in answers.rows}
    changes: dict[str, Any] = {}
    for path, fact in fact_types().items():
        if path.startswith("use_case.") and fact.values:
            changes[path.replace(".", "__")] = data.draw(st.sampled_from(fact.values))
    changes["use_case__sector"] = data.draw(st.sampled_from(["software", "health", "finance"]))
    changes["environment"] = data.draw(st.sampled_from(["sandbox", "production"]))
    changes["artifacts__executes_on_load"] = data.draw(st.sampled_from([None, True, False]))
    found = evaluate(charter, facts_from_document(document(**changes)), {}, TODAY)
    assert found.risk.tier in reached


@pytest.mark.parametrize("name", NAMES)
def test_each_tier_example_has_that_tier(name: str) -> None:
    charter = shipped(name)
    for (index,), world in tiers_of(charter.risk).rows.items():
        changes = {path.replace(".", "__"): v for path, v in world.items() if path != "risk.score"}
        found = evaluate(charter, facts_from_document(document(**changes)), {}, TODAY).risk
        assert (found.tier, found.score) == (
            charter.risk.tiers[index].tier,
            world["risk.score"],
        )


def test_a_question_may_be_anything_about_a_world() -> None:
    both = Question(("scan.high > 1", "scan.low > 1"), lambda view: view.get("scan.high"))
    assert {row[0] for row in ask(both).rows} == {0, 2}
