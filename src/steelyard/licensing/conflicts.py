# SPDX-License-Identifier: Apache-2.0
"""Where the sources of a license contradict each other, each contradiction as one sentence.

Kinds: ``declared-differs`` two declarations name different licenses; ``text-differs`` a license
text is not the declared license, or not word for word; ``relabeled-restrictive`` the same when the
declared label is the milder one and the text is no ordinary permissive or copyleft license;
``unknown-license`` a name or a text that nobody here knows; ``no-license-text`` a license is
declared but its text is not there.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from steelyard.catalog.licenses import nearest_names, restrictiveness
from steelyard.kernel.license import (
    LicenseConflict,
    LicenseFile,
    LicenseVerdict,
    Quotation,
)
from steelyard.licensing.parts import Part

_RELABELED_FROM = restrictiveness("use-restricted")


def find_conflicts(
    files: Sequence[LicenseFile], parts: Sequence[Part]
) -> tuple[LicenseConflict, ...]:
    """Return every contradiction between ``parts``; worst kinds first."""
    said = [part for part in parts if part.kind == "declared"]
    read = [part for part in parts if part.kind == "text"]
    found = [*_texts_differ(said, read), *_unknown(said, read, files), *_altered(read)]
    found += _declarations_differ(said)
    if said and not read:
        found.append(_no_text(said))
    if not said and not read:
        found.append(
            LicenseConflict(
                kind="unknown-license",
                message="No license is declared and no license text was found, "
                "so there is no permission to use this at all.",
                sources=(),
            )
        )
    words = {part.origin: Quotation(part.path, part.quote) for part in parts if part.quote}
    return tuple(
        msgspec.structs.replace(
            each, quotes=tuple(words[source] for source in each.sources if source in words)
        )
        for each in found
    )


def _declarations_differ(said: Sequence[Part]) -> list[LicenseConflict]:
    by_path: dict[str, set[str]] = {}
    origins: dict[str, str] = {}
    for part in said:
        by_path.setdefault(part.path, set()).add(_identity(part))
        origins.setdefault(part.path, part.origin)
    sets = {frozenset(names) for names in by_path.values()}
    if len(sets) < 2:
        return []
    sources = tuple(origins.values())
    governs = max(said, key=lambda part: restrictiveness(part.category))
    rule = (
        "Both permit the same kind of use, but whoever passes it on must know which one applies."
        if len({part.category for part in said}) == 1
        else f"Until that is settled the most restrictive one governs ({governs.origin})."
    )
    message = f"The declared licenses differ: {'; '.join(sources)}. {rule}"
    return [LicenseConflict(kind="declared-differs", message=message, sources=sources)]


def _texts_differ(said: Sequence[Part], read: Sequence[Part]) -> list[LicenseConflict]:
    """Compare each readable text with the declarations: it must be one of them."""
    names = {_identity(part) for part in said}
    found = []
    for part in read:
        if part.license is None or not said or _identity(part) in names:
            continue
        mildest = min(said, key=lambda each: restrictiveness(each.category))
        rank = restrictiveness(part.license.category)
        stricter = rank > restrictiveness(mildest.category)
        relabeled = stricter and rank >= _RELABELED_FROM
        sources = (*dict.fromkeys(each.origin for each in said), part.origin)
        effect = (
            f"The text is the more restrictive one ({part.license.category}) and governs."
            if stricter
            else "Until that is settled the most restrictive one governs."
        )
        found.append(
            LicenseConflict(
                kind="relabeled-restrictive" if relabeled else "text-differs",
                message=f"The license text is not the declared license: {'; '.join(sources)}. "
                f"{effect}",
                sources=sources,
            )
        )
    return found


def _altered(read: Sequence[Part]) -> list[LicenseConflict]:
    return [
        LicenseConflict(
            kind="text-differs",
            message=f"{part.path} carries {part.name} with changed or added terms, so it is "
            "another license with no known permissions; the places are listed with the file.",
            sources=(part.origin,),
        )
        for part in read
        if part.altered
    ]


def _unknown(
    said: Sequence[Part], read: Sequence[Part], files: Sequence[LicenseFile]
) -> list[LicenseConflict]:
    found = []
    for part in said:
        if part.license is None:
            near = nearest_names(part.name)
            hint = f" The nearest known names are {', '.join(near)}." if near else ""
            message = (
                f"{part.path} names the license “{part.name[:80]}”, which is not known and "
                f"therefore gives no permission.{hint}"
            )
            found.append(
                LicenseConflict(kind="unknown-license", message=message, sources=(part.origin,))
            )
    nearest = {
        file.path: _resemblance(file)
        for file in files
        if file.verdict is LicenseVerdict.UNKNOWN and file.matches
    }
    for part in read:
        if part.license is None:
            message = (
                f"{part.path} holds license terms that are not known and therefore give no "
                f"permission.{nearest.get(part.path, '')}"
            )
            found.append(
                LicenseConflict(kind="unknown-license", message=message, sources=(part.origin,))
            )
    return found


def _resemblance(file: LicenseFile) -> str:
    names = " and ".join(match.spdx or match.key for match in file.matches)
    if file.matches[0].coverage:
        return f" The nearest known text is {names}, but this is not it."
    return f" It names {names} without carrying that text."


def _no_text(said: Sequence[Part]) -> LicenseConflict:
    sources = tuple(dict.fromkeys(part.origin for part in said))
    return LicenseConflict(
        kind="no-license-text",
        message=f"A license is declared ({'; '.join(sources)}) but its text is not among the "
        "files, so nothing confirms the label and recipients cannot be given the terms.",
        sources=sources,
    )


def _identity(part: Part) -> str:
    """Return what must be equal for two parts to agree; an unknown name agrees with itself."""
    return part.license.key if part.license else f"?{part.name.strip().lower()}"
