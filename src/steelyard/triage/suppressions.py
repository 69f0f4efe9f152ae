# SPDX-License-Identifier: Apache-2.0
"""Reads suppressions: findings somebody looked at and answers for, until a date.

A suppression names a rule and a path. It has a reason, an owner and a date on which it ends, at
most a year ahead. A critical finding can be suppressed for exact bytes only.
"""

from __future__ import annotations

import datetime
import fnmatch
import re

from msgspec import Struct

from steelyard.charter.document import Document
from steelyard.kernel.digest import is_sha256
from steelyard.kernel.finding import FileReport, Finding, Severity

DAYS_MOST = 365
_MAIL = re.compile(r"\A[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_RULE = re.compile(r"\A[a-z0-9-]+\.[a-z0-9.-]+\Z")


class Suppression(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry; ``sha256`` ties it to exact bytes.

    In ``path``, ``*`` stands for any characters, ``/`` included, and ``?`` for one.
    """

    rule: str
    path: str
    reason: str
    owner: str
    expires: datetime.date
    sha256: str | None = None

    def matches(self, report: FileReport, finding: Finding) -> bool:
        """Tell whether it is about this finding of this file."""
        # A bracket begins a set for fnmatch; in a name it means itself.
        pattern = self.path.replace("[", "[[]")
        if finding.rule != self.rule or not fnmatch.fnmatchcase(report.path, pattern):
            return False
        if finding.severity is Severity.CRITICAL and not self.sha256:
            return False
        return self.sha256 is None or self.sha256 == report.sha256


class Suppressions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of them."""

    suppressions: tuple[Suppression, ...]


def read_suppressions(
    text: str, file: str, today: datetime.date, known_rules: frozenset[str]
) -> tuple[Suppression, ...]:
    """Return the suppressions in a YAML text; ``file`` names it in errors.

    Raises:
        DocumentErrors: what is wrong, each with line and column.
    """
    document = Document(text, file)
    read = document.decode(Suppressions)
    for index, entry in enumerate(read.suppressions):
        _check(document, index, entry, today, known_rules)
    document.raise_errors()
    return read.suppressions


def _check(
    document: Document,
    index: int,
    entry: Suppression,
    today: datetime.date,
    known_rules: frozenset[str],
) -> None:
    from steelyard.charter.document import nearest

    where = ("suppressions", index)
    plugin = entry.rule.startswith("x-")
    if not _RULE.match(entry.rule) or (entry.rule not in known_rules and not plugin):
        document.error_at(
            (*where, "rule"),
            f"There is no rule {entry.rule!r}.",
            nearest(entry.rule, known_rules) or "`steelyard scan --rules` lists them.",
        )
    if not entry.path.strip():
        document.error_at((*where, "path"), "The path is empty.", "Name a file, or write '*'.")
    if not entry.reason.strip():
        document.error_at((*where, "reason"), "The reason is empty.", "Say why it is acceptable.")
    if not _MAIL.match(entry.owner):
        document.error_at(
            (*where, "owner"),
            f"The owner must be a mail address, not {entry.owner!r}.",
            "Name the person who answers for it.",
        )
    if entry.sha256 is not None and not is_sha256(entry.sha256):
        document.error_at(
            (*where, "sha256"),
            "The digest must be 64 hexadecimal digits in lower case.",
            "Copy it from the JSON result of the scan.",
        )
    latest = today + datetime.timedelta(days=DAYS_MOST)
    if entry.expires > latest:
        document.error_at(
            (*where, "expires"),
            f"A suppression ends within {DAYS_MOST} days: {latest} at the latest, not "
            f"{entry.expires}.",
            "Look at the finding again by then.",
        )
