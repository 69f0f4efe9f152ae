# SPDX-License-Identifier: Apache-2.0
"""Files of cases: few facts over harmless ones, every word checked where it stands."""

from __future__ import annotations

import datetime

import pytest
from tests.charter.samples import TODAY

from steelyard.catalog.charters import NAMES
from steelyard.catalog.harmless import harmless_facts
from steelyard.charter.cases.facts import sparse
from steelyard.charter.cases.suite import Suite
from steelyard.charter.cases.verdict import Result, judge_case, never_fired
from steelyard.charter.facts import Facts, facts_from_document, fields_of
from steelyard.charter.load import load_charter, shipped
from steelyard.charter.schema import Charter
from steelyard.kernel.errors import DocumentErrors

CHARTER = """\
charter: small
version: 1
effective: 2026-01-01
owner: owner@example.org
purpose: A charter to test cases with.
risk:
  dimensions:
    users: {when: "use_case.monthly_users > 1000", adds: 30, why: Many.}
  tiers:
    - {tier: high, when: "risk.score >= 30", why: Many people.}
    - {tier: low}
tracks:
  fast: {for: [low], decided_by: standing-approval, valid: 6 months}
  deep: {for: [moderate, high, critical], sign_offs: [security, legal], quorum: 1, valid: 1 year}
standing_approvals:
  - {id: small, why: Few people., when: "use_case.monthly_users < 100", valid: 1 month}
  - {id: any, why: Not many people., when: "use_case.monthly_users <= 1000"}
rules:
  - {id: clean, why: Dirty files stay out., require: "scan.worst == 'clean'", otherwise: reject}
  - {id: known, why: A license must be known., require: "license.category == 'permissive'",
     otherwise: "review(legal)"}
  - {id: open, why: It must be said., applies: "environment == 'production'",
     require: "card.limitations.stated", otherwise: condition, condition: Test its limits.}
"""
HEAD = "charter: small\ncases:\n"


def small() -> Charter:
    return load_charter(CHARTER, "small.yaml")


def judged(cases: str, head: str = HEAD) -> list[Result]:
    charter = small()
    return [judge_case(charter, case) for case in Suite(head + cases, "t.yaml").cases(charter)]


def one(facts: str, expect: str) -> Result:
    (result,) = judged(f"  - name: a case\n    facts: {{{facts}}}\n    expect: {{{expect}}}\n")
    return result


def errors(cases: str, head: str = HEAD) -> list[str]:
    with pytest.raises(DocumentErrors) as caught:
        judged(cases, head)
    return str(caught.value).splitlines()


def test_the_harmless_model_is_approved_by_every_shipped_charter_in_its_sandbox() -> None:
    facts = facts_from_document(harmless_facts())
    assert facts.today == TODAY
    case = f"{HEAD}  - {{name: x, expect: {{outcome: approved, sign_offs: []}}}}\n"
    for charter in (shipped(NAMES[0]), shipped(NAMES[1])):
        (found,) = Suite(case, "t.yaml").cases(charter)
        assert judge_case(charter, found).passed


@pytest.mark.parametrize(
    ("facts", "expect"),
    [
        ("", "outcome: approved, tier: low, score: 0, track: fast, sign_offs: []"),
        ("scan.worst: malicious", "outcome: rejected, fires: [clean], does_not_fire: [known]"),
        ("scan: {worst: malicious}", "outcome: rejected"),
        ("license.category: unknown", "outcome: review_required, unknown: [known]"),
        ("license: {category: null}", "unknown: [known], sign_offs: [legal]"),
        ("use_case.monthly_users: 5000", "tier: high, score: 30, track: deep, quorum: 1"),
        ("use_case.monthly_users: 50", "standing_approval: small, valid_until: 2026-12-24"),
        ("", "standing_approval: any, valid_until: 2027-05-24"),
        ("environment: production, card.limitations.stated: false",
         "outcome: approved_with_conditions, conditions: [open]"),
        ("today: 2025-06-01", "fires: [charter.in-force]"),
        ("model.datasets: [], license.keys: [mit, isc]", "outcome: approved"),
        ("license.declared: 'unknown'", "outcome: approved"),
    ],
)  # fmt: skip
def test_what_is_expected_comes(facts: str, expect: str) -> None:
    assert one(facts, expect).differences == ()


@pytest.mark.parametrize(
    ("facts", "expect", "what", "actual", "why"),
    [
        ("", "outcome: rejected", "outcome", "approved", "No rule fired."),
        ("scan.worst: suspicious", "outcome: approved", "outcome", "rejected", "clean (reject)"),
        ("", "tier: high", "tier", "low", "score is 0"),
        ("use_case.monthly_users: unknown", "score: 0", "score", "30", "users is not known"),
        ("", "track: deep", "track", "fast", "tier is low"),
        ("", "fires: [clean]", "rule clean", "holds", "scan.worst is clean"),
        ("", "fires: [open]", "rule open", "does not apply", "environment is sandbox"),
        ("", "fires: [charter.in-force]", "rule charter.in-force", "is not broken", ""),
        ("scan.worst: suspicious", "does_not_fire: [clean]", "rule clean", "fires", "were 'clean'"),
        ("license.category: strong-copyleft", "unknown: [known]", "rule known", "fires",
         "license.category is strong-copyleft"),
        ("license.category: null", "sign_offs: [security]", "sign-offs", "legal", "rule known"),
        ("", "conditions: [open]", "conditions", "none", ""),
        ("", "standing_approval: small", "standing approval", "any", ""),
        ("", "valid_until: 2027-01-01", "valid until", "2027-05-24", ""),
        ("scan.worst: malicious", "valid_until: 2027-01-01", "valid until", "nothing", ""),
        ("use_case.monthly_users: 5000", "quorum: 2", "quorum", "1", "security, legal"),
    ],
)  # fmt: skip
def test_what_does_not_come_is_explained(
    facts: str, expect: str, what: str, actual: str, why: str
) -> None:
    (difference,) = one(facts, expect).differences
    assert (difference.what, difference.actual) == (what, actual)
    assert why in "\n".join(difference.why)


def _case(facts: str, expect: str) -> str:
    return f"  - name: a case\n    facts: {{{facts}}}\n    expect: {{{expect}}}\n"


@pytest.mark.parametrize(
    ("facts", "expect", "message"),
    [
        ("licence.category: null", "tier: low",
         "4:13: error: There is no fact 'licence.category'. Did you mean 'license.category'?"),
        ("license.categroy: null", "tier: low",
         "t.yaml:4:13: error: There is no fact 'license.categroy'. Did you mean 'category'?"),
        ("license: {known: perhaps}", "tier: low", "t.yaml:4:30: error: 'known' must be true or"),
        ("scan.worst: spotless", "tier: low",
         "t.yaml:4:25: error: 'worst' must be one of clean, unreadable"),
        ("scan.worst: unknown", "tier: low",
         "t.yaml:4:25: error: The fact 'scan.worst' is always known."),
        ("license: {known: true}, license.known: false", "tier: low", "is written down twice"),
        ("risk.score: 4", "tier: low", "t.yaml:4:13: error: The risk is worked out by"),
        ("model.datasets: c4", "tier: low", "'datasets' must be a list"),
        ("license: permissive", "tier: low", "'license' must be a mapping"),
        ("", "", "t.yaml:5:13: error: Nothing is expected, so this case cannot fail."),
        ("", "fires: [claen]",
         "t.yaml:5:22: error: The charter small has no rule 'claen'. Did you mean 'clean'?"),
        ("", "outcome: aproved", "There is no outcome 'aproved'"),
        ("", "teir: low", "There is no field 'teir' in 'expect'. Did you mean 'tier'?"),
        ("", "standing_approval: smal", "no standing approval 'smal'. Did you mean 'small'?"),
        ("", "gates: {testing: open}", "has no gate 'testing'"),
        ("", "gates: {tasting: open}", "There is no 'tasting' in 'gates'. Did you mean 'testing'?"),
        ("", "controls: [nowhere]", "has no control 'nowhere'"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_an_error_at_its_place(facts: str, expect: str, message: str) -> None:
    found = errors(_case(facts, expect))
    assert any(message in line for line in found), found


def test_cases_build_on_one_another() -> None:
    results = judged(
        """\
  - {name: many, like: busy, facts: {scan.worst: suspicious}, expect: {fires: [clean], tier: high}}
  - {name: busy, like: plain, facts: {use_case.monthly_users: 5000}, expect: {tier: high}}
  - {name: plain, facts: {license.category: unknown}, expect: {unknown: [known]}}
  - {name: known again, like: many, facts: {license.category: permissive},
     expect: {fires: [clean], does_not_fire: [known]}}
"""
    )
    assert [result.passed for result in results] == [True] * 4


def test_facts_of_the_file_are_under_those_of_each_case() -> None:
    head = "charter: small\nfacts: {environment: production, scan.worst: suspicious}\ncases:\n"
    first, second = judged(
        "  - {name: a, expect: {fires: [clean]}}\n"
        "  - {name: b, facts: {scan.worst: clean, card.limitations.stated: false},"
        " expect: {outcome: approved_with_conditions}}\n",
        head,
    )
    assert (first.differences, second.differences) == ((), ())


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ("  - {name: a, like: b, expect: {tier: low}}\n", "There is no case 'b'"),
        ("  - {name: a, like: a, expect: {tier: low}}\n", "is like itself"),
        ("".join(f"  - {{name: {one}, like: {two}, expect: {{tier: low}}}}\n"
                 for one, two in ("ab", "ba")),
         "is like itself"),
        ("  - {name: a, expect: {tier: low}}\n  - {name: a, expect: {tier: low}}\n",
         "Two cases are called 'a'"),
        ("  - {name: a}\n", "needs the field 'expect'"),
        ("  []\n", "There are no cases"),
    ],
)  # fmt: skip
def test_cases_that_cannot_be_put_together(cases: str, message: str) -> None:
    assert any(message in line for line in errors(cases))


def test_rules_that_fire_in_no_case_are_named() -> None:
    results = judged("  - {name: a, facts: {scan.worst: malicious}, expect: {tier: low}}\n")
    assert never_fired(small(), results) == ("known", "open")


def test_every_fact_can_be_written_down() -> None:
    some = sparse()
    for fact in fields_of(Facts):
        assert (fact.path in some.__struct_fields__) == (fact.path != "risk")


def test_a_date_stays_a_date() -> None:
    (case,) = Suite(
        f"{HEAD}  - {{name: a, facts: {{use_case.expires: 2027-01-02}}, expect: {{tier: low}}}}\n",
        "t.yaml",
    ).cases(small())
    assert case.facts.use_case.expires == datetime.date(2027, 1, 2)
    assert case.line == 3
