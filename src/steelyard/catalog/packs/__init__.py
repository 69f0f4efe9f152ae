# SPDX-License-Identifier: Apache-2.0
"""Packs: sections to lay over a charter for a sector. One YAML file each, named for the pack."""

from __future__ import annotations

from importlib import resources


def pack_names() -> tuple[str, ...]:
    """Return the names of the shipped packs."""
    entries = resources.files(__package__).iterdir()
    return tuple(sorted(e.name[:-5] for e in entries if e.name.endswith(".yaml")))


def pack_text(name: str) -> str:
    """Return the YAML text of one of :func:`pack_names`."""
    return resources.files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
