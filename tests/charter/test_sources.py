# SPDX-License-Identifier: Apache-2.0
"""Charters that extend files and include packs: everything holds, circles and bombs end."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.charter.evaluate import evaluate
from steelyard.charter.load import load_charter
from steelyard.charter.resolve import charter_sha256, from_resolved, resolved_json
from steelyard.kernel.errors import DocumentErrors
from tests.charter.samples import TODAY, facts
from tests.charter.writing import ALONE, HEAD, errors, loaded

PACK = """\
pack: nights
version: 3
purpose: Nobody starts anything at night.
risk:
  dimensions: {night: {when: "environment == 'production'", adds: 90, why: It is dark.}}
  tiers: [{tier: critical, when: "risk.score >= 90"}]
tracks:
  deep: {valid: 12 months, within: 3 business days, sign_offs: [night-guard]}
rules:
  - {id: lamp, why: See what you do., require: scan.isolated, otherwise: reject}
exceptions: {longest: 900 days, granted_by: night-guard}
"""
UNIT = HEAD.replace("acme", "unit") + "extends: ./group.yaml\n"


def test_a_pack_adds_and_the_stricter_stands() -> None:
    charter = loaded(ALONE + "include: [./nights.yaml]\n", {"nights.yaml": PACK}).charter
    assert [(pack.name, pack.version) for pack in charter.packs] == [("nights", "3")]
    deep = charter.tracks["deep"]
    assert deep.valid == "6 months"
    assert deep.within == "3 business days"
    assert deep.sign_offs == ("security", "legal", "night-guard")
    assert "lamp" in [rule.id for rule in charter.rules]
    found = evaluate(charter, facts(environment="production"), {}, TODAY)
    assert found.risk.tier == "critical"
    assert from_resolved(resolved_json(charter)) == charter


def test_a_file_extends_a_file() -> None:
    text = UNIT + "rules: [{id: r, why: w, require: 'true', otherwise: warn}]\n"
    found = loaded(text, {"group.yaml": ALONE})
    assert found.charter.extends == "acme 1"
    assert found.files == ("acme.yaml", "group.yaml")
    assert [rule.id for rule in found.charter.rules] == ["r"]


@pytest.mark.parametrize(
    ("text", "files", "said"),
    [
        (UNIT, {"group.yaml": UNIT}, "in a circle: group.yaml -> group.yaml"),
        (UNIT, {"group.yaml": UNIT.replace("group", "third"), "third.yaml": UNIT}, "in a circle"),
        (UNIT, {}, "There is no 'group.yaml'"),
        (UNIT, {"group.yaml": ALONE.replace("tier: low", "tier: lo")}, "group.yaml:"),
        (ALONE + "include: [./p.yaml]\n", {"p.yaml": PACK.replace("scan.iso", "scan.isso")},
         "p.yaml:10:"),
        (ALONE + "include: [./p.yaml]\n", {"p.yaml": PACK + "include: [./p.yaml]\n"},
         "in a circle"),
        (ALONE + "include: [./p.yaml, ./p.yaml]\n", {"p.yaml": PACK}, "included twice"),
        (ALONE + "include: [nonsense]\n", {}, "not a shipped pack"),
        (ALONE + "include: [./p.yaml]\n", {"p.yaml": ALONE}, "There is no field 'charter'"),
    ],
)  # fmt: skip
def test_sources_that_cannot_be(text: str, files: dict[str, str], said: str) -> None:
    found = errors(text, files)
    assert any(said in each for each in found), found


def test_a_chain_ends() -> None:
    files = {f"c{n}.yaml": UNIT.replace("group", f"c{n + 1}") for n in range(20)}
    found = errors(UNIT.replace("group", "c0"), files)
    assert any("Too many files: at most 8 in a row" in each for each in found)


def test_many_packs_end() -> None:
    files = {f"p{n}.yaml": PACK.replace("nights", f"n{n}") for n in range(70)}
    every = ", ".join(f"./{name}" for name in files)
    found = errors(ALONE + f"include: [{every}]\n", files)
    assert any("64 in all" in each for each in found)


def test_without_a_reader_no_file_is_opened(tmp_path: Path) -> None:
    (tmp_path / "group.yaml").write_text(ALONE, encoding="utf-8")
    with pytest.raises(DocumentErrors, match="Files cannot be read here"):
        load_charter(UNIT, str(tmp_path / "unit.yaml"))


def test_an_overlay_of_an_overlay_tightens_both() -> None:
    middle = UNIT.replace("unit", "middle") + "tracks: {deep: {valid: 2 months}}\n"
    files = {"group.yaml": ALONE, "middle.yaml": middle}
    low = UNIT.replace("group", "middle") + "tracks: {deep: {valid: 1 month}}\n"
    assert loaded(low, files).charter.tracks["deep"].valid == "1 month"
    longer = errors(low.replace("1 month", "3 months"), files)
    assert any("is longer than the 2 months of the charter 'middle'" in each for each in longer)


def test_an_overlay_is_not_in_force_before_its_base() -> None:
    base = ALONE.replace("2026-01-01", "2026-06-01")
    assert any("is not in force before 2026-06-01" in e for e in errors(UNIT, {"group.yaml": base}))


def test_the_digest_does_not_depend_on_names_of_files() -> None:
    one = loaded(UNIT, {"group.yaml": ALONE}).charter
    other = loaded(UNIT.replace("group", "g2"), {"g2.yaml": ALONE}).charter
    assert charter_sha256(one) == charter_sha256(other)
