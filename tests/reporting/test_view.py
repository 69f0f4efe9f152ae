# SPDX-License-Identifier: Apache-2.0
"""What reports say: never more than the assessment does."""

from __future__ import annotations

import msgspec
import pytest

from steelyard.kernel.assessment import CoverageSummary, Decision, Outcome, Reason
from steelyard.kernel.license import LicenseSummary
from steelyard.reporting import view
from tests.reporting import samples
from tests.reporting.samples import trace


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (91_614_715, "91.6 MB"), (2 * 10**13, "20 TB")],
)
def test_sizes_are_short(size: int, text: str) -> None:
    assert view.size_text(size) == text


@pytest.mark.parametrize(
    ("count", "text"), [(12_000, "12,000"), (22_713_728, "22.7 million"), (7 * 10**9, "7 billion")]
)
def test_counts_are_words(count: int, text: str) -> None:
    assert view.count_text(count) == text


def test_an_unknown_fact_is_not_shown_as_no() -> None:
    facts = {"a": {"b": None, "c": False, "d": [], "e": {}}, "f": ""}
    assert dict(view.flat_facts(facts)) == {
        "a.b": "not known",
        "a.c": "no",
        "a.d": "none",
        "a.e": "none",
        "f": "empty",
    }


@pytest.mark.parametrize(
    ("applies", "satisfied", "state"),
    [
        ("true", "true", "held"),
        ("true", "false", "not_held"),
        ("true", "unknown", "unknown"),
        ("true", None, "unknown"),
        ("unknown", "true", "unknown"),
        ("false", None, "not_applicable"),
    ],
)
def test_a_rule_holds_only_when_known_to(applies: str, satisfied: str | None, state: str) -> None:
    assert view.rule_state(trace("r", applies, satisfied)) == state


def test_headlines_name_what_decided() -> None:
    headlines = {name: view.headline(sample) for name, sample in samples.all_samples().items()}
    assert headlines["rejected"].startswith("Rule no-code-execution-on-load rejects it (and 1 more")
    assert headlines["review"].startswith("Rule license-reviewed asks for people to decide")
    assert "2 conditions" in headlines["conditions"]
    assert headlines["approved"].endswith("valid until 2027-06-30.")


def test_a_review_without_a_reason_is_explained_by_its_tier() -> None:
    sample = samples.review_deep()
    quiet = msgspec.structs.replace(sample, decision=Decision(outcome=Outcome.REVIEW_REQUIRED))
    assert view.headline(quiet) == (
        "The risk tier is critical, so the charter asks for 4 sign-offs on the deep track."
    )


def test_a_rejection_without_a_reason_still_rejects() -> None:
    sample = msgspec.structs.replace(
        samples.rejected(), decision=Decision(outcome=Outcome.REJECTED)
    )
    assert "rejects" in view.headline(sample)


def test_an_approval_does_not_hide_warnings_and_gaps() -> None:
    sample = msgspec.structs.replace(
        samples.approved(),
        coverage=samples.review_deep().coverage,
        decision=Decision(
            outcome=Outcome.APPROVED,
            reasons=(Reason(rule="card-complete", effect="warn", message="There is no card."),),
        ),
    )
    assert view.headline(sample) == (
        "No rule of the charter stands against it. "
        "But 1 rule warns and 1 file was not examined in full."
    )


def test_reasons_stand_worst_first() -> None:
    reasons = [
        Reason(rule=effect, effect=effect, message="m")
        for effect in ("warn", "condition", "reject", "review")
    ]
    ordered = [reason.rule for reason in view.reasons_in_order(reasons)]
    assert ordered == ["reject", "review", "condition", "warn"]


def test_the_overview_never_calls_a_gap_good() -> None:
    sample = msgspec.structs.replace(
        samples.approved(),
        coverage=CoverageSummary(level="none", files=6, full=5, partial=0, none=1),
        license=LicenseSummary(),
        card=None,
        rules=(),
    )
    tones = {line.topic: line.chip.tone for line in view.overview(sample)}
    assert tones["Coverage"] == "bad"
    assert tones["License"] == tones["Model card"] == tones["Charter rules"] == "pending"


def test_a_conflict_outweighs_a_known_license() -> None:
    sample = msgspec.structs.replace(
        samples.approved(),
        license=msgspec.structs.replace(
            samples.approved().license, conflicts=samples.review_deep().license.conflicts
        ),
    )
    line = next(line for line in view.overview(sample) if line.topic == "License")
    assert (line.chip.word, line.chip.tone) == ("conflicting", "pending")


def test_next_steps_stand_once_and_nobody_is_asked_after_a_rejection() -> None:
    sample = samples.rejected()
    twice = msgspec.structs.replace(
        sample.decision, reasons=(*sample.decision.reasons, *sample.decision.reasons)
    )
    steps = view.next_steps(msgspec.structs.replace(sample, decision=twice))
    assert len(steps) == len(set(steps))
    assert not any("sign-offs" in step for step in steps)
    assert any("sign-offs" in step for step in view.next_steps(samples.review_deep()))
