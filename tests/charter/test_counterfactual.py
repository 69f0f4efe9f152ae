# SPDX-License-Identifier: Apache-2.0
"""What would get a decision approved: small, plausible, and true when it is tried."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.catalog.charters import NAMES
from steelyard.charter.counterfactual import MAX_CHANGES, ApprovedIf, Counterfactual, approved_if
from steelyard.charter.counterfactual import search as searching
from steelyard.charter.evaluate import Evaluation, evaluate
from steelyard.charter.facts import Facts, facts_document, facts_from_document
from steelyard.charter.load import shipped
from steelyard.charter.schema import Rule
from steelyard.kernel.assessment import Outcome
from tests.charter.order import facts_for
from tests.charter.samples import JOBLIB, MEDICAL, PRODUCTION, TODAY, facts

APPROVED = (Outcome.APPROVED, Outcome.APPROVED_WITH_CONDITIONS)
NEVER = ("use_case.name", "use_case.owner", "use_case.sector", "model.name", "model.publisher",
         "today", "use_case.expires", "license.commercial_use")  # fmt: skip


def tried(name: str, start: Facts, answer: Counterfactual) -> Evaluation:
    """Evaluate the facts with the changes somebody was told, and nothing else."""
    document: dict[str, Any] = facts_document(start)
    for change in answer.changes:
        for path, value in change.facts.items():
            *parents, last = path.split(".")
            inner = document
            for parent in parents:
                inner = inner[parent]
            inner[last] = value
    return evaluate(shipped(name), facts_from_document(document), {}, TODAY)


def paths(answer: ApprovedIf) -> list[set[str]]:
    return [{p for change in each.changes for p in change.facts} for each in answer.found]


def test_a_pickle_in_production_needs_other_weights() -> None:
    start = facts(**PRODUCTION, **JOBLIB)
    answer = approved_if(shipped("standard"), start)
    assert answer.outcome is Outcome.REJECTED
    best = answer.found[0]
    assert best.outcome in APPROVED
    (change,) = best.changes
    assert change.do.startswith("Use weights that run no code")
    assert change.facts["artifacts.executes_on_load"] is False
    assert change.instead_of["artifacts.executes_on_load"] is True
    result = tried("standard", start, best)
    assert result.decision.outcome is best.outcome
    assert tuple(c.text for c in result.decision.conditions) == best.conditions


def test_two_changes_where_one_is_not_enough() -> None:
    start = facts(**PRODUCTION, **JOBLIB)
    answer = approved_if(shipped("starter"), start)
    assert [len(each.changes) for each in answer.found] == [2]
    assert "environment" in paths(answer)[0]
    for change in answer.found[0].changes:  # each alone is not enough
        alone = msgspec.structs.replace(answer.found[0], changes=(change,))
        assert tried("starter", start, alone).decision.outcome not in APPROVED


def test_a_malicious_file_is_never_wished_away() -> None:
    for name in NAMES:
        answer = approved_if(shipped(name), facts(scan__worst="malicious"))
        assert answer.found == ()
        assert "No set of up to 3 changes would get it approved." in answer.note
        assert "touches the rule no-malicious-files" in answer.note


def test_a_license_category_is_not_a_matter_of_choice() -> None:
    start = facts(license__category="community", license__keys=["llama-3.1"])
    answer = approved_if(shipped("standard"), start)
    assert answer.found == ()
    assert "licenses.review" in answer.note


def test_what_cannot_be_approved_may_still_need_fewer_people() -> None:
    start = facts(**MEDICAL)
    answer = approved_if(shipped("standard"), start)
    before = evaluate(shipped("standard"), start, {}, TODAY)
    asked = {item.role for item in before.review.sign_offs_required}
    assert answer.found
    assert "fewer people would have to sign off" in answer.note
    for each in answer.found:
        assert each.outcome is Outcome.REVIEW_REQUIRED
        assert set(each.sign_offs) < asked


def test_what_is_approved_needs_nothing() -> None:
    answer = approved_if(shipped("starter"), facts())
    assert (answer.found, answer.note) == ((), "It is approved already.")


def test_the_search_is_bounded_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MAX_JUDGMENTS", 7)
    answer = approved_if(shipped("standard"), facts(**MEDICAL))
    assert answer.tried == 7
    assert "None of 7 sets" in answer.note
    assert "there may be others" in answer.note


def test_the_plan_of_release_is_something_to_follow() -> None:
    charter = shipped("standard")
    must = msgspec.structs.replace(
        charter,
        rules=(
            *(rule for rule in charter.rules if not rule.id.startswith("release.")),
            Rule(id="pilot-first", why="x", require="'pilot' in release.completed",
                 otherwise="reject"),
        ),
    )  # fmt: skip
    answer = approved_if(must, facts())
    assert answer.found[0].changes[0].do == "Complete the phase pilot first."


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(NAMES))
def test_every_answer_is_true_small_and_about_what_can_be_changed(
    data: st.DataObject, name: str
) -> None:
    charter = shipped(name)
    start = msgspec.structs.replace(data.draw(facts_for(charter)), today=TODAY)
    answer = approved_if(charter, start)
    before = evaluate(charter, start, {}, TODAY)
    assert answer.outcome is before.decision.outcome
    assert bool(answer.note) == (not answer.found or answer.found[0].outcome not in APPROVED)
    for each in answer.found:
        assert 1 <= len(each.changes) <= MAX_CHANGES
        result = tried(name, start, each)
        assert result.decision.outcome is each.outcome
        assert result.risk.tier == each.tier
        for change in each.changes:
            # Learning which license it is may show that business use is permitted.
            learned = {"license.commercial_use"} if "license.known" in change.facts else set()
            assert not (set(change.facts) - learned) & set(NEVER)
            assert set(change.facts) == set(change.instead_of)
        if each.outcome in APPROVED and len(each.changes) > 1:
            for change in each.changes:  # nothing in it is superfluous
                fewer = tuple(other for other in each.changes if other is not change)
                less = tried(name, start, msgspec.structs.replace(each, changes=fewer))
                assert less.decision.outcome not in APPROVED


@pytest.mark.parametrize(
    "known", [{"license__commercial_use": "no"}, {"license__use": "prohibited"}]
)
def test_what_is_known_of_a_license_is_not_wished_away(known: dict[str, Any]) -> None:
    start = facts(license__known=False, license__category=None, license__keys=[], **known)
    answer = approved_if(shipped("starter"), start)
    assert (answer.outcome, answer.found) == (Outcome.REJECTED, ())
