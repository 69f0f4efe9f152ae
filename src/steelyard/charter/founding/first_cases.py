# SPDX-License-Identifier: Apache-2.0
"""Writes the first test cases of a founded charter: what its answers must come to."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from steelyard.charter.founding.answers import Answers
from steelyard.charter.founding.compose import charter_name, quoted


def compose_cases(answers: Answers, today: datetime.date, charter_file: str) -> str:
    """Return the text of a file of cases for ``steelyard charter test``.

    ``charter_file`` is the path of the charter from the file of cases; ``today`` is its first day.
    """
    lines = [
        "# Cases of the charter: what it must decide, whatever is changed in it later. Each begins",
        "# with a harmless model for an internal pilot and names only what is different. Run them",
        "# with `steelyard charter test`; docs/how-to/test-a-charter.md says what can be expected.",
        f"charter: {quoted(charter_file)}",
        "facts:",
        f"  today: {today.isoformat()}        # a day on which the charter is in force",
        "cases:",
    ]
    return "\n".join([*lines, *_cases(answers)]) + "\n"


def _cases(answers: Answers) -> Iterator[str]:
    name = charter_name(answers.organization)
    yield from _case(
        "a malicious file stays out", "scan.worst: malicious", "no-malicious-files", "rejected"
    )
    yield from _case(
        "an environment that is not ours",
        f"environment: {_other('elsewhere', answers.environments)}",
        f"{name}.scope.environments",
        "rejected",
    )
    # XX and XZ are no country's codes.
    region = _other("XX", answers.regions, "XZ")
    yield from _case(
        "a region that is not ours",
        f"use_case.regions: [{region}]",
        f"{name}.scope.regions",
    )
    if answers.tasks:
        task = _other("another-task", answers.tasks)
        yield from _case(
            "a task we did not choose",
            f"model.task: {task}",
            f"{name}.models.allow.tasks",
            "rejected",
        )
    if answers.personal_data == "none":
        fact = "use_case.personal_data: ordinary"
        yield from _case("data about people", fact, "no-personal-data")
    elif answers.personal_data == "ordinary":
        fact = "use_case.personal_data: special-category"
        yield from _case("data about people's health or belief", fact, "no-special-categories")


def _other(word: str, taken: tuple[str, ...], further: str = "") -> str:
    """Return a word that is not among ``taken``."""
    if word not in taken:
        return word
    return further or _other(f"{word}-else", taken)


def _case(title: str, fact: str, fires: str, outcome: str = "") -> Iterator[str]:
    yield f"  - name: {quoted(title)}"
    yield f"    facts: {{{fact}}}"
    decided = f", outcome: {outcome}" if outcome else ""
    yield f"    expect: {{fires: [{fires}]{decided}}}"
