# SPDX-License-Identifier: Apache-2.0
"""What a comparison of two charters says, in types and in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct

from steelyard.charter.worlds import OTHER, World
from steelyard.kernel.assessment import CharterIdentity

Direction = Literal["stricter", "looser", "mixed", "same", "unclear"]
Kind = Literal["added", "removed", "changed", "renamed"]
DIFF_SCHEMA = "steelyard.charter-diff/v1"
MAX_SHOWN = 160
"""Most characters of one value in a sentence; the JSON document has it whole."""


class Example(Struct, frozen=True, kw_only=True):
    """One case that shows a difference: facts (None is not known) and what each charter says."""

    facts: dict[str, Any]
    old: str
    new: str
    rest: dict[str, Any] = {}
    """Facts of the case that add no risk either way; people need not read them."""


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
        words = [_word(item) for item in value[:5]]
        return f"= [{', '.join(words)}{', …' if len(value) > 5 else ''}]"
    return f"= {_word(value)}"


def _word(value: Any) -> str:
    return "something else" if value == OTHER else str(value)


def shown(value: Any) -> str:
    """Return a value of a charter in a few words."""
    text = _shown(value)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def _shown(value: Any) -> str:
    if value is None or value in ("", (), [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_shown(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(item) for item in value)
    if isinstance(value, Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        return "{" + _shown({key: item for key, item in fields.items() if item}) + "}"
    return " ".join(str(value).split())
