# SPDX-License-Identifier: Apache-2.0
"""Laying texts beside references: every difference is an edit, and the effort is bounded."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from steelyard.licensing.align import Alignment, align, common

WORDS = "".join(chr(0x4000 + number) for number in range(400))


def rebuilt(text: str, reference: str, found: Alignment) -> str:
    """Apply the edits to the reference: gives the text."""
    at, pieces = found.ref_start, []
    for edit in found.edits:
        pieces += [reference[at : edit.ref_start], text[edit.start : edit.end]]
        at = edit.ref_end
    return "".join([*pieces, reference[at : found.ref_end]])


@given(st.text("abc", max_size=80), st.text("abc", max_size=80))
def test_common_is_the_longest_equal_run(left: str, right: str) -> None:
    wanted = 0
    while wanted < min(len(left), len(right)) and left[wanted] == right[wanted]:
        wanted += 1
    assert common(left, 0, right, 0) == wanted


@given(
    st.lists(
        st.tuples(st.integers(0, 399), st.integers(0, 30), st.text("xyz", max_size=30)), max_size=6
    )
)
def test_edits_turn_the_reference_into_the_text(changes: list[tuple[int, int, str]]) -> None:
    text = WORDS
    for at, count, added in changes:
        text = text[:at] + added + text[at + count :]
    places = [at for at in range(len(text)) if text[at] in WORDS]
    if not places:
        return
    at = places[len(places) // 2]
    found = align(text, WORDS, (0, len(WORDS)), at, WORDS.index(text[at]))
    assert rebuilt(text, WORDS, found) == text[found.start : found.end]
    if len(changes) == 1 and changes[0][0] > 5 and changes[0][0] + changes[0][1] < 390:
        assert (found.ref_start, found.ref_end) == (0, 400)


def test_one_changed_word_is_one_edit() -> None:
    text = WORDS[:100] + "x" + WORDS[101:]
    (edit,) = align(text, WORDS, (0, 400), 0, 0).edits
    assert (edit.start, edit.end, edit.ref_start, edit.ref_end) == (100, 101, 100, 101)


def test_repeated_words_take_no_time() -> None:
    begun = time.process_time()
    align("a" * 100_000 + "b" * 100_000, "ab" * 5_000, (0, 10_000), 0, 0)
    align("ab" * 100_000, "ba" * 5_000 + "b", (0, 10_001), 1, 0)
    assert time.process_time() - begun < 5
