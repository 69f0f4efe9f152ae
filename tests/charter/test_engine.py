# SPDX-License-Identifier: Apache-2.0
"""Rules are three-valued and typed; a second CEL engine agrees on every shipped rule."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.charter.engine import View, check, compile_rule, run, unknown_facts
from steelyard.charter.facts import UseCaseFacts, all_facts, fact_types, facts_reference
from steelyard.charter.load import shipped
from steelyard.kernel.errors import InputError
from steelyard.kernel.use_case import UseCase
from tests.charter.samples import JOBLIB, MEDICAL, PRODUCTION, document

UNKNOWN_LICENSE: dict[str, Any] = {
    "license__known": False,
    "license__category": None,
    "license__commercial_use": None,
}


def answer(text: str, **changes: Any) -> str:
    assert check(text) == []
    return run(compile_rule(text), View(document(**changes)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("license.category != 'non-commercial'", "unknown"),
        ("license.category == 'non-commercial'", "unknown"),
        ("!(license.category in ['non-commercial'])", "unknown"),
        ("has(license.category)", "false"),
        ("!has(license.category)", "true"),
        ("has(license.category) && license.category != 'non-commercial'", "false"),
        ("license.category == 'permissive' || scan.worst == 'clean'", "true"),
        ("scan.worst == 'clean' || license.category == 'permissive'", "true"),
        ("license.category == 'permissive' && scan.worst != 'clean'", "false"),
        ("scan.worst != 'clean' && license.category == 'permissive'", "false"),
        ("license.category == 'permissive' && scan.worst == 'clean'", "unknown"),
        ("license.category == 'permissive' || scan.worst != 'clean'", "unknown"),
        ("license.category == 'permissive' ? true : true", "unknown"),
        ("use_case.regions.exists(r, r == license.expression || r == 'EU')", "true"),
        ("use_case.regions.all(r, r != license.declared)", "unknown"),
        ("!use_case.redistributes", "unknown"),
        ("use_case.monthly_users < 10", "unknown"),
        ("provenance.signed", "unknown"),
        ("size(provenance.attested_against) == 0", "unknown"),
        ("'https://slsa.dev/verification_summary/v1' in provenance.attested", "unknown"),
        ("provenance.signature != 'invalid'", "unknown"),
        ("scan.critical / scan.critical == 1", "unknown"),
        ("today < use_case.expires", "true"),
        ("risk.tier == 'low'", "unknown"),
    ],
)
def test_three_values(text: str, expected: str) -> None:
    changes = {**UNKNOWN_LICENSE, "license__declared": None, "license__expression": None}
    assert answer(text, **changes, scan__critical=0) == expected


def test_every_optional_fact_is_unknown_when_unset() -> None:
    empty = View({})
    for fact in all_facts():
        if fact.message is None:
            tests = {
                "bool": fact.path,
                "int": f"{fact.path} == 0",
                "strings": f"size({fact.path}) == 0",
            }
            text = tests.get(fact.kind, f"{fact.path} != ''")
            program = compile_rule(text)
            assert run(program, empty) == "unknown", text
            assert unknown_facts(program, empty) == (fact.path,)


@pytest.mark.parametrize(
    ("text", "column", "said", "hint"),
    [
        ("license.categry == 'x'", 9, "no fact 'license.categry'", "'category'"),
        ("licence.category == 'x'", 1, "'licence'", "'license'"),
        ("scan.worst == 3", 12, "no matching overload for '=='", ""),
        ("license.category == 'permisive'", 21, "is never 'permisive'", "'permissive'"),
        ("'criticl' == risk.tier", 1, "is never 'criticl'", "'critical'"),
        ("license == license", 1, "group of facts", "license.known"),
        ("scan.critical + 1", 1, "must be true or false", ""),
        ("dyn(scan.worst) == 1", 4, "may not be used", ""),
        ("scan.critical >", 16, "Syntax error", ""),
        ("today > 'soon'", 9, "is a date", ""),
        ("use_case.regions.exists(scan, scan == 'EU')", 24, "already names a fact", ""),
    ],
)
def test_checking_finds_the_place(text: str, column: int, said: str, hint: str) -> None:
    problem = check(text)[0]
    assert (problem.line, problem.column) == (1, column)
    assert said in problem.message
    assert hint in problem.next_step


def test_second_line_is_counted() -> None:
    assert check("scan.worst == 'clean'\n && scan.wurst == ''")[0].line == 2


def test_limits() -> None:
    assert check("true || " * 400 + "true")
    assert check("(" * 60 + "true" + ")" * 60)
    nested = (
        "use_case.regions.exists(a, use_case.regions.exists(b, use_case.regions.exists(c, true)))"
    )
    assert check(nested)
    with pytest.raises(InputError):
        compile_rule("not a rule (")


def test_an_expensive_rule_ends_unknown() -> None:
    many = [f"file-{n}" for n in range(4000)]
    text = "scan.unexamined.all(a, scan.unexamined.all(b, a != '' && b != ''))"
    assert answer(text, scan__unexamined=many) == "unknown"


def test_use_case_facts_follow_the_use_case() -> None:
    assert (*UseCaseFacts.__struct_fields__, "eu_ai_act") == UseCase.__struct_fields__


def test_reference_names_every_fact() -> None:
    page = facts_reference()
    assert all(f"`{path}`" in page for path, fact in fact_types().items() if fact.message is None)


def other_engine(text: str, data: dict[str, Any]) -> str:
    import cel

    try:
        result = cel.compile(text).execute(cel.Context(variables=data))
    except Exception:  # the engine reports every run-time error by raising
        return "unknown"
    return str(result).lower() if isinstance(result, bool) else "unknown"


def test_second_engine_agrees_on_shipped_rules() -> None:
    spread = [
        {},
        MEDICAL,
        {**PRODUCTION, **JOBLIB},
        {**UNKNOWN_LICENSE, **PRODUCTION},
        {"model__tags": ["nsfw"], "model__task": None, "scan__worst": "suspicious"},
        {"use_case__outputs_train_models": None, "license__output_restrictions": True},
        {"license__category": "community", "license__keys": ["llama-3"], "use_case__sponsor": None},
    ]
    texts = set()
    for name in ("starter", "standard", "regulated"):
        charter = shipped(name)
        texts |= {text for rule in charter.rules for text in (rule.require, rule.applies) if text}
        texts |= {rule.when for rule in charter.controls}
        texts |= {rule.evidence for rule in charter.controls if rule.evidence}
        texts |= {tier.when for tier in charter.risk.tiers if tier.when}
    compared = 0
    for changes in spread:
        data = document(**changes)
        data["risk"] = {"score": 55, "tier": "high"}
        view = View(data)
        for text in sorted(texts):
            ours, theirs = run(compile_rule(text), view), other_engine(text, view.data)
            assert ours == theirs, (text, changes)
            compared += 1
    assert compared > 300
