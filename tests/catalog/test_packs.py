# SPDX-License-Identifier: Apache-2.0
"""The shipped packs: sound over every charter, only ever tighter, and each rule does something."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.charter.samples import JOBLIB, TODAY, facts

from steelyard.catalog.charters import NAMES
from steelyard.catalog.packs import pack_names, pack_text
from steelyard.charter.evaluate import evaluate
from steelyard.charter.load import load_charter, shipped
from steelyard.charter.schema import TIERS, Charter
from steelyard.kernel.assessment import Outcome

SECTORS = ("bank", "health", "public")
OUTCOMES = list(Outcome)
HEADER = """\
charter: sector-under-test
version: 1
effective: 2026-01-01
owner: ai-governance@example.org
purpose: A charter with packs.
extends: {base}
include: [{packs}]
"""


@cache
def charter(base: str, *packs: str) -> Charter:
    return load_charter(HEADER.format(base=base, packs=", ".join(packs)), "sector.yaml")


def own_rules(pack: str) -> list[str]:
    rules = charter("standard", pack).rules
    return [rule.id for rule in rules if rule.id.startswith(f"{pack}-")]


@pytest.mark.parametrize("base", NAMES)
@pytest.mark.parametrize("pack", SECTORS)
def test_a_pack_is_sound_over_every_shipped_charter(pack: str, base: str) -> None:
    assert pack in pack_names()
    resolved = charter(base, pack)
    assert [identity.name for identity in resolved.packs] == [pack]
    assert len(own_rules(pack)) >= 7
    assert {rule.id for rule in shipped(base).rules} < {rule.id for rule in resolved.rules}


def test_packs_stand_beside_one_another_in_any_order() -> None:
    one, other = charter("standard", *SECTORS), charter("standard", *reversed(SECTORS))
    assert {rule.id for rule in one.rules} == {rule.id for rule in other.rules}
    assert {control.id for control in one.controls} == {control.id for control in other.controls}


def test_every_rule_says_why_what_to_do_and_which_law() -> None:
    for pack in SECTORS:
        for rule in charter("standard", pack).rules:
            if rule.id.startswith(f"{pack}-"):
                assert rule.why.endswith(".") and rule.remedy.endswith(".") and rule.frameworks
        assert pack_text(pack).startswith("# SPDX-License-Identifier: Apache-2.0\n")


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "environment": st.sampled_from(["sandbox", "staging", "production"]),
        "use_case__people_affected": st.sampled_from(["nobody", "staff", "customers", "public"]),
        "use_case__personal_data": st.sampled_from(["none", "ordinary", "special-category"]),
        "use_case__autonomy": st.sampled_from(["assistive", "supervised", "autonomous"]),
        "use_case__exposure": st.sampled_from(["internal", "partner", "public"]),
        "use_case__data_class": st.sampled_from(["public", "internal", "confidential"]),
        "use_case__outputs_train_models": st.sampled_from([True, False, None]),
        "use_case__sponsor": st.none(),
        "model__publisher": st.none(),
        "model__task": st.sampled_from(["text-generation", None]),
        "provenance__revision_immutable": st.booleans(),
        "scan__coverage": st.sampled_from(["full", "partial", "none"]),
        "card__limitations__stated": st.booleans(),
        "artifacts__executes_on_load": st.sampled_from([True, False, None]),
        "artifacts__has_remote_code": st.sampled_from([True, False, None]),
    },
)


@pytest.mark.parametrize("base", NAMES)
@pytest.mark.parametrize("pack", SECTORS)
@given(changes=CHANGES)
@settings(max_examples=25, deadline=None)
def test_a_pack_only_ever_tightens(pack: str, base: str, changes: dict[str, Any]) -> None:
    case = facts(**changes)
    bare = evaluate(shipped(base), case, {}, TODAY)
    laid = evaluate(charter(base, pack), case, {}, TODAY)
    assert TIERS.index(laid.risk.tier) >= TIERS.index(bare.risk.tier)
    assert laid.risk.score >= bare.risk.score
    assert OUTCOMES.index(laid.decision.outcome) >= OUTCOMES.index(bare.decision.outcome)
    assert {r.rule for r in bare.decision.reasons} - {"risk.tier"} <= {
        r.rule for r in laid.decision.reasons
    } | {rule.id for rule in shipped(base).rules if "risk.tier" in (rule.applies or "")}
    assert {c.id for c in laid.controls} >= {
        c.id for c in bare.controls if "risk.tier" not in c.why
    } or laid.risk.tier != bare.risk.tier


def fired(pack: str, **changes: Any) -> set[str]:
    found = evaluate(charter("standard", pack), facts(**changes), {}, TODAY)
    return {reason.rule for reason in found.decision.reasons} & set(own_rules(pack))


ODD: dict[str, dict[str, Any]] = {
    "bank-validation-before-use": {
        "environment": "production", "use_case__people_affected": "customers",
        "use_case__personal_data": "ordinary", "card__evaluation__stated": False,
    },
    "bank-purpose-fits": {"environment": "staging", "card__intended_use__stated": False},
    "bank-no-decision-alone": {
        "use_case__people_affected": "customers", "use_case__autonomy": "autonomous",
    },
    "bank-generative-standard-named": {
        "environment": "production", "model__task": "text-generation", "use_case__sponsor": None,
    },
    "bank-supplier-known": {"environment": "production", "model__publisher": None},
    "bank-production-is-pinned": {
        "environment": "production", "provenance__revision_immutable": False,
    },
    "bank-production-is-examined": {"environment": "production", "scan__coverage": "partial"},
    "bank-data-of-customers-stays": {
        "use_case__personal_data": "ordinary", "use_case__outputs_train_models": None,
    },
    "health-data-is-labeled": {
        "use_case__personal_data": "special-category", "use_case__data_class": "internal",
    },
    "health-data-is-not-public": {
        "use_case__personal_data": "special-category", "use_case__exposure": "public",
    },
    "health-data-trains-nothing": {
        "use_case__personal_data": "ordinary", "use_case__outputs_train_models": True,
    },
    "health-no-foreign-code-near-patients": {
        "use_case__personal_data": "special-category", **JOBLIB,
    },
    "health-clinician-decides": {
        "use_case__people_affected": "public", "use_case__autonomy": "autonomous",
    },
    "health-limits-known-before-care": {
        "environment": "staging", "use_case__people_affected": "public",
        "card__limitations__stated": False,
    },
    "health-training-data-known": {
        "environment": "production", "use_case__people_affected": "public",
        "card__training_data__stated": False,
    },
    "health-everything-examined": {"environment": "production", "scan__isolated": False},
    "public-rights-are-weighed": {
        "use_case__people_affected": "public", "use_case__personal_data": "ordinary",
        "use_case__autonomy": "supervised",
    },
    "public-official-decides": {
        "use_case__people_affected": "public", "use_case__autonomy": "autonomous",
    },
    "public-sponsor-answers": {"environment": "production", "use_case__sponsor": None},
    "public-origin-is-told": {
        "environment": "production", "card__training_data__stated": False,
    },
    "public-limits-are-told": {
        "environment": "staging", "use_case__people_affected": "public",
        "card__limitations__stated": False,
    },
    "public-license-text-kept": {"environment": "production", "license__has_text": False},
    "public-revision-is-kept": {
        "environment": "production", "provenance__revision_immutable": False,
    },
}  # fmt: skip
"""For each rule a case that it is about."""


def test_there_is_a_case_for_every_rule() -> None:
    assert set(ODD) == {rule for pack in SECTORS for rule in own_rules(pack)}


@pytest.mark.parametrize("rule", ODD)
def test_each_rule_fires_where_it_should_and_not_for_a_harmless_pilot(rule: str) -> None:
    pack = rule.partition("-")[0]
    assert rule in fired(pack, **ODD[rule])
    assert rule not in fired(pack)


def test_a_bank_that_scores_customers_is_rated_high_validated_and_signed() -> None:
    case = facts(
        environment="production", use_case__people_affected="customers",
        use_case__personal_data="ordinary", use_case__sector="finance",
    )  # fmt: skip
    found = evaluate(charter("standard", "bank"), case, {}, TODAY)
    assert found.risk.tier in ("high", "critical")
    assert {"model-validation", "model-risk"} <= {
        sign_off.role for sign_off in found.review.sign_offs_required
    }
    assert {"independent-validation", "ict-third-party-register", "model-materiality"} <= {
        control.id for control in found.controls
    }
