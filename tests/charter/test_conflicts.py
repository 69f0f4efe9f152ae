# SPDX-License-Identifier: Apache-2.0
"""Contradictions within a charter are named with both places, and nothing sound is accused."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from steelyard.catalog.charters import NAMES, charter_text
from steelyard.charter.conflicts import find_conflicts, positioned, warnings_of
from steelyard.charter.conflicts.findings import Budget
from steelyard.charter.evaluate import evaluate
from steelyard.charter.facts import facts_from_document
from steelyard.charter.load import load
from steelyard.kernel.assessment import Outcome
from steelyard.kernel.errors import DocumentErrors
from tests.charter.samples import TODAY, document

BASE = """charter: test
version: 1
effective: 2026-01-01
owner: o@example.org
purpose: Test.
risk:
  dimensions:
    exposure: {of: use_case.exposure, points: {internal: 0, partner: 20, public: 60}}
    critical: {when: "scan.critical > 0", adds: 30}
  tiers:
    - {tier: critical, when: "risk.score >= 80"}
    - {tier: high, when: "risk.score >= 50"}
    - {tier: moderate, when: "risk.score >= 20"}
    - {tier: low}
tracks:
  fast: {for: [low], decided_by: standing-approval, valid: 12 months}
  standard: {for: [moderate], sign_offs: [security], valid: 12 months}
  deep: {for: [high, critical], sign_offs: [security, legal], valid: 6 months}
"""


def rule(name: str, require: str, otherwise: str = "reject", applies: str = "") -> str:
    where = f'\n    applies: "{applies}"' if applies else ""
    asked = f'    require: "{require}"\n    otherwise: {otherwise}\n'
    return f"  - id: {name}\n    why: W.{where}\n{asked}"


def found(text: str) -> list[tuple[str, str, str]]:
    """Return severity, place and message of every conflict."""
    loaded = load(text, "c.yaml")
    conflicts = find_conflicts(loaded.charter, loaded.written)
    assert conflicts.unchecked == ()
    return [
        (error.level, f"{error.line}:{error.column}", f"{error.code}: {error.message}")
        for error in positioned(conflicts, loaded.document)
    ]


def place(text: str, word: str) -> str:
    """Return where a value stands; a quoted one begins with its quote."""
    at = text.index(word)
    at -= text[at - 1] == '"'
    return f"{text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}"


@pytest.mark.parametrize("name", NAMES)
def test_shipped_charters_are_free_of_conflicts(name: str) -> None:
    assert found(charter_text(name)) == []


def test_the_bare_charter_is_free_of_conflicts() -> None:
    assert found(BASE) == []


@pytest.mark.parametrize(
    ("rules", "severity", "at", "said"),
    [
        (rule("a", "license.category == 'permissive'") + rule("b", "license.category == 'content'"),
         "error", "license.category == 'content'", "rule.contradiction: The rules 'a' (line "),
        (rule("a", "scan.high < 3", "review(legal)") + rule("b", "scan.high > 5"),
         "warning", "scan.high > 5", "cannot both be satisfied"),
        (rule("a", "!artifacts.executes_on_load", applies="environment == 'production'")
         + rule("b", "artifacts.executes_on_load", applies="use_case.exposure == 'public'"),
         "error", "artifacts.executes_on_load\"\n    otherwise: reject\n  - id", ""),
        (rule("a", "scan.high < 0"), "error", "scan.high < 0",
         "rule.rejects-everything: The rule 'a' rejects every model: nothing satisfies it."),
        (rule("a", "scan.high > 2 && scan.high < 3", applies="scan.isolated"),
         "warning", "scan.high > 2", "rule.never-satisfied"),
        (rule("a", "scan.isolated", applies="scan.high > 3 && scan.high < 4"),
         "warning", "scan.high > 3", "rule.never-applies"),
        (rule("a", "card.completeness <= 100"), "warning", "card.completeness",
         "rule.always-satisfied"),
        (rule("a", "scan.high < 3") + rule("b", "!(scan.high >= 3)"),
         "warning", "- id: b", "rule.duplicate: The rules 'a' (line "),
        (rule("a", "risk.tier != 'low'"), "warning", "risk.tier != 'low'",
         "rule.milder-at-higher-tier: The rule 'a' is harder on a lower tier"),
    ],
)  # fmt: skip
def test_rules(rules: str, severity: str, at: str, said: str) -> None:
    text = f"{BASE}rules:\n{rules}"
    errors = found(text)
    if not said:  # which of the two is pointed at is the later one
        ((level, _, message),) = errors
        assert (level, "rule.contradiction" in message) == (severity, True)
        return
    wanted = place(text, at)
    if at.startswith("- id"):
        line, column = wanted.split(":")
        wanted = f"{line}:{int(column) + 2}"
    assert any(
        (level, spot) == (severity, wanted) and said in message for level, spot, message in errors
    ), errors


def test_three_rules_that_leave_nothing() -> None:
    text = (
        BASE
        + "rules:\n"
        + rule("a", "scan.isolated || scan.high > 3")
        + rule("b", "!scan.isolated || scan.low > 3")
        + rule("c", "scan.high <= 3 && scan.low <= 3")
        + rule("d", "license.known")
    )
    ((level, _, message),) = found(text)
    assert level == "error"
    assert "charter.nothing-passes" in message
    assert "'a', 'b', 'c' together" in message
    for isolated in (True, False):
        facts = facts_from_document(document(scan__isolated=isolated, scan__high=4, scan__low=4))
        charter = load(text, "c.yaml").charter
        assert evaluate(charter, facts, {}, TODAY).decision.outcome is Outcome.REJECTED


def test_only_in_one_environment() -> None:
    text = (
        BASE
        + "rules:\n"
        + rule("a", "scan.high < 3", applies="environment == 'edge'")
        + rule("b", "scan.high > 5 || environment != 'edge'")
    )
    assert any(
        "In the environment 'edge' every case is rejected" in message
        for _, _, message in found(text)
    )


def test_two_rules_that_forbid_one_combination_are_no_contradiction() -> None:
    text = (
        BASE
        + "rules:\n"
        + rule("a", "use_case.exposure != 'public'", applies="environment == 'production'")
        + rule("b", "environment != 'production'", applies="use_case.exposure == 'public'")
    )
    assert [message for _, _, message in found(text) if "contradiction" in message] == []


def approval(when: str) -> str:
    return f'standing_approvals:\n  - {{id: easy, why: W., when: "{when}"}}\n'


def test_a_standing_approval_that_is_always_rejected_is_a_conflict() -> None:
    text = (
        BASE
        + approval("license.category == 'community'")
        + "rules:\n"
        + rule("no-community", "license.category != 'community'")
    )
    _, where, message = next(item for item in found(text) if item[0] == "error")
    assert where == place(text, "license.category == 'community'")
    rule_line = text[: text.index("no-community")].count("\n") + 1
    assert "standing-approval.conflict" in message
    assert f"is in conflict with 'no-community' (line {rule_line}, column 5)" in message
    with pytest.raises(DocumentErrors):
        warnings_of(load(text, "c.yaml"))


def test_a_standing_approval_of_which_a_part_is_rejected_names_the_part() -> None:
    text = (
        BASE
        + approval("license.category in ['permissive', 'community']")
        + "rules:\n"
        + rule("no-community", "license.category != 'community'")
        + rule("no-malware", "scan.worst != 'malicious'")
    )
    ((level, _, message),) = found(text)
    assert level == "warning"
    assert "with license.category = community each one is rejected" in message


def test_a_standing_approval_nobody_can_use() -> None:
    never = BASE + approval("scan.high > 3 && scan.high < 4")
    assert "standing-approval.never" in found(never)[0][2]
    wrong_tier = BASE + approval("risk.tier == 'high'")
    assert "standing-approval.tier" in found(wrong_tier)[0][2]
    reviewed = BASE + "rules:\n" + rule("everybody", "false", "review(legal)")
    ((level, _, message),) = found(reviewed)
    assert (level, "standing-approval.conflict" in message) == ("error", True)
    assert "'everybody'" in message


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ('{tier: high, when: "risk.score >= 50"}', '{tier: high, when: "risk.score >= 85"}',
         "risk.score >= 85",
         "the tier critical above takes every such case (line 11, column 7)."),
        ('"risk.score >= 80"', '"risk.score >= 95"', "risk.score >= 95",
         "no score or case gets as far as this line"),
        ("critical], sign_offs: [security, legal]", "critical], sign_offs: [legal]",
         "{for: [high, critical]", "track.asks-less: The tier high asks less of people than mod"),
        ("valid: 6 months", "valid: 2 years", "{for: [high, critical]",
         "an approval lasts 2 years instead of 12 months"),
        ('when: "scan.critical > 0"', 'when: "scan.critical >= 0"', "{when: \"scan.critical",
         "risk.dimension-idle: The dimension 'critical' adds 30 points in every case"),
    ],
)  # fmt: skip
def test_risk(old: str, new: str, at: str, said: str) -> None:
    text = BASE.replace(old, new, 1)
    assert text != BASE
    errors = found(text)
    assert any(spot == place(text, at) and said in message for _, spot, message in errors), errors


def test_a_track_nobody_takes() -> None:
    text = BASE.replace("partner: 20, public: 60", "partner: 10, public: 15").replace(
        "adds: 30", "adds: 1"
    )
    messages = [message for _, _, message in found(text)]
    assert any("track.never-taken: The track 'deep' is never taken" in m for m in messages)


def test_controls_never_called_for() -> None:
    text = BASE + 'controls:\n  - {select: [integrity-pinning], when: "scan.high < 0"}\n'
    ((level, where, message),) = found(text)
    assert (level, where) == ("warning", place(text, "scan.high < 0"))
    assert "integrity-pinning are never called for" in message


def test_a_rule_outside_the_scope() -> None:
    text = (
        BASE
        + "scope: {environments: [sandbox, production]}\nrules:\n"
        + rule("a", "scan.isolated", applies="environment == 'prod'")
    )
    ((level, _, message),) = found(text)
    assert level == "warning"
    assert "applies in no environment of the scope (line 19, column 23)" in message


def test_what_cannot_be_decided_is_not_accused() -> None:
    text = BASE + "rules:\n" + rule(
        "a", "use_case.environment == environment"
    ) + rule("b", "use_case.environment != environment")  # fmt: skip
    assert found(text) == []


def test_an_overlay_answers_for_its_own_words_only(tmp_path: Path) -> None:
    text = (
        "charter: mine\nversion: 1\neffective: 2026-01-01\nowner: o@example.org\npurpose: Test.\n"
        "extends: standard\nrules:\n"
        + rule("sound-files", "scan.worst in ['clean', 'unreadable', 'suspicious']")
        + rule("only-malice", "scan.worst == 'malicious'")
    )
    messages = [message for _, _, message in found(text)]
    assert any("'no-malicious-files' (of another text) and 'sound-files' say the same" in m
               for m in messages)  # fmt: skip
    assert any("'no-malicious-files' (of another text) and 'only-malice' cannot both" in m
               for m in messages)  # fmt: skip


def test_a_large_charter_is_bounded_and_says_so() -> None:
    rules = "".join(
        rule(
            f"r{number}",
            f"scan.high < {number % 7 + 3} || scan.low < {number % 5 + 3}"
            f" || model.size_bytes < {number + 1}000 || scan.medium < {number % 11 + 2}",
            applies=f"environment != 'e{number}'",
        )
        for number in range(200)
    )
    loaded = load(BASE + "rules:\n" + rules, "c.yaml")
    start = time.process_time()
    conflicts = find_conflicts(loaded.charter, loaded.written, Budget(20_000))
    assert time.process_time() - start < 20
    assert conflicts.unchecked
    shown = positioned(conflicts, loaded.document)
    assert any("Not checked: " in error.message for error in shown)
