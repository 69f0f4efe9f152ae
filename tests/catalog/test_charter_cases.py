# SPDX-License-Identifier: Apache-2.0
"""The shipped charters pass their own test cases, every rule of theirs fires in one of them, and
a charter that lost a rule fails them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from steelyard.catalog.charters import NAMES
from steelyard.catalog.charters.tests import cases_text
from steelyard.charter.cases.suite import Case, Suite
from steelyard.charter.cases.verdict import judge_case, never_fired
from steelyard.charter.load import shipped


def cases(name: str) -> tuple[Case, ...]:
    return Suite(cases_text(name), f"{name}.yaml").cases(shipped(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_case_passes_and_every_rule_fires_somewhere(name: str) -> None:
    charter = shipped(name)
    found = [judge_case(charter, case) for case in cases(name)]
    assert len(found) >= 12
    assert [(result.name, result.differences) for result in found if not result.passed] == []
    assert never_fired(charter, found) == ()


@pytest.mark.parametrize("name", NAMES)
def test_no_rule_can_be_taken_out_unnoticed(name: str) -> None:
    charter = shipped(name)
    fired = [(case, judge_case(charter, case).fired) for case in cases(name)]
    unnoticed = []
    for rule in charter.rules:
        rest = replace(charter, rules=tuple(other for other in charter.rules if other is not rule))
        concerned = [case for case, rules in fired if rule.id in rules]
        if all(judge_case(rest, case).passed for case in concerned):
            unnoticed.append(rule.id)
    assert unnoticed == []
