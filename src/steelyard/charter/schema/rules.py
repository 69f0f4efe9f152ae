# SPDX-License-Identifier: Apache-2.0
"""Rules and controls, as they are written and as they are resolved."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from steelyard.charter.schema.words import Consequence, Expression, Name, Words
from steelyard.kernel.assessment import ControlTask, Effect, Reference, Stage

_EFFECTS: dict[str, Effect] = {
    "reject": "reject",
    "review": "review",
    "condition": "condition",
    "warn": "warn",
}


class Rule(Struct, frozen=True, kw_only=True):
    """One rule. It *applies* unless its condition is false; what it requires must then be true."""

    id: Name
    why: str
    require: Expression
    otherwise: Consequence
    applies: Expression | None = None
    condition: str = ""
    remedy: str = ""
    frameworks: Words = ()

    @property
    def effect(self) -> Effect:
        """What happens when the rule is not satisfied, without the roles."""
        return _EFFECTS[self.otherwise.partition("(")[0]]

    @property
    def reviewers(self) -> tuple[str, ...]:
        """The roles that must sign off when it is not satisfied; by default the model's owner."""
        if self.otherwise == "review":
            return ("model-owner",)
        inside = self.otherwise.partition("(")[2].rstrip(")")
        return tuple(role.strip() for role in inside.split(",") if role.strip())


class ControlSelection(Struct, frozen=True, kw_only=True):
    """Controls of the catalog, and when they are called for."""

    select: Words
    """Ids, or ``topic:NAME``, ``stage:NAME``, ``framework:PREFIX`` for all of a kind."""
    when: Expression | None = None
    """Without it, each control is called for when the catalog says so."""
    why: str = ""


class ControlRule(Struct, frozen=True, kw_only=True):
    """A control with everything about it, and when it is called for."""

    id: str
    title: str
    why: str
    when: str
    evidence: str = ""
    frameworks: tuple[Reference, ...] = ()
    tasks: tuple[ControlTask, ...] = ()
    stage: Stage | None = None
    objective: str = ""
    evidence_types: Words = ()


class PluginPin(Struct, frozen=True, kw_only=True):
    """A plug-in of the scanner that must take part, at exactly this version."""

    name: Annotated[
        str,
        Meta(
            pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\Z",
            description="the name of a plug-in, such as 'detect-secrets'",
        ),
    ]
    version: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9A-Za-z][0-9A-Za-z.+!-]{0,99}\Z",
            description="one exact version, such as '1.5.0'",
        ),
    ]
    rules: Words = ()
    """Paths of the files or directories of rules it reads."""


class ScannerSection(Struct, frozen=True, kw_only=True):
    """What the scanner does beyond its own rules."""

    plugins: tuple[PluginPin, ...] = ()
