# SPDX-License-Identifier: Apache-2.0
"""An empty repository that borrows the objects of a hostile one.

A repository's ``config`` can name programs (file system monitors, pagers, text conversions, signing
programs, transports, filters), ``hooks`` are programs, ``objects/info/alternates`` reads other
repositories, replacements and grafts show other commits than there are, and a partial clone fetches
over the network. None of that is looked at: ``git`` gets an environment of its own, a ``.git`` we
made, and the object directory by ``GIT_OBJECT_DIRECTORY``. References are read here, as text.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import selectors
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Self

from steelyard.kernel.errors import InputError, UndecidedError
from steelyard.kernel.limits import GIB, MIB

SECONDS = 180.0
"""Wall time of all calls together."""
OUTPUT = GIB
"""Bytes one call may put out."""
_REFS_BYTES = 16 * MIB
_REFS_MOST = 20_000
_PACKS_MOST = 10_000
_READ = 1 * MIB
_ID = re.compile(r"\A(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_SETTINGS = (
    "core.commitGraph=false",
    "core.multiPackIndex=false",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "log.showSignature=false",
    "log.mailmap=false",
    "diff.renames=false",
    "protocol.allow=never",
)


class BorrowedRepository:
    """The objects at ``path`` behind an empty repository. Use it in a ``with`` block.

    Raises:
        InputError: there is no repository, it borrows objects itself, or git is not installed.
    """

    def __init__(self, path: Path) -> None:
        program = shutil.which("git")
        if program is None:
            raise InputError(
                "The history of a clone is read with the program git, which is not installed.",
                next_step="Install git, or name a commit list saved from the hub.",
                code="history.no-git",
            )
        self._program = program
        self._directory = _git_directory(path)
        self._objects = _checked_objects(self._directory, path)
        self._ends = time.monotonic() + SECONDS
        self.shallow = _shallow(self._directory)
        """Commits at which the clone was cut off."""
        self.problems: list[str] = []

    def __enter__(self) -> Self:
        self._own = Path(tempfile.mkdtemp(prefix="steelyard-git-"))
        for name in ("objects", "refs"):
            (self._own / name).mkdir()
        (self._own / "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
        wide = _is_sha256(self._directory)
        extra = "[extensions]\n\tobjectformat = sha256\n" if wide else ""
        (self._own / "config").write_text(
            f"[core]\n\trepositoryformatversion = {int(wide)}\n\tbare = true\n{extra}",
            encoding="ascii",
        )
        if self.shallow:
            text = "".join(f"{name}\n" for name in self.shallow)
            (self._own / "shallow").write_text(text, encoding="ascii")
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._own, ignore_errors=True)

    def head(self) -> str:
        """Return the id HEAD stands for; empty when it names no commit yet."""
        text = _small(self._directory / "HEAD", 4096).strip()
        if text.startswith("ref: "):
            return self.references().get(text[5:].strip(), "")
        return text if _ID.match(text) else ""

    def references(self) -> dict[str, str]:
        """Return branches and tags with the ids they stand for, loose ones before packed ones."""
        found: dict[str, str] = {}
        for line in _small(self._directory / "packed-refs", _REFS_BYTES).split("\n"):
            name, _, ref = line.partition(" ")
            if _ID.match(name) and ref.startswith("refs/") and len(found) < _REFS_MOST:
                found[ref.strip()] = name
        for kind in ("heads", "tags"):
            root = self._directory / "refs" / kind
            for folder, _, files in os.walk(root, followlinks=False):
                for file in sorted(files):
                    place = Path(folder) / file
                    text = _small(place, 200).strip()
                    if _ID.match(text) and len(found) < 2 * _REFS_MOST:
                        name = place.relative_to(self._directory).as_posix()
                        found[name.encode("utf-8", "replace").decode()] = text
        return found

    def reflog(self) -> list[str]:
        """Return the lines of the logs of HEAD and of remote branches, as far as they go."""
        lines: list[str] = []
        places = [self._directory / "logs" / "HEAD"]
        for folder, _, files in os.walk(self._directory / "logs" / "refs", followlinks=False):
            places += [Path(folder) / file for file in sorted(files)]
        for place in places[:_REFS_MOST]:
            name = place.relative_to(self._directory / "logs").as_posix()
            text = _small(place, 4 * MIB)
            lines += [f"{name}\0{line}" for line in text.split("\n") if line][:_REFS_MOST]
        return lines[: 5 * _REFS_MOST]

    def lines(self, words: Sequence[str], stdin: bytes = b"") -> list[str]:
        """Run git and return its lines of output."""
        return b"".join(self.stream(words, stdin)).decode("utf-8", "replace").splitlines()

    def succeeds(self, words: Sequence[str]) -> bool | None:
        """Return whether git ends with 0; None unless it ends with 0 or 1."""
        process = self._start(words, subprocess.DEVNULL)
        assert process.stdout is not None
        with process.stdout:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, self._ends - time.monotonic()))
            _kill(process)
        return {0: True, 1: False}.get(process.returncode)

    def stream(self, words: Sequence[str], stdin: bytes = b"") -> Iterator[bytes]:
        """Run git and yield its output as it comes.

        Raises:
            UndecidedError: it fails, takes too long or puts out too much.
        """
        with tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            process = self._start(words, given)
        assert process.stdout is not None
        count = 0
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                while True:
                    left = self._ends - time.monotonic()
                    if left <= 0 or not selector.select(left):
                        raise _undecided(f"git took longer than {SECONDS:g} seconds")
                    data = os.read(process.stdout.fileno(), _READ)
                    if not data:
                        break
                    count += len(data)
                    if count > OUTPUT:
                        raise _undecided(f"git put out more than {OUTPUT // MIB} MiB")
                    yield data
            code = process.wait()
            if code:
                raise _undecided(f"git {words[0]} ended with {code}: objects are missing or broken")
        finally:
            _kill(process)
            process.stdout.close()

    def _start(self, words: Sequence[str], stdin: IO[bytes] | int) -> subprocess.Popen[bytes]:
        options = [word for setting in _SETTINGS for word in ("-c", setting)]
        process = subprocess.Popen(
            [self._program, "--no-pager", "--no-replace-objects", *options, *words],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment(),
            cwd=self._own,
            start_new_session=True,
        )
        for limit, most in (
            (resource.RLIMIT_CPU, int(SECONDS)),
            (resource.RLIMIT_AS, 8 * GIB),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
        ):
            # It may have ended already; then there is nothing to limit.
            with contextlib.suppress(ProcessLookupError, PermissionError, ValueError):
                resource.prlimit(process.pid, limit, (most, most))
        return process

    def _environment(self) -> dict[str, str]:
        """Return all that git gets to know: nothing of this process's own environment."""
        return {
            "PATH": str(Path(self._program).parent),
            "HOME": str(self._own),
            "LC_ALL": "C",
            "GIT_DIR": str(self._own),
            "GIT_OBJECT_DIRECTORY": str(self._objects),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_PAGER": "cat",
        }


def is_repository(path: Path) -> bool:
    """Tell whether there is a git repository at ``path``, bare or with files."""
    return any((place / "objects").is_dir() and (place / "HEAD").exists() for place in
               (path / ".git", path)) or (path / ".git").is_file()  # fmt: skip


def _git_directory(path: Path) -> Path:
    place = path / ".git"
    try:
        mode = place.lstat().st_mode
    except OSError:
        place, mode = path, 0
    if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
        raise InputError(
            f"{str(path)!r} is a work tree whose repository lies elsewhere.",
            next_step="Name the repository itself.",
            code="history.elsewhere",
        )
    if not (place / "objects").is_dir() or not (place / "HEAD").exists():
        raise InputError(
            f"There is no git repository at {str(path)!r}.",
            next_step="Name the directory of a clone, or a commit list saved from the hub.",
            code="history.no-repository",
        )
    if (place / "reftable").exists():
        raise InputError(
            f"{str(path)!r} keeps its references in a format that is not read.",
            next_step="Clone it with --ref-format=files.",
            code="history.reftable",
        )
    return place


def _checked_objects(directory: Path, path: Path) -> Path:
    """Return the object directory if everything in it lies in it."""
    objects = directory / "objects"
    places = [objects, objects / "info", objects / "pack"]
    with contextlib.suppress(OSError), os.scandir(objects / "pack") as packs:
        entries = [Path(entry.path) for entry, _ in zip(packs, range(_PACKS_MOST), strict=False)]
        places += entries
    borrowed = any((objects / "info" / name).exists() for name in ("alternates", "http-alternates"))
    if borrowed or any(place.is_symlink() for place in places):
        raise InputError(
            f"The repository at {str(path)!r} borrows objects from elsewhere.",
            next_step="Clone it once more without --shared and --reference.",
            code="history.borrows",
        )
    return Path(os.path.realpath(objects))


def _shallow(directory: Path) -> tuple[str, ...]:
    lines = _small(directory / "shallow", _REFS_BYTES).split()
    return tuple(line for line in lines if _ID.match(line))[:_REFS_MOST]


def _is_sha256(directory: Path) -> bool:
    """Tell which ids a repository has; its configuration is searched for that word only."""
    text = _small(directory / "config", MIB)
    return re.search(r"(?im)^\s*objectformat\s*=\s*sha256\s*$", text) is not None


def _small(path: Path, most: int) -> str:
    """Return the text of a regular file of at most ``most`` bytes; empty for anything else."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > most:
            return ""
        return file.read(most).decode("utf-8", "replace")


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _undecided(why: str) -> UndecidedError:
    return UndecidedError(
        f"The history could not be read: {why}.",
        next_step="Check the clone with git fsck, or name a commit list saved from the hub.",
        code="history.failed",
    )
