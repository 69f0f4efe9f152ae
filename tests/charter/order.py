# SPDX-License-Identifier: Apache-2.0
"""Facts that matter to charters, and what it means that one evaluation is easier than another."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from steelyard.charter.evaluate import Evaluation
from steelyard.charter.facts import Facts, facts_from_document
from steelyard.charter.schema import TIERS, Charter
from steelyard.charter.worlds.ask import Domains
from steelyard.charter.worlds.tiers import dimension_texts
from steelyard.kernel.assessment import Outcome
from tests.charter.samples import document

OUTCOMES = (
    Outcome.APPROVED,
    Outcome.APPROVED_WITH_CONDITIONS,
    Outcome.REVIEW_REQUIRED,
    Outcome.REJECTED,
)


def facts_for(*charters: Charter) -> st.SearchStrategy[Facts]:
    """Draw facts among the values that the charters tell apart, the rest harmless."""
    texts: list[str] = []
    for charter in charters:
        for rule in charter.rules:
            texts += [text for text in (rule.applies, rule.require) if text]
        texts += [tier.when for tier in charter.risk.tiers if tier.when]
        for dimension in charter.risk.dimensions.values():
            texts += dimension_texts(dimension)
    values = {
        path: choices
        for path, choices in Domains(texts).values.items()
        if not path.startswith("risk.") and path != "today"
    }
    return st.fixed_dictionaries(
        {path: st.sampled_from(choices) for path, choices in values.items()}
    ).map(_facts)


def _facts(world: dict[str, Any]) -> Facts:
    data = document()
    for path, value in world.items():
        *parents, last = path.split(".")
        inner = data
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = list(value) if isinstance(value, tuple) else value
    return facts_from_document(data)


def loosened(old: Evaluation, new: Evaluation) -> list[str]:
    """Return in which respects ``new`` is easier than ``old``."""
    found = []
    before, after = OUTCOMES.index(old.decision.outcome), OUTCOMES.index(new.decision.outcome)
    if after < before:
        found.append(f"{old.decision.outcome} became {new.decision.outcome}")
    if TIERS.index(new.risk.tier) < TIERS.index(old.risk.tier):
        found.append(f"the tier {old.risk.tier} became {new.risk.tier}")
    if after < OUTCOMES.index(Outcome.REJECTED):
        gone = {item.role for item in old.review.sign_offs_required} - {
            item.role for item in new.review.sign_offs_required
        }
        if gone:
            found.append(f"no longer asked to sign off: {', '.join(sorted(gone))}")
        if new.review.quorum < old.review.quorum:
            found.append(f"the quorum fell from {old.review.quorum} to {new.review.quorum}")
    if after == before and (old.decision.valid_until or "") < (new.decision.valid_until or ""):
        found.append("an approval lasts longer")
    return found
