# SPDX-License-Identifier: Apache-2.0
"""Puts everything known about a revision's license together: what was declared, what the texts
say, what governs, what is owed and where the sources contradict each other.

The rule is one sentence: the most restrictive of all licenses found governs, and what is unknown
permits nothing. Nothing here reads bytes; it composes the sandbox's answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from steelyard.catalog.licenses import (
    License,
    by_key,
    by_spdx,
    candidates,
    restrictiveness,
)
from steelyard.kernel.license import (
    DeclaredLicense,
    LicenseFile,
    LicenseMatch,
    LicenseSummary,
    LicenseVerdict,
    Obligation,
)
from steelyard.licensing.conflicts import find_conflicts
from steelyard.licensing.expressions import symbols
from steelyard.licensing.parts import Part

ADOPTED = frozenset({LicenseVerdict.EXACT, LicenseVerdict.SAME_WORDING, LicenseVerdict.SEVERAL})
"""Verdicts under which a text's license counts as that license."""
_SOURCE_ORDER = ("user", "card", "package", "config", "header")
_COMMERCIAL_ORDER = ("yes", "conditional", "unknown", "no")


def summarize(declared: Sequence[DeclaredLicense], files: Sequence[LicenseFile]) -> LicenseSummary:
    """Return the license summary of one revision.

    ``category`` is that of the most restrictive part by
    :data:`steelyard.catalog.licenses.CATEGORY_ORDER`, where ``unknown`` ranks last; with nothing at
    all it is ``unknown``. ``commercial_use`` is the least permissive answer: one part that forbids
    it forbids it for the whole.
    """
    parts = [part for each in declared for part in declared_parts(each)]
    for file in files:
        parts += file_parts(file)
    return LicenseSummary(
        declared=_declared(declared),
        declarations=tuple(declared),
        detected=_detected(files),
        files=tuple(files),
        expression=_expression(parts),
        category=max((part.category for part in parts), key=restrictiveness, default="unknown"),
        commercial_use=max(
            (part.commercial_use for part in parts), key=_COMMERCIAL_ORDER.index, default="unknown"
        ),
        obligations=_obligations(parts),
        conflicts=find_conflicts(files, parts),
    )


def declared_parts(declared: DeclaredLicense) -> list[Part]:
    """Return the licenses one declaration names; of an ambiguous name, the most restrictive.

    In an expression every license counts, also under ``OR``: which one the adopter chose is not
    written anywhere, so the stricter one governs until somebody says so.
    """
    origin = f"{declared.path}: {declared.raw}"
    names = [declared.key or declared.spdx or declared.raw]
    if not declared.key:
        names = symbols(declared.raw) or names
    parts = []
    for name in names:
        known = _known(name, declared)
        parts.append(
            Part(
                origin=origin,
                path=declared.path,
                kind="declared",
                name=known.spdx if known else name,
                license=known,
                raw=declared.raw,
                quote=declared.raw,
            )
        )
    return parts


def file_parts(file: LicenseFile) -> list[Part]:
    """Return the licenses a text carries. An altered text is an unknown license.

    A file in which no license was found (``none``) says nothing and adds no part.
    """
    if file.verdict is LicenseVerdict.NONE:
        return []
    if not file.matches or file.verdict is LicenseVerdict.UNKNOWN:
        return [
            Part(
                origin=f"{file.path}: unknown license",
                path=file.path,
                kind="text",
                name="",
                quote=file.excerpt,
            )
        ]
    parts = []
    for match in file.matches:
        entry = _of_match(match)
        altered = file.verdict not in ADOPTED or any(
            span.severity in ("high", "medium") for span in match.changed
        )
        name = match.spdx or match.key
        label = f"{name} (altered)" if altered else name
        parts.append(
            Part(
                origin=f"{file.path}: {label}",
                path=file.path,
                kind="text",
                name=name,
                license=entry,
                altered=altered,
                quote=file.excerpt,
            )
        )
    if file.verdict is LicenseVerdict.SEVERAL and file.additional_terms:
        parts.append(
            Part(origin=f"{file.path}: further terms", path=file.path, kind="text", name="")
        )
    return parts


def _known(name: str, declared: DeclaredLicense) -> License | None:
    if declared.key and name == declared.key:
        known = by_key(declared.key)
        spdx = by_spdx(declared.spdx) if declared.spdx else None
        return spdx if known and spdx and spdx.key == known.key else known
    found = candidates(name)
    return found[0] if found else None


def _of_match(match: LicenseMatch) -> License | None:
    return by_key(match.key) or (by_spdx(match.spdx) if match.spdx else None)


def _declared(declared: Sequence[DeclaredLicense]) -> str | None:
    ranked = sorted(
        enumerate(declared),
        key=lambda pair: (_SOURCE_ORDER.index(pair[1].source), pair[1].path.count("/"), pair[0]),
    )
    if not ranked:
        return None
    first = ranked[0][1]
    same = [
        each.raw for _, each in ranked if (each.source, each.path) == (first.source, first.path)
    ]
    return ", ".join(dict.fromkeys(same))


def _detected(files: Iterable[LicenseFile]) -> tuple[LicenseMatch, ...]:
    best: dict[str, LicenseMatch] = {}
    for file in files:
        if file.verdict in (LicenseVerdict.NONE, LicenseVerdict.UNKNOWN):
            continue
        for match in file.matches:
            name = match.key or match.spdx
            if name not in best or match.coverage > best[name].coverage:
                best[name] = match
    return tuple(best.values())


def _expression(parts: Sequence[Part]) -> str | None:
    """Return the SPDX expression of all parts joined by AND; None when a part cannot be named."""
    names: list[str] = []
    for part in parts:
        if part.license is None:
            return None
        # A text cannot tell "only" from "or later"; a declaration that does wins.
        names.append(part.license.spdx)
    distinct = {name for name in names if not _is_covered(name, names)}
    if not distinct:
        return None
    if any(part.altered for part in parts):
        return None
    if len(distinct) == 1:
        return distinct.pop()
    from license_expression import Licensing, combine_expressions

    combined = combine_expressions(sorted(distinct), relation="AND", licensing=Licensing())
    return str(combined) if combined is not None else None


def _is_covered(name: str, names: Sequence[str]) -> bool:
    return name.endswith("-only") and f"{name.removesuffix('-only')}-or-later" in names


def _obligations(parts: Sequence[Part]) -> tuple[Obligation, ...]:
    found: dict[tuple[str, str, str], Obligation] = {}
    for part in parts:
        if part.license is None:
            continue
        for clause in part.license.clauses:
            if clause.duty:
                owed = Obligation(
                    license=part.license.spdx,
                    kind=clause.kind,
                    text=clause.text,
                    source=part.license.source,
                )
                found.setdefault((part.license.key, owed.kind, owed.text), owed)
    return tuple(found.values())
