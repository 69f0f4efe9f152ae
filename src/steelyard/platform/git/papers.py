# SPDX-License-Identifier: Apache-2.0
"""Reads the versions of card and license of a repository in the sandbox: strangers' texts."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from steelyard.kernel.errors import UndecidedError
from steelyard.kernel.inspection import Inspection
from steelyard.kernel.license import LicenseFile, LicenseVerdict
from steelyard.platform.git.history import PaperVersion, ReadHistory
from steelyard.platform.sandbox import inspect
from steelyard.provenance.history.model import CARD, LicenseState

_NAMED = frozenset({LicenseVerdict.EXACT, LicenseVerdict.SAME_WORDING, LicenseVerdict.SEVERAL})
_ALTERED = {
    LicenseVerdict.VARIANT_OF: "altered",
    LicenseVerdict.PLUS_ADDITIONAL_TERMS: "with additional terms",
}
_IS_LICENSE = re.compile(r"(?i)licen[cs]e|copying")
UNRECOGNIZED = "text that was not recognized"
"""Stands for a license text nobody knows, or one that was altered."""


def license_states(found: ReadHistory) -> tuple[LicenseState, ...] | None:
    """Return the license after every commit that changed card or license text, newest first.

    None when the texts could not be read.
    """
    names = _names(found)
    if names is None:
        return None
    # Oldest first: a state is what the commits up to then have left.
    present: dict[str, str] = {}
    states: list[LicenseState] = []
    by_commit: dict[str, list[PaperVersion]] = {}
    for paper in reversed(found.papers):
        by_commit.setdefault(paper.commit, []).append(paper)
    for commit, papers in by_commit.items():
        for paper in papers:
            if paper.blob:
                present[paper.path] = paper.blob
            else:
                present.pop(paper.path, None)
        keys = {key for path, blob in present.items() for key in names.get((blob, path), ())}
        states.append(LicenseState(commit=commit, keys=tuple(sorted(keys))))
    return tuple(reversed(states))


def _names(found: ReadHistory) -> dict[tuple[str, str], tuple[str, ...]] | None:
    """Return the license keys each version of a paper names, by blob and path."""
    wanted = {(paper.blob, paper.path) for paper in found.papers if paper.blob in found.texts}
    if not wanted:
        return {}
    with tempfile.TemporaryDirectory(prefix="steelyard-papers-") as folder:
        places: dict[str, tuple[str, str]] = {}
        for number, (blob, path) in enumerate(sorted(wanted)):
            # The name decides how a paper is read; only its kind of name is kept.
            name = "README.md" if CARD.match(path) else "LICENSE"
            place = Path(folder) / str(number)
            place.mkdir()
            (place / name).write_bytes(found.texts[blob])
            places[str(number)] = (blob, path)
        (Path(folder) / "index.txt").write_bytes(b"")
        try:
            inspection = inspect(Path(folder), tasks=("license", "card"))
        except UndecidedError:
            return None
    keys: dict[tuple[str, str], list[str]] = {place: [] for place in places.values()}
    _add_keys(inspection, places, keys)
    return {place: tuple(dict.fromkeys(names)) for place, names in keys.items()}


def _add_keys(
    inspection: Inspection,
    places: dict[str, tuple[str, str]],
    keys: dict[tuple[str, str], list[str]],
) -> None:
    for item in inspection.declared:
        number, _, name = item.path.partition("/")
        if number in places and name == "README.md":
            keys[places[number]].append(item.key or item.raw[:100])
    for file in inspection.license_files:
        number, _, name = file.path.partition("/")
        if number in places and name == "LICENSE":
            keys[places[number]] += _named(file, places[number][1])


def _named(file: LicenseFile, path: str) -> list[str]:
    """Return the keys a text stands for; what was altered or is unknown says so."""
    if file.verdict is LicenseVerdict.NONE:
        # A notice or a policy need not be a license; a file called LICENSE says it is one.
        return [UNRECOGNIZED] if _IS_LICENSE.search(path) else []
    word = _ALTERED.get(file.verdict)
    if file.verdict not in _NAMED and word is None:
        return [UNRECOGNIZED]
    found = [match.key for match in file.matches] or [UNRECOGNIZED]
    return found if word is None else [f"{found[0]} ({word})"]
