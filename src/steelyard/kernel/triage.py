# SPDX-License-Identifier: Apache-2.0
"""What was decided earlier about findings: known from a baseline, or suppressed by somebody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.finding import Finding, Verdict

_PLACE = re.compile(r"\b(byte|line|layer|node) \d+")


class Disposition(Struct, frozen=True, kw_only=True):
    """Why a finding does not count: in the baseline, or suppressed with a reason and an owner."""

    kind: Literal["known", "suppressed"]
    reason: str = ""
    owner: str = ""
    expires: str = ""


class Gone(Struct, frozen=True, kw_only=True):
    """A finding of the baseline that was not made again."""

    path: str
    rule: str
    message: str


class Triage(Struct, frozen=True, kw_only=True):
    """The outcome: which findings do not count, and the verdicts without them."""

    dispositions: Mapping[tuple[str, int], Disposition]
    """By path (empty for findings about several files) and position among its findings."""
    verdict: Verdict
    file_verdicts: Mapping[str, Verdict]
    gone: tuple[Gone, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences about suppressions that did not count or matched nothing."""
    compared: bool = False
    """Whether there was a baseline."""

    def of(self, path: str, index: int) -> Disposition | None:
        """Return what was decided about the finding at ``index`` of the file at ``path``."""
        return self.dispositions.get((path, index))


def identities(path: str, findings: Iterable[Finding]) -> list[str]:
    """Return one identity per finding that survives a rewording and a move within the file.

    It is a digest of rule, path and evidence (or place, where there is no evidence) with the
    numbers of bytes and lines left out, and a count for findings that are alike.
    """
    counts: dict[str, int] = {}
    found = []
    for finding in findings:
        proof = _PLACE.sub(r"\1", finding.evidence or finding.location)
        base = "\n".join((finding.rule, path, proof))
        counts[base] = counts.get(base, 0) + 1
        found.append(sha256_hex(f"{base}\n{counts[base]}".encode("utf-8", "backslashreplace")))
    return found
