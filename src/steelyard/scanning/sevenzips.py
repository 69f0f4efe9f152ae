# SPDX-License-Identifier: Apache-2.0
"""Examines 7z archives: names, links, encryption and every member that can be unpacked."""

from __future__ import annotations

import posixpath

from steelyard.artifacts.compressed import budget_of
from steelyard.artifacts.sevenzip import Folder, SevenMember, read_7z, unpack_folder
from steelyard.artifacts.source import BytesSource, SliceSource, Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.archives import check_link, check_name, examine_content, note_bomb
from steelyard.scanning.interface import Context, Examination


def examine_7z(context: Context, source: Source, into: Examination) -> None:
    """Examine a 7z archive and everything in it."""
    try:
        archive = read_7z(source, into.limits)
    except LimitExceeded as error:
        note_bomb(context, error, into)
        return
    except ArtifactError as error:
        if error.code != "archive.encrypted":
            raise
        note_encrypted(context, into)
        return
    members: dict[int, list[SevenMember]] = {}
    links: set[str] = set()
    for member in archive.members:
        check_name(context.nested(member.name[:500]), member.name, links, into)
        if member.is_symlink:
            links.add(posixpath.normpath(member.name))
        if member.folder >= 0:
            members.setdefault(member.folder, []).append(member)
    for index, found in members.items():
        _examine_folder(context, source, archive.folders[index], found, links, into)
    if archive.end < source.size:
        into.add(
            "archive.structure",
            Severity.MEDIUM,
            f"{source.size - archive.end} bytes follow the end of the archive.",
            location=context.at(f"byte {archive.end}"),
            remedy="Look at what they are before unpacking.",
        )
        rest = SliceSource(source, archive.end, source.size - archive.end)
        examine_content(context.nested(f"(after byte {archive.end})"), rest, into)


def _examine_folder(
    context: Context,
    source: Source,
    folder: Folder,
    members: list[SevenMember],
    links: set[str],
    into: Examination,
) -> None:
    first = context.nested(members[0].name[:500])
    if folder.encrypted:
        note_encrypted(first, into)
        return
    if folder.size > into.limits.member_memory:
        into.gap(Coverage.PARTIAL, first.at(f"{folder.size} bytes packed together are too many"))
        return
    budget = budget_of(source, into.limits)
    try:
        data = unpack_folder(source, folder, budget)
    except LimitExceeded as error:
        note_bomb(first, error, into)
        return
    except ArtifactError as error:
        into.gap(Coverage.PARTIAL, first.at(error.message))
        return
    for member in members:
        inner = context.nested(member.name[:500])
        content = BytesSource(data[member.start : member.start + member.size])
        content.budget = budget
        if member.is_symlink:
            target = content.read_at(0, 4096).decode("utf-8", "replace")
            check_link(inner, member.name, target, links, into)
        else:
            examine_content(inner, content, into)


def note_encrypted(context: Context, into: Examination) -> None:
    """Report an archive or member that only its password opens."""
    into.add(
        "archive.encrypted",
        Severity.MEDIUM,
        "The archive is encrypted; nobody can say what it holds.",
        location=context.at(""),
        remedy="Ask the publisher for the files without a password.",
    )
    into.gap(Coverage.PARTIAL, context.at("the content is encrypted"))
