# SPDX-License-Identifier: Apache-2.0
"""What a comparison of two charters says, in types and in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct

from steelyard.charter.worlds import World
from steelyard.kernel.assessment import CharterIdentity

Direction = Literal["stricter", "looser", "mixed", "same", "unclear"]
Kind = Literal["added", "removed", "changed", "renamed"]
DIFF_SCHEMA = "steelyard.charter-diff/v1"


class Example(Struct, frozen=True, kw_only=True):
    """One case that shows a difference: facts (None is not known) and what each charter says."""

    facts: dict[str, Any]
    old: str
    new: str


class Change(Struct, frozen=True, kw_only=True):
    """One difference. ``says`` is a sentence; ``doubt`` is why the direction is not proven."""

    section: str
    subject: str
    kind: Kind
    direction: Direction
    says: str
    old: Any = None
    new: Any = None
    looser: Example | None = None
    """A case the new charter is easier on."""
    stricter: Example | None = None
    """A case the new charter is harder on."""
    doubt: str = ""


class CharterDiff(Struct, frozen=True, kw_only=True):
    """Two charters compared. ``verdict`` is the direction of everything together."""

    old: CharterIdentity
    new: CharterIdentity
    verdict: Direction
    counts: dict[str, int]
    changes: tuple[Change, ...]
    schema: str = DIFF_SCHEMA

    @property
    def needs_a_look(self) -> bool:
        """Whether something is looser, or may be."""
        return self.verdict in ("looser", "mixed", "unclear")


def together(directions: Iterable[Direction]) -> Direction:
    """Return the direction of several changes at once.

    What is looser is never hidden by what is stricter, and an unclear change by neither.
    """
    found = set(directions) - {"same"}
    if not found:
        return "same"
    if "mixed" in found or {"looser", "stricter"} <= found:
        return "mixed"
    if "looser" in found:
        return "looser"
    return "unclear" if "unclear" in found else "stricter"


def direction_of(looser: object, stricter: object, doubt: str) -> Direction:
    """Return the direction that examples show; without proof of the rest it stays unclear."""
    if looser and stricter:
        return "mixed"
    if looser:
        return "looser"
    if doubt:
        return "unclear"
    return "stricter" if stricter else "same"


def case(world: World) -> str:
    """Return a world in words: ``environment is production and license.use is not known``."""
    if not world:
        return "in every case"
    parts = [f"{path} {_is(value)}" for path, value in world.items()]
    return "with " + " and ".join(parts)


def _is(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"= [{', '.join(map(str, value[:5]))}{', …' if len(value) > 5 else ''}]"
    return f"= {value}"


def shown(value: Any) -> str:
    """Return a value of a charter in a few words."""
    if value is None or value in ("", (), [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {shown(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(item) for item in value)
    if isinstance(value, Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        return "{" + shown({key: item for key, item in fields.items() if item}) + "}"
    text = " ".join(str(value).split())
    return text if len(text) <= 90 else text[:89] + "…"
