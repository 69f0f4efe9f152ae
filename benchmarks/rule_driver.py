# SPDX-License-Identifier: Apache-2.0
"""Asks one rule engine about many facts; run by the Python that has it.

``python rule_driver.py ENGINE`` reads a JSON document from standard input: ``rules`` (name to text
in the engine's language; for Rego the body of a rule, with helpers on lines of their own) and
``facts``, a list of JSON texts. It prints one JSON document: for each facts a string with ``1``,
``0`` or ``?`` for every rule in order, the CPU seconds of loading and of asking. Asking starts from
the JSON text, as a service would.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

Rules = dict[str, str]
Ask = Callable[[str], str]


def steelyard(rules: Rules) -> Ask:
    """What a batch does: answers are remembered by the values a rule read."""
    import datetime

    import msgspec

    from steelyard.charter.batch import Batch
    from steelyard.charter.facts import Facts
    from steelyard.charter.schema import Charter, RiskSection, Rule, TierRule, TrackRule

    batch = Batch(
        Charter(
            name="common", version="1", effective=datetime.date(2020, 1, 1), owner="", purpose="",
            risk=RiskSection(tiers=(TierRule(tier="low"),)),
            tracks={"fast": TrackRule(tiers=("low",), decided_by="standing-approval")},
            rules=tuple(Rule(id=name, why="", require=text, otherwise="warn")
                        for name, text in rules.items()),
        )
    )  # fmt: skip
    decoder = msgspec.json.Decoder(Facts)

    def ask(facts: str) -> str:
        fired = {item.rule: item.unknown for item in batch.decide(decoder.decode(facts)).fired}
        return "".join("1" if name not in fired else "?0"[not fired[name]] for name in rules)

    return ask


def steelyard_one_by_one(rules: Rules) -> Ask:
    """The engine below it (cel-expr-python), asked rule by rule."""
    import msgspec

    from steelyard.charter.engine import compile_rule, run, view_of
    from steelyard.charter.facts import Facts

    programs = [compile_rule(text) for text in rules.values()]
    decoder = msgspec.json.Decoder(Facts)
    signs = {"true": "1", "false": "0", "unknown": "?"}

    def ask(facts: str) -> str:
        view = view_of(decoder.decode(facts))
        return "".join(signs[run(program, view)] for program in programs)

    return ask


def cel_python(rules: Rules) -> Ask:
    """The interpreting runner; the compiling one fails with the lark it installs."""
    import celpy

    environment = celpy.Environment()
    programs = [environment.program(environment.compile(text)) for text in rules.values()]

    def ask(facts: str) -> str:
        activation = celpy.json_to_cel(json.loads(facts))
        return "".join(_sign(program.evaluate, activation) for program in programs)

    return ask


def common_expression_language(rules: Rules) -> Ask:
    """CEL in Rust: one context for each document, or every rule would convert it again."""
    import cel

    programs = [cel.compile(text) for text in rules.values()]

    def ask(facts: str) -> str:
        context = cel.Context(json.loads(facts))
        return "".join(_sign(program.execute, context) for program in programs)

    return ask


def regopy(rules: Rules) -> Ask:
    """One module, compiled once, all rules in one query."""
    from regopy import Interpreter

    lines = ["package m", "import rego.v1"]
    for name, text in rules.items():
        body = [line for line in text.split("\n") if " if {" not in line]
        helpers = [line for line in text.split("\n") if " if {" in line]
        own = name.replace("-", "_")
        lines += [f"default {own} := false", f"{own} if {{", *body, "}", *helpers]
    engine = Interpreter()
    engine.add_module("m", "\n".join(lines))
    bundle = engine.build("data.m")

    def ask(facts: str) -> str:
        engine.set_input_term(facts)
        found: Any = json.loads(str(engine.query_bundle(bundle)))["expressions"][0]
        return "".join("1" if found.get(name.replace("-", "_")) is True else "0" for name in rules)

    return ask


def cedarpy(rules: Rules) -> Ask:
    """Each rule forbids what breaks it; the policies that decide are the rules that are broken."""
    import cedarpy as engine

    policies = "permit(principal, action, resource);\n" + "\n".join(
        f"forbid(principal, action, resource) when {{ !({text}) }};" for text in rules.values()
    )
    parsed = engine.PolicySet.from_str(policies)
    request = {"principal": 'U::"a"', "action": 'A::"b"', "resource": 'R::"c"'}

    def ask(facts: str) -> str:
        result = engine.is_authorized({**request, "context": json.loads(facts)}, parsed, [])
        broken = set(result.diagnostics.reasons)
        wrong = " ".join(map(str, result.diagnostics.errors))
        return "".join(
            "0" if f"policy{at}" in broken else "?1"[f"policy{at}" not in wrong]
            for at in range(1, len(rules) + 1)
        )

    return ask


def _sign(evaluate: Callable[[Any], Any], given: Any) -> str:
    try:
        return "1" if evaluate(given) else "0"
    except Exception:
        return "?"


ENGINES: dict[str, Callable[[Rules], Ask]] = {
    "steelyard": steelyard,
    "steelyard_one_by_one": steelyard_one_by_one,
    "cel_python": cel_python,
    "common_expression_language": common_expression_language,
    "regopy": regopy,
    "cedarpy": cedarpy,
}


def main() -> None:
    """Answer about all facts."""
    question = json.load(sys.stdin)
    begun = time.process_time()
    ask = ENGINES[sys.argv[1]](question["rules"])
    loaded = time.process_time()
    answers = [ask(facts) for facts in question["facts"]]
    done = time.process_time()
    json.dump({"answers": answers, "load": loaded - begun, "cpu": done - loaded}, sys.stdout)


if __name__ == "__main__":
    main()
