# SPDX-License-Identifier: Apache-2.0
"""What authors of plug-ins build on: import everything from here, and nothing else of Steelyard.

A plug-in is a subclass of :class:`Plugin`, declared by an entry point of its distribution: in the
group :data:`FORMATS` it reads a format that is not known here, in :data:`SCANNERS` it takes another
look at files of formats that are. It is loaded in the sandbox process only, behind the walls: no
network, no programs, no writing, reading only the model, Python and the paths it was given.

The how-to page ``write-a-scanner-plugin`` has a complete example.
"""

from __future__ import annotations

from pathlib import Path

from steelyard.artifacts.source import BytesSource, SliceSource, Source, SourceStream
from steelyard.catalog.rules import RuleReference, ScannerRule
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.finding import Coverage, Severity
from steelyard.kernel.limits import Limits
from steelyard.scanning.interface import Context, Examination

__all__ = [
    "FORMATS",
    "HEAD",
    "SCANNERS",
    "ArtifactError",
    "BytesSource",
    "Context",
    "Coverage",
    "Examination",
    "LimitExceeded",
    "Limits",
    "Plugin",
    "RuleReference",
    "ScannerRule",
    "Severity",
    "SliceSource",
    "Source",
    "SourceStream",
    "TruncatedArtifact",
]

FORMATS = "steelyard.formats"
"""Entry point group of plug-ins that read a format of their own."""
SCANNERS = "steelyard.scanners"
"""Entry point group of plug-ins that take another look at known formats."""
HEAD = 4096
"""Bytes from the beginning of a file that :meth:`Plugin.sniff` is given."""


class Plugin:
    """Base of every plug-in. One object serves all files of a sandbox process."""

    name = ""
    """The name of the entry point: lower-case words with dashes."""
    distribution = ""
    """The distribution whose version users pin, for a plug-in that adapts another package; empty
    for the one that declares the entry point."""
    formats: tuple[str, ...] = ()
    """What it looks at: names of formats as reports show them, or ``*`` for every one (scanners);
    or the names its :meth:`sniff` returns, none of which has an examiner yet (formats)."""
    rules: tuple[ScannerRule, ...] = ()
    """Every rule it may report. Ids begin with ``x-NAME.``, with the name of the plug-in."""

    def configure(self, paths: tuple[Path, ...]) -> None:
        """Take the paths the user gave it, before any file is examined.

        Raises:
            ValueError: they cannot be used. Any exception stops the examination.
        """
        if paths:
            raise ValueError("it reads no rules from paths")

    def sniff(self, head: bytes, name: str) -> str:
        """Return the format of a file, or an empty text if it is none of this plug-in's.

        Asked for formats only, and only about files whose format is not known, known but not read,
        or plain text. ``head`` holds the first bytes, at most :data:`HEAD`.
        """
        return ""

    def examine(self, context: Context, source: Source, into: Examination) -> None:
        """Look at one file or archive member and write into ``into`` what it shows.

        What escapes becomes a gap in the coverage of this file; findings before it are kept.
        """
        raise NotImplementedError
