# SPDX-License-Identifier: Apache-2.0
"""Model cards: everything readable is read, everything else becomes a sentence."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.provenance.card import read_card, split_front_matter

CARD = """---
license: apache-2.0
language: no
datasets:
- wikipedia
- org/data
base_model: org/base-7b
base_model_relation: finetune
tags: [text-generation, lora]
pipeline_tag: text-generation
library_name: transformers
model-index:
- name: mine
  results:
  - task: {type: text-generation, name: Text generation}
    dataset: {type: glue, name: GLUE}
    metrics:
    - type: accuracy
      value: 0.91
    - {type: f1, value: 0.9}
---
# My model

## Training data

English Wikipedia of 2024.
"""


def test_the_fields_of_the_hub() -> None:
    card, declared = read_card("README.md", CARD)
    assert card.problems == ()
    assert card.title == "My model"
    assert card.license == ("apache-2.0",)
    assert card.languages == ("no",)
    assert card.datasets == ("wikipedia", "org/data")
    assert card.base_models == ("org/base-7b",)
    assert card.base_model_relation == "finetune"
    assert card.tags == ("text-generation", "lora")
    assert (card.pipeline_tag, card.library_name) == ("text-generation", "transformers")
    assert [(row.task, row.dataset, row.metric, row.value) for row in card.evaluations] == [
        ("Text generation", "GLUE", "accuracy", "0.91"),
        ("Text generation", "GLUE", "f1", "0.9"),
    ]
    assert card.training_data.stated
    (one,) = declared
    assert (one.source, one.path, one.raw, one.key) == (
        "card",
        "README.md",
        "apache-2.0",
        "apache-2.0",
    )


def test_other_is_declared_under_its_name() -> None:
    _, (declared,) = read_card("README.md", "---\nlicense: other\nlicense_name: ours-1.0\n---\n")
    assert (declared.raw, declared.key) == ("ours-1.0", "")
    _, (declared,) = read_card("README.md", "---\nlicense: other\nlicense_name: qwen-2024\n---\n")
    assert declared.key == "qwen-2024"
    _, (declared,) = read_card("README.md", "---\nlicense: other\n---\n")
    assert (declared.raw, declared.key) == ("other", "")


def test_a_second_license_does_not_hide_the_first() -> None:
    card, declared = read_card("README.md", "---\nlicense: mit\nlicense: agpl-3.0\n---\n")
    assert [each.key for each in declared] == ["mit", "agpl-3.0"]
    assert "line 3, column 1" in card.problems[0]


@pytest.mark.parametrize(
    ("front", "says"),
    [
        ("license: [mit\n", "line 3, column 1"),
        ("license: 'mit\n", "cannot be read at line"),
        ("a: &a [*a]\n", "too many values"),
        ("a: " + "[" * 500 + "]" * 500 + "\n", "front matter"),
        ("- a\n- b\n", "not a list of fields"),
        ("a: *nothing\n", "cannot be read"),
        ("\tlicense: mit\n", "cannot be read"),
        ("x:\n" + "- y\n" * 30_000, "too many lines"),
        ("x: " + "y" * 3_000_000 + "\n", "longer than"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(front: str, says: str) -> None:
    begun = time.process_time()
    card, declared = read_card("README.md", f"---\n{front}---\n# Title\n")
    assert says in " ".join(card.problems)
    assert declared == []
    assert card.title == "Title"
    assert time.process_time() - begun < 20


def test_a_bomb_of_aliases_stops_early() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    begun = time.process_time()
    card, _ = read_card("README.md", "---\n" + "\n".join(lines) + "\n---\n")
    assert "too many values" in card.problems[0]
    assert time.process_time() - begun < 20


def test_tags_of_yaml_are_words_not_objects() -> None:
    card, _ = read_card(
        "README.md", '---\nlicense: !!python/object/apply:os.system ["true"]\n---\n'
    )
    assert card.license == ("true",)


def test_front_matter_that_never_closes() -> None:
    card, declared = read_card("README.md", "---\nlicense: mit\n# Title\n")
    assert declared == []
    assert "never closed" in card.problems[0]


def test_no_front_matter() -> None:
    assert split_front_matter("# x\n---\nlicense: mit\n---\n") == (
        None,
        "# x\n---\nlicense: mit\n---\n",
    )
    card, declared = read_card("README.md", "# Only a title\n")
    assert (card.title, declared, card.problems) == ("Only a title", [], ())


@pytest.mark.parametrize("text", ["\ufeff---\r\nlicense: mit\r\n---\r\n", "---\nlicense: mit\n..."])
def test_ways_to_write_front_matter(text: str) -> None:
    assert [each.key for each in read_card("README.md", text)[1]] == ["mit"]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_is_fatal(front: str, body: str) -> None:
    read_card("README.md", f"---\n{front}\n---\n{body}")
    read_card("README.md", body)


_YAML = st.text(alphabet="abc:-[]{}&*!|>'\"#?, \n\t%@`~0", max_size=120)


@settings(max_examples=250, deadline=None)
@given(_YAML)
def test_no_yaml_is_fatal(front: str) -> None:
    card, _ = read_card("README.md", f"---\n{front}\n---\n")
    assert all(problem.endswith(".") for problem in card.problems)
