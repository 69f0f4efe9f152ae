# SPDX-License-Identifier: Apache-2.0
"""Steps, standing approvals, phases, gates, tolerance, force: what they decide, how they fail."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from steelyard.charter.evaluate import Evaluation, evaluate
from steelyard.kernel.assessment import Outcome
from tests.charter.samples import PRODUCTION, TODAY, facts
from tests.charter.writing import ALONE, HEAD, OVER, RISK, TRACKS, errors, loaded, warnings

PERSONAL: dict[str, Any] = {"use_case__personal_data": "ordinary"}


def decided(text: str, today: datetime.date = TODAY, **changes: Any) -> Evaluation:
    return evaluate(loaded(text).charter, facts(**changes), {}, today)


def reasons(found: Evaluation) -> list[str]:
    return [reason.rule for reason in found.decision.reasons]


STEPS = TRACKS.replace(
    "sign_offs: [security, legal]",
    """steps: [
    {name: technical, sign_offs: [security, data-science], quorum: 1, within: 3 business days},
    {name: law, sign_offs: [legal, security], when: "use_case.commercial"},
    {name: abroad, sign_offs: [legal-abroad], when: "use_case.regions.exists(r, r != 'EU')"}]""",
)


def test_steps_ask_in_order_and_leave_out_what_does_not_apply() -> None:
    found = decided(HEAD + RISK + STEPS, **PERSONAL)
    assert [step.name for step in found.review.steps] == ["technical", "law"]
    asked = [sign_off.role for sign_off in found.review.sign_offs_required]
    assert asked == ["security", "data-science", "legal"]
    # One of the two technical sign-offs, and legal; security may be both.
    assert found.review.quorum == 2
    abroad = decided(HEAD + RISK + STEPS, use_case__regions=["EU", "US"], **PERSONAL)
    assert [step.name for step in abroad.review.steps] == ["technical", "law", "abroad"]


def test_an_unknown_step_condition_keeps_the_step() -> None:
    text = HEAD + RISK + STEPS.replace('"use_case.commercial"', '"use_case.redistributes"')
    found = decided(text, use_case__redistributes=None, **PERSONAL)
    assert "law" in [step.name for step in found.review.steps]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("quorum: 1", "quorum: 3"), "only 2 sign-offs are named"),
        (("name: law", "name: technical"), "Two steps are called"),
        (("within: 3 business days", "within: 3 months"), "whole track takes only"),
        (("sign_offs: [legal-abroad], ", ""), "needs 'sign_offs' or a 'committee'"),
    ],
)
def test_steps_that_cannot_be(change: tuple[str, str], said: str) -> None:
    assert any(said in each for each in errors(HEAD + RISK + STEPS.replace(*change)))


STANDING = """\
standing_approvals:
  - {id: pilots, why: w, when: "environment == 'sandbox'", valid: 1 month,
     conditions: [Only staff may use it.]}
  - {id: signed, why: w, when: "provenance.signed"}
"""


def test_a_standing_approval_decides_and_binds() -> None:
    found = decided(ALONE + STANDING)
    assert found.decision.outcome is Outcome.APPROVED_WITH_CONDITIONS
    assert found.review.standing_approval == "pilots"
    assert [each.text for each in found.decision.conditions] == ["Only staff may use it."]
    assert found.decision.valid_until == "2026-12-24"


def test_what_no_standing_approval_covers_goes_to_people() -> None:
    for signed in (False, None):
        found = decided(ALONE + STANDING, environment="staging", provenance__signed=signed)
        assert found.decision.outcome is Outcome.REVIEW_REQUIRED, signed
        (asked,) = found.review.sign_offs_required
        assert asked.role == "model-owner"
        assert "no standing approval" in asked.why
        assert found.review.quorum == 1
    found = decided(ALONE + STANDING, environment="staging", provenance__signed=True)
    assert found.review.standing_approval == "signed"
    assert found.decision.outcome is Outcome.APPROVED


RELEASE = """\
release:
  - {name: try, environments: [sandbox], longest: 30 days}
  - {name: pilot, environments: [production], after: [try], users: 50, share: 5, longest: 2 weeks,
     conditions: [Tell the users.]}
  - {name: full, environments: [production], after: [pilot], otherwise: reject}
"""


def test_a_phase_caps_and_ends() -> None:
    pilot: dict[str, Any] = {
        **PRODUCTION,
        "use_case__personal_data": "none",
        "use_case__phase": "pilot",
        "release__completed": ["try"],
    }
    found = decided(ALONE + RELEASE, **pilot, use_case__monthly_users=40)
    assert found.decision.outcome is Outcome.APPROVED_WITH_CONDITIONS
    assert [each.text for each in found.decision.conditions] == [
        "Tell the users.",
        "At most 5 % of the traffic reaches the model.",
    ]
    assert found.decision.valid_until == "2026-12-08"
    more = decided(ALONE + RELEASE, **pilot, use_case__monthly_users=51)
    assert "release.pilot.users" in reasons(more)
    assert any("at most 50 people" in each.text for each in more.decision.conditions)
    unknown = decided(ALONE + RELEASE, **{**pilot, "release__completed": None})
    assert "release.pilot.after" in reasons(unknown)
    assert unknown.decision.outcome is Outcome.REVIEW_REQUIRED


def test_a_use_without_a_phase_is_in_the_last_one() -> None:
    production: dict[str, Any] = {**PRODUCTION, "use_case__personal_data": "none"}
    found = decided(ALONE + RELEASE, **production)
    assert reasons(found) == ["release.full.after"]
    assert found.decision.outcome is Outcome.REJECTED
    assert reasons(decided(ALONE + RELEASE, **production, release__completed=["pilot"])) == []
    assert decided(ALONE + RELEASE).decision.valid_until == "2026-12-24"


def test_a_phase_in_the_wrong_place_or_of_no_plan() -> None:
    assert "release.pilot.place" in reasons(decided(ALONE + RELEASE, use_case__phase="pilot"))
    assert "release.phase" in reasons(decided(ALONE + RELEASE, use_case__phase="beta"))


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        ("release: [{name: a, environments: [x], after: [b]}, {name: b, environments: [x]}]\n",
         "No phase before 'a' is called 'b'"),
        ("release: [{name: a, environments: []}]\n", "at least one environment"),
        ("release: [{name: a, environments: [x]}, {name: a, environments: [y]}]\n", "Two phases"),
    ],
)  # fmt: skip
def test_release_plans_that_cannot_be(addition: str, said: str) -> None:
    assert any(said in each for each in errors(ALONE + addition))


def test_an_overlay_may_cap_a_phase_further_and_add_none() -> None:
    assert loaded(OVER + "release: [{name: pilot, environments: [production], users: 10}]\n").files
    more = errors(OVER + "release: [{name: pilot, environments: [staging], users: 1000}]\n")
    assert any("at most 200 people a month" in each for each in more)
    assert any("no phase 'beta'" in each for each in errors(
        OVER + "release: [{name: beta, environments: [production]}]\n"
    ))  # fmt: skip


GATES = """\
gates:
  integration: {controls: [integrity-pinning], tiers: [high]}
  testing: {asks: [Is it good enough?], controls: [acceptance-evaluation], opened_by: [owner]}
"""


def test_gates_wait_for_controls_and_people() -> None:
    found = decided(ALONE + GATES)
    (testing,) = found.gates
    assert testing.state == "closed"
    assert "acceptance-evaluation" in testing.waiting
    assert testing.asks == ("Is it good enough?",)
    assert "acceptance-evaluation" in [control.id for control in found.controls]
    integration, _ = decided(ALONE + GATES, provenance__revision_immutable=True, **PERSONAL).gates
    assert (integration.stage, integration.state) == ("integration", "open")


def test_tolerance_names_the_worst_tier_of_a_place() -> None:
    risk = RISK + (
        "  tolerance:\n"
        "    - {environments: [sandbox], accepts: moderate, otherwise: review(risk)}\n"
        "    - {accepts: low, when: \"use_case.exposure == 'public'\"}\n"
    )
    text = HEAD + risk + TRACKS
    assert reasons(decided(text)) == []
    assert reasons(decided(text, **PERSONAL)) == ["risk.tolerance.1"]
    public = decided(text, **PERSONAL, use_case__exposure="public", environment="staging")
    assert reasons(public) == ["risk.tolerance.2"]
    assert public.decision.outcome is Outcome.REJECTED


@pytest.mark.parametrize("day", ["2025-12-31", "2027-01-01"])
def test_a_charter_that_is_not_in_force_approves_nothing(day: str) -> None:
    text = ALONE.replace("owner:", "until: 2026-12-31\nowner:", 1)
    found = decided(text, datetime.date.fromisoformat(day))
    assert reasons(found) == ["charter.in-force"]
    assert found.decision.outcome is Outcome.REVIEW_REQUIRED
    assert found.decision.reasons[0].facts == {"today": day}
    assert decided(text, datetime.date(2026, 12, 31)).decision.outcome is Outcome.APPROVED


def test_exceptions_and_clocks_of_an_overlay_are_never_longer() -> None:
    base = loaded(OVER).charter
    text = OVER + (
        "exceptions: {longest: 20 days, granted_by: risk, never_for: [scanner-was-isolated]}\n"
        "remediation: {within: {critical: 1 business day}}\n"
    )
    charter = loaded(text).charter
    assert charter.exceptions is not None
    assert base.exceptions is not None
    assert charter.exceptions.longest_for == {}
    assert set(charter.exceptions.never_for) > set(base.exceptions.never_for)
    assert charter.remediation is not None
    assert charter.remediation.within["critical"] == "1 business day"
    assert charter.remediation.within["high"] == "10 business days"
    longer = errors(OVER + "remediation: {within: {critical: 3 weeks}}\n")
    assert any("is longer than the 2 business days" in each for each in longer)
    unknown = errors(OVER + "exceptions: {longest: 2 days, granted_by: risk, never_for: [typo]}\n")
    assert any("has no rule 'typo'" in each for each in unknown)
    review = errors(OVER.replace("6 months", "2 years"))
    assert any("is longer than the 6 months" in each for each in review)


def test_a_charter_without_a_review_is_warned_of() -> None:
    text = ALONE.replace("review: {every: 6 months}\n", "")
    assert any("when it is itself reviewed" in each for each in warnings(text))
