# SPDX-License-Identifier: Apache-2.0
"""Quality of a card: content counts, headings do not; data against what is permitted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.kernel.errors import InputError
from steelyard.provenance.card import read_card
from steelyard.provenance.card_quality import ASKS, FIELDS, REQUIRED, card_quality, data_use
from steelyard.provenance.card_skeleton import card_skeleton
from steelyard.provenance.sections import TOPICS

GOOD = """---
license: mit
datasets: [wikimedia/wikipedia, acme/secret]
---
# Sorter

## Model description
Sorts mail into nine classes.

## Intended uses
Sorting mail of a company.

## Training data
Wikipedia until March 2024.

## Limitations
[More Information Needed]

## Evaluation
Accuracy is 93.1 on held-out mail.
"""


def test_rows_say_what_is_there_and_what_to_write() -> None:
    quality = card_quality(read_card("README.md", GOOD)[0])
    states = {row.topic: row.state for row in quality.rows}
    assert states["objectives"] == states["intended_use"] == states["performance"] == "stated"
    assert states["limitations"] == "template"
    assert states["contact"] == "absent"
    assert quality.missing == ("limitations",)
    assert quality.score == 80
    (row,) = [row for row in quality.rows if row.topic == "limitations"]
    assert row.ask == ASKS["limitations"] and row.required
    (said,) = [row for row in quality.rows if row.topic == "training_data"]
    assert said.quote == "Wikipedia until March 2024." and said.ask == ""


def test_no_card_says_nothing() -> None:
    quality = card_quality(None)
    assert quality.score == 0 and quality.missing == REQUIRED
    assert quality.problems == ("There is no model card.",)


def test_fields_can_be_required() -> None:
    card, _ = read_card("README.md", GOOD)
    quality = card_quality(card, ("license", "base_model"))
    assert quality.missing == ("base_model",) and quality.score == 50


def test_figures_in_the_front_matter_count_as_performance() -> None:
    front = "model-index:\n- name: m\n  results:\n  - task: {type: t}\n    dataset: {name: D}\n"
    text = f"---\n{front}    metrics: [{{type: f1, value: 0.9}}]\n---\n# M\n"
    quality = card_quality(read_card("README.md", text)[0], ("performance",))
    assert quality.score == 100 and quality.rows[0].quote == "D f1 0.9"


def test_an_unknown_topic_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="objectives") as caught:
        card_quality(None, ("objektives",))
    assert "has no topic 'objektives'" in caught.value.message


@pytest.mark.parametrize(
    ("name", "state", "pattern"),
    [
        ("wikimedia/wikipedia", "permitted", "wikimedia/*"),
        ("Wikimedia/Commons", "permitted", "wikimedia/*"),
        ("acme/secret", "forbidden", "*/secret"),
        ("wikimedia/secret", "forbidden", "*/secret"),
        ("other", "unlisted", ""),
    ],
)
def test_data_sets_against_the_lists(name: str, state: str, pattern: str) -> None:
    use = data_use(name, ["wikimedia/*"], ["*/secret"])
    assert (use.state, use.pattern) == (state, pattern)


def test_every_topic_has_something_to_ask() -> None:
    assert set(ASKS) == {*TOPICS, *FIELDS}


def test_the_skeleton_states_nothing_and_has_a_place_for_everything() -> None:
    card, declared = read_card("README.md", card_skeleton("acme/sorter"))
    assert declared == [] and card.problems == ()
    quality = card_quality(card)
    assert quality.score == 0
    assert all(row.state == "template" for row in quality.rows if row.topic in TOPICS)
    assert quality.quotes == ()


def test_what_is_known_is_filled_in() -> None:
    text = card_skeleton(
        "acme/sorter", license_name="apache-2.0", base_models=["org/base"], datasets=["a/b", "no"],
        languages=["no"], task="text-classification",
    )  # fmt: skip
    card, declared = read_card("README.md", text)
    assert card.license == ("apache-2.0",) and card.base_models == ("org/base",)
    assert card.datasets == ("a/b", "no") and card.languages == ("no",)
    assert declared[0].key == "apache-2.0" and card.title == "acme/sorter"


@given(st.text(max_size=80), st.lists(st.text(min_size=1, max_size=40), max_size=3))
@settings(max_examples=60, deadline=None)
def test_hostile_words_never_leave_their_field(name: str, bases: list[str]) -> None:
    card, _ = read_card("README.md", card_skeleton(name, base_models=bases))
    assert card.problems == ()
    assert card.license == () and card.datasets == ()
