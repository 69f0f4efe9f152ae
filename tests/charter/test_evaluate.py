# SPDX-License-Identifier: Apache-2.0
"""What charters decide, why, and that nothing unknown or newly found ever helps a model."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.catalog.charters import NAMES, charter_text
from steelyard.charter.durations import add_duration, is_longer
from steelyard.charter.evaluate import Evaluation, evaluate
from steelyard.charter.facts import facts_document, facts_from_document
from steelyard.charter.load import load_charter, shipped
from steelyard.charter.resolve import from_resolved, resolved_json
from steelyard.kernel.assessment import Outcome
from tests.charter.samples import JOBLIB, MEDICAL, PRODUCTION, TODAY, facts

LINES = {"artifacts.executes_on_load": ["model.joblib byte 57 REDUCE calls numpy._reconstruct"]}
BEST_FIRST = (
    Outcome.APPROVED,
    Outcome.APPROVED_WITH_CONDITIONS,
    Outcome.REVIEW_REQUIRED,
    Outcome.REJECTED,
)


def decide(name: str, **changes: Any) -> Evaluation:
    return evaluate(shipped(name), facts(**changes), LINES, TODAY)


def effects(evaluation: Evaluation) -> dict[str, str]:
    return {reason.rule: reason.effect for reason in evaluation.decision.reasons}


def test_a_harmless_pilot_is_approved_at_once() -> None:
    result = decide("starter")
    assert result.decision.outcome is Outcome.APPROVED
    assert (result.risk.tier, result.review.track) == ("low", "fast")
    assert result.review.decided_by == "standing-approval"
    assert result.review.sign_offs_required == ()
    assert result.decision.valid_until == "2027-05-24"
    assert effects(result) == {"licenses-agree": "warn"}


def test_the_same_model_for_patients_needs_people() -> None:
    result = decide("regulated", **MEDICAL)
    assert result.decision.outcome is Outcome.REVIEW_REQUIRED
    assert (result.risk.tier, result.review.track) == ("critical", "deep")
    roles = {sign_off.role for sign_off in result.review.sign_offs_required}
    assert roles >= {"security", "legal", "privacy", "risk"}
    assert result.review.quorum >= 4
    assert result.decision.valid_until is None


def test_a_pickle_in_production_is_rejected_with_its_opcodes() -> None:
    result = decide("standard", **PRODUCTION, **JOBLIB)
    assert result.decision.outcome is Outcome.REJECTED
    reason = result.decision.reasons[0]
    assert (reason.rule, reason.effect) == ("no-code-execution-on-load", "reject")
    assert reason.evidence == tuple(LINES["artifacts.executes_on_load"])
    assert reason.facts == {"artifacts.executes_on_load": True}
    trace = next(trace for trace in result.rules if trace.rule == reason.rule)
    assert trace.would_change == "If artifacts.executes_on_load were false, this rule would hold."
    assert result.review.sign_offs_required == ()


def test_a_pickle_in_the_sandbox_is_bound_to_isolation() -> None:
    result = decide("starter", **JOBLIB)
    assert result.risk.tier == "moderate"
    assert effects(result)["load-code-in-isolation"] == "condition"
    assert result.decision.conditions[0].text.startswith("Load the model only in a disposable")
    assert result.decision.outcome is Outcome.REVIEW_REQUIRED


def test_conditions_alone_approve_with_conditions() -> None:
    text = charter_text("starter").replace("adds: 20", "adds: 0")
    result = evaluate(load_charter(text, "c.yaml"), facts(**JOBLIB), {}, TODAY)
    assert result.decision.outcome is Outcome.APPROVED_WITH_CONDITIONS
    assert result.decision.valid_until is not None


@pytest.mark.parametrize("name", NAMES)
def test_malicious_files_are_rejected_everywhere(name: str) -> None:
    for changes in ({}, PRODUCTION):
        result = decide(name, scan__worst="malicious", **changes)
        assert result.decision.outcome is Outcome.REJECTED


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("changes", "role"),
    [
        ({"license__known": False, "license__category": None}, "legal"),
        ({"license__category": "strong-copyleft"}, "legal"),
        ({"scan__coverage": "partial"}, "security"),
        ({"scan__coverage": "none", "scan__worst": "unreadable"}, "security"),
        ({"scan__worst": "suspicious"}, "security"),
    ],
)
def test_doubts_go_to_people(name: str, changes: dict[str, Any], role: str) -> None:
    result = decide(name, **changes)
    assert result.decision.outcome is Outcome.REVIEW_REQUIRED
    assert role in {sign_off.role for sign_off in result.review.sign_offs_required}


@pytest.mark.parametrize("name", NAMES)
def test_noncommercial_licenses_stop_commercial_use(name: str) -> None:
    bound = {"license__category": "non-commercial", "license__commercial_use": "no"}
    assert decide(name, **bound).decision.outcome is Outcome.REJECTED
    other = decide(name, **bound, use_case__commercial=False)
    assert other.decision.outcome is Outcome.REVIEW_REQUIRED


def test_unknown_requirements_say_which_fact_is_missing() -> None:
    result = decide(
        "standard", license__output_restrictions=True, use_case__outputs_train_models=None
    )
    reason = next(r for r in result.decision.reasons if r.rule == "outputs-may-train-models")
    assert reason.message.endswith(
        "It could not be evaluated because use_case.outputs_train_models is not known."
    )
    trace = next(t for t in result.rules if t.rule == reason.rule)
    assert (trace.satisfied, trace.unknown) == ("unknown", ("use_case.outputs_train_models",))
    assert "known to be false" in trace.would_change


def test_unknown_applies_counts_as_applying() -> None:
    text = charter_text("starter").replace(
        "environment != 'sandbox' && has(artifacts.executes_on_load)", "use_case.monthly_users > 10"
    )
    result = evaluate(load_charter(text, "c.yaml"), facts(**JOBLIB), {}, TODAY)
    trace = next(t for t in result.rules if t.rule == "no-code-execution-on-load")
    assert (trace.applies, trace.satisfied) == ("unknown", "false")
    assert trace.unknown == ("use_case.monthly_users",)
    assert result.decision.outcome is Outcome.REJECTED


def test_drivers_are_named_and_sorted() -> None:
    drivers = decide("regulated", **MEDICAL).risk.drivers
    assert [d.points for d in drivers] == sorted((d.points for d in drivers), reverse=True)
    assert drivers[0].dimension == "personal_data"
    assert drivers[0].value == "special-category"


def test_validity_ends_with_the_use_case() -> None:
    result = decide("starter", use_case__expires="2026-12-24")
    assert result.decision.valid_until == "2026-12-24"


def test_a_task_that_names_a_fact_is_checked_by_it() -> None:
    def states(**changes: Any) -> dict[str, str]:
        controls = {control.id: control for control in decide("standard", **changes).controls}
        return {task.id: task.state for task in controls["model-documentation"].tasks}

    stated = {"stated": True}
    documented = {f"card__{part}": stated for part in ("intended_use", "limitations")}
    documented |= {"card__training_data": stated, "card__evaluation": stated}
    assert states(**MEDICAL, **documented) == {"complete": "satisfied", "sources": ""}
    silent = documented | {"card__limitations": {"stated": False}}
    assert states(**MEDICAL, **silent) == {"complete": "open", "sources": ""}


def test_a_task_whose_fact_is_not_known_is_not_done() -> None:
    unread = {"artifacts__executes_on_load": None, "artifacts__has_safetensors": True}
    controls = {control.id: control for control in decide("standard", **unread).controls}
    states = {task.id: task.state for task in controls["safe-serialization"].tasks}
    assert states == {"convert": "not_evaluated", "same": ""}
    charter = shipped("standard")
    assert {task.state for control in charter.controls for task in control.tasks} == {""}


def test_controls_carry_references_tasks_and_state() -> None:
    controls = {control.id: control for control in decide("standard", **MEDICAL).controls}
    assert controls["integrity-pinning"].state == "satisfied"
    assert controls["license-record"].state == "open"
    assessment = controls["privacy-impact-assessment"]
    assert assessment.state == "not_evaluated"
    assert assessment.frameworks[0].id == "GDPR:Art-35"
    assert assessment.frameworks[0].title == "Data protection impact assessment"
    assert assessment.tasks[0].acceptance


def test_durations() -> None:
    day = datetime.date(2026, 8, 31)
    assert add_duration(day, "6 months") == datetime.date(2027, 2, 28)
    assert add_duration(day, "1 year") == datetime.date(2027, 8, 31)
    assert add_duration(day, "2 weeks") == datetime.date(2026, 9, 14)
    assert add_duration(datetime.date(2026, 11, 27), "1 business day") == datetime.date(
        2026, 11, 30
    )
    assert is_longer("13 months", "1 year")
    assert not is_longer("5 business days", "7 days")


CHANGES: dict[str, list[Any]] = {
    "environment": ["sandbox", "staging", "production"],
    "use_case__personal_data": ["none", "ordinary", "special-category"],
    "use_case__people_affected": ["nobody", "staff", "customers", "public"],
    "use_case__autonomy": ["assistive", "supervised", "autonomous"],
    "use_case__exposure": ["internal", "partner", "public"],
    "use_case__sector": ["software", "health"],
    "use_case__commercial": [True, False],
    "use_case__outputs_train_models": [True, False, None],
    "license__category": ["permissive", "community", "non-commercial", None],
    "license__commercial_use": ["yes", "no", "conditional", None],
    "license__conflict": [True, False],
    "license__output_restrictions": [True, False],
    "card__training_data": [{"stated": True}, {"stated": False}],
    "model__task": ["sentence-similarity", "face-recognition", None],
    "scan__worst": ["clean", "unreadable", "suspicious", "malicious"],
    "artifacts__executes_on_load": [False, True],
}
WORSE: dict[str, Any] = {
    "scan__worst": "malicious",
    "scan__critical": 3,
    "scan__high": 2,
    "scan__rules": ["pickle.dangerous-call"],
    "scan__coverage": "none",
    "scan__unexamined": ["model.bin"],
    "scan__isolated": False,
    "artifacts__executes_on_load": True,
    "artifacts__has_remote_code": True,
    "artifacts__executable_files": ["run.so"],
    "license__conflict": True,
    "provenance__revision_immutable": False,
}
situations = st.fixed_dictionaries(
    {key: st.sampled_from(values) for key, values in CHANGES.items()}
)


@settings(max_examples=60, deadline=None)
@given(situations, st.sampled_from(NAMES), st.sets(st.sampled_from(sorted(WORSE)), min_size=1))
def test_bad_news_never_improves_the_outcome(
    situation: dict[str, Any], name: str, found: set[str]
) -> None:
    before = decide(name, **situation)
    after = decide(name, **{**situation, **{key: WORSE[key] for key in found}})
    order = BEST_FIRST.index
    assert order(after.decision.outcome) >= order(before.decision.outcome)
    assert after.risk.score >= before.risk.score


@settings(max_examples=30, deadline=None)
@given(situations, st.sampled_from(NAMES))
def test_a_replay_from_the_bundle_says_the_same(situation: dict[str, Any], name: str) -> None:
    first = decide(name, **situation)
    charter = from_resolved(resolved_json(shipped(name)))
    again = evaluate(charter, facts_from_document(facts_document(first.facts)), LINES, TODAY)
    assert again == first
