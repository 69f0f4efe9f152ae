# SPDX-License-Identifier: Apache-2.0
"""How risk is worked out: every value has points, every model a tier."""

from __future__ import annotations

from steelyard.charter.check.expressions import check_expression
from steelyard.charter.document import Document, Path, nearest
from steelyard.charter.facts import FactType, fact_types
from steelyard.charter.schema import TIERS, Dimension, Sections


def check_risk(document: Document, charter: Sections, *, complete: bool) -> None:
    """Check dimensions, tiers and tolerance; ``complete`` when every model must get a tier."""
    for name, dimension in charter.risk.dimensions.items():
        path: Path = ("risk", "dimensions", name)
        if dimension.when is not None and dimension.of is None:
            check_expression(document, (*path, "when"), dimension.when, ("risk",))
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
            check_expression(document, ("risk", "tiers", index, "when"), tier.when, ("risk.tier",))
    order = [TIERS.index(tier.tier) for tier in charter.risk.tiers]
    for index in range(1, len(order)):
        if order[index] > order[index - 1]:
            document.error_at(
                ("risk", "tiers", index, "tier"),
                "Tiers go from worst to best, because the first that matches wins.",
            )
    for index, line in enumerate(charter.risk.tolerance):
        if line.when is not None:
            check_expression(document, ("risk", "tolerance", index, "when"), line.when)
    if complete:
        _tiers_complete(document, charter)


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
    for value in dimension.scale:
        if value not in dimension.points:
            document.error_at(
                (*path, "scale", value), f"The scale explains {value!r}, which has no points."
            )
    missing = [value for value in values if value not in dimension.points]
    if dimension.other is None and (missing or not values):
        said = f"give {', '.join(missing)}" if missing else "give 'other'"
        document.error_at(
            (*path, "points"), f"Some values of {dimension.of!r} have no points.", f"Please {said}."
        )


def _values(fact: FactType) -> tuple[str, ...]:
    return ("true", "false") if fact.kind == "bool" else fact.values


def _tiers_complete(document: Document, charter: Sections) -> None:
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
