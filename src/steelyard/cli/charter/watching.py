# SPDX-License-Identifier: Apache-2.0
"""Runs a check again whenever one of the files it read is saved."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from steelyard.cli.door import exit_code_of, show
from steelyard.kernel.errors import SteelyardError

SECONDS = 0.25
"""How often the files are looked at."""

Seen = dict[str, tuple[int, int, int] | None]


def watch(check: Callable[[set[str]], int], first: Path) -> int:
    """Run ``check`` now and after every save, until it is interrupted; return its last exit code.

    ``check`` adds the names of the files it reads to the set it is given. What it raises is shown
    and ends nothing: an editor may be in the middle of replacing a file.
    """
    code = 0
    known = {str(first)}
    try:
        while True:
            files = {str(first)}
            before = _looks(known)
            if sys.stdout.isatty():
                click.clear()
            try:
                code = check(files)
            except SteelyardError as error:
                show(error)
                code = exit_code_of(error)
            # A file that was read for the first time counts from now on; those known before count
            # from before the check, so that a save in the middle of it is not missed.
            seen = {name: before.get(name, look) for name, look in _looks(files).items()}
            known = files
            count = len(files)
            click.echo(
                f"watching {count} file{'' if count == 1 else 's'}; Ctrl-C ends with exit code "
                f"{code}",
                err=True,
            )
            while _looks(files) == seen:
                time.sleep(SECONDS)
    except KeyboardInterrupt:
        return code


def _looks(files: Iterable[str]) -> Seen:
    """Return what tells whether files were saved; None for one that is not there."""
    found: Seen = {}
    for name in files:
        try:
            status = Path(name).stat()
        except OSError:
            found[name] = None
        else:
            found[name] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found
