# SPDX-License-Identifier: Apache-2.0
"""Hash the files of a model, and compare them with a manifest: by hash only, nothing is parsed.

The tree is walked exactly as it is for an assessment, so the same names stand for the same files,
and a link out of the model, a pipe or a device is a difference and is never opened.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from steelyard.kernel.errors import InputError
from steelyard.kernel.inspection import TreeFile, path_of
from steelyard.kernel.limits import DEFAULT_LIMITS
from steelyard.kernel.manifest import FileEntry, Manifest, manifest_of
from steelyard.ledger.verification import Findings
from steelyard.platform.tree import walk


def compare_model(
    root: Path, manifest: Manifest, found: Findings, progress: Callable[[int], None]
) -> None:
    """Report to ``found`` every file under ``root`` that is not as ``manifest`` says.

    ``root`` is the model's directory, or its file if the manifest has one. ``progress`` receives
    bytes hashed.

    Raises:
        InputError: ``root`` is not there, or a file cannot be read.
    """
    tree = walk(root, DEFAULT_LIMITS)
    present = {file.path: file for file in tree.files}
    refused = {report.path: report.coverage_reason for report in tree.reports}
    for entry in manifest.files:
        if entry.path in present:
            _compare(present[entry.path], entry, found)
        elif entry.path in refused:
            found.add(
                entry.path,
                "model.changed",
                f"{entry.path} is no longer a plain file of the model: {refused[entry.path]}.",
            )
        else:
            found.add(entry.path, "model.missing", f"{entry.path} is missing from the model.")
        progress(entry.size)
    listed = {entry.path for entry in manifest.files}
    for name in sorted((present.keys() | refused.keys()) - listed):
        found.add(name, "model.extra", f"{name} is not in the model that was decided on.")


def _compare(file: TreeFile, entry: FileEntry, found: Findings) -> None:
    if file.size != entry.size:
        found.add(
            entry.path,
            "model.changed",
            f"{entry.path} has {file.size} bytes instead of {entry.size}.",
        )
    elif _sha256(file) != entry.sha256:
        found.add(
            entry.path,
            "model.changed",
            f"{entry.path} has the same size, but other bytes than the ones decided on.",
        )


def _sha256(file: TreeFile) -> str:
    """Return the digest of a file; of what stopped being a regular file, an empty one."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path_of(file.location), flags)
        with open(descriptor, "rb", buffering=0) as opened:  # noqa: PTH123 (a descriptor, no path)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return ""
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"The model file {file.path!r} cannot be read: {error.strerror}.",
            next_step="Check its permissions.",
            code="file.unreadable",
        ) from error


class ReadModel(Struct):
    """The files of a model as they are now: a manifest, and names that are no readable file."""

    manifest: Manifest
    refused: dict[str, str]
    """Reason by name: a link out of the model, a pipe, a device, a directory nobody may list."""
    locations: dict[str, str]
    """Absolute location by path of the manifest, percent-encoded."""


def read_model(root: Path, progress: Callable[[int, int], None]) -> ReadModel:
    """Hash every file under ``root``, a directory or a single file.

    ``progress`` receives bytes hashed so far and in all.

    Raises:
        InputError: ``root`` is not there, or a file cannot be read.
    """
    tree = walk(root, DEFAULT_LIMITS)
    total = sum(file.size for file in tree.files)
    entries: list[FileEntry] = []
    refused = {report.path: report.coverage_reason for report in tree.reports}
    done = 0
    for file in tree.files:
        digest = _sha256(file)
        if digest:
            entries.append(FileEntry(file.path, file.size, digest))
        else:
            refused[file.path] = "it is no longer a regular file"
        done += file.size
        progress(done, total)
    locations = {file.path: file.location for file in tree.files}
    return ReadModel(manifest_of(entries), refused, locations)


def read_named(path: Path, limit: int) -> bytes:
    """Return the bytes of a file a person named, at most ``limit`` of them.

    Raises:
        InputError: it cannot be read, is no regular file, or is larger.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as opened:  # noqa: PTH123 (a descriptor, no path)
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            data = opened.read(limit + 1) if regular else b""
    except OSError as error:
        raise InputError(
            f"The file {str(path)!r} cannot be read: {error.strerror}.",
            next_step="Check the path and its permissions.",
            code="file.unreadable",
        ) from error
    if not regular or len(data) > limit:
        what = f"larger than {limit} bytes" if regular else "not a regular file"
        raise InputError(f"The file {str(path)!r} is {what}.", code="file.unusable")
    return data
