# SPDX-License-Identifier: Apache-2.0
"""The file of suppressions: what it says, and every mistake at its line and column."""

from __future__ import annotations

import datetime

import pytest

from steelyard.kernel.errors import DocumentErrors
from steelyard.triage.suppressions import Suppression, read_suppressions

TODAY = datetime.date(2026, 12, 1)
RULES = frozenset({"code.call", "pickle.dangerous-call"})
GOOD = """\
suppressions:
  - rule: code.call
    path: train.py
    reason: Runs on our own machines only.
    owner: ada@example.org
    expires: 2027-11-30
"""


def read(text: str) -> tuple[Suppression, ...]:
    return read_suppressions(text, "s.yaml", TODAY, RULES)


def errors(text: str) -> list[str]:
    with pytest.raises(DocumentErrors) as caught:
        read(text)
    return str(caught.value).splitlines()


def test_a_good_file_is_read() -> None:
    (entry,) = read(GOOD)
    assert entry == Suppression(
        rule="code.call", path="train.py", reason="Runs on our own machines only.",
        owner="ada@example.org", expires=datetime.date(2027, 11, 30),
    )  # fmt: skip


def test_rules_of_plugins_are_not_in_the_catalog() -> None:
    (entry,) = read(GOOD.replace("code.call", "x-acme.leak"))
    assert entry.rule == "x-acme.leak"


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("code.call", "code.cal", "2:11: error: There is no rule 'code.cal'. Did you mean"),
        ("code.call", "coverage.none", "2:11: error: There is no rule 'coverage.none'."),
        ("code.call", "x-", "2:11: error: There is no rule 'x-'."),
        ("train.py", "''", "3:11: error: The path is empty."),
        ("Runs on our own machines only.", "' '", "4:13: error: The reason is empty."),
        ("ada@example.org", "ada", "5:12: error: The owner must be a mail address, not 'ada'."),
        ("2027-11-30", "2027-12-02", "6:14: error: A suppression ends within 365 days: 2027-12-01"),
        ("2027-11-30", "never", "6:14: error: 'expires' must be a date"),
        ("2027-11-30", "2027-11-30\n    sha256: ABC", "7:13: error: The digest must be 64"),
        ("expires: 2027-11-30", "note: x", "6:5: error: There is no field 'note'"),
        ("    owner: ada@example.org\n", "", "2:5: error: Entry 1 of 'suppressions' needs the f"),
        ("train.py", "*.py", "Put text that begins with * in quotes."),
        ("suppressions:", "suppression:", "1:1: error: "),
        ("suppressions:", "suppressions: 1\nx:", "error: "),
    ],
)  # fmt: skip
def test_every_mistake_is_told_at_its_place(old: str, new: str, error: str) -> None:
    told = errors(GOOD.replace(old, new))
    assert any(f"s.yaml:{error}" in line or error in line for line in told), told


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    text = GOOD.replace("code.call", "no.rule").replace("ada@example.org", "ada")
    assert [line.split(": ")[0] for line in errors(text)] == ["s.yaml:2:11", "s.yaml:5:12"]


def test_the_last_day_is_a_year_ahead() -> None:
    (entry,) = read(GOOD.replace("2027-11-30", "2027-12-01"))
    assert (entry.expires - TODAY).days == 365
