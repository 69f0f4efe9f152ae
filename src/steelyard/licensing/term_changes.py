# SPDX-License-Identifier: Apache-2.0
"""What changes when one set of licenses takes the place of another, fact by fact.

Every fact has a direction: ``stricter`` takes something away or asks for something more, ``looser``
the opposite, ``different`` asks for something else. What is unknown permits nothing, so becoming
unknown is stricter. A decision rests on the terms it was taken under: :func:`reopens` says whether
it has to be taken again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from msgspec import Struct

from steelyard.catalog.license_terms import CODES, Term, license_terms
from steelyard.catalog.licenses import License, restrictiveness
from steelyard.kernel.license import DeclaredLicense, LicenseFile
from steelyard.licensing.compose import declared_parts, file_parts
from steelyard.licensing.parts import Part

Direction = Literal["stricter", "looser", "different", "same", "unknown"]
Overall = Literal["stricter", "looser", "mixed", "different", "same"]

_COMMERCIAL = ("yes", "conditional", "unknown", "no")
_GAIN_IS_LOOSER = frozenset({"irrevocable"})


class FactChange(Struct, frozen=True, kw_only=True):
    """One fact before and after. Quotes are the license's own words, where there are any."""

    fact: str
    direction: Direction
    before: str
    after: str
    quote_before: str = ""
    quote_after: str = ""


class FileChange(Struct, frozen=True, kw_only=True):
    """A paper with license terms that was added, removed or changed."""

    path: str
    change: Literal["added", "removed", "changed"]
    before: str = ""
    """What it was judged as: verdict and licenses."""
    after: str = ""


class LicenseChange(Struct, frozen=True, kw_only=True):
    """Everything that changed. ``before`` and ``after`` name the licenses."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    direction: Overall
    facts: tuple[FactChange, ...]
    files: tuple[FileChange, ...] = ()
    schema: str = "steelyard.license-diff/v1"


class Papers(Struct, frozen=True, kw_only=True):
    """What one revision says of its license. ``digests`` are of files by path."""

    files: tuple[LicenseFile, ...] = ()
    declared: tuple[DeclaredLicense, ...] = ()
    digests: dict[str, str] = {}


def compare_licenses(old: Sequence[License | None], new: Sequence[License | None]) -> LicenseChange:
    """Return what changes from ``old`` to ``new``. None stands for a license nobody knows, and so
    does an empty sequence."""
    facts = [
        _ranked("category", old, new, lambda entry: entry.category, restrictiveness),
        _ranked(
            "commercial use",
            old,
            new,
            lambda entry: entry.commercial_use.answer,
            _COMMERCIAL.index,
        ),
        *_terms(old, new),
    ]
    return LicenseChange(
        before=_names(old),
        after=_names(new),
        direction=_overall(fact.direction for fact in facts),
        facts=tuple(fact for fact in facts if fact.direction != "same"),
    )


def compare_revisions(old: Papers, new: Papers) -> LicenseChange:
    """Return what changes between two revisions: the licenses of all their papers, fact by fact,
    and the papers themselves."""
    change = compare_licenses(_licenses(old), _licenses(new))
    files = tuple(_files(old, new))
    direction = change.direction
    if direction == "same" and files:
        direction = "different"
    return LicenseChange(
        before=change.before,
        after=change.after,
        direction=direction,
        facts=change.facts,
        files=files,
    )


def reopens(change: LicenseChange) -> tuple[str, ...]:
    """Return why a decision under the old terms must be taken again; empty when it need not.

    Only what takes something away, asks for something else or cannot be told re-opens: a change
    that is looser in every fact leaves a decision as good as it was.
    """
    reasons = [
        f"{fact.fact}: {fact.before or 'nothing'} became {fact.after or 'nothing'} "
        f"({fact.direction})"
        for fact in change.facts
        if fact.direction != "looser"
    ]
    reasons += [
        f"{file.path} was {file.change} ({file.before or 'not there'}; now "
        f"{file.after or 'not there'})"
        for file in change.files
        if file.change == "removed" or file.after.startswith(_NOT_ADOPTED)
    ]
    return tuple(reasons)


_NOT_ADOPTED = ("unknown", "variant_of", "plus_additional_terms")


def _licenses(papers: Papers) -> list[License | None]:
    parts: list[Part] = [part for each in papers.declared for part in declared_parts(each)]
    for file in papers.files:
        parts += file_parts(file)
    found: dict[str, License | None] = {}
    for part in parts:
        if part.license is not None:
            found.setdefault(part.license.key, part.license)
        if part.license is None or part.altered:
            found[""] = None
    return list(found.values())


def _files(old: Papers, new: Papers) -> Iterable[FileChange]:
    before = {file.path: file for file in old.files}
    after = {file.path: file for file in new.files}
    for path in sorted({*before, *after}):
        one, two = before.get(path), after.get(path)
        if one is None or two is None:
            yield FileChange(
                path=path,
                change="added" if one is None else "removed",
                before=_judged(one),
                after=_judged(two),
            )
        elif one != two or old.digests.get(path) != new.digests.get(path):
            yield FileChange(path=path, change="changed", before=_judged(one), after=_judged(two))


def _judged(file: LicenseFile | None) -> str:
    if file is None:
        return ""
    names = ", ".join(match.spdx or match.key for match in file.matches)
    return f"{file.verdict.value} {names}".strip()


def _names(licenses: Sequence[License | None]) -> tuple[str, ...]:
    names = [entry.key if entry else "unknown" for entry in licenses] or ["unknown"]
    return tuple(dict.fromkeys(names))


def _ranked(
    fact: str,
    old: Sequence[License | None],
    new: Sequence[License | None],
    read: Callable[[License], str],
    rank: Callable[[str], int],
) -> FactChange:
    """Compare a fact of which every value has a rank; of several licenses the strictest counts."""
    worst = [
        max((read(entry) if entry else "unknown" for entry in each or [None]), key=rank)
        for each in (old, new)
    ]
    ranks = [rank(value) for value in worst]
    direction: Direction = "same"
    if ranks[1] != ranks[0]:
        direction = "stricter" if ranks[1] > ranks[0] else "looser"
    return FactChange(fact=fact, direction=direction, before=worst[0], after=worst[1])


def _terms(old: Sequence[License | None], new: Sequence[License | None]) -> list[FactChange]:
    one, two = _by_code(old), _by_code(new)
    if one is None or two is None:
        if one is two:
            return []
        return [
            FactChange(
                fact="terms",
                direction="stricter" if two is None else "looser",
                before="not known" if one is None else "known",
                after="not known" if two is None else "known",
            )
        ]
    return [
        _term(code, one.get(code, ()), two.get(code, ()))
        for code in CODES
        if code in one or code in two
    ]


def _by_code(licenses: Sequence[License | None]) -> dict[str, tuple[Term, ...]] | None:
    """Return all terms by code; None when a license or its terms are not known."""
    if not licenses:
        return None
    found: dict[str, tuple[Term, ...]] = {}
    for entry in licenses:
        terms = license_terms(entry.key) if entry else None
        if terms is None:
            return None
        for term in terms.terms:
            if not term.encouraged:
                found[term.code] = (*found.get(term.code, ()), term)
    return found


def _term(code: str, one: tuple[Term, ...], two: tuple[Term, ...]) -> FactChange:
    loosens = CODES[code][0] == "permission" or code in _GAIN_IS_LOOSER
    direction: Direction
    if not one or not two:
        direction = "looser" if bool(two) is loosens else "stricter"
    elif code in ("user-cap", "revenue-cap"):
        caps = [min(_cap(term) for term in each) for each in (one, two)]
        direction = _lower(caps[0], caps[1])
    elif code in ("territory", "purpose"):
        ruled = [{word for term in each for word in _words(term)} for each in (one, two)]
        direction = _wider(ruled[0], ruled[1])
    else:
        direction = "same" if _demands(one) == _demands(two) else "different"
    return FactChange(
        fact=code,
        direction=direction,
        before=" ".join(term.says for term in one),
        after=" ".join(term.says for term in two),
        quote_before=one[0].quote if one else "",
        quote_after=two[0].quote if two else "",
    )


def _cap(term: Term) -> int:
    return term.users if term.users is not None else term.usd or 0


def _words(term: Term) -> tuple[str, ...]:
    return term.places or term.purposes


def _lower(before: int, after: int) -> Direction:
    if before == after:
        return "same"
    return "stricter" if after < before else "looser"


def _wider(before: set[str], after: set[str]) -> Direction:
    if before == after:
        return "same"
    if before < after:
        return "stricter"
    return "looser" if after < before else "different"


def _demands(terms: tuple[Term, ...]) -> set[tuple[object, ...]]:
    return {
        (term.text, term.file, term.when, term.on, term.spares, term.targets, term.reach, term.usd,
         term.users)
        for term in terms
    }  # fmt: skip


def _overall(directions: Iterable[Direction]) -> Overall:
    found = set(directions) - {"same"}
    if not found:
        return "same"
    if found == {"looser"}:
        return "looser"
    if "looser" not in found:
        return "stricter" if "stricter" in found else "different"
    return "mixed"
