# SPDX-License-Identifier: Apache-2.0
"""The library of controls: what must be done, why, and the engineering work that proves it.

A charter selects controls by id and says when they are called for. ``evidence`` is an expression
over facts (in the charter's rule language) that shows the control satisfied by the bytes alone.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Literal

import msgspec
from msgspec import Struct

from steelyard.kernel.assessment import ControlTask

Stage = Literal["scoping", "integration", "testing", "deployment", "operation", "retirement"]


class CatalogControl(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One control of the library."""

    id: str
    title: str
    why: str
    frameworks: tuple[str, ...]
    tasks: tuple[ControlTask, ...]
    evidence: str = ""
    objective: str = ""
    topic: str = ""
    stage: Stage | None = None
    applies: str = "true"
    evidence_types: tuple[str, ...] = ()


@cache
def controls() -> dict[str, CatalogControl]:
    """Return all controls by id."""
    text = resources.files("steelyard.catalog").joinpath("data/controls.toml").read_text("utf-8")
    listed = msgspec.convert(tomllib.loads(text)["controls"], list[CatalogControl])
    return {control.id: control for control in listed}
