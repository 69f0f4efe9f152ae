# SPDX-License-Identifier: Apache-2.0
"""Strangers' text: nothing hidden in it, never too long, in Unicode and in ASCII."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.reporting.text import LONGEST, plain, sanitize, visible
from tests.reporting.samples import all_samples, infected

ANY_TEXT = st.text(st.characters(), max_size=200)


@given(ANY_TEXT, st.integers(1, 250))
def test_visible_text_can_be_printed_and_is_bounded(text: str, limit: int) -> None:
    shown = visible(text, limit)
    assert shown.isprintable()
    # The longest spelling of one character is \UXXXXXXXX.
    assert len(shown) <= 10 * limit + 30


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300))
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("invoice\u202efdp.exe", "invoice\\u202efdp.exe"),
        ("pay\u200bpal", "pay\\u200bpal"),
        ("two\nlines\tand\u00a0more", "two lines and more"),
        ("\ud800", "\\ud800"),
        ("\u2028next", " next"),
        ("caf\u00e9 \u6a21\u578b", "caf\u00e9 \u6a21\u578b"),
    ],
)
def test_hidden_characters_are_spelled(hidden: str, shown: str) -> None:
    assert visible(hidden) == shown


def test_piled_up_marks_are_spelled() -> None:
    assert visible("e" + "\u0301" * 6).count("\\u0301") == 3


def test_what_was_cut_is_counted() -> None:
    assert visible("x" * (LONGEST + 1234)).endswith("(1234 more characters)")


@given(ANY_TEXT)
def test_plain_text_is_ascii(text: str) -> None:
    assert plain(visible(text)).isascii()


@settings(max_examples=40, deadline=None)
@given(ANY_TEXT, st.booleans())
def test_every_string_of_an_assessment_is_sanitized(text: str, ascii_only: bool) -> None:
    clean = sanitize(infected(text), ascii_only=ascii_only)

    def check(value: object) -> None:
        if isinstance(value, str):
            assert value.isprintable()
            assert value.isascii() or not ascii_only
        elif isinstance(value, dict):
            check([*value.keys(), *value.values()])
        elif isinstance(value, list):
            for item in value:
                check(item)

    check(msgspec.to_builtins(clean))


def test_a_cut_name_is_ascii_where_it_must_be() -> None:
    name = sanitize(infected("W" * 700), ascii_only=True).subject.name
    assert name.isascii()
    assert len(name) < 200


def test_an_honest_assessment_is_unchanged() -> None:
    for sample in all_samples().values():
        assert sanitize(sample) == sample
