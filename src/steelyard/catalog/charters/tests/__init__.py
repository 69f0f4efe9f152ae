# SPDX-License-Identifier: Apache-2.0
"""Test cases of the shipped charters: what each must decide; ``steelyard charter test NAME``."""

from __future__ import annotations

from importlib import resources


def cases_text(name: str) -> str:
    """Return the cases of a shipped charter as YAML text."""
    return resources.files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
