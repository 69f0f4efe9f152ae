# SPDX-License-Identifier: Apache-2.0
"""The facts that test cases of a charter start from: a harmless model for an internal pilot."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any


def harmless_facts() -> dict[str, Any]:
    """Return the facts as JSON data; a fresh copy each time."""
    text = resources.files(__package__).joinpath("data/harmless_facts.toml").read_text("utf-8")
    return tomllib.loads(text)
