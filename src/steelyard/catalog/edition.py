# SPDX-License-Identifier: Apache-2.0
"""Which edition of the catalog this is: one digest over all its data."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path

_SUFFIXES = frozenset({".toml", ".json", ".csv"})


@cache
def catalog_sha256() -> str:
    """Return the digest of the shipped catalog: names and contents of all its files, in order."""
    root = Path(str(resources.files(__package__).joinpath("data")))
    total = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.suffix in _SUFFIXES):
        data = path.read_bytes()
        name = path.relative_to(root).as_posix()
        total.update(f"{name}\0{len(data)}\0".encode() + data)
    return total.hexdigest()
