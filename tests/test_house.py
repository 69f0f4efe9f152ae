# SPDX-License-Identifier: Apache-2.0
"""Rules of the house that no other tool checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
ALL = sorted(
    path
    for folder in ("src", "tests", "scripts", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)
LONGEST = 480
"""Lines of a module: about 400 is the habit, one state machine needs more."""


def test_every_file_names_its_license_first() -> None:
    missing = [
        str(path.relative_to(ROOT))
        for path in ALL
        if not path.read_text(encoding="utf-8").startswith(
            "# SPDX-License-Identifier: Apache-2.0\n"
        )
    ]
    assert not missing


def test_modules_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if path.parent.name != "versions"  # steps of the database are lists of columns
        and (lines := path.read_text(encoding="utf-8").count("\n")) > LONGEST
    }
    assert not long


@pytest.mark.parametrize("floor", sorted({path.parent for path in SOURCES}), ids=lambda p: p.name)
def test_every_room_says_what_lives_there(floor: Path) -> None:
    text = (floor / "__init__.py").read_text(encoding="utf-8")
    assert re.match(r'# SPDX[^\n]*\n"""\S', text), floor


def test_american_spelling_in_names_and_texts() -> None:
    british = re.compile(r"\b(?:licence[sd]?|artefacts?|catalogue|colour|organisation|behaviour)\b")
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in SOURCES
        for match in [british.search(path.read_text(encoding="utf-8"))]
        if match and "licensing" not in path.parts and path.name != "licenses.py"
    ]
    assert not found
