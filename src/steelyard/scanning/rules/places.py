# SPDX-License-Identifier: Apache-2.0
"""Judges the other files a model names, and notes an end that is missing; for several formats."""

from __future__ import annotations

from collections.abc import Iterable

from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.archives import escapes
from steelyard.scanning.interface import Context, Examination


def leads_outside(path: str) -> bool:
    """Tell whether a file name leads out of the model's own folder, or to an address."""
    return escapes(path) or "://" in path or path.startswith("~")


def judge_files(
    context: Context, paths: Iterable[str], rule: str, place: str, into: Examination
) -> None:
    """Report every name of a tensor or asset file that leads outside, as ``rule``."""
    for path in sorted(set(paths)):
        if leads_outside(path):
            into.add(
                rule,
                Severity.CRITICAL,
                "The model reads data from a file outside its own folder.",
                location=context.at(place),
                evidence=path[:200],
                remedy="Do not load it; the path reaches this machine's files.",
            )


def note_missing(context: Context, missing: int, into: Examination) -> None:
    """Report that the end of an otherwise truthful file is not there."""
    if not missing:
        return
    into.add(
        "file.truncated",
        Severity.MEDIUM,
        f"The last {missing} bytes of the tensors are not there.",
        location=context.at("end of file"),
        remedy="Fetch the file again.",
    )
    into.gap(Coverage.PARTIAL, "the file breaks off")
