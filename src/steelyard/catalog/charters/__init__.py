# SPDX-License-Identifier: Apache-2.0
"""The shipped charters, as people read and copy them, and in their resolved form.

``NAME.yaml`` is the source. ``NAME.json`` is what it resolves to (canonical JSON), written by
``scripts/build_charters.py`` so that using a shipped charter needs no YAML reader and no checking;
a test holds the two together.
"""

from __future__ import annotations

from importlib import resources

NAMES = ("starter", "standard", "regulated")


def charter_text(name: str) -> str:
    """Return the YAML text of one of :data:`NAMES`."""
    return resources.files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def resolved_charter(name: str) -> bytes:
    """Return the resolved form of one of :data:`NAMES`."""
    return resources.files(__package__).joinpath(f"{name}.json").read_bytes()
