# SPDX-License-Identifier: Apache-2.0
"""What must hold of a charter beyond its fields: expressions, references, tiers, tracks.

Every finding lands in the document's list of errors at the word it is about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from steelyard.catalog.controls import controls
from steelyard.catalog.frameworks import find, nearest_reference
from steelyard.charter.document import Document, Path, nearest
from steelyard.charter.engine import check, fact_types
from steelyard.charter.facts import FactType
from steelyard.charter.schema import TIERS, CharterDocument, Dimension


def check_charter(document: Document, charter: CharterDocument) -> None:
    """Record everything that is wrong with ``charter`` in ``document``."""
    _rules(document, charter)
    _risk(document, charter)
    _controls(document, charter)
    _licenses(document, charter)
    _scanner(document, charter)
    if charter.extends is None:
        _tiers_complete(document, charter)
        _tracks_complete(document, charter)
    for name, track in charter.tracks.items():
        if track.decided_by == "standing-approval" and track.sign_offs:
            document.error_at(
                ("tracks", name, "sign_offs"), "A standing approval decides without sign-offs."
            )
        named = len(track.sign_offs)
        if charter.extends is None and track.quorum is not None and track.quorum > named:
            document.error_at(
                ("tracks", name, "quorum"),
                f"The quorum is {track.quorum}, but only {named} sign-offs are named.",
            )


def _expression(document: Document, path: Path, text: str, forbidden: tuple[str, ...]) -> None:
    for problem in check(text, forbidden=forbidden):
        place = document.inside(path, problem.line, problem.column)
        document.error(place, problem.message, problem.next_step)


def _rules(document: Document, charter: CharterDocument) -> None:
    seen: set[str] = set()
    for index, rule in enumerate(charter.rules):
        path: Path = ("rules", index)
        if rule.id in seen:
            document.error_at((*path, "id"), f"Two rules have the id {rule.id!r}.")
        seen.add(rule.id)
        for name, text in (("applies", rule.applies), ("require", rule.require)):
            if text is not None:
                _expression(document, (*path, name), text, ())
        if rule.effect == "condition" and not rule.condition:
            document.error_at(
                (*path, "otherwise"),
                "A rule that ends in a condition must word it in the field 'condition'.",
            )
        _references(document, (*path, "frameworks"), rule.frameworks)


def _references(document: Document, path: Path, references: Iterable[str]) -> None:
    for index, reference in enumerate(references):
        if find(reference) is None:
            near = nearest_reference(reference)
            document.error_at(
                (*path, index),
                f"No framework in the catalog has {reference!r}.",
                f"The nearest is {near!r}." if near else "",
            )


def _risk(document: Document, charter: CharterDocument) -> None:
    for name, dimension in charter.risk.dimensions.items():
        path: Path = ("risk", "dimensions", name)
        if dimension.when is not None and dimension.of is None:
            _expression(document, (*path, "when"), dimension.when, ("risk",))
            if dimension.adds is None:
                document.error_at(path, f"The dimension {name!r} needs 'adds': its points.")
        elif dimension.of is not None and dimension.when is None:
            _points(document, path, dimension)
        else:
            document.error_at(
                path,
                f"The dimension {name!r} needs either 'of' and 'points', or 'when' and 'adds'.",
            )
    for index, tier in enumerate(charter.risk.tiers):
        if tier.when is not None:
            _expression(document, ("risk", "tiers", index, "when"), tier.when, ("risk.tier",))
    order = [TIERS.index(tier.tier) for tier in charter.risk.tiers]
    for index in range(1, len(order)):
        if order[index] > order[index - 1]:
            document.error_at(
                ("risk", "tiers", index, "tier"),
                "Tiers go from worst to best, because the first that matches wins.",
            )


def _points(document: Document, path: Path, dimension: Dimension) -> None:
    assert dimension.of is not None
    fact = fact_types().get(dimension.of)
    if fact is None or fact.kind not in ("string", "bool"):
        near = nearest(dimension.of, (p for p, f in fact_types().items() if f.kind == "string"))
        document.error_at(
            (*path, "of"), f"Points need one fact with words as values, not {dimension.of!r}.", near
        )
        return
    if dimension.of.startswith("risk."):
        document.error_at((*path, "of"), "The score cannot depend on itself.")
    values = _values(fact)
    for value in dimension.points:
        if values and value not in values:
            document.error_at(
                (*path, "points", value),
                f"{dimension.of!r} is never {value!r}; it is one of {', '.join(values)}.",
                nearest(value, values),
            )
    missing = [value for value in values if value not in dimension.points]
    if dimension.other is None and (missing or not values):
        said = f"give {', '.join(missing)}" if missing else "give 'other'"
        document.error_at(
            (*path, "points"), f"Some values of {dimension.of!r} have no points.", f"Please {said}."
        )


def _values(fact: FactType) -> tuple[str, ...]:
    return ("true", "false") if fact.kind == "bool" else fact.values


def _tiers_complete(document: Document, charter: CharterDocument) -> None:
    tiers = charter.risk.tiers
    if not tiers:
        document.error_at(("risk",), "The charter needs tiers under 'risk'.")
        return
    for index, tier in enumerate(tiers[:-1]):
        if tier.when is None:
            document.error_at(
                ("risk", "tiers", index), "Only the last tier may stand without 'when'."
            )
    if tiers[-1].when is not None:
        document.error_at(
            ("risk", "tiers", len(tiers) - 1),
            "The last tier must stand without 'when', so that every model has a tier.",
        )


def _tracks_complete(document: Document, charter: CharterDocument) -> None:
    holders: dict[str, str] = {}
    for name, track in charter.tracks.items():
        for index, tier in enumerate(track.tiers):
            if tier in holders:
                document.error_at(
                    ("tracks", name, "for", index),
                    f"The tier {tier!r} already takes the track {holders[tier]!r}.",
                )
            holders[tier] = name
        if track.valid is None:
            document.error_at(
                ("tracks", name), f"The track {name!r} needs 'valid': how long approval lasts."
            )
        if track.decided_by != "standing-approval" and not track.sign_offs:
            document.error_at(
                ("tracks", name),
                f"The track {name!r} needs 'sign_offs', or a standing approval to decide it.",
            )
    missing = [tier for tier in TIERS if tier not in holders]
    if missing:
        document.error_at(("tracks",), f"No track is for the tier {', '.join(missing)}.")


def _controls(document: Document, charter: CharterDocument) -> None:
    known: Collection[str] = controls()
    for index, selection in enumerate(charter.controls):
        path: Path = ("controls", index)
        _expression(document, (*path, "when"), selection.when, ())
        for position, identity in enumerate(selection.select):
            if identity not in known:
                document.error_at(
                    (*path, "select", position),
                    f"The catalog has no control {identity!r}.",
                    nearest(identity, known),
                )


def _licenses(document: Document, charter: CharterDocument) -> None:
    if charter.licenses is None:
        return
    categories = fact_types()["license.category"].values
    for name in ("allow", "review", "forbid"):
        words: tuple[str, ...] = getattr(charter.licenses, name)
        for index, word in enumerate(words):
            if word not in categories and not _is_license(word):
                document.error_at(
                    ("licenses", name, index),
                    f"{word!r} is neither a license category ({', '.join(categories)}) "
                    "nor a license key.",
                    nearest(word, categories),
                )


def _scanner(document: Document, charter: CharterDocument) -> None:
    seen: set[str] = set()
    for index, plugin in enumerate(charter.scanner.plugins if charter.scanner else ()):
        if plugin.name in seen:
            document.error_at(
                ("scanner", "plugins", index, "name"),
                f"The plug-in {plugin.name!r} is named twice.",
            )
        seen.add(plugin.name)


def _is_license(word: str) -> bool:
    from steelyard.catalog.licenses import by_key

    return by_key(word) is not None
