# SPDX-License-Identifier: Apache-2.0
"""Errors are restored only where the reference proves what stood there."""

from __future__ import annotations

import pytest

from steelyard.licensing.text import Text
from steelyard.licensing.tokens import hash_word
from steelyard.licensing.typos import Restorer, is_error_for, repairs

BEFORE = "Permission is hereby granted free of charge to any"
AFTER = "obtaining a copy of this software and associated documentation"


def restored(run: str, wanted: str = "person") -> bool:
    text = Text(f"{BEFORE} {run} {AFTER}")
    start, count = len(BEFORE.split()), len(run.split())
    return Restorer(text).restores(start, start + count, Text(wanted).chars)


def test_a_wrong_letter_is_restored() -> None:
    assert restored("pers0n")
    assert restored("persom")
    assert restored("docurnentation", "documentation")
    assert restored("exerclsing", "exercising")
    assert not restored("corporation")
    assert not restored("xqzw")


def test_a_word_that_exists_is_never_an_error() -> None:
    assert not restored("persons")
    assert not restored("now", "not")
    assert not restored("any", "all")


@pytest.mark.parametrize("number", ["31", "3O", "300"])
def test_another_number_is_never_an_error(number: str) -> None:
    assert not restored(number, "30") or number == "3O"


def test_letters_of_a_second_alphabet_are_never_an_error() -> None:
    assert not restored("pers\u043en")


def test_an_added_word_is_not_explained_by_a_restored_one() -> None:
    assert not restored("natural pers0n")
    assert not restored("n0t person")


def test_errors_are_limited() -> None:
    text = Text("the pers0n")
    restorer = Restorer(text)
    wanted = Text("person").chars
    assert [restorer.restores(1, 2, wanted) for _ in range(5)] == [True, True, True, False, False]


def test_spaces_lost_and_added_are_repaired() -> None:
    assert restored("oftheqx", "of the") is False
    assert restored("ofpermission", "of permission")
    assert restored("per mission", "permission")
    assert restored("copyrlght holder", "copyright owner")


def test_repairs_reach_one_error() -> None:
    assert "the" in repairs("thc")
    assert is_error_for("licemse", hash_word("license"))
    assert not is_error_for("lisemse", hash_word("license"))
