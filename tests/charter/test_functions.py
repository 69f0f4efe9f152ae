# SPDX-License-Identifier: Apache-2.0
"""Functions a rule may call: what they say, when they cannot say, and that both engines agree."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.charter.engine import check, compile_rule, run, view_of
from steelyard.charter.functions import BY_NAME, on_day
from tests.charter.samples import facts


def answer(text: str, **changes: Any) -> str:
    assert not check(text), check(text)
    return run(compile_rule(text), view_of(facts(**changes)))


@pytest.mark.parametrize(
    ("use", "said"),
    [("ok", "true"), ("review", "false"), ("prohibited", "false"), (None, "unknown")],
)
def test_permits_follows_the_lineage(use: str | None, said: str) -> None:
    assert answer("license.permits(use_case)", license__use=use) == said


@pytest.mark.parametrize(
    ("published", "text", "said"),
    [
        ("2026-11-24", "days_since(model.published) == 0", "true"),
        ("2026-11-20", "days_since(model.published) >= 4", "true"),
        ("2026-11-20", "days_since(model.published) >= 5", "false"),
        ("2026-11-30", "days_since(model.published) == -6", "true"),
        ("2026-11-30", "days_until(model.published) == 6", "true"),
        (None, "days_since(model.published) >= 0", "unknown"),
    ],
)
def test_days_count_from_the_day_of_the_evaluation(
    published: str | None, text: str, said: str
) -> None:
    assert answer(text, model__published=published) == said


@pytest.mark.parametrize(
    ("version", "least", "said"),
    [
        ("4.40.0", "4.40", "true"),
        ("4.39.9", "4.40", "false"),
        ("4.100.0", "4.40", "true"),
        ("v5", "4.40", "true"),
        ("4.40.0.dev0", "4.40", "false"),
        ("4.40.0rc1", "4.40", "false"),
        ("4.40.0+cu118", "4.40", "true"),
        ("nightly", "4.40", "unknown"),
        ("", "4.40", "unknown"),
        (None, "4.40", "unknown"),
    ],
)
def test_versions_compare_part_by_part(version: str | None, least: str, said: str) -> None:
    text = f"version_at_least(model.library_version, '{least}')"
    assert answer(text, model__library_version=version) == said


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("pkg:huggingface/meta-llama/*", "true"),
        ("pkg:huggingface/meta-llama/Llama-3.1-8B", "true"),
        ("pkg:huggingface/meta-llama/Llama-3.1-8B@0123", "true"),
        ("pkg:huggingface/meta-llama/Llama-3.1-8B@9999", "false"),
        ("pkg:huggingface/other/*", "false"),
        ("pkg:huggingface/meta-llama/[L]*", "false"),
        ("meta-llama/*", "unknown"),
    ],
)
def test_purls_match_patterns(pattern: str, said: str) -> None:
    purl = "pkg:huggingface/meta-llama/Llama-3.1-8B@0123?download=x"
    assert answer(f"purl_matches(model.purl, '{pattern}')", model__purl=purl) == said


def test_unknown_arguments_do_not_hide_behind_or() -> None:
    assert answer("scan.isolated || license.permits(use_case)", license__use=None) == "true"
    assert answer("!scan.isolated || license.permits(use_case)", license__use=None) == "unknown"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("license.permits(model)", "matching overload"),
        ("days_since(model.size_bytes)", "matching overload"),
        ("days_sinse(model.published) > 3", "Did you mean 'days_since'"),
        ("use_case == use_case", "group of facts"),
    ],
)
def test_wrong_calls_are_found_at_load_time(text: str, said: str) -> None:
    problems = check(text)
    assert any(said in f"{problem.message} {problem.next_step}" for problem in problems), problems


def test_what_a_function_reads_is_known() -> None:
    assert dict(compile_rule("license.permits(use_case)").reads) == {"license.use": False}
    read = compile_rule("days_since(model.published) > 3").paths
    assert set(read) == {"model.published", "today"}


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_version_is_at_least_itself_and_what_is_smaller(a: int, b: int, c: int) -> None:
    call = BY_NAME["version_at_least"].call
    assert call(f"{a}.{b}", f"{a}.{b}.0")
    assert call(f"{a}.{b + 1}", f"{a}.{b}.{c}")
    assert not call(f"{a}.{b}", f"{a + 1}")


@given(st.dates(), st.dates())
def test_days_since_and_until_are_opposites(one: Any, today: Any) -> None:
    with on_day(today.isoformat()):
        since, until = BY_NAME["days_since"], BY_NAME["days_until"]
        assert since.call(one.isoformat()) == -until.call(one.isoformat())


def test_the_second_engine_agrees_on_functions() -> None:
    import cel

    texts = [
        "license.permits(use_case)",
        "days_since(model.published) > 3",
        "version_at_least(model.library_version, '4.40')",
        "purl_matches(model.purl, 'pkg:pypi/*')",
    ]
    spread: list[dict[str, Any]] = [
        {"license__use": "ok", "model__published": "2026-01-01", "model__library_version": "4.41"},
        {"license__use": "review", "model__published": "2026-11-24"},
        {"license__use": None, "model__library_version": "nightly"},
    ]
    for changes in spread:
        view = view_of(facts(**changes))
        context = cel.Context(variables=view.data)
        for name, function in BY_NAME.items():
            context.add_function(name, function.call)
        for text in texts:
            try:
                with on_day(view.data["today"]):
                    theirs = str(cel.compile(text).execute(context)).lower()
            except Exception:  # the engine reports every run-time error by raising
                theirs = "unknown"
            assert run(compile_rule(text), view) == theirs, (text, changes)
