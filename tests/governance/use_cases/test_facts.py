# SPDX-License-Identifier: Apache-2.0
"""Use cases as people write them: the examples load, mistakes are named at their place."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from steelyard.catalog.demo import USE_CASES, use_case_text
from steelyard.governance.use_cases.facts import load_use_case
from steelyard.kernel.errors import DocumentErrors

EXAMPLES = sorted((Path(__file__).parents[3] / "examples/use-cases").glob("*.yaml"))
TEXT = next(path for path in EXAMPLES if path.stem == "internal-search").read_text("utf-8")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.stem))
def test_examples_load(path: Path) -> None:
    assert load_use_case(path.read_text("utf-8"), path.name).name == path.stem


@pytest.mark.parametrize("name", USE_CASES)
def test_demonstration_use_cases_load(name: str) -> None:
    assert load_use_case(use_case_text(name), name).name == name


def test_values() -> None:
    use_case = load_use_case(TEXT, "u.yaml")
    assert use_case.expires == datetime.date(2027, 6, 30)
    assert use_case.regions == ("EU",)
    assert use_case.redistributes is None


@pytest.mark.parametrize(
    ("right", "wrong", "place", "said"),
    [
        ("exposure: internal", "exposure: intern", "u.yaml:9:11:", "Did you mean 'internal'?"),
        ("data_class:", "data_clas:", "u.yaml:5:1:", "Did you mean 'data_class'?"),
        ("search-team@example.org", "the search team", "u.yaml:3:8:", "must be a mail address"),
        ("2027-06-30", "2027-13-30", "u.yaml:15:10:", "a date such as 2027-06-30"),
        ("sector: software", "sector: Health", "u.yaml:13:9:", "lower-case words with dashes"),
        ("commercial: true", "commercial: maybe", "u.yaml:12:13:", "must be true or false"),
        ("regions: [EU]", "regions: [Europe]", "u.yaml:11:11:", "ISO country code"),
        ("regions: [EU]", "regions: []", "u.yaml:11:10:", "at least one region"),
        ("name: internal-search", "name: Internal Search", "u.yaml:1:7:", "lower-case words"),
        ("environment: sandbox", "environment: Sand Box", "u.yaml:10:14:", "lower-case word"),
    ],
)
def test_mistakes_are_named(right: str, wrong: str, place: str, said: str) -> None:
    with pytest.raises(DocumentErrors) as caught:
        load_use_case(TEXT.replace(right, wrong), "u.yaml")
    found = [str(error) for error in caught.value.errors]
    assert any(line.startswith(place) and said in line for line in found), found
