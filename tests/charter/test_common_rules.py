# SPDX-License-Identifier: Apache-2.0
"""The rules that the benchmark puts to every engine mean what their Python says, here at least."""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.charter.portfolio import realistic

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def known(facts: dict[str, Any]) -> dict[str, Any]:
    facts["artifacts"]["executes_on_load"] = bool(facts["artifacts"]["executes_on_load"])
    facts["license"]["category"] = facts["license"]["category"] or "community"
    return facts


def test_both_ways_of_asking_agree_with_plain_python() -> None:
    common, driver = load("common_rules"), load("rule_driver")
    rules = {rule.name: rule.cel for rule in common.COMMON}
    assert len(rules) == 20
    asks = [driver.ENGINES[name](rules) for name in ("steelyard", "steelyard_one_by_one")]
    draw = random.Random(4)
    seen: set[tuple[int, str]] = set()
    for number in range(150):
        facts = known(realistic(draw, number))
        truth = "".join("01"[bool(rule.python(facts))] for rule in common.COMMON)
        assert [ask(json.dumps(facts)) for ask in asks] == [truth, truth]
        seen.update(enumerate(truth))
    constant = {
        rule.name for at, rule in enumerate(common.COMMON) if not {(at, "0"), (at, "1")} <= seen
    }
    assert constant <= {"covered"}, "a rule that is always true tells engines apart from nothing"
