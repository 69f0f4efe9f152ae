# SPDX-License-Identifier: Apache-2.0
"""The files fuzzing begins with: the generated corpus, kept inputs, and shared ones if present."""

from __future__ import annotations

import os
from pathlib import Path

from tests.corpus import build

HERE = Path(__file__).resolve().parent
KEPT = HERE / "kept"
"""Inputs that once broke something; they are run first, unchanged."""
FILES = (HERE.parent / "golden", HERE.parent / "artifacts" / "hdf5" / "files")
"""Folders of real files the repository has."""
_LARGEST = 64 * 1024
_PER_SUFFIX = 40


def kept() -> list[tuple[str, bytes]]:
    """Return the kept inputs by name; what stands before the first dash is not part of it."""
    if not KEPT.is_dir():
        return []
    return [(path.name.partition("-")[2], path.read_bytes()) for path in sorted(KEPT.iterdir())]


def seeds() -> list[tuple[str, bytes]]:
    """Return name and bytes of every seed, in a stable order."""
    found = [(sample.name, sample.data) for sample in (*build.honest(), *build.hostile())]
    found = [(name, data) for name, data in found if len(data) <= _LARGEST]
    found += kept()
    for root in (*FILES, _shared()):
        if root.is_dir():
            found += _files(root)
    return found


def _files(root: Path) -> list[tuple[str, bytes]]:
    """Return small files, at most a few of every kind of name."""
    counts: dict[str, int] = {}
    found = []
    for path in sorted(root.rglob("*")):
        if not path.is_file() or path.is_symlink() or path.stat().st_size > _LARGEST:
            continue
        counts[path.suffix] = counts.get(path.suffix, 0) + 1
        if counts[path.suffix] <= _PER_SUFFIX:
            found.append((path.name, path.read_bytes()))
    return found


def _shared() -> Path:
    default = HERE.parents[2] / "shared"
    return Path(os.environ.get("STEELYARD_SHARED", default)) / "corpus" / "scanning" / "files"
