# SPDX-License-Identifier: Apache-2.0
"""Sections of a card: recognized by the words in use, stated only when something is said."""

from __future__ import annotations

import time

import pytest

from steelyard.provenance.sections import read_sections


@pytest.mark.parametrize(
    ("heading", "topic"),
    [
        ("Training Data", "training_data"),
        ("2. Training dataset 📚", "training_data"),
        ("Data", "training_data"),
        ("Pre-training data", "training_data"),
        ("Intended uses & limitations", "intended_use"),
        ("Intended uses & limitations", "limitations"),
        ("Uses", "intended_use"),
        ("Direct Use", "intended_use"),
        ("Bias, Risks, and Limitations", "limitations"),
        ("Ethical considerations", "limitations"),
        ("Evaluation results", "evaluation"),
        ("Benchmarks", "evaluation"),
        ("Results", "evaluation"),
    ],
)
def test_headings_people_use(heading: str, topic: str) -> None:
    section = getattr(read_sections(f"# M\n\n## {heading}\n\nSome words.\n", []), topic)
    assert section.stated
    assert section.heading.startswith(heading.split()[0])
    assert section.excerpt == "Some words."


@pytest.mark.parametrize("heading", ["How to use", "Training infrastructure", "Citation", "Usage"])
def test_headings_that_state_none_of_it(heading: str) -> None:
    found = read_sections(f"## {heading}\n\nSome words.\n", [])
    topics = (found.training_data, found.intended_use, found.limitations, found.evaluation)
    assert not any(section.stated for section in topics)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[More Information Needed]",
        "[More Information Needed](https://example.org)",
        "<!-- Describe the data. -->",
        "<!-- Describe the data.",
        "TODO",
        "N/A",
        "*To be added*",
        "Coming soon!",
        "---",
        "### Sub\n\n[More Information Needed]\n",
    ],
)
def test_placeholders_state_nothing(body: str) -> None:
    found = read_sections(f"## Training data\n\n{body}\n\n## Next\n\nText.\n", [])
    assert found.training_data.heading == "Training data"
    assert not found.training_data.stated


def test_a_later_section_that_states_something_wins() -> None:
    text = "## Uses\n\nTODO\n\n## Intended use\n\nChat.\n"
    assert read_sections(text, []).intended_use.heading == "Intended use"


def test_text_below_a_subheading_counts() -> None:
    text = "Uses\n====\n\nDirect\n------\n\nTranslation.\n\n# Other\n\nNot this.\n"
    section = read_sections(text, []).intended_use
    assert section.stated
    assert section.excerpt == "Translation."


def test_headings_in_code_are_no_headings() -> None:
    text = "```\n# Training data\nx\n```\n\n    ## Evaluation\n    y\n"
    found = read_sections(text, [])
    assert (found.title, found.training_data.heading, found.evaluation.heading) == ("", "", "")


def test_excerpts_and_input_are_bounded() -> None:
    problems: list[str] = []
    found = read_sections("# T\n\n## Evaluation\n\n" + "word " * 300_000, problems)
    assert len(found.evaluation.excerpt) <= 500
    assert "first 1000000 characters" in problems[0]


def test_a_flood_of_headings_is_reported_and_quick() -> None:
    problems: list[str] = []
    begun = time.process_time()
    assert not read_sections("# Uses\n" * 20_000, problems).intended_use.stated
    assert "first 2000 headings" in problems[0]
    assert time.process_time() - begun < 20
