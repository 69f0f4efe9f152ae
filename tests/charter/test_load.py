# SPDX-License-Identifier: Apache-2.0
"""Charters load, or say exactly what is wrong where; overlays only tighten."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.catalog.charters import NAMES, charter_text, resolved_charter
from steelyard.catalog.frameworks import find
from steelyard.charter.engine import check
from steelyard.charter.load import load_charter, shipped
from steelyard.charter.resolve import charter_sha256, from_resolved, resolved_json
from steelyard.kernel.errors import DocumentErrors, InputError

EXAMPLE = Path(__file__).parents[2] / "examples/charters/acme-open-models.yaml"


def errors_of(text: str) -> list[str]:
    with pytest.raises(DocumentErrors) as caught:
        load_charter(text, "c.yaml")
    return [str(error) for error in caught.value.errors]


def place_of(text: str, word: str, after: str = "") -> str:
    at = text.index(word, text.index(after))
    line_start = text.rfind("\n", 0, at) + 1
    return f"c.yaml:{text.count(chr(10), 0, at) + 1}:{at - line_start + 1}: error: "


@pytest.mark.parametrize("name", NAMES)
def test_shipped_charters_are_what_their_text_says(name: str) -> None:
    written = load_charter(charter_text(name), f"{name}.yaml")
    assert resolved_json(written) == resolved_charter(name), "run scripts/build_charters.py"
    assert from_resolved(resolved_json(written)) == written == shipped(name)
    assert all(find(identity) for rule in written.rules for identity in rule.frameworks)
    for rule in written.rules:
        assert check(rule.require) == []
        assert rule.applies is None or check(rule.applies) == []


def test_identity_follows_content() -> None:
    text = charter_text("starter")
    same = load_charter(text + "\n# a remark\n", "c.yaml")
    other = load_charter(text.replace("valid: 3 months", "valid: 2 months"), "c.yaml")
    assert charter_sha256(same) == charter_sha256(shipped("starter"))
    assert charter_sha256(other) != charter_sha256(same)


@pytest.mark.parametrize(
    ("right", "wrong", "word", "said"),
    [
        ("license.conflict", "license.conflit", "conflit", "Did you mean 'conflict'?"),
        ("allow:  [permissive", "allow:  [permisive", "permisive", "Did you mean 'permissive'?"),
        ("tier: moderate,", "tier: moderat,", "moderat,", "Did you mean 'moderate'?"),
        ("SSDF:PO.5.1", "SSDF:PO.5.9", "SSDF:PO.5.9", "The nearest is 'SSDF:PO.5."),
        ("[sandbox-isolation]", "[sandbox-isolatoin]", "sandbox-isolatoin", "'sandbox-isolation'"),
        ("exceptions:", "exeptions:", "exeptions", "Did you mean 'exceptions'?"),
        ("longest: 90 days", "longest: ninety days", "ninety days", "a length of time"),
        ("otherwise: warn", "otherwise: warm", "warm", "reject, warn, condition"),
        ("effective: 2026-01-01", "effective: soon", "soon", "a date such as"),
        ("public: 10}", "publik: 10}", "10}", "Did you mean 'public'?"),
        ("risk.score >= 50", "risk.tier == 'low'", "risk.tier", "not available here"),
        ("for: [low],", "for: [high],", "high, critical", "already takes the track"),
    ],
)
def test_errors_have_their_place(right: str, wrong: str, word: str, said: str) -> None:
    text = charter_text("starter").replace(right, wrong, 1)
    place = place_of(text, word)
    found = errors_of(text)
    assert any(line.startswith(place) and said in line for line in found), (place, found)


def test_a_rule_in_a_literal_block_keeps_its_columns() -> None:
    text = charter_text("starter").replace(
        'require: "!license.conflict"', "require: |\n      true &&\n      !license.conflit"
    )
    assert errors_of(text)[0].startswith(place_of(text, "conflit"))


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        (
            "tracks:\n  fast: {valid: 13 months}\n",
            "is longer than the 12 months of the charter 'standard'",
        ),
        ("tracks:\n  standard: {decided_by: standing-approval}\n", "may not drop them"),
        ("tracks:\n  deep: {for: [critical]}\n", "may not move it"),
        ("tracks:\n  deep: {quorum: 1}\n", "lower than the 4 of the charter 'standard'"),
        ("exceptions: {longest: 100 days, granted_by: risk}\n", "is longer"),
        ("exceptions: {longest: 10 days, granted_by: risk, renewals: 5}\n", "at most 1 renewals"),
        ("risk:\n  tiers: [{tier: low}]\n", "needs 'when'"),
        (
            "risk:\n  dimensions:\n    autonomy: {when: 'true', adds: 0}\n",
            "may not change its points",
        ),
        (
            "rules:\n  - {id: no-malicious-files, why: x, require: 'true', otherwise: warn}\n",
            "may not replace it",
        ),
    ],
)
def test_overlays_may_only_tighten(addition: str, said: str) -> None:
    found = errors_of(HEAD + addition)
    assert any(said in line for line in found), found


HEAD = """\
charter: mine
version: 1
effective: 2026-01-01
owner: us@example.org
purpose: Be careful.
extends: standard
"""


def test_an_overlay_keeps_everything_of_its_profile() -> None:
    mine, base = load_charter(EXAMPLE.read_text("utf-8"), "acme.yaml"), shipped("standard")
    assert mine.rules[: len(base.rules)] == base.rules
    assert mine.tracks["deep"].sign_offs == ("security", "model-owner", "legal", "privacy", "risk")
    assert mine.tracks["fast"] == base.tracks["fast"]
    assert mine.extends == "standard 1"
    assert {rule.id for rule in mine.rules} >= {"acme-open-models.models.forbid.tasks"}


def test_unknown_names() -> None:
    assert "Did you mean 'standard'?" in errors_of(HEAD.replace("standard", "standart"))[0]
    with pytest.raises(InputError, match="No charter named"):
        shipped("standart")
    with pytest.raises(InputError, match="not a resolved charter"):
        from_resolved(b"{}")


def test_a_misspelled_track_does_not_vanish() -> None:
    text = charter_text("starter").replace("  deep:     {for", "  deap:     {for", 1)
    found = errors_of(text)
    assert any("There is no 'deap' in 'tracks'" in line and "'deep'" in line for line in found)
