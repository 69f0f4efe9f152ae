# SPDX-License-Identifier: Apache-2.0
"""Examines zip and tar archives and compressed files: escapes, bombs, disagreements, members."""

from __future__ import annotations

import posixpath
import re
import stat
from collections.abc import Iterable, Iterator

from msgspec import structs

from steelyard.artifacts.compressed import Budget, ExpandingStream, budget_of, expand, share_budget
from steelyard.artifacts.problem import Problem
from steelyard.artifacts.sniff import sniff
from steelyard.artifacts.source import BytesSource, Source
from steelyard.artifacts.tars import BLOCK, TarMember, iter_tar, looks_like_tar, read_tar
from steelyard.artifacts.zips import ZipMember, crc_matches, member_source, read_zip
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
    "archive.similar-names": Severity.LOW,
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
        rule = _rule(problem.code, "archive.structure")
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
        content = open_zip_member(inner, source, member, budget, links, into)
        if content is None:
            continue
        if exported and _RAW_TENSOR.search(member.name) and sniff(content, "").format == "unknown":
            into.weights = True
            into.tensors += 1
            examine_disguise(structs.replace(inner, format="unknown"), content, into)
            continue
        examine_content(inner, content, into)


def open_zip_member(
    inner: Context,
    source: Source,
    member: ZipMember,
    budget: Budget,
    links: set[str],
    into: Examination,
) -> Source | None:
    """Judge a member's names, mode, size and checksum, and return the bytes to examine, if any.

    ``inner`` is the member's own context; ``links`` holds the links seen so far in the archive.
    """
    for name in filter(None, (member.name, member.other_name)):
        check_name(inner, name, links, into)
    check_mode(inner, member.mode, into)
    if member.is_dir and not member.size:
        return None
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
        return None
    except ArtifactError as error:
        into.gap(Coverage.PARTIAL, f"member {member.name[:200]}: {error.message}")
        return None
    share_budget(content, budget)
    if member.is_symlink:
        target = content.read_at(0, 4096).decode("utf-8", "replace")
        check_link(inner, member.name, target, links, into)
        links.add(posixpath.normpath(member.name))
        return None
    if content.size != member.size and not member.encrypted:
        into.add(
            "archive.headers-disagree",
            Severity.HIGH,
            f"The member has {content.size} bytes where the archive states {member.size}; one "
            "reader stops at the stated size and another does not.",
            location=inner.at(""),
            remedy="Do not load the archive.",
        )
    if isinstance(content, BytesSource) and not crc_matches(member, content):
        into.add(
            "archive.checksum",
            Severity.MEDIUM,
            "The member does not have the checksum the archive states.",
            location=inner.at(""),
        )
    return content


def examine_tar(context: Context, source: Source, into: Examination) -> None:
    """Examine a tar archive and everything in it."""
    problems: list[Problem] = []
    members = read_tar(source, into.limits, problems)
    _examine_tar_members(context, members, budget_of(source, into.limits), into, problems)


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
            problems: list[Problem] = []
            members = iter_tar(_Rejoined(head, stream), into.limits, problems)
            _examine_tar_members(inner, members, budget, into, problems)
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
    context: Context,
    members: Iterator[TarMember],
    budget: Budget,
    into: Examination,
    problems: list[Problem],
) -> None:
    links: set[str] = set()
    try:
        for member in members:
            _examine_tar_member(context, member, budget, links, into)
    except LimitExceeded as error:
        note_bomb(context, error, into)
    finally:
        report_problems(context, problems, into)


def _examine_tar_member(
    context: Context, member: TarMember, budget: Budget, links: set[str], into: Examination
) -> None:
    inner = context.nested(member.name[:500])
    check_name(inner, member.name, links, into)
    if member.kind in ("symlink", "hardlink"):
        # A hard link's target counts from the archive's root, a symbolic one's from here.
        base = member.name if member.kind == "symlink" else ""
        check_link(inner, base, member.link_target, links, into)
        links.add(posixpath.normpath(member.name))
        return
    if member.kind in ("device", "fifo"):
        _note_device(inner, member.kind, into)
        return
    if member.kind == "directory":
        return
    check_mode(inner, member.mode, into)
    if member.content is None:
        into.gap(Coverage.PARTIAL, f"member {member.name[:200]} is too large to hold")
        return
    if member.sparse:
        into.gap(Coverage.PARTIAL, f"member {member.name[:200]} was examined without its holes")
    share_budget(member.content, budget)
    examine_content(inner, member.content, into)


def examine_content(context: Context, content: Source, into: Examination) -> None:
    """Examine one member's bytes, unless archives are nested too deep."""
    if context.depth > into.limits.archive_depth:
        into.add(
            "archive.depth",
            Severity.MEDIUM,
            f"Archives are nested more than {into.limits.archive_depth} deep.",
            location=context.at(""),
            remedy="Unpack the outer ones by hand, in a sandbox, and look at what is left.",
        )
        into.gap(Coverage.PARTIAL, "archives are nested too deep")
        return
    if context.examine_nested is not None:
        context.examine_nested(context, content, into)


def check_mode(context: Context, mode: int, into: Examination) -> None:
    """Report a Unix file mode that unpacking should not restore: devices, and foreign rights."""
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        _note_device(context, "device", into)
    elif stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        _note_device(context, "fifo", into)
    elif mode & (stat.S_ISUID | stat.S_ISGID) and stat.S_IFMT(mode) in (0, stat.S_IFREG):
        into.add(
            "archive.setuid",
            Severity.MEDIUM,
            "The member would run with the rights of its owner or group, whoever starts it.",
            location=context.at(""),
            evidence=oct(mode),
            remedy="Unpack it as an ordinary user, who cannot grant such rights.",
        )


def _note_device(context: Context, kind: str, into: Examination) -> None:
    into.add(
        "archive.device",
        Severity.CRITICAL,
        f"The member is a {kind}; unpacking would create it.",
        location=context.at(""),
        remedy=_REMEDY,
    )


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


def _rule(code: str, other: str) -> str:
    """Return the code of a problem where it is that of a rule, else ``other``."""
    from steelyard.catalog.rules import scanner_rule

    return code if scanner_rule(code) else other


def note_bomb(context: Context, error: LimitExceeded, into: Examination) -> None:
    """Report a reader's limit: an attack where the error says so, else a reason to look."""
    rule = _rule(error.code, "archive.bomb")
    attack = error.code in ("archive.bomb", "archive.members")
    into.add(
        rule,
        Severity.CRITICAL if attack else Severity.MEDIUM,
        error.message,
        location=context.at(""),
        remedy=_REMEDY,
    )
    into.gap(Coverage.PARTIAL, f"{context.member or context.path}: {error.message}")
