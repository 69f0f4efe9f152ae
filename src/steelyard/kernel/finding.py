# SPDX-License-Identifier: Apache-2.0
"""Findings say what was seen; coverage says what was *not* examined; a verdict sums both up.

The verdict of a file follows from its findings and coverage alone, by one rule
(:func:`verdict_of`), so no scanner can call a file clean that was not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct, field


class Severity(StrEnum):
    """How bad a finding is. ``critical`` executes, smuggles, escapes or attacks the parser."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Coverage(StrEnum):
    """How much of a file was examined."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


class Verdict(StrEnum):
    """Outcome for a file or a tree: see :func:`verdict_of` and :func:`worst`."""

    CLEAN = "clean"
    UNREADABLE = "unreadable"
    SUSPICIOUS = "suspicious"
    MALICIOUS = "malicious"


SEVERITY_ORDER = tuple(Severity)
"""Worst first."""
VERDICT_ORDER = (Verdict.CLEAN, Verdict.UNREADABLE, Verdict.SUSPICIOUS, Verdict.MALICIOUS)
"""Best first."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing a rule saw.

    ``rule`` is a stable dotted id (``pickle.dangerous-call``); ``message`` a sentence for people;
    ``location`` a place inside the file (``member data.pkl, byte 57``), empty for the whole file;
    ``evidence`` the smallest proof, quoted and escaped; ``remedy`` the next step.
    """

    rule: str
    severity: Severity
    message: str
    location: str = ""
    evidence: str = ""
    remedy: str = ""


class Traits(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Facts about a file's structure that are no findings but that rules may read."""

    weights: bool = False
    """The file holds model weights."""
    executes_on_load: bool = False
    """The usual loader runs code from this file (any pickle, Keras Lambda, Python source)."""
    remote_code: bool = False
    """Python the loader would import (``*.py`` beside weights, ``auto_map`` targets)."""
    load_calls: tuple[str, ...] = ()
    """At most 20 lines, one per callable the loader would invoke, at opcode level, e.g.
    ``byte 57 REDUCE calls sklearn.svm._classes.LinearSVC (imported at byte 2 by GLOBAL)``."""
    tensors: int = 0
    """Tensors stored."""
    parameters: int = 0
    """Elements of all tensors together."""
    dtypes: tuple[str, ...] = ()
    """Data types of the tensors, sorted."""


class FileReport(Struct, frozen=True, kw_only=True):
    """What is known about one file after it was examined. Part of the frozen scan contract."""

    path: str
    format: str
    size: int
    sha256: str
    verdict: Verdict
    coverage: Coverage
    coverage_reason: str = ""
    findings: tuple[Finding, ...] = ()
    traits: Traits = field(default_factory=Traits)


def verdict_of(findings: Iterable[Finding], coverage: Coverage) -> Verdict:
    """Return the verdict of one file.

    A critical finding is malicious; a high or medium one suspicious; otherwise a file that was
    not fully examined is unreadable, and only a fully examined one is clean.
    """
    severities = {finding.severity for finding in findings}
    if Severity.CRITICAL in severities:
        return Verdict.MALICIOUS
    if severities & {Severity.HIGH, Severity.MEDIUM}:
        return Verdict.SUSPICIOUS
    return Verdict.CLEAN if coverage is Coverage.FULL else Verdict.UNREADABLE


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict; of none at all, ``unreadable``: nothing was examined."""
    return max(verdicts, key=VERDICT_ORDER.index, default=Verdict.UNREADABLE)


def by_severity(findings: Sequence[Finding]) -> list[Finding]:
    """Return ``findings`` worst first, otherwise in their given order."""
    return sorted(findings, key=lambda finding: SEVERITY_ORDER.index(finding.severity))
