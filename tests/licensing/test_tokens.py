# SPDX-License-Identifier: Apache-2.0
"""Words and shingles: layout never matters, wording always does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from steelyard.licensing.tokens import SHINGLE, digest_words, shingles_of, words_of


def texts(text: str) -> list[str]:
    return [word.text for word in words_of(text)]


def test_layout_case_markup_numbering_and_spelling_do_not_count() -> None:
    plain = "The Licence covers:\n1. all copies, and\n2. all parts."
    assert texts(plain) == texts("<p>the LICENSE covers</p>\n<li>All copies and</li> all parts")
    assert texts("see https://example.org") == texts("see example.org")


def test_numbers_of_users_and_days_count() -> None:
    assert "30" in texts("within thirty (30) days")
    assert "700" in texts("more than 700 million users")
    assert texts("version 2.0")[-2:] == ["2", "0"]


def test_a_copyright_line_is_dropped_and_a_term_in_it_is_not() -> None:
    assert texts("Copyright (c) 2024 Some Lab, Inc.\nDo this.") == ["do", "this"]
    assert "commercial" in texts("Copyright (c) 2024 Some Lab. No commercial use.\nDo this.")
    assert "teaching" in texts("Copyright (c) 2024 Some Lab. To be used for teaching.\nDo this.")


def test_terms_hidden_in_markup_are_kept() -> None:
    assert "commercial" in texts('Do <a title="you must not use this in commercial work">this</a>.')


def test_lookalike_letters_are_other_words() -> None:
    assert texts("license") != texts("licens\u0435")


@given(st.text(max_size=400))
def test_offsets_are_places_in_the_text(text: str) -> None:
    last = 0
    for word in words_of(text):
        assert last <= word.start < word.end <= len(text)
        last = word.end


@given(st.lists(st.sampled_from(["all", "any", "may", "not", "use", "this", "work"]), max_size=30))
def test_shingles_are_one_per_position_and_follow_the_order(words: list[str]) -> None:
    shingles = shingles_of(words)
    assert len(shingles) == max(0, len(words) - SHINGLE + 1)
    assert shingles_of(list(words)) == shingles
    if len(words) > 1 and words != words[::-1]:
        assert digest_words(words) != digest_words(words[::-1])
