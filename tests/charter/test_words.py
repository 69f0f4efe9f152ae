# SPDX-License-Identifier: Apache-2.0
"""Conditions in plain English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.catalog.charters import NAMES
from steelyard.catalog.controls import controls
from steelyard.charter.fact_words import CLAIMS, KNOWN, NOUNS, PHRASES, claim_of, noun_of
from steelyard.charter.facts import fact_types
from steelyard.charter.load import shipped
from steelyard.charter.words import read_condition, sentence

EXAMPLES = {
    "true": "always",
    "environment != 'sandbox'": "the environment is not sandbox",
    "!(environment == 'sandbox')": "the environment is not sandbox",
    "'sandbox' != environment": "the environment is not sandbox",
    "risk.tier in ['high', 'critical']": "the risk tier is high or critical",
    "!(risk.tier in ['high', 'critical'])": "the risk tier is neither high nor critical",
    "risk.score >= 50": "the risk score is at least 50",
    "50 > risk.score": "the risk score is below 50",
    "!(risk.score < 50)": "the risk score is at least 50",
    "artifacts.executes_on_load": "loading the model runs code from one of its files",
    "!artifacts.executes_on_load": "loading the model runs no code from its files",
    "artifacts.executes_on_load == false": "loading the model runs no code from its files",
    "has(license.commercial_use)": "it is known whether commercial use is permitted",
    "!has(model.publisher)": "the publisher is not known",
    "has(use_case.sponsor)": "the use case names an executive sponsor",
    "has(model.task) && model.task in ['a', 'b']": "the model's task is known and is a or b",
    "has(license.category) && license.category == 'content'": "the category of the most "
    "restrictive license is known and is content",
    "!(has(license.category) && license.category == 'content')": "the category of the most "
    "restrictive license, if known, is not content",
    "has(scan.isolated) && scan.isolated": "it is known that the scanner ran behind all its walls",
    "has(artifacts.has_remote_code) && !artifacts.has_remote_code && license.known": "it is known "
    "that loading the model imports no code from its repository and every license is known to the "
    "catalog",
    "risk.tier in ['high', 'critical'] || environment == 'a'": "the risk tier is high or critical, "
    "or the environment is a",
    "license.use in ['ok', 'review'] && license.known": "either nothing in the licenses on the way "
    "stands against the use or a person must read the licenses on the way, and every license is "
    "known to the catalog",
    "use_case.people_affected != 'nobody'": "people are affected",
    "license.use != 'prohibited'": "no license on the way forbids the use",
    "size(license.open_duties) == 0": "there is no open license duty",
    "size(license.open_duties) > 0": "there is at least one open license duty",
    "size(license.keys) < 3": "the number of licenses is below 3",
    "'EU' in use_case.regions": "the regions of the use case contain EU",
    "!('EU' in use_case.regions)": "the regions of the use case do not contain EU",
    "use_case.regions.exists(r, r != 'EU')": "at least one of the regions of the use case is not "
    "EU",
    "!use_case.regions.exists(r, r == 'EU')": "none of the regions of the use case is EU",
    "use_case.regions.all(r, r in ['EU', 'CH'])": "every one of the regions of the use case is EU "
    "or CH",
    "!use_case.regions.all(r, r == 'EU')": "at least one of the regions of the use case is not EU",
    "model.name.startsWith('org/')": "the model's name begins with “org/”",
    "use_case.expires < today": "the last day of the use case is before the day of the evaluation",
    "environment == 'sandbox' || (use_case.commercial && license.known)": "the environment is "
    "sandbox or (the use is commercial and every license is known to the catalog)",
    "use_case.commercial && (environment == 'a' || environment == 'b')": "the use is commercial, "
    "and either the environment is a or the environment is b",
    "!(environment == 'a' && use_case.commercial)": "the environment is not a or the use is not "
    "commercial",
    "use_case.commercial ? license.known : risk.score < 5": "if the use is commercial, then every "
    "license is known to the catalog; otherwise the risk score is below 5",
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_conditions_in_words(text: str) -> None:
    assert read_condition(text) == (EXAMPLES[text], True)


@pytest.mark.parametrize(
    "text",
    [
        "model.tags.exists_one(t, t == 'x')",
        "model.tags == ['a']",
        "risk.score % 2 == 0",
        "use_case.commercial && risk.score % 2 == 0",
        "this is not CEL",
    ],
)
def test_what_is_not_understood_is_shown_as_it_is(text: str) -> None:
    assert read_condition(text) == (text, False)


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_condition_has_words(name: str) -> None:
    charter = shipped(name)
    texts = [text for rule in charter.rules for text in (rule.applies, rule.require) if text]
    texts += [control.when for control in charter.controls]
    texts += [approval.when for approval in charter.standing_approvals]
    texts += [tier.when for tier in charter.risk.tiers if tier.when]
    texts += [one.when for one in charter.risk.dimensions.values() if one.when]
    assert len(texts) > 20
    assert [text for text in texts if not read_condition(text).complete] == []


def test_every_condition_of_the_control_catalog_has_words() -> None:
    texts = {
        text
        for control in controls().values()
        for text in (control.applies, control.evidence, *(task.fact for task in control.tasks))
        if text
    }
    assert len(texts) > 50
    assert [text for text in sorted(texts) if not read_condition(text).complete] == []


def test_a_sentence_begins_and_ends_like_one() -> None:
    assert sentence("license.known") == "Every license is known to the catalog."


def test_words_are_about_facts_that_exist() -> None:
    types = fact_types()
    assert set(CLAIMS) | set(NOUNS) | set(KNOWN) | set(PHRASES) <= set(types)
    assert all(types[path].kind == "bool" for path in CLAIMS)
    for path, phrases in PHRASES.items():
        assert set(phrases) <= set(types[path].values)


def test_every_fact_can_be_spoken_of() -> None:
    for path, fact in fact_types().items():
        if fact.kind == "bool":
            claim = claim_of(path)
            assert claim is not None
            assert claim.yes != claim.no
        elif fact.message is None:
            assert noun_of(path) is not None


ATOMS = st.sampled_from(
    [
        "environment == 'sandbox'",
        "use_case.commercial",
        "risk.score >= 50",
        "has(model.task)",
        "license.use in ['ok', 'review']",
        "model.tags.exists(t, t == 'x')",
        "use_case.personal_data != 'none'",
    ]
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
    ),
    max_leaves=6,
)


@given(CONDITIONS)
def test_two_negations_are_none_and_one_says_something_else(text: str) -> None:
    said = read_condition(text)
    assert said.complete
    assert read_condition(f"!(!({text}))") == said
    assert read_condition(f"!({text})") != said


@given(CONDITIONS, CONDITIONS)
def test_negation_is_pushed_inward(one: str, other: str) -> None:
    assert read_condition(f"!(({one}) && ({other}))") == read_condition(f"!({one}) || !({other})")
    assert read_condition(f"!(({one}) || ({other}))") == read_condition(f"!({one}) && !({other})")
