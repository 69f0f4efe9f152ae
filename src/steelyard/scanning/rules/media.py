# SPDX-License-Identifier: Apache-2.0
"""Examines pictures and sounds: that they are what their first bytes say, and what stands behind.

A picture shows the same whatever follows its end, so the end is where other files are hidden: an
archive, a program, a pickle. What follows is examined as bytes of their own.
"""

from __future__ import annotations

from steelyard.artifacts.images import media_end
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.appended import examine_rest


def examine_media(context: Context, source: Source, into: Examination) -> None:
    """Examine one picture or sound to its end, and then what comes after it."""
    try:
        end = media_end(source)
    except ArtifactError as error:
        into.add(
            "media.structure",
            Severity.MEDIUM,
            f"Only the first bytes are those of a known {context.format}: {error.message}",
            location=context.at(f"byte {max(error.offset, 0)}"),
            evidence=source.read_at(max(error.offset, 0), 16).hex(),
            remedy="Open it in a viewer, not in a model loader; if it does not open, remove it.",
        )
        into.gap(Coverage.PARTIAL, context.at(error.message))
        return
    examine_rest(context, source, end, into)
