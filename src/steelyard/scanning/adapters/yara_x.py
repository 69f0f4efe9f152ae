# SPDX-License-Identifier: Apache-2.0
"""YARA rules of your own, compiled and run behind the walls by YARA-X.

The rules come from the paths the charter or the command names. A rule says how grave its match is
by ``meta: severity = "critical" | "high" | "medium" | "low" | "info"``; without it, medium.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.scanning.plugins import (
    Context,
    Coverage,
    Examination,
    Plugin,
    RuleReference,
    ScannerRule,
    Severity,
    Source,
)

if TYPE_CHECKING:
    import yara_x

_RULE = "x-yara-x.match"
_SUFFIXES = (".yar", ".yara")
_SECONDS = 120
"""Seconds for one window of bytes."""
_OVERLAP = 1024 * 1024
_PLACES = 5
"""Matches of a rule whose places are shown."""


class YaraPlugin(Plugin):
    """Matches every file, and every member of an archive, against the rules it was given."""

    name = "yara-x"
    distribution = "yara-x"
    formats = ("*",)
    rules = (
        ScannerRule(
            id=_RULE,
            title="A YARA rule matches",
            severity=Severity.MEDIUM,
            what="The bytes of a file or of an archive member match one of your YARA rules; the "
            "message names it. Large files are matched in overlapping windows, so strings that lie "
            "further apart than a window are not seen together, and `filesize` is a window's.",
            why="The rule's author knows; its description is part of the message.",
            remedy="Read the rule that is named, and look at the places that are shown.",
            false_alarm="Short strings match by chance in gigabytes of numbers.",
            references=(RuleReference(title="YARA-X", url="https://virustotal.github.io/yara-x/"),),
        ),
    )

    def configure(self, paths: tuple[Path, ...]) -> None:
        """Compile every ``.yar`` and ``.yara`` file below ``paths``.

        Raises:
            ValueError: there is none.
        """
        import yara_x

        files = [
            file
            for path in paths
            for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
            if file.suffix.lower() in _SUFFIXES and file.is_file()
        ]
        if not files:
            raise ValueError("it was given no .yar or .yara files; name the directory of its rules")
        compiler = yara_x.Compiler()
        compiler.enable_includes(False)
        for number, file in enumerate(files):
            compiler.new_namespace(f"file{number}")
            compiler.add_source(file.read_text("utf-8"), origin=file.name)
        self._scanner = yara_x.Scanner(compiler.build())
        self._scanner.set_timeout(_SECONDS)

    def examine(self, context: Context, source: Source, into: Examination) -> None:
        """Match one file or member."""
        import yara_x

        seen: set[str] = set()
        for start, data in _windows(source, context.limits.member_memory):
            try:
                found = self._scanner.scan(data)
            except yara_x.TimeoutError:
                into.gap(Coverage.PARTIAL, f"YARA rules took longer than {_SECONDS} seconds")
                continue
            for rule in found.matching_rules:
                identity = f"{rule.namespace}.{rule.identifier}"
                if identity not in seen:
                    seen.add(identity)
                    _note(rule, start, context, into)


def _windows(source: Source, most: int) -> Iterator[tuple[int, bytes]]:
    start = 0
    while True:
        yield start, source.read_at(start, min(most, source.size - start))
        if start + most >= source.size:
            return
        start += max(1, most - _OVERLAP)


def _note(rule: yara_x.Rule, start: int, context: Context, into: Examination) -> None:
    meta: dict[str, Any] = dict(rule.metadata)
    said = str(meta.get("description", "")).rstrip(".")
    places = [
        (match.offset + start, pattern.identifier)
        for pattern in rule.patterns
        for match in pattern.matches
    ]
    places.sort()
    more = f" and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
    into.add(
        _RULE,
        _severity(str(meta.get("severity", "")).lower()),
        f"The YARA rule {rule.identifier} matches{f': {said}' if said else ''}.",
        location=context.at(f"byte {places[0][0]}" if places else ""),
        evidence=", ".join(f"{name} at byte {offset}" for offset, name in places[:_PLACES]) + more,
        remedy="Read the rule, and look at these places.",
    )


def _severity(word: str) -> Severity:
    return Severity(word) if word in set(Severity) else Severity.MEDIUM
