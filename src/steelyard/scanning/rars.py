# SPDX-License-Identifier: Apache-2.0
"""Examines RAR archives: names, links and encryption of all members, content of stored ones."""

from __future__ import annotations

import posixpath

from steelyard.artifacts.rar import RarMember, read_rar
from steelyard.artifacts.source import SliceSource, Source
from steelyard.kernel.errors import LimitExceeded
from steelyard.kernel.finding import Coverage
from steelyard.scanning.archives import check_link, check_name, examine_content, note_bomb
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.appended import examine_rest
from steelyard.scanning.sevenzips import note_encrypted


def examine_rar(context: Context, source: Source, into: Examination) -> None:
    """Examine a RAR archive as far as it is not compressed."""
    try:
        archive = read_rar(source, into.limits)
    except LimitExceeded as error:
        note_bomb(context, error, into)
        return
    if archive.encrypted:
        note_encrypted(context, into)
        return
    links: set[str] = set()
    for member in archive.members:
        _examine_member(context, source, member, links, into)
    examine_rest(context, source, archive.end, into)


def _examine_member(
    context: Context, source: Source, member: RarMember, links: set[str], into: Examination
) -> None:
    inner = context.nested(member.name[:500])
    check_name(inner, member.name, links, into)
    if member.encrypted:
        note_encrypted(inner, into)
    elif member.link:
        links.add(posixpath.normpath(member.name))
        target = member.link
        if member.link.startswith("("):
            stored = source.read_at(member.offset, min(member.packed, 4096))
            target = stored.decode("utf-8", "replace")
        check_link(inner, member.name, target, links, into)
    elif member.is_dir:
        return
    elif member.stored:
        examine_content(inner, SliceSource(source, member.offset, member.packed), into)
    else:
        into.gap(Coverage.PARTIAL, inner.at("RAR compression cannot be unpacked"))
