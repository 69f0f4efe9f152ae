# SPDX-License-Identifier: Apache-2.0
"""Examines bytes that follow the end of a file's content: a loader ignores them, a person too."""

from __future__ import annotations

from steelyard.artifacts.source import SliceSource, Source
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination

_PADDING_MOST = 64 * 1024


def examine_rest(context: Context, source: Source, end: int, into: Examination) -> None:
    """Examine what follows byte ``end``, where the content of ``source`` is complete."""
    rest = source.size - end
    if rest <= 0 or (rest <= _PADDING_MOST and not source.read_at(end, rest).strip(b"\0\r\n\t ")):
        return
    into.add(
        "file.appended",
        Severity.LOW,
        f"{rest} bytes follow the end of the {context.format}; they were examined on their own.",
        location=context.at(f"byte {end}"),
        evidence=source.read_at(end, 16).hex(),
        remedy="Ask the publisher what they are; the content is complete without them.",
    )
    inner = context.nested(f"(after byte {end})")
    if context.examine_nested is None or context.depth > into.limits.archive_depth:
        into.gap(Coverage.PARTIAL, inner.at("appended bytes were not examined"))
        return
    context.examine_nested(inner, SliceSource(source, end, rest), into)
