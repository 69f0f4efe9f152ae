# SPDX-License-Identifier: Apache-2.0
"""Functions of the field that a rule may call, beside those of the rule language.

======================================  ===========================================================
``license.permits(use_case)``           every license along the lineage allows the use, no duty open
``days_since(date)``                    days from a date to the day of the evaluation
``days_until(date)``                    days from the day of the evaluation to a date
``version_at_least(version, '4.40')``   version numbers compared part by part
``purl_matches(purl, 'pkg:…/org/*')``   a package URL against a pattern; ``*`` is any text
======================================  ===========================================================

A function that cannot answer raises; the engine makes that an error value, and the rule is unknown.
"""

from __future__ import annotations

import datetime
import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from msgspec import Struct

_today: ContextVar[str] = ContextVar("steelyard_today")
_VERSION = re.compile(
    r"v?(\d{1,9}(?:\.\d{1,9}){0,5})((?:-|\.?dev|\.?a|\.?b|\.?rc)[0-9A-Za-z.-]*)?(?:\+.*)?"
)


class Function(Struct, frozen=True, kw_only=True):
    """A function: its name, parameter kinds (``string`` or the name of a group of facts), result.

    ``member`` means that the first parameter stands before the dot. ``reads`` are facts the call
    looks at beyond what is written in it; ``groups`` tells that whole groups may be handed over.
    """

    name: str
    parameters: tuple[str, ...]
    result: str
    call: Callable[..., Any]
    member: bool = False
    reads: tuple[str, ...] = ()
    groups: bool = False
    says: str = ""


@contextmanager
def on_day(today: str) -> Iterator[None]:
    """Let ``days_since`` and ``days_until`` count from ``today`` (an ISO date)."""
    token = _today.set(today)
    try:
        yield
    finally:
        _today.reset(token)


def _permits(license_facts: Mapping[str, Any], _use_case: Mapping[str, Any]) -> bool:
    # The answer along the lineage was worked out for this very use case; see `license.use`.
    if "use" not in license_facts:
        raise ValueError("license.use is not known")
    return bool(license_facts["use"] == "ok")


def _days_since(date: str) -> int:
    return -_days_until(date)


def _days_until(date: str) -> int:
    today = datetime.date.fromisoformat(_today.get())
    return (datetime.date.fromisoformat(date) - today).days


def _version_at_least(version: str, least: str) -> bool:
    return _parts(version) >= _parts(least)


def _parts(version: str) -> tuple[tuple[int, ...], bool]:
    """Return the numbers of a version without trailing zeros, and whether it is final."""
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        raise ValueError(f"{version!r} is not a version number")
    numbers = [int(part) for part in match[1].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers), match[2] is None


def _purl_matches(purl: str, pattern: str) -> bool:
    if not purl.startswith("pkg:") or not pattern.startswith("pkg:"):
        raise ValueError("not a package URL")
    bare = purl.partition("?")[0].partition("#")[0]
    if "@" not in pattern:
        bare = bare.rpartition("@")[0] or bare
    return fnmatch.fnmatchcase(bare, pattern.replace("[", "[[]"))


FUNCTIONS: tuple[Function, ...] = (
    Function(
        name="permits",
        parameters=("license", "use_case"),
        result="bool",
        call=_permits,
        member=True,
        reads=("license.use",),
        groups=True,
        says="Every license along the lineage allows the use case, and no duty is open.",
    ),
    Function(
        name="days_since",
        parameters=("string",),
        result="int",
        call=_days_since,
        reads=("today",),
        says="Days from a date to the day of the evaluation; negative for a date to come.",
    ),
    Function(
        name="days_until",
        parameters=("string",),
        result="int",
        call=_days_until,
        reads=("today",),
        says="Days from the day of the evaluation to a date; negative for one that is past.",
    ),
    Function(
        name="version_at_least",
        parameters=("string", "string"),
        result="bool",
        call=_version_at_least,
        says="The first version is the second or a later one; a pre-release is earlier.",
    ),
    Function(
        name="purl_matches",
        parameters=("string", "string"),
        result="bool",
        call=_purl_matches,
        says="The package URL matches a pattern in which * is any text; without @ any version.",
    ),
)
"""Everything of this kind. The names are the rule language's own; see the module's docstring."""

BY_NAME: Mapping[str, Function] = {function.name: function for function in FUNCTIONS}
