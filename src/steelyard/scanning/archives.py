# SPDX-License-Identifier: Apache-2.0
"""Examines zip and tar archives and compressed files: escapes, bombs, disagreements, members."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from steelyard.artifacts.compressed import Budget, ExpandingStream, budget_of, expand, share_budget
from steelyard.artifacts.problem import Problem
from steelyard.artifacts.sniff import sniff
from steelyard.artifacts.source import BytesSource, Source
from steelyard.artifacts.tars import BLOCK, TarMember, iter_tar, looks_like_tar, read_tar
from steelyard.artifacts.zips import crc_matches, member_source, read_zip
from steelyard.catalog.rules import scanner_rule
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.disguise import examine_disguise
from steelyard.scanning.interface import Context, Examination

_SEVERITY = {
    "archive.overlap": Severity.CRITICAL,
    "archive.headers-disagree": Severity.HIGH,
    "archive.two-ends": Severity.HIGH,
    "archive.duplicate": Severity.HIGH,
    "archive.no-local-header": Severity.HIGH,
}
_EMPTY_MOST = 10_000
_DRIVE = re.compile(r"\A[A-Za-z]:")
_RAW_TENSOR = re.compile(r"/data/(?:weights|constants)/(?:weight|tensor)_\d+\Z")
"""Raw numbers in an archive that torch.export wrote; other members have formats of their own."""
_PARTS_MOST = 200
_REMEDY = "Do not unpack this archive."


def report_problems(context: Context, problems: Iterable[Problem], into: Examination) -> None:
    """Add a finding for every structural problem a zip reader reported."""
    for problem in problems:
        severity = _SEVERITY.get(problem.code, Severity.MEDIUM)
        rule = problem.code if scanner_rule(problem.code) else "archive.structure"
        into.add(rule, severity, problem.message, location=context.at(problem.location))


def escapes(name: str) -> bool:
    """Tell whether a member of this name could be written outside the folder it is unpacked to."""
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or name.startswith(("/", "\\")) or bool(_DRIVE.match(name))


def examine_zip(context: Context, source: Source, into: Examination) -> None:
    """Examine a zip archive and everything in it."""
    try:
        archive = read_zip(source, into.limits)
    except LimitExceeded as error:
        note_bomb(context, error, into)
        return
    report_problems(context, archive.problems, into)
    budget = budget_of(source, into.limits)
    if sum(not member.size and not member.is_dir for member in archive.members) > _EMPTY_MOST:
        into.add(
            "archive.members",
            Severity.MEDIUM,
            "The archive holds very many empty files: unpacking exhausts the file system.",
            location=context.at(""),
            remedy=_REMEDY,
        )
    links: set[str] = set()
    exported = any(member.name.endswith("/archive_format") for member in archive.members)
    for member in archive.members:
        inner = context.nested(member.name[:500])
        check_name(inner, member.name, links, into)
        if member.is_dir and not member.size:
            continue
        if member.encrypted:
            into.add(
                "archive.encrypted",
                Severity.MEDIUM,
                "The member is encrypted; nobody can say what it holds.",
                location=inner.at(""),
            )
        try:
            content = member_source(source, member, into.limits, budget)
        except LimitExceeded as error:
            note_bomb(inner, error, into)
            continue
        except ArtifactError as error:
            into.gap(Coverage.PARTIAL, f"member {member.name[:200]}: {error.message}")
            continue
        share_budget(content, budget)
        if member.is_symlink:
            target = content.read_at(0, 4096).decode("utf-8", "replace")
            check_link(inner, member.name, target, links, into)
            links.add(posixpath.normpath(member.name))
            continue
        if isinstance(content, BytesSource) and not crc_matches(member, content):
            into.add(
                "archive.checksum",
                Severity.MEDIUM,
                "The member does not have the checksum the archive states.",
                location=inner.at(""),
            )
        if exported and _RAW_TENSOR.search(member.name) and sniff(content, "").format == "unknown":
            into.weights = True
            into.tensors += 1
            examine_disguise(replace(inner, format="unknown"), content, into)
            continue
        examine_content(inner, content, into)


def examine_tar(context: Context, source: Source, into: Examination) -> None:
    """Examine a tar archive and everything in it."""
    members = read_tar(source, into.limits)
    _examine_tar_members(context, members, budget_of(source, into.limits), into)


def examine_compressed(context: Context, source: Source, into: Examination) -> None:
    """Examine the content of a gzip, zlib, bzip2 or xz file."""
    budget = budget_of(source, into.limits)
    stream = ExpandingStream(source, context.format, into.limits, budget)
    inner = context.nested("(expanded)")
    try:
        head = b""
        try:
            head = stream.read(BLOCK)
        except LimitExceeded:
            raise
        except ArtifactError:
            pass  # too short or broken: told below, after what there is was examined
        if looks_like_tar(head):
            members = iter_tar(_Rejoined(head, stream), into.limits)
            _examine_tar_members(inner, members, budget, into)
            return
        content, broken = expand(source, context.format, into.limits, budget)
    except LimitExceeded as error:
        note_bomb(context, error, into)
        return
    examine_content(inner, content, into)
    if broken is not None:
        into.add(
            "archive.structure",
            Severity.MEDIUM,
            f"{broken.message} What comes before was examined.",
            location=context.at(""),
            remedy="Fetch the file again.",
        )
        into.gap(Coverage.PARTIAL, "the compressed data break off")


class _Rejoined:
    """A stream whose first bytes were looked at and put back."""

    def __init__(self, head: bytes, rest: ExpandingStream) -> None:
        self._head, self._rest = head, rest

    def read(self, length: int, /) -> bytes:
        """Return up to ``length`` bytes."""
        if self._head:
            data, self._head = self._head[:length], self._head[length:]
            return data
        return self._rest.read(length)


def _examine_tar_members(
    context: Context, members: Iterator[TarMember], budget: Budget, into: Examination
) -> None:
    links: set[str] = set()
    try:
        for member in members:
            inner = context.nested(member.name[:500])
            check_name(inner, member.name, links, into)
            if member.kind in ("symlink", "hardlink"):
                # A hard link's target counts from the archive's root, a symbolic one's from here.
                base = member.name if member.kind == "symlink" else ""
                check_link(inner, base, member.link_target, links, into)
                links.add(posixpath.normpath(member.name))
            elif member.kind in ("device", "fifo"):
                into.add(
                    "archive.device",
                    Severity.CRITICAL,
                    f"The member is a {member.kind}; unpacking would create it.",
                    location=inner.at(""),
                    remedy=_REMEDY,
                )
            elif member.kind == "directory":
                continue
            elif member.content is None:
                into.gap(Coverage.PARTIAL, f"member {member.name[:200]} is too large to hold")
            else:
                share_budget(member.content, budget)
                examine_content(inner, member.content, into)
    except LimitExceeded as error:
        note_bomb(context, error, into)


def examine_content(context: Context, content: Source, into: Examination) -> None:
    """Examine one member's bytes, unless archives are nested too deep."""
    if context.depth > into.limits.archive_depth:
        into.gap(Coverage.PARTIAL, "archives are nested too deep")
        return
    if context.examine_nested is not None:
        context.examine_nested(context, content, into)


def check_name(context: Context, name: str, links: set[str], into: Examination) -> None:
    """Report a member name that leaves the folder, passes a link, or is too long."""
    if escapes(name):
        into.add(
            "archive.traversal",
            Severity.CRITICAL,
            "Unpacking would write this member outside the archive's folder.",
            location=context.at(""),
            evidence=name[:200],
            remedy=_REMEDY,
        )
    elif len(name) > into.limits.path_length:
        into.add(
            "archive.structure",
            Severity.MEDIUM,
            "The member's name is longer than any file system takes.",
            location=context.at(""),
            remedy=_REMEDY,
        )
    elif links and _passes_link(name, links):
        into.add(
            "archive.link",
            Severity.CRITICAL,
            "Unpacking would write this member through a link that the archive brings along.",
            location=context.at(""),
            evidence=name[:200],
            remedy=_REMEDY,
        )


def _passes_link(name: str, links: set[str]) -> bool:
    path = posixpath.dirname(posixpath.normpath(name))
    while path not in ("", "/", "."):
        if path in links:
            return True
        path = posixpath.dirname(path)
    return False


def check_link(
    context: Context, name: str, target: str, links: set[str], into: Examination
) -> None:
    """Report the link ``name`` if its target lies outside the archive's folder."""
    target = target.replace("\\", "/")
    landing = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    turns = links and _turns_back(posixpath.join(posixpath.dirname(name), target), links)
    if turns or landing.startswith(("/", "../")) or landing == ".." or _DRIVE.match(target):
        into.add(
            "archive.link",
            Severity.CRITICAL,
            "The member is a link that leads outside the archive's folder.",
            location=context.at(""),
            evidence=f"-> {target[:200]}",
            remedy=_REMEDY,
        )


def _turns_back(path: str, links: set[str]) -> bool:
    """Tell whether a path goes up from a link of the archive: systems resolve the link first."""
    reached, through = "", False
    for part in path.split("/")[:_PARTS_MOST]:
        through = through or reached in links
        if part == ".." and through:
            return True
        reached = posixpath.normpath(posixpath.join(reached, part))
    return False


def note_bomb(context: Context, error: LimitExceeded, into: Examination) -> None:
    """Report a reader's limit: an attack where the error says so, else a reason to look."""
    rule = error.code if scanner_rule(error.code) else "archive.bomb"
    attack = error.code in ("archive.bomb", "archive.members")
    into.add(
        rule,
        Severity.CRITICAL if attack else Severity.MEDIUM,
        error.message,
        location=context.at(""),
        remedy=_REMEDY,
    )
    into.gap(Coverage.PARTIAL, f"{context.member or context.path}: {error.message}")
