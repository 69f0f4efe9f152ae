# SPDX-License-Identifier: Apache-2.0
"""Every lineage case has its answer, for its reason; every case's phrase is in its license text."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from tests.catalog.test_license_terms import plain
from tests.licensing.lineage.cases import CASES, Case

from steelyard.catalog.license_terms import license_terms
from steelyard.licensing.lineage.check import check_lineage

TEXTS = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "licences"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case: Case) -> None:
    answer = check_lineage(case.graph)
    told = "\n".join(f"{each.result} {each.clause}: {each.message}" for each in answer.reasons)
    assert answer.result == case.result, told
    if case.clause:
        worst = [each for each in answer.reasons if each.result == case.result]
        assert any(each.clause.split()[0] == case.clause for each in worst), told
    for reason in answer.reasons:
        assert reason.via[-1] == reason.node
        assert reason.message.endswith(".") and reason.remedy
        steps = [(step.upstream, step.downstream) for step in reason.path]
        assert steps == list(zip(reason.via, reason.via[1:], strict=False))


def test_there_are_enough_cases_over_enough_licenses() -> None:
    assert len(CASES) >= 60
    assert len({case.id for case in CASES}) == len(CASES)
    assert len({case.key for case in CASES}) >= 30


def test_every_license_in_a_case_has_its_terms_written_down() -> None:
    assert not [case.key for case in CASES if license_terms(case.key) is None]


@cache
def _texts() -> dict[str, str]:
    found: dict[str, str] = {}
    for item in json.loads((TEXTS / "texts.json").read_text(encoding="utf-8")):
        text = (TEXTS / "texts" / f"{item['id']}.txt").read_text(encoding="utf-8")
        found[item["key"]] = found.get(item["key"], "") + "\n" + text
    return found


@pytest.mark.skipif(not TEXTS.is_dir(), reason="NO LICENSE TEXTS BESIDE THE REPOSITORY")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_phrase_is_in_the_license(case: Case) -> None:
    assert plain(case.phrase).strip() in plain(_texts()[case.key])
