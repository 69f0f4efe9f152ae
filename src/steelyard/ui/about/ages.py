# SPDX-License-Identifier: Apache-2.0
"""How old the knowledge is that ships with this release: the newest date each part states."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from steelyard.ui.texts import mark

_STATED = re.compile(r'"?as_of"?\s*[=:]\s*"(\d{4}-\d{2}-\d{2})')
_PARTS = {
    mark("Licenses and their terms"): ("licenses.json", "license_terms/*.toml"),
    mark("Known malicious files"): ("known_bad.toml",),
    mark("Frameworks and laws"): ("frameworks.json", "frameworks_extra.toml"),
    mark("Duties"): ("duties.toml",),
    mark("Model families"): ("model_families.toml",),
}
"""What a part is called → its files in the catalog."""


class Age(NamedTuple):
    """A part of the catalog and the day its newest entry was checked."""

    word: str
    day: dt.date | None


@cache
def ages() -> tuple[Age, ...]:
    """Return every part of the catalog with its day; read once in each process."""
    root = Path(str(resources.files("steelyard.catalog").joinpath("data")))
    return tuple(Age(word, _newest(root, patterns)) for word, patterns in _PARTS.items())


def _newest(root: Path, patterns: tuple[str, ...]) -> dt.date | None:
    stated = [
        dt.date.fromisoformat(day)
        for pattern in patterns
        for file in root.glob(pattern)
        for day in _STATED.findall(file.read_text("utf-8"))
    ]
    return max(stated, default=None)
