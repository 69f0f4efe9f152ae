# SPDX-License-Identifier: Apache-2.0
"""What crosses the sandbox wall: the request and its files go in, one reply a file comes out.

Everything travels as JSON lines over pipes. The parent decodes replies with strict types and then
distrusts them (see ``platform/answers.py``). ADR 0003 says why, ADR 0007 describes the protocol.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote_from_bytes, unquote_to_bytes

from msgspec import Struct

from steelyard.kernel.card import ModelCard, ModelConfig, PackageMetadata
from steelyard.kernel.finding import FileReport, Finding, Severity
from steelyard.kernel.license import DeclaredLicense, LicenseFile
from steelyard.kernel.limits import DEFAULT_LIMITS, Limits
from steelyard.kernel.lineage import LineagePaper

INSPECTION_SCHEMA = "steelyard.inspection/v1"
REQUEST_SCHEMA = "steelyard.inspection-request/v2"

PAGE_NUMBER, PAGE_HASHED, PAGE_BYTES = 0, 1, 16
"""The page a sandbox process shares with its parent: two numbers of 64 bits. The first counts the
files given to the process up to the one it examines (0 while it examines none), the second counts
the bytes of that file hashed so far. Writing them costs no system call, and they outlive a crash.
"""

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


class PluginRef(Struct, frozen=True, kw_only=True):
    """A plug-in that must take part, named with the exact version of its distribution."""

    name: str
    version: str
    group: str = ""
    """Entry point group; empty for every group that has the name."""
    paths: tuple[str, ...] = ()
    """Locations of files or directories of rules it reads, such as YARA rules."""


class InspectionRequest(Struct, frozen=True, kw_only=True):
    """Settings of one run of the sandbox over one tree. The files follow in batches."""

    files: tuple[TreeFile, ...] = ()
    """Only for a runner in the same process; the sandbox process is given its files later."""
    tasks: tuple[Task, ...] = ("scan",)
    limits: Limits = DEFAULT_LIMITS
    roots: tuple[str, ...] = ()
    """Locations of the directories the sandbox may read besides Python itself."""
    alone: bool = False
    """The tree is one file, named by the user as the one to read whatever its name."""
    plugins: tuple[PluginRef, ...] = ()
    schema: str = REQUEST_SCHEMA


class Scanner(Struct, frozen=True, kw_only=True):
    """Which scanner looked: its version and a digest over all its rules and lists."""

    version: str
    rules_digest: str


class RuleText(Struct, frozen=True, kw_only=True):
    """What a rule of a plug-in means. The texts of our own rules are in the catalog."""

    id: str
    title: str
    severity: Severity
    what: str = ""
    why: str = ""
    remedy: str = ""
    false_alarm: str = ""
    references: tuple[tuple[str, str], ...] = ()
    """Title and address of each."""


class Inspection(Struct, frozen=True, kw_only=True):
    """What is known about a tree after its examination."""

    scanner: Scanner
    files: tuple[FileReport, ...]
    isolation: tuple[str, ...] = ()
    """Walls that stood, such as ``rlimits · landlock``, and those refused, as ``no landlock``.
    With several processes, a wall stands only if it stood in all of them."""
    tree_findings: tuple[Finding, ...] = ()
    """Findings about several files together."""
    cards: tuple[ModelCard, ...] = ()
    configs: tuple[ModelConfig, ...] = ()
    packages: tuple[PackageMetadata, ...] = ()
    license_files: tuple[LicenseFile, ...] = ()
    declared: tuple[DeclaredLicense, ...] = ()
    lineage: tuple[LineagePaper, ...] = ()
    rules: tuple[RuleText, ...] = ()
    """What the rules of the plug-ins mean, by id."""
    schema: str = INSPECTION_SCHEMA


class FilePapers(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one file says as a paper of the model: a card, a configuration, a license text."""

    cards: tuple[ModelCard, ...] = ()
    configs: tuple[ModelConfig, ...] = ()
    packages: tuple[PackageMetadata, ...] = ()
    license_files: tuple[LicenseFile, ...] = ()
    declared: tuple[DeclaredLicense, ...] = ()
    lineage: tuple[LineagePaper, ...] = ()


class Ready(Struct, frozen=True, kw_only=True):
    """First reply of a sandbox process: its walls stand, and no file was opened yet."""

    scanner: Scanner
    isolation: tuple[str, ...]
    rules: tuple[RuleText, ...] = ()


class Refusal(Struct, frozen=True, kw_only=True):
    """Why no file may be examined: a plug-in that must take part cannot."""

    plugin: str
    reason: str


class Reply(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a sandbox process's answer; exactly one of the first four is there."""

    ready: Ready | None = None
    refused: Refusal | None = None
    file: FileReport | None = None
    done: bool = False
    """Every file of the batch was answered; the process waits for the next one."""
    papers: FilePapers | None = None
    """What ``file`` says as a paper, if anything."""
