# SPDX-License-Identifier: Apache-2.0
"""What crosses the sandbox wall: the request that goes in, the inspection that comes out.

Both travel as one JSON document over a pipe. The parent decodes the reply with strict types and
then distrusts it (see ``platform/sandbox.py``). ADR 0003 describes the protocol.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote_from_bytes, unquote_to_bytes

from msgspec import Struct

from steelyard.kernel.card import ModelCard, ModelConfig, PackageMetadata
from steelyard.kernel.finding import FileReport, Finding
from steelyard.kernel.license import DeclaredLicense, LicenseFile
from steelyard.kernel.limits import DEFAULT_LIMITS, Limits

INSPECTION_SCHEMA = "steelyard.inspection/v1"

Task = Literal["scan", "license", "card"]


def location_of(path: bytes) -> str:
    """Return an absolute path as text: names need not be UTF-8, so bytes are percent-encoded."""
    return quote_from_bytes(path, safe="/")


def path_of(location: str) -> bytes:
    """Return the path :func:`location_of` encoded."""
    return unquote_to_bytes(location)


class TreeFile(Struct, frozen=True):
    """A regular file the parent saw when it walked the tree without following links.

    ``path`` is the name shown to people and used in the manifest; ``location`` is the absolute
    path to open, as :func:`location_of` writes it; ``size`` is in bytes.
    """

    path: str
    location: str
    size: int


class InspectionRequest(Struct, frozen=True, kw_only=True):
    """One run of the sandbox over one tree."""

    files: tuple[TreeFile, ...]
    tasks: tuple[Task, ...] = ("scan",)
    limits: Limits = DEFAULT_LIMITS
    roots: tuple[str, ...] = ()
    """Locations of the directories the sandbox may read besides Python itself."""
    progress: bool = False
    """Write one JSON line per finished file to standard error."""
    schema: str = "steelyard.inspection-request/v1"


class Scanner(Struct, frozen=True, kw_only=True):
    """Which scanner looked: its version and a digest over all its rules and lists."""

    version: str
    rules_digest: str


class Inspection(Struct, frozen=True, kw_only=True):
    """The reply of the sandbox."""

    scanner: Scanner
    files: tuple[FileReport, ...]
    isolation: tuple[str, ...] = ()
    """Walls that stood, such as ``rlimits · landlock``, and those refused, as ``no landlock``."""
    tree_findings: tuple[Finding, ...] = ()
    """Findings about several files together."""
    cards: tuple[ModelCard, ...] = ()
    configs: tuple[ModelConfig, ...] = ()
    packages: tuple[PackageMetadata, ...] = ()
    license_files: tuple[LicenseFile, ...] = ()
    declared: tuple[DeclaredLicense, ...] = ()
    schema: str = INSPECTION_SCHEMA


class Reply(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the sandbox's answer: a finished file, or the end with all the rest."""

    file: FileReport | None = None
    end: Inspection | None = None
