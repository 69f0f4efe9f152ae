# SPDX-License-Identifier: Apache-2.0
"""Expressions and references: rules, controls, licenses under a condition, terms."""

from __future__ import annotations

from collections.abc import Iterable

from steelyard.catalog.frameworks import find, nearest_reference
from steelyard.charter.controls import selectable, selected
from steelyard.charter.document import Document, Path, nearest
from steelyard.charter.engine import check
from steelyard.charter.facts import fact_types
from steelyard.charter.schema import LicenseEntry, Sections


def check_expression(
    document: Document, path: Path, text: str, forbidden: tuple[str, ...] = ()
) -> None:
    """Record what is wrong with the expression at ``path``, at its line and column."""
    for problem in check(text, forbidden=forbidden):
        place = document.inside(path, problem.line, problem.column)
        document.error(place, problem.message, problem.next_step)


def check_rules(document: Document, written: Sections) -> None:
    """Check every rule: its id, its expressions, its condition, what it refers to."""
    seen: set[str] = set()
    for index, rule in enumerate(written.rules):
        path: Path = ("rules", index)
        if rule.id in seen:
            document.error_at((*path, "id"), f"Two rules have the id {rule.id!r}.")
        seen.add(rule.id)
        for name, text in (("applies", rule.applies), ("require", rule.require)):
            if text is not None:
                check_expression(document, (*path, name), text)
        if rule.effect == "condition" and not rule.condition:
            document.error_at(
                (*path, "otherwise"),
                "A rule that ends in a condition must word it in the field 'condition'.",
            )
        check_references(document, (*path, "frameworks"), rule.frameworks)
    if written.licenses is not None:
        for verb in ("review", "forbid"):
            entries: tuple[str | LicenseEntry, ...] = getattr(written.licenses, verb)
            for index, entry in enumerate(entries):
                if isinstance(entry, LicenseEntry):
                    check_expression(document, ("licenses", verb, index, "when"), entry.when)


def check_references(document: Document, path: Path, references: Iterable[str]) -> None:
    """Check that every reference is in a framework of the catalog."""
    for index, reference in enumerate(references):
        if find(reference) is None:
            near = nearest_reference(reference)
            document.error_at(
                (*path, index),
                f"No framework in the catalog has {reference!r}.",
                f"The nearest is {near!r}." if near else "",
            )


def check_controls(document: Document, written: Sections) -> None:
    """Check that every control that is selected exists, and when it is called for."""
    for index, selection in enumerate(written.controls):
        path: Path = ("controls", index)
        if selection.when is not None:
            check_expression(document, (*path, "when"), selection.when)
        for position, word in enumerate(selection.select):
            _known_control(document, (*path, "select", position), word)
    for stage, gate in written.gates.items():
        for position, word in enumerate(gate.controls):
            _known_control(document, ("gates", stage, "controls", position), word)


def _known_control(document: Document, path: Path, word: str) -> None:
    if next(selected(word), None) is None:
        document.error_at(
            path, f"The catalog has no control {word!r}.", nearest(word, selectable())
        )


TERM_FIELDS = ("data_class", "personal_data", "people_affected", "autonomy", "exposure",
               "environment", "sector", "unit", "phase", "data_sources", "regions")  # fmt: skip
"""Fields of a use case a business unit may have its own words for; and ``role``."""


def check_words(document: Document, written: Sections) -> None:
    """Check a unit's own words: each must stand for a word of the vocabulary."""
    for index, term in enumerate(written.terms):
        path: Path = ("terms", index)
        if term.field == "role":
            continue
        if term.field not in TERM_FIELDS:
            document.error_at(
                (*path, "field"),
                f"A term stands for a word of a field of the use case, not of {term.field!r}.",
                nearest(term.field, TERM_FIELDS) or f"Known: {', '.join(TERM_FIELDS)}, role.",
            )
            continue
        values = fact_types()[f"use_case.{term.field}"].values
        if values and term.means not in values:
            document.error_at(
                (*path, "means"),
                f"{term.field!r} is never {term.means!r}; it is one of {', '.join(values)}.",
                nearest(term.means, values),
            )
        if term.word in values:
            document.error_at(
                (*path, "word"),
                f"{term.word!r} is a word of the vocabulary already, and keeps its meaning.",
                "Choose a word that means nothing else.",
            )
