# SPDX-License-Identifier: Apache-2.0
"""Words: layout never matters, wording always does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.licensing.text import Text
from steelyard.licensing.tokens import raw_spans, raw_words, visible_text


def texts(text: str) -> list[str]:
    prepared = Text(text)
    return prepared.words(0, len(prepared.chars))


def same(left: str, right: str) -> bool:
    return texts(left) == texts(right)


def test_layout_case_markup_numbering_and_spelling_do_not_count() -> None:
    plain = "The Licence covers:\n1. all copies, and\n2. all parts."
    assert same(plain, "<p>the LICENSE covers</p>\n<li>All copies and</li> all parts")
    assert same("see https://example.org", "see example.org")
    assert same("# see [the site](https://example.org/x)", "see the site")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("non-commercial", "noncommercial"),
        ("non commercial", "noncommercial"),
        ("sub-licence it", "sublicense it"),
        ("the copyright holder or", "THE COPYRIGHT OWNERS OR"),
        ("favour and authorise", "favor and authorize"),
        ("world-wide", "worldwide"),
        ("10 per cent", "10%"),
        ("re-distribute", "redistribute"),
        ("1,000,000 users", "1000000 users"),
        ("the exclu-\n  sive right", "the exclusive right"),
        ("royalty-\nfree", "royalty free"),
        ("“quoted” — text", '"quoted" - text'),
        ("with\u200bout\u00a0cost", "without cost"),
        ("\ufeffOf the work", "of the work"),
        ("&#110;ot &amp; allowed", "not allowed"),
        ("// any\n// person\n", "any person"),
        ("dnl any\ndnl person\ndnl may\n", "any person may"),
        ("first\n\n  Page 3 of 7\n\nsecond", "first second"),
        ("first\n\n- 3 -\n\nsecond", "first second"),
        ("a) all\n(b) any", "all any"),
        ("1.1 All rights. 1.2 Any", "All rights. Any"),
    ],
)
def test_equal_ways_of_writing(left: str, right: str) -> None:
    assert same(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("may use", "may not use"),
        ("license", "licens\u0435"),
        ("10%", "10"),
        ("US$ 1 million", "US 1 million"),
        ("you may not use", "you may ~~not~~ use"),
        ("any use", "any <!-- no --> use"),
        ("any use", "any <del>use</del>"),
        ("any use", '<span style="display:none">any use</span>'),
        ("any use", "any \u202euse"),
        ("1.5 million", "15 million"),
        ("within 30 days", "within 60 days"),
        ("more than 3 users", "more than 5 users"),
        ("may n&#111;t use", "may use"),
    ],
)
def test_what_reads_otherwise_is_otherwise(left: str, right: str) -> None:
    assert not same(left, right)


def test_numbers_of_users_and_days_count() -> None:
    assert "30" in texts("within thirty (30) days")
    assert "700" in texts("more than 700 million users")
    assert texts("version 2.0")[-2:] == ["2", "0"]


def test_a_copyright_line_is_dropped_and_a_term_in_it_is_not() -> None:
    assert texts("Copyright (c) 2024 Some Lab, Inc.\nDo this.") == ["do", "this"]
    assert "commercial" in texts("Copyright (c) 2024 Some Lab. No commercial use.\nDo this.")
    assert "teaching" in texts("Copyright (c) 2024 Some Lab. To be used for teaching.\nDo this.")
    assert "evaluation" in texts("Copyright (c) 2024 Some Lab, for evaluation.\nDo this.")


def test_terms_hidden_in_markup_are_kept() -> None:
    assert "commercial" in texts('Do <a title="you must not use this in commercial work">this</a>.')
    assert "students" in texts('See [this](https://example.org "students, that is").')


@given(st.text(max_size=400))
def test_offsets_are_places_in_the_text(text: str) -> None:
    shown = visible_text(text)
    assert len(shown) == len(text)
    last = 0
    for start, end in raw_spans(shown):
        assert last <= start < end <= len(text)
        last = end
    assert len(raw_words(shown)) == len(raw_spans(shown))


@given(st.text(alphabet="ab-\n \u200b\ue001'é中", max_size=60))
def test_every_word_has_a_place(text: str) -> None:
    prepared = Text(text)
    assert len(prepared.spans) == len(prepared.chars)
    assert len(prepared.words(0, len(prepared.chars))) == len(prepared.chars)
