# SPDX-License-Identifier: Apache-2.0
"""The scanner's rules: what each one sees, why it matters, and what to do about it.

One file a family (``pickle.toml`` holds ``pickle.*``), one table a rule. This is the only place
that names rules; reports, ``scan --explain`` and the documentation all read it, and a test holds
that the scanner fires nothing that is not here. It is plain data, so a door may show it without
touching the code that parses hostile bytes.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from steelyard.kernel.finding import Severity

_FAMILY = re.compile(r"\A[a-z0-9-]+\Z")


class RuleReference(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where more can be read: a specification, an advisory, a weakness or technique id."""

    title: str
    url: str = ""


class ScannerRule(Struct, frozen=True, kw_only=True):
    """One rule. ``severity`` is the usual one; a finding carries its own."""

    id: str
    title: str
    severity: Severity
    what: str = ""
    """What the rule looks at and what makes it fire, in sentences."""
    why: str = ""
    """What an attacker gains, or what goes wrong for an honest user."""
    remedy: str = ""
    """What to do next, for the person who meets the finding."""
    false_alarm: str = ""
    """When the finding is harmless, and how to tell."""
    references: tuple[RuleReference, ...] = ()


class _Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: str
    severity: Severity
    what: str = ""
    why: str = ""
    remedy: str = ""
    false_alarm: str = ""
    references: tuple[RuleReference, ...] = ()


def scanner_rule(rule_id: str) -> ScannerRule | None:
    """Return one rule, or None when there is none of that id."""
    family = rule_id.partition(".")[0]
    return _family(family).get(rule_id) if _FAMILY.match(family) else None


def scanner_rules() -> dict[str, ScannerRule]:
    """Return every rule by id, sorted."""
    found: dict[str, ScannerRule] = {}
    for item in sorted(_folder().iterdir(), key=lambda item: item.name):
        if item.name.endswith(".toml"):
            found |= _family(item.name.removesuffix(".toml"))
    return dict(sorted(found.items()))


@cache
def _family(name: str) -> dict[str, ScannerRule]:
    place = _folder().joinpath(f"{name}.toml")
    if not place.is_file():
        return {}
    import tomllib

    entries = msgspec.convert(tomllib.loads(place.read_text("utf-8")), dict[str, _Entry])
    return {
        f"{name}.{key}": ScannerRule(id=f"{name}.{key}", **msgspec.structs.asdict(entry))
        for key, entry in entries.items()
    }


def _folder() -> Path:
    # importlib.resources would cost every scan more than it takes.
    return Path(__file__).parent / "data" / "rules"
