# SPDX-License-Identifier: Apache-2.0
"""Answers, questions, and the charters they make."""

from __future__ import annotations

import datetime
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.catalog.charters import NAMES
from steelyard.charter.cases.suite import Suite
from steelyard.charter.cases.verdict import judge_case
from steelyard.charter.evaluate import evaluate
from steelyard.charter.founding import answers as answers_module
from steelyard.charter.founding import questions as questions_module
from steelyard.charter.founding.answers import (
    Answers,
    Appetite,
    Personal,
    Profile,
    packs_of,
    read_answers,
    recommended_profile,
    roles_to_fill,
)
from steelyard.charter.founding.compose import charter_name, compose
from steelyard.charter.founding.first_cases import compose_cases
from steelyard.charter.founding.questions import (
    answered,
    default_of,
    questions_for,
    summary,
)
from steelyard.charter.load import load_charter
from steelyard.charter.schema import Charter
from steelyard.kernel.errors import DocumentErrors, InputError
from tests.charter.samples import PRODUCTION, facts
from tests.charter.samples import TODAY as EVALUATED

TODAY = datetime.date(2026, 11, 27)
PLAIN = Answers(organization="Northwind")


def charter_of(answers: Answers) -> Charter:
    return load_charter(compose(answers, TODAY, "c.schema.json"), "c.yaml")


ADDRESSES = st.sampled_from(["a@example.org", "team: security", "group with spaces", "b+c@x.org"])
ANSWERS = st.builds(
    Answers,
    organization=st.text(
        st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=40
    ).filter(lambda text: text.isprintable() and any(char.isalnum() for char in text)),
    owner=st.sampled_from(["a@example.org", "null@example.org"]),
    sector=st.sampled_from(["software", "finance", "health", "public-administration"]),
    regions=st.lists(st.sampled_from(["EU", "NO", "US", "DE"]), min_size=1).map(tuple),
    environments=st.lists(
        st.sampled_from(["sandbox", "staging", "production", "on", "null"]), min_size=1, unique=True
    ).map(tuple),
    tasks=st.lists(st.sampled_from(["text-generation", "null", "text-classification"])).map(tuple),
    personal_data=st.sampled_from(get_args(Personal)),
    appetite=st.sampled_from(get_args(Appetite)),
    profile=st.sampled_from([None, *get_args(Profile)]),
    reviewers=st.dictionaries(
        st.sampled_from(roles_to_fill("starter")), st.lists(ADDRESSES).map(tuple), max_size=3
    ),
)


@given(ANSWERS)
@settings(max_examples=60, deadline=None)
def test_whatever_is_answered_makes_a_sound_charter(answers: Answers) -> None:
    charter = charter_of(answers)
    assert charter.name == charter_name(answers.organization)
    assert charter.owner == answers.owner
    assert charter.effective == TODAY
    assert charter.extends is not None
    assert charter.extends.startswith(answers.profile or recommended_profile(answers))
    assert charter.scope is not None
    assert charter.scope.environments == answers.environments
    assert charter.scope.regions == answers.regions
    for role, people in answers.reviewers.items():
        if people:
            assert charter.roles[role].held_by == people


@given(ANSWERS)
@settings(max_examples=25, deadline=None)
def test_the_first_cases_of_a_charter_pass(answers: Answers) -> None:
    suite = Suite(compose_cases(answers, TODAY, "../c.yaml"), "tests/c.yaml")
    assert suite.charter == "../c.yaml"
    charter = charter_of(answers)
    results = [judge_case(charter, case) for case in suite.cases(charter)]
    assert len(results) >= 3
    assert [result.differences for result in results if not result.passed] == []


def test_the_first_line_is_for_editors_and_the_rest_is_explained() -> None:
    text = compose(PLAIN, TODAY, "c.schema.json")
    assert text.startswith("# yaml-language-server: $schema=c.schema.json\n")
    assert text.count("\n# ") > 5
    assert not compose(PLAIN, TODAY).startswith("# yaml-language-server")


@pytest.mark.parametrize(
    ("organization", "name"),
    [
        ("Northwind & Co.", "northwind-co"),
        ("Nörd", "nord"),
        ("3 Houses", "charter-3-houses"),
        ("東京", "our-charter"),
    ],
)
def test_names(organization: str, name: str) -> None:
    assert charter_name(organization) == name


def test_answers_change_what_is_decided() -> None:
    plain = evaluate(charter_of(PLAIN), facts(**PRODUCTION), {}, EVALUATED)
    elsewhere = Answers(organization="N", environments=("sandbox",), profile="standard")
    refused = evaluate(charter_of(elsewhere), facts(**PRODUCTION), {}, EVALUATED)
    assert plain.decision.outcome != "rejected"
    assert refused.decision.outcome == "rejected"
    assert any("scope" in reason.rule for reason in refused.decision.reasons)


def test_caution_lowers_the_tiers() -> None:
    cautious = Answers(organization="N", appetite="cautious", profile="standard")
    whens = [tier.when for tier in charter_of(cautious).risk.tiers]
    assert "risk.score >= 35" in whens
    assert "risk.score >= 35" not in [tier.when for tier in charter_of(PLAIN).risk.tiers]


@pytest.mark.parametrize(
    ("answers", "profile"),
    [
        (PLAIN, "standard"),
        (Answers(organization="N", environments=("sandbox",)), "starter"),
        (Answers(organization="N", sector="health"), "regulated"),
        (Answers(organization="N", personal_data="special-category"), "regulated"),
    ],
)
def test_the_recommended_profile(answers: Answers, profile: str) -> None:
    assert recommended_profile(answers) == profile
    assert charter_of(answers).extends == f"{profile} 1"


def test_a_file_of_answers() -> None:
    text = "organization: N\nregions: [EU, CH]\nreviewers: {security: [s@example.org]}\n"
    answers = read_answers(text, "a.yaml")
    assert answers.regions == ("EU", "CH")
    assert answers.reviewers == {"security": ("s@example.org",)}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sektor: health", "There is no field 'sektor'"),
        ("sector: Health Care", "must be lower-case words"),
        ("owner: somebody", "must be a mail address"),
        ("regions: [Germany]", "'Germany' cannot be one of the regions"),
        ("regions: []", "Name at least one of the regions"),
        ("environments: [Production]", "'Production' cannot be"),
        ("appetite: reckless", "must be one of cautious, balanced, bold"),
        ("packs: [nowhere]", "is not a shipped pack"),
        ("reviewers: {secruity: [s@example.org]}", "no role 'secruity'"),
        ("tasks: [Text Generation]", "cannot be one of the tasks"),
    ],
)
def test_wrong_answers_have_a_line(line: str, said: str) -> None:
    with pytest.raises(DocumentErrors) as caught:
        read_answers(f"organization: N\n{line}\n", "a.yaml")
    (error,) = caught.value.errors
    assert error.line == 2
    assert said in str(error)


def test_questions_cover_every_answer() -> None:
    fields = {question.field.partition(".")[0] for question in questions_for(PLAIN)}
    assert fields | {"packs"} == set(Answers.__struct_fields__)
    roles = [q.field for q in questions_for(PLAIN) if q.field.startswith("reviewers.")]
    assert [field.partition(".")[2] for field in roles] == list(roles_to_fill("standard"))
    for question in questions_for(PLAIN):
        assert question.why
        assert question.ask


def test_the_pack_of_the_sector_is_offered_and_can_be_declined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (answers_module, questions_module):
        monkeypatch.setattr(module, "pack_names", lambda: ("bank", "health"))
    bank = Answers(organization="N", sector="finance")
    question = next(one for one in questions_for(bank) if one.field == "packs")
    assert default_of(question, bank) == "bank"
    assert answered(question, bank, "bank, health").packs == ("bank", "health")
    declined = answered(question, bank, "none")
    assert packs_of(declined) == ()
    assert default_of(question, declined) == "none"
    with pytest.raises(InputError) as caught:
        answered(question, bank, "bnak")
    assert "bank" in caught.value.next_step


def test_enter_everywhere_makes_a_charter() -> None:
    answers, at = PLAIN, 0
    while at < len(questions := questions_for(answers)):
        answers = answered(questions[at], answers, default_of(questions[at], answers))
        at += 1
    assert charter_of(answers).roles["security"].held_by == (PLAIN.owner,)
    assert dict(summary(answers))["builds on"] == "standard"


def test_numbers_words_and_lists_are_read() -> None:
    questions = {question.field: question for question in questions_for(PLAIN)}
    assert answered(questions["sector"], PLAIN, "4").sector == "health"
    assert answered(questions["sector"], PLAIN, "Mining").sector == "mining"
    assert answered(questions["regions"], PLAIN, "eu, ch; eu").regions == ("EU", "CH")
    assert answered(questions["tasks"], PLAIN, "").tasks == ()
    with pytest.raises(InputError) as caught:
        answered(questions["profile"], PLAIN, "standrad")
    assert "standard" in caught.value.next_step


@pytest.mark.parametrize("name", NAMES)
def test_roles_to_fill_are_those_that_are_asked(name: str) -> None:
    roles = roles_to_fill(name)
    assert "security" in roles
    assert len(roles) == len(set(roles))
