# SPDX-License-Identifier: Apache-2.0
"""Writing so that a crash leaves the old bytes or the new ones, and reading trees without traps.

A file is replaced by writing a sibling, flushing it to disk and renaming it; the directory is
flushed too, because a rename lives there. Trees are read without following links: evidence from
somebody else may contain a link to anywhere, a pipe that never ends, or a file larger than memory.
"""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.kernel.limits import MIB

MAX_FILE = 512 * MIB
"""Bytes of one file of a bundle or ledger that are read."""
MAX_FILES = 1_000_000
"""Files of one bundle or ledger that are listed."""


def write_file(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write ``data`` to ``path`` and flush it to disk. Not atomic: see :func:`replace_file`."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags, mode), "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, data: bytes, suffix: str) -> None:
    """Make ``path`` hold ``data`` in one step that survives a crash.

    The sibling's name is fixed, ``.<name><suffix>``, so that the next write of the same file cleans
    up after a crash; only one writer may be at work at a time.
    """
    fresh = path.with_name(f".{path.name}{suffix}")
    write_file(fresh, data)
    fresh.replace(path)
    flush_directory(path.parent)


def create_file(path: Path, data: bytes) -> None:
    """Write ``data`` to a new file that is there whole or not at all.

    On a file system without hard links a crash in the middle may leave a part of it.

    Raises:
        FileExistsError: something stands there already; it is untouched.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        write_file(fresh, data)
        try:
            path.hardlink_to(fresh)  # unlike a rename, this never replaces
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            with path.open("xb") as file:
                file.write(data)
    finally:
        fresh.unlink(missing_ok=True)
    flush_directory(path.parent)


_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems without hard links answer."""


def exchange(one: Path, other: Path) -> None:
    """Swap two directories on one file system.

    Linux does it in one step (``renameat2`` with ``RENAME_EXCHANGE``). Where the file system or C
    library cannot, it takes two renames, and a failure of the second undoes the first.
    """
    if _exchange_at_once(one, other):
        return
    aside = other.with_name(f".{other.name}.{secrets.token_hex(8)}.old")
    other.rename(aside)
    try:
        one.rename(other)
    except OSError:
        aside.rename(other)
        raise
    aside.rename(one)


def _exchange_at_once(one: Path, other: Path) -> bool:
    at_cwd, rename_exchange = -100, 2
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    return bool(rename(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), rename_exchange) == 0)


def flush_directory(directory: Path) -> None:
    """Flush the names in ``directory`` to disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(directory: Path, mode: int = 0o777) -> None:
    """Make ``directory`` and its parents, each flushed into the one above."""
    if directory.is_dir():
        return
    make_directory(directory.parent, mode)
    try:
        directory.mkdir(mode=mode)
    except FileExistsError:
        if not directory.is_dir():
            raise
        return
    flush_directory(directory.parent)


def list_files(root: Path) -> list[str]:
    """Return the relative names of everything under ``root`` that is not a directory, sorted.

    Links are listed, not followed.

    Raises:
        InputError: ``root`` is not a directory, cannot be listed, or holds too many files.
    """
    names: list[str] = []
    pending = [""]
    while pending:
        prefix = pending.pop()
        try:
            with os.scandir(root / prefix) as entries:
                for entry in entries:
                    name = f"{prefix}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(f"{name}/")
                    else:
                        names.append(name)
        except OSError as error:
            raise InputError(
                f"The directory {str(root / prefix)!r} cannot be listed: {error.strerror}.",
                next_step="Check the path and its permissions.",
                code="directory.unreadable",
            ) from error
        if len(names) > MAX_FILES:
            raise InputError(f"{str(root)!r} holds too many files.", code="directory.too-large")
    return sorted(names)


def reader(root: Path) -> Callable[[str], bytes]:
    """Return a function that reads regular files under ``root`` by relative name.

    It raises IntegrityError for a link, pipe, device or oversized file, and InputError where the
    operating system refuses.
    """

    def read(name: str) -> bytes:
        path = root / name
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if path.is_symlink():
                raise _special(name) from error
            raise InputError(
                f"The file {str(path)!r} cannot be read: {error.strerror}.",
                next_step="Check its permissions.",
                code="file.unreadable",
            ) from error
        with open(descriptor, "rb") as file:  # noqa: PTH123 (a descriptor, not a path)
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise _special(name)
            if status.st_size > MAX_FILE:
                raise IntegrityError(f"{name} is too large to be read.", code="file.too-large")
            return file.read(MAX_FILE)

    return read


def _special(name: str) -> IntegrityError:
    return IntegrityError(f"{name} is a link or device, not a file.", code="file.special")
