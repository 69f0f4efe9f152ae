# SPDX-License-Identifier: Apache-2.0
"""Whatever an overlay or a pack says, if it is accepted it makes nothing easier; and evaluation is
deterministic: the same charter and facts give the same decision, byte for byte."""

from __future__ import annotations

import msgspec
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from steelyard.catalog.charters import NAMES
from steelyard.charter.evaluate import Evaluation, evaluate
from steelyard.charter.load import shipped
from steelyard.charter.resolve import from_resolved, resolved_json
from steelyard.charter.schema import Charter
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import DocumentErrors
from tests.charter.order import facts_for, loosened
from tests.charter.samples import TODAY
from tests.charter.writing import HEAD, loaded

CONDITIONS = st.sampled_from(
    [
        "true", "false", "environment == 'production'", "use_case.commercial", "scan.isolated",
        "risk.score >= 10", "license.permits(use_case)", "has(model.task)", "license.conflict",
        "use_case.exposure != 'internal'", "card.present", "model.parameters > 5",
    ]
)  # fmt: skip
CONSEQUENCES = st.sampled_from(
    ["reject", "warn", "review(legal)", "review(risk, security)", "review"]
)
LENGTHS = st.sampled_from(["5 days", "2 weeks", "1 month", "3 months", "1 year", "2 years"])
ROLES = st.lists(st.sampled_from(["security", "legal", "privacy", "risk", "extra"]), max_size=3)


def _listed(words: list[str]) -> str:
    return "[" + ", ".join(dict.fromkeys(words)) + "]"


RULE = st.builds(
    "  - {{id: own-{}, why: w, applies: \"{}\", require: \"{}\", otherwise: '{}'}}".format,
    st.integers(0, 9999), CONDITIONS, CONDITIONS, CONSEQUENCES,
)  # fmt: skip
TRACK = st.builds(
    "  {}: {{sign_offs: {}, valid: {}, within: {}}}".format,
    st.sampled_from(["fast", "standard", "deep"]), ROLES.map(_listed), LENGTHS, LENGTHS,
)  # fmt: skip
QUORUM = st.builds("  deep: {{sign_offs: {}, quorum: {}}}".format, ROLES.map(_listed),
                   st.integers(1, 8))  # fmt: skip
STEP = st.builds(
    "  deep: {{steps: [{{name: more, sign_offs: {}, when: \"{}\"}}]}}".format,
    ROLES.filter(bool).map(_listed), CONDITIONS,
)  # fmt: skip
RISK = st.builds(
    "risk:\n  dimensions: {{own: {{when: \"{}\", adds: {}}}}}\n"
    "  tiers: [{{tier: {}, when: \"{}\"}}]\n"
    "  tolerance: [{{accepts: {}, otherwise: '{}'}}]".format,
    CONDITIONS.filter(lambda text: "risk" not in text), st.integers(0, 100),
    st.sampled_from(["moderate", "high", "critical"]), CONDITIONS,
    st.sampled_from(["low", "moderate", "high"]), CONSEQUENCES,
)  # fmt: skip
SECURITY = st.builds("security: {{unsigned: {{production: '{}', other: warn}}, executables: '{}'}}"
                     .format, CONSEQUENCES, CONSEQUENCES)  # fmt: skip
RELEASE = st.builds(
    "release: [{{name: pilot, environments: [production], users: {}, longest: {}}}]".format,
    st.integers(1, 400), LENGTHS,
)  # fmt: skip
RIGHT = st.builds(
    "decision_rights: [{{action: approve, role: {}, tracks: [{}], environments: [{}]}}]".format,
    st.sampled_from(["risk", "legal", "extra"]), st.sampled_from(["fast", "standard", "deep"]),
    st.sampled_from(["sandbox", "production", "staging"]),
)  # fmt: skip
STANDING = st.builds(
    'standing_approvals: [{{id: s, why: w, when: "{}", valid: {}}}]'.format, CONDITIONS, LENGTHS
)
SECTIONS = st.tuples(
    st.lists(RULE, max_size=3, unique_by=lambda text: text.split(",")[0]).map(
        lambda rules: "rules:\n" + "\n".join(rules) if rules else ""
    ),
    st.one_of(st.just(""), st.one_of(TRACK, QUORUM, STEP).map("tracks:\n{}".format)),
    st.one_of(st.just(""), RISK),
    st.one_of(st.just(""), SECURITY),
    st.one_of(st.just(""), RELEASE),
    st.one_of(st.just(""), RIGHT),
    st.one_of(st.just(""), STANDING),
).map(lambda parts: "\n".join(part for part in parts if part) + "\n")
FACTS = {name: facts_for(shipped(name)) for name in NAMES}


def laid(name: str, sections: str, *, pack: bool) -> Charter | None:
    """Return the shipped charter with sections laid over it, or None where they are refused."""
    head = HEAD.replace("review: {every: 6 months}\n", "") + f"extends: {name}\n"
    try:
        if not pack:
            return loaded(head + sections).charter
        text = f"pack: own\nversion: 1\npurpose: p\n{sections}"
        return loaded(head + "include: [./own.yaml]\n", {"own.yaml": text}).charter
    except DocumentErrors:
        return None


def easier(old: Evaluation, new: Evaluation) -> list[str]:
    """Return what became easier; another tier has another track, with people of its own."""
    found = loosened(old, new)
    if old.risk.tier != new.risk.tier:
        found = [each for each in found if "sign off" not in each and "quorum" not in each]
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(NAMES), SECTIONS, st.booleans())
def test_what_is_laid_over_a_charter_makes_nothing_easier(
    data: st.DataObject, name: str, sections: str, pack: bool
) -> None:
    charter = laid(name, sections, pack=pack)
    assume(charter is not None)
    assert charter is not None
    for _ in range(4):
        facts = data.draw(FACTS[name])
        old = evaluate(shipped(name), facts, {}, TODAY)
        new = evaluate(charter, facts, {}, TODAY)
        assert not easier(old, new), sections


def digest(found: Evaluation) -> str:
    return sha256_hex(msgspec.json.encode(found, order="deterministic"))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(NAMES))
def test_the_same_charter_and_facts_give_the_same_decision(data: st.DataObject, name: str) -> None:
    charter = shipped(name)
    again = from_resolved(resolved_json(charter))
    facts = data.draw(FACTS[name])
    copy = msgspec.json.decode(msgspec.json.encode(facts), type=type(facts))
    first = digest(evaluate(charter, facts, {}, TODAY))
    assert first == digest(evaluate(charter, facts, {}, TODAY))
    assert first == digest(evaluate(again, copy, {}, TODAY))
