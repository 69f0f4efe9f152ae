# SPDX-License-Identifier: Apache-2.0
"""A comparison of charters tells which way each change goes, and never overlooks a loosening."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from steelyard.catalog.charters import NAMES, charter_text
from steelyard.charter.diff import Change, CharterDiff, compare
from steelyard.charter.diff.changes import together
from steelyard.charter.evaluate import evaluate
from steelyard.charter.facts import facts_from_document
from steelyard.charter.load import load_charter, shipped
from steelyard.charter.schema import Charter, Rule
from tests.charter.order import facts_for, loosened
from tests.charter.samples import TODAY, document

replace = msgspec.structs.replace
STANDARD = charter_text("standard")


def changed(*swaps: tuple[str, str]) -> CharterDiff:
    text = STANDARD
    for old, new in swaps:
        assert old in text, old
        text = text.replace(old, new, 1)
    return compare(shipped("standard"), load_charter(text, "c.yaml"))


def only(diff: CharterDiff) -> Change:
    (change,) = diff.changes
    return change


@pytest.mark.parametrize("name", NAMES)
def test_a_charter_equals_itself(name: str) -> None:
    diff = compare(shipped(name), shipped(name))
    assert (diff.verdict, diff.changes) == ("same", ())
    assert not diff.needs_a_look


@pytest.mark.parametrize(
    ("old", "new", "subject", "direction"),
    [
        # Rules
        ('require: "scan.worst != \'malicious\'"\n    otherwise: reject',
         'require: "scan.worst != \'malicious\'"\n    otherwise: review(security)',
         "no-malicious-files", "looser"),
        ("otherwise: review(privacy, legal)", "otherwise: review(privacy)",
         "sensitive-purpose", "looser"),
        ("otherwise: review(privacy, legal)", "otherwise: review(privacy, security)",
         "sensitive-purpose", "mixed"),
        ("\"risk.tier in ['high', 'critical']\"\n    require: \"card.training",
         "\"risk.tier in ['moderate', 'high', 'critical']\"\n    require: \"card.training",
         "training-data-named", "stricter"),
        ('require: "!license.conflict"\n    otherwise: warn',
         'require: "license.conflict == false"\n    otherwise: warn',
         "licenses-agree-in-sandbox", "same"),
        # An environment that is not known applies either way, and now a fourth one does too.
        ("applies: \"environment == 'production' && has(artifacts.has_remote_code)\"",
         "applies: \"environment in ['production', 'edge'] && has(artifacts.has_remote_code)\"",
         "no-remote-code-in-production", "stricter"),
        ("condition: Load the model only in a disposable sandbox without network or secrets.",
         "condition: Load the model carefully.", "load-code-in-isolation", "unclear"),
        ("why: What was not examined is not clean.", "why: Unseen is unsafe.",
         "everything-examined", "same"),
        # Licenses are compared as the rules they stand for.
        ("forbid: [research-only]", "forbid: [research-only, gpl-3.0]",
         "licenses.forbid", "stricter"),
        # Risk
        ("special-category: 30", "special-category: 20", "personal_data", "looser"),
        ("{internal: 0, partner: 5, public: 10}", "{internal: 5, partner: 0, public: 10}",
         "exposure", "mixed"),
        ('when: "environment == \'production\'"\n      adds: 5',
         'when: "!(environment != \'production\')"\n      adds: 5', "production", "same"),
        # Tracks
        ("model-owner, legal, privacy]", "model-owner, legal]",
         "deep sign_offs", "looser"),
        ("within: 15 business days", "within: 4 weeks", "deep within", "looser"),
        ("valid: 6 months", "valid: 26 weeks", "deep valid", "stricter"),
        # Controls
        ("[sandbox-isolation]\n    when: \"environment == 'sandbox'\"",
         "[sandbox-isolation]\n    when: \"environment == 'sandbox' && scan.high > 0\"",
         "sandbox-isolation", "looser"),
        ("select: [license-duties]\n    when: \"environment != 'sandbox'\"",
         "select: [license-duties]\n    when: \"true\"", "license-duties", "stricter"),
        # Everything else
        ("longest: 90 days", "longest: 4 months", "longest", "looser"),
        ("granted_by: head-of-risk", "granted_by: security", "granted_by", "unclear"),
        ("every: 6 months", "every: 12 months", "every", "looser"),
        ("incident:critical]", "incident:high]", "also_on", "stricter"),
        ("owner: ai-governance@", "owner: somebody@", "owner", "same"),
    ],
)  # fmt: skip
def test_direction_of_one_change(old: str, new: str, subject: str, direction: str) -> None:
    diff = changed((old, new))
    found = {change.subject: change for change in diff.changes}
    assert subject in found, [change.says for change in diff.changes]
    change = found[subject]
    assert change.direction == direction, change
    shown = (change.looser is not None, change.stricter is not None)
    if change.section in ("rules", "controls", "risk.dimensions") and direction != "unclear":
        assert shown == (direction in ("looser", "mixed"), direction in ("stricter", "mixed"))


def test_the_example_is_a_proof() -> None:
    diff = changed(
        ("review: [strong-copyleft, use-restricted, source-available, community,",
         "review: [strong-copyleft, use-restricted, source-available,"),
        ("allow:  [permissive,", "allow:  [community, permissive,"),
    )  # fmt: skip
    change = next(change for change in diff.changes if change.direction == "looser")
    assert (change.subject, diff.verdict) == ("licenses.review", "looser")
    assert change.looser is not None
    assert change.looser.facts["license.category"] == "community"
    assert (change.looser.old, change.looser.new) == ("asks legal to sign off", "says nothing")
    facts = facts_from_document(document(license__category="community", license__keys=[]))
    new = load_charter(
        STANDARD.replace("source-available, community,", "source-available,").replace(
            "allow:  [permissive,", "allow:  [community, permissive,"
        ),
        "c.yaml",
    )
    before = evaluate(shipped("standard"), facts, {}, TODAY)
    assert loosened(before, evaluate(new, facts, {}, TODAY))


def test_a_rule_under_another_name_or_covered_by_another_is_no_loosening() -> None:
    renamed = changed(("id: scanner-was-isolated", "id: walls-stood"))
    assert (only(renamed).kind, renamed.verdict) == ("renamed", "same")
    old = shipped("standard")
    narrow = replace(
        old.rules[-1], id="narrow", applies="environment == 'production'",
        require="scan.worst != 'malicious'", otherwise="reject",
    )  # fmt: skip
    with_narrow = replace(old, rules=(*old.rules, narrow))
    diff = compare(with_narrow, old)
    assert diff.verdict == "same"
    assert "as hard in every case" in only(diff).says
    assert compare(old, with_narrow).verdict == "same"


def test_a_higher_tier_that_asks_less_is_not_called_stricter() -> None:
    diff = compare(shipped("standard"), shipped("regulated"))
    raised = {change.subject: change for change in diff.changes if change.section == "risk.tiers"}
    assert raised["low to moderate"].direction == "stricter"
    for change in raised.values():
        assert change.stricter is not None
        assert change.direction == ("mixed" if "asks less" in change.says else "stricter")


def test_a_rule_for_low_tiers_only_makes_a_raised_tier_mixed() -> None:
    old = shipped("standard")
    low = Rule(
        id="low-only", why="x", applies="risk.tier == 'low'", require="card.present",
        otherwise="reject",
    )  # fmt: skip
    old = replace(old, rules=(*old.rules, low))
    dimensions = {**old.risk.dimensions}
    dimensions["exposure"] = replace(
        dimensions["exposure"], points={"internal": 20, "partner": 25, "public": 30}
    )
    new = replace(old, risk=replace(old.risk, dimensions=dimensions))
    moved = next(c for c in compare(old, new).changes if c.subject == "low to moderate")
    assert moved.direction == "mixed"
    assert "low-only is milder at a higher tier" in moved.says


def test_an_undecidable_change_is_unclear() -> None:
    old = shipped("standard")
    rule = replace(old.rules[-1], require="use_case.environment == environment")
    other = replace(rule, require="!(use_case.environment != environment)")
    diff = compare(
        replace(old, rules=(*old.rules[:-1], rule)), replace(old, rules=(*old.rules[:-1], other))
    )
    assert (diff.verdict, only(diff).direction) == ("unclear", "unclear")
    assert "compares two facts" in only(diff).doubt


def test_a_field_nobody_has_thought_of_is_reported() -> None:
    from steelyard.charter.diff.fields import compare_entries

    class Later(msgspec.Struct, frozen=True):
        how: str

    (change,) = compare_entries("later", Later("so"), Later("otherwise"))
    assert (change.direction, change.old, change.new) == ("unclear", "so", "otherwise")
    assert change.says == "Later: how was so, is otherwise."
    (added,) = compare_entries("later", None, Later("so"))
    assert (added.kind, added.direction) == ("added", "unclear")


# Whatever changes: what is called stricter or same is never easier


def mutations(charter: Charter) -> st.SearchStrategy[Charter]:
    return st.one_of(
        _drop_rule(charter), _other_rule(charter), _other_points(charter),
        _other_threshold(charter), _other_track(charter),
    )  # fmt: skip


@st.composite
def _drop_rule(draw: st.DrawFn, charter: Charter) -> Charter:
    gone = draw(st.integers(0, len(charter.rules) - 1))
    return replace(charter, rules=(*charter.rules[:gone], *charter.rules[gone + 1 :]))


@st.composite
def _other_rule(draw: st.DrawFn, charter: Charter) -> Charter:
    at = draw(st.integers(0, len(charter.rules) - 1))
    rule = charter.rules[at]
    texts = [text for r in charter.rules for text in (r.applies, r.require) if text]
    changes: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "otherwise": st.sampled_from(
                    ["reject", "warn", "condition", "review(legal)", "review(legal, security)"]
                ),
                "applies": st.none() | st.sampled_from(texts),
                "require": st.sampled_from(texts).map(lambda text: f"({rule.require}) || ({text})"),
            },
        )
    )
    if "otherwise" in changes:
        changes["condition"] = "Be careful."
    other = replace(rule, **changes)
    return replace(charter, rules=(*charter.rules[:at], other, *charter.rules[at + 1 :]))


@st.composite
def _other_points(draw: st.DrawFn, charter: Charter) -> Charter:
    name = draw(st.sampled_from(sorted(charter.risk.dimensions)))
    dimension = charter.risk.dimensions[name]
    points = st.integers(0, 40)
    if dimension.when is not None:
        other = replace(dimension, adds=draw(points))
    else:
        other = replace(dimension, points={word: draw(points) for word in dimension.points})
    dimensions = {**charter.risk.dimensions, name: other}
    return replace(charter, risk=replace(charter.risk, dimensions=dimensions))


@st.composite
def _other_threshold(draw: st.DrawFn, charter: Charter) -> Charter:
    low = draw(st.integers(1, 40))
    tiers = tuple(
        replace(tier, when=f"risk.score >= {low}") if tier.when == "risk.score >= 20" else tier
        for tier in charter.risk.tiers
    )
    return replace(charter, risk=replace(charter.risk, tiers=tiers))


@st.composite
def _other_track(draw: st.DrawFn, charter: Charter) -> Charter:
    name = draw(st.sampled_from(sorted(charter.tracks)))
    roles = draw(st.lists(st.sampled_from(["security", "legal", "privacy", "risk"]), unique=True))
    track = replace(
        charter.tracks[name],
        sign_offs=tuple(roles),
        quorum=None,
        decided_by="sign-offs" if roles else "standing-approval",
        valid=draw(st.sampled_from(["3 months", "6 months", "12 months", "2 years"])),
    )
    return replace(charter, tracks={**charter.tracks, name: track})


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(NAMES))
def test_what_is_called_stricter_or_same_is_never_easier(data: st.DataObject, name: str) -> None:
    old = shipped(name)
    new = data.draw(mutations(old))
    diff = compare(old, new)
    back = compare(new, old)
    pairs = [(old, new)] if not diff.needs_a_look else []
    pairs += [(new, old)] if not back.needs_a_look else []
    assume(pairs)
    for before, after in pairs:
        for _ in range(12):
            facts = data.draw(facts_for(before, after))
            easier = loosened(evaluate(before, facts, {}, TODAY), evaluate(after, facts, {}, TODAY))
            assert not easier, (easier, [change.says for change in diff.changes])


# The sections that are not rules

GROUP = """
charter: group
version: 1
effective: 2026-01-01
owner: board@example.org
purpose: Test.
review: {every: 6 months, by: board, last: 2026-01-01}
security: {malicious: reject, code_on_load: {sandbox: condition, other: reject}}
models: {allow: {tasks: [text-generation, "text-*"]}, most_bytes: 1000000}
licenses:
  allow: [permissive]
  review: [community]
  clauses: {forbid: [display]}
risk:
  dimensions:
    exposure: {of: use_case.exposure, points: {internal: 0, partner: 20, public: 60}}
  tiers: [{tier: critical, when: "risk.score >= 80"}, {tier: high, when: "risk.score >= 50"},
          {tier: moderate, when: "risk.score >= 20"}, {tier: low}]
  tolerance:
    - {accepts: moderate, environments: [production], otherwise: reject}
tracks:
  fast: {for: [low], decided_by: standing-approval, valid: 12 months}
  standard: {for: [moderate], sign_offs: [security], within: 5 days, valid: 12 months}
  deep:
    for: [high, critical]
    within: 20 days
    valid: 6 months
    escalate: [executive-sponsor]
    escalate_after: 5 days
    steps:
      - {name: look, sign_offs: [security, legal], quorum: 2, within: 5 days}
      - {name: board, committee: board, within: 10 days}
standing_approvals:
  - {id: small-pilots, why: Little harm., when: "environment == 'sandbox'", valid: 3 months}
release:
  - {name: pilot, environments: [staging], users: 100, longest: 3 months}
  - {name: full, environments: [production], after: [pilot]}
gates:
  deployment: {asks: [Is there a way back?], evidence: [rollback-plan], opened_by: [security]}
roles:
  security: {title: Security, training: [ai-risk], independent: true}
  legal: {title: Legal}
  privacy: {title: Privacy}
  head-of-risk: {title: Head of risk}
  executive-sponsor: {title: Sponsor}
  charter-owner: {title: Owner}
  model-owner: {title: Owner of the model}
committees:
  board: {title: Board, members: [security, legal, head-of-risk], quorum: 2, majority: two-thirds}
decision_rights:
  - {action: approve, role: head-of-risk, environments: [production], recuse: [requester, author]}
  - {action: approve, role: security}
  - {action: suspend, role: security}
  - {action: grant-exception, role: head-of-risk, delegate: {to: [legal], longest: 30 days}}
exceptions: {longest: 90 days, granted_by: head-of-risk, never_for: [security.malicious],
             needs: [compensating-control]}
remediation: {within: {critical: 2 days, high: 30 days}, sponsor: [critical]}
terms:
  - {word: geheim, field: data_class, means: restricted, unit: de}
"""


@pytest.mark.parametrize(
    ("old", "new", "section", "direction"),
    [
        ("code_on_load: {sandbox: condition,", "code_on_load: {sandbox: warn,", "rules", "looser"),
        ("malicious: reject", "malicious: review(security)", "rules", "looser"),
        ('"text-*"]', '"text-*", "image-*"]', "rules", "looser"),
        ("most_bytes: 1000000", "most_bytes: 1000", "rules", "stricter"),
        ("forbid: [display]", "review: [display]", "rules", "looser"),
        ("accepts: moderate", "accepts: high", "rules", "looser"),
        ("environments: [production], otherwise", "environments: [staging, production], otherwise",
         "rules", "stricter"),
        ("escalate_after: 5 days", "escalate_after: 3 days", "tracks", "stricter"),
        ("sign_offs: [security, legal], quorum: 2", "sign_offs: [security, legal], quorum: 1",
         "tracks", "looser"),
        ("      - {name: board, committee: board, within: 10 days}\n", "", "tracks", "looser"),
        ("\"environment == 'sandbox'\"", "\"environment != 'production'\"",
         "standing_approvals", "looser"),
        ("\"environment == 'sandbox'\", valid: 3 months", "\"environment == 'sandbox'\"",
         "standing_approvals", "looser"),
        ("users: 100", "users: 1000", "rules", "looser"),
        ("longest: 3 months}", "longest: 2 months}", "release", "stricter"),
        ("after: [pilot]", "conditions: [Be careful.]", "rules", "mixed"),
        ("evidence: [rollback-plan], ", "", "gates", "looser"),
        ("training: [ai-risk]", "training: [ai-risk, law]", "roles", "stricter"),
        ("independent: true", "independent: false", "roles", "looser"),
        ("quorum: 2, majority", "quorum: 3, majority", "committees", "stricter"),
        ("majority: two-thirds", "majority: simple", "committees", "looser"),
        ("members: [security, legal,", "members: [security, privacy,", "committees", "unclear"),
        ("role: head-of-risk, environments: [prod", "role: legal, environments: [prod",
         "decision_rights", "mixed"),
        ("  - {action: approve, role: security}\n", "", "decision_rights", "mixed"),
        ("recuse: [requester, author]", "recuse: [requester]", "decision_rights", "looser"),
        ("  - {action: suspend, role: security}\n", "", "decision_rights", "stricter"),
        ("delegate: {to: [legal],", "delegate: {to: [legal, privacy],", "decision_rights",
         "looser"),
        ("never_for: [security.malicious],", "", "exceptions", "looser"),
        ("needs: [compensating-control]", "needs: [compensating-control, plan]", "exceptions",
         "stricter"),
        ("critical: 2 days", "critical: 3 days", "remediation", "looser"),
        ("within: {critical: 2 days, high: 30 days}", "within: {critical: 2 days}", "remediation",
         "looser"),
        ("sponsor: [critical]", "sponsor: [critical, high]", "remediation", "stricter"),
        ("means: restricted", "means: internal", "terms", "unclear"),
        ("every: 6 months, by: board", "every: 6 months", "review", "looser"),
        ("every: 6 months, by: board", "every: 6 months, by: legal", "review", "unclear"),
        ("longest: 90 days,", "longest: 90 days, longest_for: {high: 30 days},", "exceptions",
         "stricter"),
        ("longest: 90 days,", "longest: 90 days, committee: board,", "exceptions", "stricter"),
        ("opened_by: [security]", "opened_by: [security, legal]", "gates", "stricter"),
    ],
)  # fmt: skip
def test_sections_of_a_full_charter(old: str, new: str, section: str, direction: str) -> None:
    assert old in GROUP
    before = load_charter(GROUP, "a.yaml")
    after = load_charter(GROUP.replace(old, new, 1), "b.yaml")
    changes = [change for change in compare(before, after).changes if change.direction != "same"]
    assert changes, "nothing was found"
    assert {change.section for change in changes} == {section}, changes
    assert together(change.direction for change in changes) == direction, changes


def test_every_field_of_the_schema_has_a_way_or_is_compared_by_meaning() -> None:
    import steelyard.charter.schema as schema
    from steelyard.charter.diff.fields import ADDED, WAYS

    for key in WAYS:
        kind, _, field = key.partition(".")
        struct = getattr(schema, kind)
        assert field in struct.__struct_fields__, key
    assert all(hasattr(schema, kind) or kind == "ControlTask" for kind in ADDED)
