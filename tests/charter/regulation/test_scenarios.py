# SPDX-License-Identifier: Apache-2.0
"""Uses whose place in the Act is known, told as answers."""

from __future__ import annotations

import datetime

import msgspec
import pytest

from steelyard.charter.regulation.classify import classify
from steelyard.charter.regulation.facts import classify_use_case, eu_facts
from steelyard.charter.regulation.machine import Answer, next_question
from steelyard.charter.regulation.prefill import answers_with, prefill
from steelyard.charter.regulation.result import Classification
from steelyard.kernel.lineage_answer import GpaiFact, GpaiFacts
from steelyard.kernel.use_case import UseCase

TODAY = datetime.date(2026, 11, 27)
IN_UNION: dict[str, Answer] = {"scope.ai": ("yes",), "scope.eu": ("offered", "used")}
BENIGN: dict[str, Answer] = {
    "annex3.areas": ("none",),
    "chain.shift": ("none",),
    "roles": ("downstream-provider", "deployer"),
}


def told(on: datetime.date = TODAY, /, **changes: str | tuple[str, ...]) -> Classification:
    """Classify with "no" to everything that is not said; keys have "__" for "." and "_" for "-"."""
    given = {**IN_UNION, **BENIGN}
    for key, value in changes.items():
        name = key.replace("__", ".").replace("_", "-")
        given[name] = (value,) if isinstance(value, str) else value
    answers: dict[str, Answer] = {}
    while (question := next_question(answers)) is not None:
        answers[question.id] = given.get(question.id, (question.options[-1].id,))
    return classify(answers, on)


def owed(result: Classification) -> dict[str, str]:
    return {item.id: item.applies_from.isoformat() for item in result.obligations}


def test_an_internal_search_tool_owes_literacy_only() -> None:
    result = told()
    assert result.eu_class == "minimal" and result.gpai == "no"
    assert owed(result) == {"literacy": "2025-02-02"}
    assert result.obligations[0].in_force
    assert [role.id for role in result.roles] == ["provider", "downstream-provider", "deployer"]


def test_a_system_released_as_open_source_is_out_unless_it_is_more_than_minimal() -> None:
    assert told(scope__open_source="yes").eu_class == "out-of-scope"
    assert owed(told(scope__open_source="yes")) == {}
    chat = told(scope__open_source="yes", transparency__interacts="yes")
    assert chat.eu_class == "transparency" and "literacy" in owed(chat)
    hiring = told(
        scope__open_source="yes", annex3__areas="employment", annex3__employment="recruitment"
    )
    assert hiring.eu_class == "high-risk" and "risk-management" in owed(hiring)
    banned = told(scope__open_source="yes", prohibited__social_scoring="yes")
    assert banned.eu_class == "prohibited" and set(owed(banned)) == {"stop"}


@pytest.mark.parametrize(
    "changes",
    [
        {"scope__ai": "no"},
        {"scope__eu": "none"},
        {"scope__military": "yes"},
        {"scope__research": "science"},
        {"scope__research": "before-market"},
    ],
)
def test_what_is_out_of_scope_owes_nothing_and_is_asked_little(changes: dict[str, str]) -> None:
    result = told(**changes)
    assert result.eu_class == "out-of-scope" and not result.obligations and not result.roles
    assert len(result.trace) <= 4
    assert [line.question for line in result.trace if line.decided][-1] == (
        next(iter(changes)).replace("__", ".")
    )


def test_sorting_applicants_with_an_open_model_is_high_risk_from_december_2027() -> None:
    result = told(
        annex3__areas="employment",
        annex3__employment="recruitment",
        annex3__profiling="yes",
        high_risk__workplace="yes",
    )
    assert result.eu_class == "high-risk"
    assert result.applies_from == datetime.date(2027, 12, 2)
    due = {item.id: item for item in result.obligations}
    assert due["human-oversight"].applies_from == datetime.date(2027, 12, 2)
    assert due["human-oversight"].before_omnibus == datetime.date(2026, 8, 2)
    assert due["human-oversight"].amended_by == "Regulation (EU) 2026/1744"
    assert not due["human-oversight"].in_force and due["human-oversight"].days_left == 370
    assert {"inform-workers", "risk-management", "registration", "serious-incidents"} <= set(due)
    assert "fundamental-rights-assessment" not in due, "27 binds public bodies here"
    assert "authority-registration" not in due and "representative" not in due
    assert "annex3.derogation" not in {line.question for line in result.trace}, "6(3) never here"
    assert due["risk-management"].citations[0].title == "Risk management system"


def test_credit_scoring_needs_an_impact_assessment_from_private_deployers_too() -> None:
    bank = told(
        annex3__areas="essential-services", annex3__essential_services="credit",
        roles="deployer",
    )  # fmt: skip
    assert "fundamental-rights-assessment" in owed(bank)
    assert "risk-management" not in owed(bank), "a deployer is no provider"
    assert "human-oversight" in owed(bank)


def test_critical_infrastructure_registers_nationally_and_needs_no_such_assessment() -> None:
    result = told(annex3__areas="critical-infrastructure", high_risk__public_body="authority")
    assert "national-registration" in owed(result)
    assert {"registration", "authority-registration", "explanation"}.isdisjoint(owed(result))
    assert "fundamental-rights-assessment" not in owed(result)


def test_a_public_authority_registers_and_assesses() -> None:
    result = told(
        annex3__areas="education", annex3__education="grading",
        high_risk__public_body="authority", roles="deployer",
    )  # fmt: skip
    assert {"authority-registration", "fundamental-rights-assessment"} <= set(owed(result))
    services = told(
        annex3__areas="education", annex3__education="grading",
        high_risk__public_body="services", roles="deployer",
    )  # fmt: skip
    assert "fundamental-rights-assessment" in owed(services)
    assert "authority-registration" not in owed(services)


def test_a_narrow_task_is_documented_and_registered_instead() -> None:
    narrow = {"annex3__areas": "employment", "annex3__employment": "recruitment"}
    result = told(**narrow, annex3__profiling="no", annex3__derogation="procedural")
    assert result.eu_class == "documented-not-high-risk"
    assert set(owed(result)) == {
        "literacy", "derogation-record", "derogation-registration", "derogation-ask",
    }  # fmt: skip
    unsure = told(**narrow, annex3__profiling="not-sure", annex3__derogation="procedural")
    assert unsure.eu_class == "high-risk" and unsure.open_questions == ("annex3.profiling",)
    assert unsure.class_at_least == "documented-not-high-risk"
    assert {"derogation-record", "risk-management"} <= set(owed(unsure))
    assert next(o for o in unsure.obligations if o.id == "risk-management").open


def test_a_medical_device_follows_in_august_2028_and_machinery_its_own_law() -> None:
    device = told(product__law="section-a", product__third_party="yes")
    assert device.eu_class == "high-risk"
    assert device.applies_from == datetime.date(2028, 8, 2)
    assert "registration" not in owed(device) and "inform-people" not in owed(device)
    assert told(product__law="section-a", product__third_party="no").eu_class == "minimal"
    machine = told(product__law="section-b", product__third_party="yes")
    assert machine.eu_class == "high-risk"
    assert owed(machine) == {"literacy": "2025-02-02", "sector-law": "2028-08-02"}


def test_in_both_ways_at_once_the_earlier_date_counts() -> None:
    both = told(
        product__law="section-a", product__third_party="yes",
        annex3__areas="biometrics", annex3__biometrics="identification",
    )  # fmt: skip
    assert owed(both)["risk-management"] == "2027-12-02"


def test_a_manufacturer_and_whoever_shifts_the_purpose_become_providers() -> None:
    device = {"product__law": "section-a", "product__third_party": "yes"}
    assert "risk-management" in owed(told(**device, roles="product-manufacturer"))
    hiring = {"annex3__areas": "employment", "annex3__employment": "recruitment"}
    user = told(**hiring, roles="deployer")
    assert [role.id for role in user.roles] == ["deployer"]
    for shift in ("own-name", "modified", "purpose"):
        shifted = told(**hiring, roles="deployer", chain__shift=shift)
        assert [role.id for role in shifted.roles] == ["provider", "deployer"]
        assert {"risk-management", "human-oversight"} <= set(owed(shifted))
        assert next(a for a in shifted.trace if a.question == "chain.shift").decided


def test_importers_distributors_and_representatives_have_their_own_duties() -> None:
    hiring = {"annex3__areas": "employment", "annex3__employment": "recruitment"}
    for role, duty in (
        ("importer", "importer"),
        ("distributor", "distributor"),
        ("authorized-representative", "representative-mandate"),
    ):
        due = set(owed(told(**hiring, roles=role)))
        assert duty in due and "risk-management" not in due


def test_a_provider_outside_the_union_names_a_representative() -> None:
    hiring = {"annex3__areas": "employment", "annex3__employment": "recruitment"}
    assert "representative" in owed(told(**hiring, roles__outside_union="yes"))


def test_older_systems_come_under_the_rules_when_they_change() -> None:
    hiring = {"annex3__areas": "employment", "annex3__employment": "recruitment"}
    older = told(**hiring, high_risk__before="yes")
    assert older.eu_class == "high-risk"
    assert owed(older) == {"literacy": "2025-02-02", "watch-for-change": "2027-12-02"}
    public = told(**hiring, high_risk__before="yes", high_risk__public_body="authority")
    assert owed(public)["public-authority-legacy"] == "2030-08-02"


def test_new_prohibitions_start_on_2_december_2026_and_hide_nothing_before() -> None:
    generator = {"transparency__synthetic": "yes", "transparency__before": "yes"}
    result = told(**generator, prohibited__intimate_material="yes")
    stop = next(item for item in result.obligations if item.id == "stop")
    assert result.eu_class == "prohibited" and result.applies_from == datetime.date(2026, 12, 2)
    assert not stop.in_force and stop.days_left == 5 and stop.before_omnibus is None
    assert {"mark-outputs", "literacy"} <= set(owed(result))
    later = told(datetime.date(2026, 12, 2), **generator, prohibited__child_abuse_material="yes")
    assert next(item for item in later.obligations if item.id == "stop").in_force


@pytest.mark.parametrize(
    "practice",
    ["manipulation", "vulnerability", "social-scoring", "crime-prediction", "face-scraping",
     "emotions", "biometric-categories", "live-identification"],
)  # fmt: skip
def test_each_old_prohibition_ends_the_questions(practice: str) -> None:
    result = told(**{f"prohibited__{practice}": "yes"})
    assert result.eu_class == "prohibited" and owed(result) == {"stop": "2025-02-02"}
    assert result.trace[-1].question == f"prohibited.{practice}"


def test_a_chat_with_customers_says_so_and_marks_what_it_writes() -> None:
    result = told(transparency__interacts="yes", transparency__synthetic="yes")
    assert result.eu_class == "transparency"
    assert result.applies_from == datetime.date(2026, 8, 2)
    assert owed(result)["mark-outputs"] == "2026-08-02"
    older = told(transparency__synthetic="yes", transparency__before="yes")
    assert owed(older)["mark-outputs"] == "2026-12-02"
    mark = next(item for item in older.obligations if item.id == "mark-outputs")
    assert mark.before_omnibus == datetime.date(2026, 8, 2)


def test_emotions_at_a_distance_are_high_risk_and_told() -> None:
    result = told(annex3__areas="biometrics", annex3__biometrics="emotions")
    assert result.eu_class == "high-risk" and "tell-exposed-people" in owed(result)
    assert owed(result)["tell-exposed-people"] == "2026-08-02"


MODEL = {"roles": "gpai-provider", "gpai__general": "yes"}


def test_an_open_general_purpose_model_keeps_copyright_policy_and_training_summary() -> None:
    result = told(**MODEL, gpai__compute="from-1e23", gpai__open_source="yes")
    assert (result.eu_class, result.gpai) == ("minimal", "gpai-open")
    assert set(owed(result)) == {"gpai-copyright", "gpai-training-summary", "gpai-cooperation"}
    abroad = told(
        **MODEL, gpai__compute="from-1e23", gpai__open_source="yes", roles__outside_union="yes"
    )
    assert "gpai-representative" not in owed(abroad)
    closed = told(**MODEL, gpai__compute="from-1e23", roles__outside_union="yes")
    assert closed.gpai == "gpai"
    assert {"gpai-documentation", "gpai-downstream-information", "gpai-representative"} <= set(
        owed(closed)
    )


def test_systemic_risk_voids_the_open_source_exemption() -> None:
    result = told(**MODEL, gpai__compute="over-1e25", gpai__open_source="yes")
    assert result.gpai == "systemic"
    assert {"gpai-documentation", "systemic-evaluation", "systemic-notification"} <= set(
        owed(result)
    )
    named = told(**MODEL, gpai__compute="from-1e23", gpai__designated="yes")
    assert named.gpai == "systemic"


def test_older_general_purpose_models_have_until_august_2027() -> None:
    new = told(**MODEL, gpai__compute="from-1e23")
    old = told(**MODEL, gpai__compute="from-1e23", gpai__before="yes")
    assert owed(new)["gpai-copyright"] == "2025-08-02"
    assert owed(old)["gpai-copyright"] == "2027-08-02"


def test_small_or_narrow_models_and_light_modifications_owe_nothing_as_models() -> None:
    assert told(**MODEL, gpai__compute="under-1e23").gpai == "no"
    assert told(roles="gpai-provider").gpai == "no"
    light = told(roles="gpai-modifier")
    assert light.gpai == "no" and not any(r.id == "gpai-modifier" for r in light.roles)


def test_more_than_a_third_of_the_compute_makes_a_provider_of_the_modification() -> None:
    heavy = told(roles="gpai-modifier", gpai__modification="yes")
    assert heavy.gpai == "gpai" and [role.id for role in heavy.roles] == ["gpai-modifier"]
    assert "gpai-documentation" in owed(heavy) and "systemic-evaluation" not in owed(heavy)
    systemic = told(roles="gpai-modifier", gpai__modification="yes", gpai__base_systemic="yes")
    assert systemic.gpai == "systemic" and "systemic-evaluation" in owed(systemic)


def test_the_report_says_what_would_change_it() -> None:
    result = told()
    ways = {(c.question, c.answer): c for c in result.would_change}
    area = ways["annex3.areas", "employment"]
    assert area.eu_class == "high-risk" and area.direction == "stricter" and not area.certain
    out = ways["scope.eu", "none"]
    assert out.eu_class == "out-of-scope" and out.direction == "milder" and out.certain


def use_case(**changes: object) -> UseCase:
    base = {
        "name": "screening", "purpose": "Sort applications", "owner": "hr@example.org",
        "data_class": "confidential", "personal_data": "ordinary", "people_affected": "staff",
        "autonomy": "supervised", "exposure": "internal", "environment": "production",
        "regions": ["DE"], "commercial": True, "sector": "employment", "expires": "2027-06-30",
    }  # fmt: skip
    return msgspec.convert({**base, **changes}, UseCase)


def test_a_use_case_suggests_answers_that_are_shown_and_overruled() -> None:
    found = prefill(use_case(), task="text-generation")
    assert found["scope.eu"].answer == ("used",)
    assert found["annex3.areas"].answer == ("employment",)
    assert found["high-risk.workplace"].answer == ("yes",)
    assert found["transparency.synthetic"].answer == ("yes",)
    assert "annex3.profiling" not in found
    answers, why = answers_with({"annex3.areas": ("none",)}, found)
    assert answers["annex3.areas"] == ("none",) and "annex3.areas" not in why
    result = classify(answers, TODAY, prefilled=why)
    given = {line.question: line.given for line in result.trace}
    assert given["scope.eu"] == "prefilled" and given["annex3.areas"] == "answered"
    assert given["prohibited.manipulation"] == "unanswered"
    line = next(line for line in result.trace if line.question == "scope.eu")
    assert line.why == "the use case names DE"


def test_only_a_stated_place_outside_takes_a_use_out_of_the_union() -> None:
    abroad = prefill(use_case(regions=["US"], establishment="US"))
    assert abroad["scope.eu"].answer == ("none",)
    assert "scope.eu" not in prefill(use_case(regions=["US"]))
    assert prefill(use_case(regions=["US"], establishment="IE"))["scope.eu"].answer == ("used",)
    assert prefill(use_case(regions=["NO"]))["scope.eu"].answer == ("used",)
    none = prefill(use_case(personal_data="none", sector="software", people_affected="nobody"))
    assert none["annex3.profiling"].answer == ("no",)
    assert "annex3.areas" not in none and "high-risk.workplace" not in none


def test_license_facts_answer_the_questions_on_open_models() -> None:
    yes = GpaiFact(answer="yes", reasons=("Apache-2.0.",), source="s", as_of="2026-11-27")
    unknown = GpaiFact(answer="unknown", reasons=("No compute.",), source="s", as_of="2026-11-27")
    found = prefill(gpai=GpaiFacts(open_source_exemption=yes, modifier_becomes_provider=unknown))
    assert found["gpai.open-source"].answer == ("yes",) and "gpai.modification" not in found


def test_a_charter_reads_class_roles_standing_and_what_is_open() -> None:
    answers = {"roles": ["deployer"], "annex3.areas": "employment", "scope.ai": True}
    facts = eu_facts(classify_use_case(answers, TODAY, use_case()))
    assert facts.eu_class == "prohibited", "nobody said that it is not"
    assert facts.eu_roles is not None
    assert facts.eu_open is not None
    assert facts.eu_obligations is not None
    assert facts.eu_roles[:2] == ("provider", "deployer")
    assert "prohibited.manipulation" in facts.eu_open and "roles" not in facts.eu_open
    assert facts.gpai == "no" and "literacy" in facts.eu_obligations
    assert "human-oversight" not in facts.eu_obligations, "in force a year later"
