# SPDX-License-Identifier: Apache-2.0
"""The detectors of detect-secrets over text files. Nothing is verified over the network.

Its detectors for high entropy, keywords and public addresses are left out: vocabularies, configured
names and documentation are full of those, and every finding would have to be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

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

_FAMILY = "x-detect-secrets."
_NOISY = frozenset(
    {"Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector", "IPPublicDetector"}
)
_PIECE, _OVERLAP = 8192, 512
"""Characters of a line looked at in one go: lines of data are longer than any regular expression
should meet, secrets are shorter than the overlap."""
_SHOWN = 4
"""Characters of a secret that a finding repeats, to tell which one it is."""


class DetectSecretsPlugin(Plugin):
    """Runs the detectors that recognize a secret by its own form."""

    name = "detect-secrets"
    distribution = "detect-secrets"
    formats = (
        "text", "markdown", "csv", "html", "toml", "xml", "json", "jsonl", "jinja", "shell",
        "yaml", "python",
    )  # fmt: skip

    def __init__(self) -> None:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

        found: list[tuple[str, Any]] = sorted(get_mapping_from_secret_type_to_class().items())
        self._detectors: list[tuple[str, Any]] = [
            (_key(kind), detector()) for kind, detector in found if detector.__name__ not in _NOISY
        ]
        self.rules = tuple(
            _rule(kind) for kind, detector in found if detector.__name__ not in _NOISY
        )

    def examine(self, context: Context, source: Source, into: Examination) -> None:
        """Look at every line of one file."""
        most = context.limits.text_bytes
        text = source.read_at(0, min(source.size, most)).decode("utf-8", "replace")
        if source.size > most:
            into.gap(Coverage.PARTIAL, f"detect-secrets saw only the first {most} bytes")
        seen: set[tuple[str, str]] = set()
        for number, line in enumerate(text.split("\n"), start=1):
            for piece in _pieces(line):
                self._look(number, piece, seen, context, into)

    def _look(
        self,
        number: int,
        piece: str,
        seen: set[tuple[str, str]],
        context: Context,
        into: Examination,
    ) -> None:
        for key, detector in self._detectors:
            for secret in detector.analyze_line("model", piece, number):
                value = secret.secret_value or ""
                if (key, value) in seen:
                    continue
                seen.add((key, value))
                into.add(
                    f"{_FAMILY}{key}",
                    Severity.HIGH,
                    f"This looks like a secret: {secret.type}.",
                    location=context.at(f"line {number}"),
                    evidence=f"{value[:_SHOWN]}… ({len(value)} characters)",
                    remedy="Tell the publisher to revoke it; do not try it.",
                )


def _pieces(line: str) -> Iterator[str]:
    """Yield a line, in overlapping pieces if it is long."""
    for start in range(0, max(1, len(line)), _PIECE):
        yield line[start : start + _PIECE + _OVERLAP]


def _key(kind: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-")


def _rule(kind: str) -> ScannerRule:
    return ScannerRule(
        id=f"{_FAMILY}{_key(kind)}",
        title=f"A secret: {kind}",
        severity=Severity.HIGH,
        what="A line of text has the form of such a secret. It was not tried anywhere.",
        why="Whoever has the model can use the secret, and so could whoever published it.",
        remedy="Tell the publisher to revoke it, and fetch a revision without it.",
        false_alarm="Documentation shows made-up secrets; theirs usually say EXAMPLE.",
        references=(
            RuleReference(title="detect-secrets", url="https://github.com/Yelp/detect-secrets"),
            RuleReference(title="CWE-798", url="https://cwe.mitre.org/data/definitions/798.html"),
        ),
    )
