# SPDX-License-Identifier: Apache-2.0
"""Which seats a review has, by the charters that are shipped and by small ones."""

from __future__ import annotations

import pytest
from tests.governance.review.people import asked_by, small, small_review

from steelyard.governance.review.plan import plan_of
from steelyard.kernel.assessment import Review, ReviewStep, SignOff
from steelyard.kernel.errors import InputError


def test_experts_sign_before_whoever_decides() -> None:
    plan = plan_of(small_review(), small(), environment="production", tier="low")
    experts, decision = plan.steps
    assert [seat.role for seat in experts.seats] == ["security", "legal", "privacy"]
    assert experts.quorum == 2
    assert not any(seat.required for seat in experts.seats)
    (head,) = decision.seats
    assert (head.role, head.required) == ("head-of-risk", True)
    assert set(head.recuse) == {"requester", "same-unit"}
    assert (head.lent_to, head.lent_for) == (("risk",), "30 days")


def test_a_role_that_a_rule_asks_for_must_sign_whatever_the_quorum() -> None:
    review = small_review()
    ruled = SignOff(role="legal", why="track fast, rule license-is-there")
    changed = tuple(ruled if each.role == "legal" else each for each in review.sign_offs_required)
    review = Review(track="fast", decided_by="sign-offs", sign_offs_required=changed)
    plan = plan_of(review, small(), environment="production", tier="low")
    assert [s.role for s in plan.steps[0].seats if s.required] == ["legal"]
    assert plan.within == "10 business days"


def test_deep_review_of_the_standard_charter() -> None:
    review, charter, tier = asked_by(
        "standard", use_case__personal_data="ordinary", use_case__exposure="public",
        use_case__data_class="confidential", use_case__people_affected="public",
    )  # fmt: skip
    assert review.track == "deep"
    plan = plan_of(review, charter, environment="production", tier=tier)
    seats = {seat.role: seat for step in plan.steps for seat in step.seats}
    assert {"security", "model-owner", "legal", "privacy"} <= set(seats)
    assert set(seats["security"].recuse) == {"requester", "model-owner", "same-unit"}
    assert set(seats["security"].training) == {"secure-coding", "model-file-attacks"}
    assert plan.sponsored == ("critical", "high")
    needed = sum(step.quorum + sum(not s.listed for s in step.seats) for step in plan.steps)
    assert needed >= review.quorum


def test_the_committee_of_the_regulated_charter_comes_last() -> None:
    review, charter, tier = asked_by(
        "regulated", use_case__personal_data="special-category", use_case__exposure="public",
        use_case__people_affected="public",
    )  # fmt: skip
    assert tier == "critical"
    plan = plan_of(review, charter, environment="production", tier=tier)
    last = plan.steps[-1]
    assert last.committee is not None
    assert (last.committee.quorum, last.committee.independent) == (3, 2)
    assert (last.committee.majority, last.committee.chair) == ("two-thirds", "risk")
    assert {"same-unit", "financial-interest"} <= set(last.seats[0].recuse)
    assert "sector-rules" in last.seats[0].training
    assert last.within == "10 business days"
    assert len({step.name for step in plan.steps}) == len(plan.steps)


def test_nobody_to_ask_is_no_review() -> None:
    nobody = Review(track="fast", decided_by="standing-approval")
    with pytest.raises(InputError) as caught:
        plan_of(nobody, small(), environment="sandbox", tier="low")
    assert caught.value.code == "review.nobody"


def test_a_committee_the_charter_does_not_have() -> None:
    step = ReviewStep(name="last", committee="elders", quorum=0)
    review = small_review(SignOff(role="elders", why="track fast, step last"), steps=(step,))
    with pytest.raises(InputError) as caught:
        plan_of(review, small(), environment="sandbox", tier="low")
    assert caught.value.code == "review.committee"
