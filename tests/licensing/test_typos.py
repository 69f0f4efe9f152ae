# SPDX-License-Identifier: Apache-2.0
"""Errors are restored only where the reference proves what stood there."""

from __future__ import annotations

from steelyard.catalog.license_references import load
from steelyard.licensing.compare import is_known_word, unpack
from steelyard.licensing.typos import Restorer, repairs

BEFORE = ["permission", "is", "hereby", "granted", "free", "of", "charge", "to", "any"]
AFTER = ["obtaining", "a", "copy", "of", "this", "software"]


def mit() -> frozenset[int]:
    reference = next(each for each in load().references if each.key == "mit")
    return frozenset(unpack(reference.core))


def restored(*run: str) -> bool:
    words = [*BEFORE, *run, *AFTER]
    return Restorer(mit(), 200).restores(words, len(BEFORE), len(BEFORE) + len(run) - 1)


def test_a_wrong_letter_is_restored() -> None:
    assert restored("pers0n")
    assert restored("persom")
    assert not restored("corporation")
    assert not restored("xqzw")


def test_a_word_that_exists_is_never_an_error() -> None:
    assert is_known_word("persons")
    assert not restored("persons")


def test_an_added_word_is_not_explained_by_a_restored_one() -> None:
    assert not restored("natural", "pers0n")
    assert not restored("n0t", "person")


def test_errors_are_limited() -> None:
    restorer = Restorer(mit(), 10)
    words = [*BEFORE, "pers0n", *AFTER]
    results = [restorer.restores(words, len(BEFORE), len(BEFORE)) for _ in range(5)]
    assert results == [True, True, True, False, False]


def test_lost_spaces_are_repaired() -> None:
    assert ["of", "this"] in repairs("ofthis")
    assert ["the"] in repairs("thc")
