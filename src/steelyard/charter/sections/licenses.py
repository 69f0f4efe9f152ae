# SPDX-License-Identifier: Apache-2.0
"""Rules for licenses: by category, by catalog key, by what their clauses say."""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.charter.schema import ClausesSection, LicenseEntry, LicensesSection, Rule
from steelyard.charter.sections.writing import listed

_FORBIDDEN = "Choose a model under another license, or obtain one from the rights holder."
_REVIEWED = "Have the license reviewed, or choose a permissively licensed model."


def license_rules(section: LicensesSection, prefix: str) -> Iterator[Rule]:
    """Yield the rules of a section about licenses."""
    review = f"review({', '.join(section.reviewers)})"
    yield Rule(
        id=f"{prefix}licenses.known",
        why="Without a known license there is no permission to use the model.",
        require="license.known",
        otherwise=review,
        remedy="Ask the publisher to state a license and include its text.",
    )
    for verb, entries, otherwise, why, remedy in (
        ("forbid", section.forbid, "reject", "The charter forbids this license.", _FORBIDDEN),
        ("review", section.review, review,
         "This kind of license carries terms that a lawyer must weigh for the use case.",
         _REVIEWED),
    ):  # fmt: skip
        plain = _plain(entries)
        if plain:
            yield Rule(
                id=f"{prefix}licenses.{verb}",
                why=why,
                require=_in_none(plain),
                otherwise=otherwise,
                remedy=remedy,
            )
        yield from _conditional(entries, f"{prefix}licenses.{verb}", otherwise, why, remedy)
    if section.allow:
        every = [*section.allow, *_names(section.review), *_names(section.forbid)]
        yield Rule(
            id=f"{prefix}licenses.listed",
            why="The charter has not said what it thinks of this license.",
            applies="license.known",
            require=f"license.category in {listed(every)}"
            f" || (size(license.keys) > 0 && license.keys.all(k, k in {listed(every)}))",
            otherwise=review,
            remedy="Have the license reviewed and listed in the charter.",
        )
    if section.clauses is not None:
        yield from _clauses(section.clauses, prefix, review)


def _plain(entries: tuple[str | LicenseEntry, ...]) -> tuple[str, ...]:
    return tuple(entry for entry in entries if isinstance(entry, str))


def _names(entries: tuple[str | LicenseEntry, ...]) -> list[str]:
    return [entry if isinstance(entry, str) else entry.license for entry in entries]


def _conditional(
    entries: tuple[str | LicenseEntry, ...], name: str, otherwise: str, why: str, remedy: str
) -> Iterator[Rule]:
    found = [entry for entry in entries if isinstance(entry, LicenseEntry)]
    for number, entry in enumerate(found, 1):
        yield Rule(
            id=f"{name}.{entry.license}" + (f".{number}" if _twice(entry, found) else ""),
            why=entry.why or why,
            applies=entry.when,
            require=_in_none((entry.license,)),
            otherwise=otherwise,
            remedy=remedy,
        )


def _twice(entry: LicenseEntry, entries: list[LicenseEntry]) -> bool:
    return sum(other.license == entry.license for other in entries) > 1


def _clauses(clauses: ClausesSection, prefix: str, review: str) -> Iterator[Rule]:
    for verb, codes, otherwise in (
        ("forbid", clauses.forbid, "reject"),
        ("review", clauses.review, review),
    ):
        if codes:
            yield Rule(
                id=f"{prefix}licenses.clauses.{verb}",
                why="A license has a clause that the charter "
                + ("forbids." if verb == "forbid" else "wants a lawyer to weigh."),
                # An unknown license is the business of the rule `licenses.known`.
                applies="has(license.clauses)",
                require=f"!license.clauses.exists(c, c in {listed(codes)})",
                otherwise=otherwise,
                remedy=_FORBIDDEN if verb == "forbid" else _REVIEWED,
            )


def _in_none(words: tuple[str, ...]) -> str:
    # An unknown category is the business of the rule `licenses.known`; known keys count regardless.
    return (
        f"!(has(license.category) && license.category in {listed(words)})"
        f" && !license.keys.exists(k, k in {listed(words)})"
    )
