# SPDX-License-Identifier: Apache-2.0
"""What every examiner of a format implements, and the collector it writes into.

An examiner is a function ``examine(context, source, into)``. It adds findings, lowers coverage and
sets traits on ``into``; it returns nothing and should not raise: whatever escapes it is turned by
the runner into a coverage gap, and everything added before is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field, structs

from steelyard.artifacts.source import Source
from steelyard.kernel.finding import Coverage, Finding, Severity
from steelyard.kernel.limits import Limits

_RANK = (Coverage.NONE, Coverage.PARTIAL, Coverage.FULL)


def printable(text: str) -> str:
    """Return ``text`` without lone surrogates, which no UTF-8 document can carry."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


class Header(Struct, frozen=True):
    """Values of a weight file's header that tell where the weights come from."""

    format: str
    values: Mapping[str, object]
    tensors: Sequence[str] = ()
    """Names of the tensors, where they tell anything."""
    dtypes: Mapping[str, int] = {}
    """Elements by data type."""


class Examination(Struct):
    """Collects what one file shows. Coverage can only fall."""

    limits: Limits
    findings: list[Finding] = field(default_factory=list)
    coverage: Coverage = Coverage.FULL
    coverage_reasons: list[str] = field(default_factory=list)
    weights: bool = False
    executes_on_load: bool = False
    remote_code: bool = False
    load_calls: list[str] = field(default_factory=list)
    tensors: int = 0
    parameters: int = 0
    dtypes: set[str] = field(default_factory=set)
    dropped: int = 0
    header: Header | None = None
    """What the header of the file itself says besides its structure; never of what lies inside."""

    def add(
        self,
        rule: str,
        severity: Severity,
        message: str,
        *,
        location: str = "",
        evidence: str = "",
        remedy: str = "",
    ) -> None:
        """Record a finding. Past the limit per file only worse-than-medium ones are kept, past
        twice the limit only the first of each severity, so that a flood buries nothing."""
        count = len(self.findings)
        grave = severity in (Severity.CRITICAL, Severity.HIGH)
        most = self.limits.findings_per_file * (2 if grave else 1)
        keep = count < most or not any(found.severity is severity for found in self.findings)
        if not keep:
            self.dropped += 1
            return
        self.findings.append(
            Finding(
                rule=rule,
                severity=severity,
                message=printable(message),
                location=printable(location),
                evidence=printable(evidence),
                remedy=remedy,
            )
        )

    def gap(self, coverage: Coverage, reason: str) -> None:
        """Lower coverage to at most ``coverage`` and say why."""
        if _RANK.index(coverage) < _RANK.index(self.coverage):
            self.coverage = coverage
        reason = printable(reason)
        if reason not in self.coverage_reasons and len(self.coverage_reasons) < 20:
            self.coverage_reasons.append(reason)


class Context(Struct, frozen=True):
    """Where an examiner is: which file, how deep in archives, under which limits."""

    path: str
    """Path of the file in the tree."""
    format: str
    """Sniffed format of these bytes."""
    limits: Limits
    member: str = ""
    """Member path inside archives, ``outer.zip > inner.pkl`` style; empty for the file itself."""
    depth: int = 0
    """Archives around these bytes."""
    examine_nested: Callable[[Context, Source, Examination], None] | None = None
    """Sniffs and examines bytes found inside (archive member, embedded pickle); set by the
    runner. Call it with the context from :meth:`nested`."""

    @property
    def name(self) -> str:
        """Base name of the file or innermost member."""
        inner = self.member or self.path
        return inner.rsplit(" > ", 1)[-1].rsplit("/", 1)[-1]

    def at(self, place: str) -> str:
        """Return a location: the member (if any) and ``place``."""
        return ", ".join(part for part in (self.member and f"member {self.member}", place) if part)

    def nested(self, member: str) -> Context:
        """Return the context of an archive member; its format is not yet known."""
        path = f"{self.member} > {member}" if self.member else member
        return structs.replace(self, member=path, depth=self.depth + 1, format="")


Examiner = Callable[[Context, Source, Examination], None]
"""``examine(context, source, into)``."""
