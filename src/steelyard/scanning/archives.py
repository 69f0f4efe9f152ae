# SPDX-License-Identifier: Apache-2.0
"""Examines zip and tar archives and compressed files: escapes, bombs, disagreements, members."""

from __future__ import annotations

import re
from collections.abc import Iterable

from steelyard.artifacts.compressed import ExpandingStream, read_all
from steelyard.artifacts.problem import Problem
from steelyard.artifacts.source import BytesSource, Source, SourceStream
from steelyard.artifacts.tars import BLOCK, iter_tar, looks_like_tar
from steelyard.artifacts.zips import crc_matches, member_source, read_zip
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination

RULES: dict[str, tuple[str, str]] = {
    "archive.traversal": ("A member would be written outside the archive's folder", "critical"),
    "archive.link": ("A member is a link that leads outside", "critical"),
    "archive.bomb": ("The archive expands beyond reason", "critical"),
    "archive.overlap": ("Members share bytes, as bombs do", "critical"),
    "archive.members": ("The archive claims too many members", "critical"),
    "archive.headers-disagree": ("Two headers describe different content", "high"),
    "archive.two-ends": ("Two readers see two archives", "high"),
    "archive.duplicate": ("Two members have the same name", "high"),
    "archive.encrypted": ("A member is encrypted", "medium"),
    "archive.device": ("A member is a device or pipe", "high"),
    "archive.checksum": ("A member does not have its checksum", "medium"),
    "archive.structure": ("The archive is not laid out as written by honest tools", "medium"),
}
_SEVERITY = {
    "archive.overlap": Severity.CRITICAL,
    "archive.headers-disagree": Severity.HIGH,
    "archive.two-ends": Severity.HIGH,
    "archive.duplicate": Severity.HIGH,
    "archive.no-local-header": Severity.HIGH,
}
_DRIVE = re.compile(r"\A[A-Za-z]:")
_REMEDY = "Do not unpack this archive."


def report_problems(context: Context, problems: Iterable[Problem], into: Examination) -> None:
    """Add a finding for every structural problem a zip reader reported."""
    for problem in problems:
        severity = _SEVERITY.get(problem.code, Severity.MEDIUM)
        rule = problem.code if problem.code in RULES else "archive.structure"
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
        _bomb(context, error, into)
        return
    report_problems(context, archive.problems, into)
    expanded = 0
    for member in archive.members:
        inner = context.nested(member.name[:500])
        _check_name(inner, member.name, into)
        if member.is_dir:
            continue
        if member.encrypted:
            into.add(
                "archive.encrypted",
                Severity.MEDIUM,
                "The member is encrypted; nobody can say what it holds.",
                location=inner.at(""),
            )
        try:
            content = member_source(source, member, into.limits)
        except LimitExceeded as error:
            _bomb(inner, error, into)
            continue
        except ArtifactError as error:
            into.gap(Coverage.PARTIAL, f"member {member.name[:200]}: {error.message}")
            continue
        expanded += content.size
        if expanded > into.limits.archive_expanded:
            _bomb(inner, LimitExceeded("The archive's members are too large together."), into)
            return
        if member.is_symlink:
            _check_link(inner, content.read_at(0, 4096).decode("utf-8", "replace"), into)
            continue
        if isinstance(content, BytesSource) and not crc_matches(member, content):
            into.add(
                "archive.checksum",
                Severity.MEDIUM,
                "The member does not have the checksum the archive states.",
                location=inner.at(""),
            )
        _examine_content(inner, content, into)


def examine_tar(context: Context, source: Source, into: Examination) -> None:
    """Examine a tar archive and everything in it."""
    _examine_tar_stream(context, SourceStream(source), into)


def examine_compressed(context: Context, source: Source, into: Examination) -> None:
    """Examine the content of a gzip, zlib, bzip2 or xz file."""
    stream = ExpandingStream(source, context.format, into.limits)
    inner = context.nested("(expanded)")
    try:
        head = stream.read(BLOCK)
        if looks_like_tar(head):
            _examine_tar_stream(inner, _Rejoined(head, stream), into)
            return
        data = head + read_all(stream, into.limits.member_memory)
    except LimitExceeded as error:
        _bomb(context, error, into)
        return
    _examine_content(inner, BytesSource(data), into)


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


def _examine_tar_stream(
    context: Context, stream: SourceStream | _Rejoined, into: Examination
) -> None:
    try:
        for member in iter_tar(stream, into.limits):
            inner = context.nested(member.name[:500])
            _check_name(inner, member.name, into)
            if member.kind in ("symlink", "hardlink"):
                _check_link(inner, member.link_target, into)
            elif member.kind in ("device", "fifo"):
                into.add(
                    "archive.device",
                    Severity.HIGH,
                    f"The member is a {member.kind}.",
                    location=inner.at(""),
                    remedy=_REMEDY,
                )
            elif member.kind == "directory":
                continue
            elif member.content is None:
                into.gap(Coverage.PARTIAL, f"member {member.name[:200]} is too large to hold")
            else:
                _examine_content(inner, BytesSource(member.content), into)
    except LimitExceeded as error:
        _bomb(context, error, into)


def _examine_content(context: Context, content: Source, into: Examination) -> None:
    if context.depth > into.limits.archive_depth:
        into.gap(Coverage.PARTIAL, "archives are nested too deep")
        return
    if context.examine_nested is not None:
        context.examine_nested(context, content, into)


def _check_name(context: Context, name: str, into: Examination) -> None:
    if escapes(name):
        into.add(
            "archive.traversal",
            Severity.CRITICAL,
            "Unpacking would write this member outside the archive's folder.",
            location=context.at(""),
            evidence=name[:200],
            remedy=_REMEDY,
        )


def _check_link(context: Context, target: str, into: Examination) -> None:
    inner = context.member.rsplit(" > ", 1)[-1]
    depth = len([part for part in inner.split("/")[:-1] if part not in ("", ".")])
    up = target.split("/").count("..")
    if escapes(target) and (target.startswith(("/", "\\")) or _DRIVE.match(target) or up > depth):
        into.add(
            "archive.link",
            Severity.CRITICAL,
            "The member is a link that leads outside the archive's folder.",
            location=context.at(""),
            evidence=f"-> {target[:200]}",
            remedy=_REMEDY,
        )


def _bomb(context: Context, error: LimitExceeded, into: Examination) -> None:
    rule = error.code if error.code in RULES else "archive.bomb"
    attack = error.code in ("archive.bomb", "archive.members")
    into.add(
        rule,
        Severity.CRITICAL if attack else Severity.MEDIUM,
        error.message,
        location=context.at(""),
        remedy=_REMEDY,
    )
    into.gap(Coverage.PARTIAL, f"{context.member or context.path}: {error.message}")
