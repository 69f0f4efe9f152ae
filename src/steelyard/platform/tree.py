# SPDX-License-Identifier: Apache-2.0
"""Lists the files of a model without following anything out of it.

The parent process decides what the model *is*: which regular files, of which size. Links are not
followed unless they stay inside the tree or are the Hub client's own cache layout; pipes, devices
and unreadable folders become reports of their own, never silence.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, field, structs

from steelyard.kernel.errors import InputError
from steelyard.kernel.finding import Coverage, FileReport, Finding, Severity, verdict_of
from steelyard.kernel.inspection import TreeFile, location_of
from steelyard.kernel.limits import DEFAULT_LIMITS, Limits

_COMMIT = re.compile(r"\A[0-9a-f]{40}\Z")
_HIDING = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SKIPPED = ".git"


class Tree(Struct):
    """What the walk saw: regular files to examine, reports for everything else, roots to read."""

    root: Path
    files: list[TreeFile] = field(default_factory=list)
    reports: list[FileReport] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    roots: set[str] = field(default_factory=set)


def walk(root: Path, limits: Limits) -> Tree:
    """Return the tree at ``root``, a directory or a single file, in a stable order.

    Raises:
        InputError: the path is missing, unreadable, no file or directory, or holds no files.
    """
    try:
        status = root.stat()
    except FileNotFoundError as error:
        raise InputError(
            f"There is nothing at {str(root)!r}.", next_step="Check the path.", code="path.missing"
        ) from error
    except OSError as error:
        raise InputError(
            f"{str(root)!r} cannot be read: {error.strerror}.",
            next_step="Check its permissions.",
            code="path.unreadable",
        ) from error
    tree = Tree(root=root)
    if stat.S_ISDIR(status.st_mode):
        real = Path(os.path.realpath(root))
        tree.roots.add(location_of(os.fsencode(real)))
        _Walker(tree, real, limits).walk()
    elif stat.S_ISREG(status.st_mode):
        real = Path(os.path.realpath(root))
        location = location_of(os.fsencode(real))
        tree.roots.add(location)
        tree.files.append(TreeFile(_shown(os.fsencode(root.name)), location, status.st_size))
    else:
        raise InputError(
            f"{str(root)!r} is neither a file nor a directory.",
            next_step="Name the model's directory.",
            code="path.special",
        )
    if not tree.files and not tree.reports:
        raise InputError(
            f"The directory {str(root)!r} holds no files.",
            next_step="Name the directory that holds the model's files.",
            code="path.empty",
        )
    _check_collisions(tree)
    return tree


class _Walker:
    def __init__(self, tree: Tree, real: Path, limits: Limits) -> None:
        self._tree = tree
        self._real = os.fsencode(real)
        self._limits = limits
        self._seen: set[str] = set()
        self._hub_blobs = _hub_blobs(real)

    def walk(self) -> None:
        """Visit every directory, deepest names last, without recursion."""
        stack: list[tuple[bytes, int]] = [(b"", 0)]
        while stack:
            relative, depth = stack.pop()
            folder = os.path.join(self._real, relative) if relative else self._real
            try:
                with os.scandir(folder) as entries:
                    ordered = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self._gap(relative, f"the directory cannot be read: {error.strerror}")
                continue
            below: list[tuple[bytes, int]] = []
            for entry in ordered:
                path = os.path.join(relative, entry.name) if relative else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if not relative and entry.name == os.fsencode(_SKIPPED):
                        self._note_skipped()
                    elif depth >= self._limits.tree_depth:
                        self._gap(path, "the directory is nested too deep")
                    else:
                        below.append((path, depth + 1))
                else:
                    try:
                        self._entry(path, entry)
                    except OSError as error:  # it went away, or nobody may look at it
                        self._gap(path, f"it cannot be looked at: {error.strerror}")
            stack += reversed(below)

    def _entry(self, path: bytes, entry: os.DirEntry[bytes]) -> None:
        if len(self._tree.files) + len(self._tree.reports) >= self._limits.tree_files:
            raise InputError(
                f"The model has more than {self._limits.tree_files} files.",
                next_step="Name the directory of one model.",
                code="path.too-many",
            )
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            self._link(path)
        elif stat.S_ISREG(status.st_mode):
            self._file(path, os.path.join(self._real, path), status.st_size)
        else:
            self._special(path, status.st_mode)

    def _file(self, path: bytes, location: bytes, size: int) -> None:
        shown = self._unique(path)
        self._tree.files.append(TreeFile(shown, location_of(location), size))

    def _link(self, path: bytes) -> None:
        target = os.path.realpath(os.path.join(self._real, path))
        inside = target.startswith(self._real + b"/")
        cached = self._hub_blobs is not None and os.path.dirname(target) == self._hub_blobs
        try:
            status = os.stat(target, follow_symlinks=False)
        except OSError:
            self._finding(path, "path.symlink", Severity.MEDIUM, "The link leads nowhere.")
            return
        if not inside and not cached:
            self._finding(
                path,
                "path.symlink-escape",
                Severity.CRITICAL,
                "The link leads out of the model; whatever reads it reads this machine's files.",
                evidence=f"-> {_shown(os.readlink(os.path.join(self._real, path)))}",
            )
        elif stat.S_ISREG(status.st_mode):
            if cached:
                self._tree.roots.add(location_of(target))
            self._file(path, target, status.st_size)
        else:
            self._finding(
                path, "path.symlink", Severity.MEDIUM, "The link does not lead to a regular file."
            )

    def _special(self, path: bytes, mode: int) -> None:
        kinds = {stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device",
                 stat.S_IFBLK: "device"}  # fmt: skip
        kind = kinds.get(stat.S_IFMT(mode), "special file")
        self._finding(
            path,
            "path.special-file",
            Severity.HIGH,
            f"This is a {kind}; no model has one, and it was not opened.",
        )

    def _finding(
        self, path: bytes, rule: str, severity: Severity, message: str, evidence: str = ""
    ) -> None:
        finding = Finding(
            rule=rule,
            severity=severity,
            message=message,
            evidence=evidence,
            remedy="Remove it, or fetch the model again from its publisher.",
        )
        self._report(path, "it was not opened", (finding,))

    def _gap(self, path: bytes, reason: str) -> None:
        self._report(path or b".", reason, ())

    def _report(self, path: bytes, reason: str, findings: tuple[Finding, ...]) -> None:
        self._tree.reports.append(
            FileReport(
                path=self._unique(path),
                format="unknown",
                size=0,
                sha256="",
                verdict=verdict_of(findings, Coverage.NONE),
                coverage=Coverage.NONE,
                coverage_reason=reason,
                findings=findings,
            )
        )

    def _note_skipped(self) -> None:
        self._tree.findings.append(
            Finding(
                rule="path.version-control",
                severity=Severity.INFO,
                message="The .git folder is not part of the revision and was left out.",
            )
        )

    def _unique(self, path: bytes) -> str:
        shown = _shown(path)
        if shown.encode() != path:
            self._tree.findings.append(
                Finding(
                    rule="path.odd-name",
                    severity=Severity.MEDIUM,
                    message="A file name is not UTF-8 or holds characters that hide what it is; "
                    "they are shown percent-encoded.",
                    evidence=shown,
                    remedy="Rename the file, or ask the publisher why it is named so.",
                )
            )
        while shown in self._seen:
            shown += "%00"
        self._seen.add(shown)
        return shown


def _shown(path: bytes) -> str:
    """Return ``path`` as text that is safe to print; hiding characters are percent-encoded."""
    text = path.decode("utf-8", "surrogateescape")
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))
        if "\ud800" <= char <= "\udfff" or _HIDING.match(char)
        else char
        for char in text
    )


def _hub_blobs(real: Path) -> bytes | None:
    """Return the blob folder if ``real`` is a snapshot in the Hub client's cache."""
    if real.parent.name == "snapshots" and _COMMIT.match(real.name):
        return os.fsencode(real.parent.parent / "blobs")
    return None


def _check_collisions(tree: Tree) -> None:
    seen: dict[str, str] = {}
    for file in tree.files:
        other = seen.setdefault(file.path.casefold(), file.path)
        if other != file.path:
            tree.findings.append(
                Finding(
                    rule="path.collision",
                    severity=Severity.LOW,
                    message="Two names differ only in case; some systems keep only one of them.",
                    evidence=f"{other} and {file.path}",
                )
            )


def join(paths: Sequence[Path], limits: Limits = DEFAULT_LIMITS) -> Tree:
    """Return one tree for one or several paths; with several, every name begins with its path.

    Raises:
        InputError: as :func:`walk`, or the same path is named twice.
    """
    if len(paths) == 1:
        return walk(paths[0], limits)
    joined = Tree(root=paths[0])
    seen: set[str] = set()
    for path in paths:
        tree = walk(path, limits)
        folder = path if path.is_dir() else path.parent
        named = path.is_dir() or bool(path.parent.name)
        prefix = f"{_shown(os.fsencode(folder))}/" if named else ""
        files = [TreeFile(f"{prefix}{file.path}", file.location, file.size) for file in tree.files]
        reports = [structs.replace(r, path=f"{prefix}{r.path}") for r in tree.reports]
        for shown in [*(file.path for file in files), *(report.path for report in reports)]:
            if shown in seen:
                raise InputError(
                    f"{shown!r} is named twice.",
                    next_step="Name every path once.",
                    code="path.twice",
                )
            seen.add(shown)
        joined.files += files
        joined.reports += reports
        joined.findings += tree.findings
        joined.roots |= tree.roots
    return joined
