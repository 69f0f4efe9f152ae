# SPDX-License-Identifier: Apache-2.0
"""Progress bars, on a terminal and only when there is enough to do.

It stands on standard error and is gone afterwards, so it never mixes with a result. The bytes of a
large file arrive while it is still in work.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from steelyard.kernel.inspection import TreeFile

if TYPE_CHECKING:
    from steelyard.platform.tree import Tree

_WORTH_SHOWING = 32 * 1024 * 1024
"""Bytes below which an examination is over before a bar could be read."""
_FILES_WORTH_SHOWING = 200
_WIDE = 90
"""Columns from which there is room for a word and a longer bar."""


class Count:
    """Counts finished files by their bytes, which may come in several parts."""

    def __init__(self, files: Sequence[TreeFile]) -> None:
        self._left = {file.path: file.size for file in files}
        self.done, self.total = 0, len(self._left)

    def add(self, path: str, size: int) -> None:
        """Note ``size`` more bytes of a file."""
        left = self._left.get(path)
        if left is None:
            return
        self._left[path] = left - size
        if left <= size:
            del self._left[path]
            self.done += 1

    def __str__(self) -> str:
        return f"{self.done:,}/{self.total:,} files"


@contextlib.contextmanager
def examining(
    tree: Tree, *, quiet: bool = False, what: str = "examining"
) -> Iterator[Callable[[str, int], None] | None]:
    """Give a callback that moves a bar by bytes examined, or None where no bar is wanted."""
    total = sum(file.size for file in tree.files)
    small = total < _WORTH_SHOWING and len(tree.files) < _FILES_WORTH_SHOWING
    if quiet or small or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    console = Console(stderr=True)
    wide = console.width >= _WIDE
    columns = (
        *([TextColumn("{task.description}")] if wide else []),
        BarColumn(bar_width=24 if wide else 10),
        DownloadColumn(),
        TextColumn("{task.fields[files]}"),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
    )
    count = Count(tree.files)
    with Progress(*columns, console=console, transient=True) as bar:
        job = bar.add_task(what, total=total, files=str(count))

        def advance(path: str, size: int) -> None:
            count.add(path, size)
            bar.update(job, advance=size, files=str(count))

        yield advance


_RECORDS_WORTH_SHOWING = 8 * 1024 * 1024
"""Bytes of records below which judging them is over before a bar could be read."""


@contextlib.contextmanager
def counting(total: int, *, quiet: bool = False) -> Iterator[Callable[[int, int], None] | None]:
    """Give a callback for bytes and assessments newly done, or None where no bar is wanted.

    ``total`` is in bytes; 0 when it is not known.
    """
    if quiet or 0 < total < _RECORDS_WORTH_SHOWING or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("judging"),
        BarColumn(bar_width=24 if console.width >= _WIDE else 10),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[count]}"),
        TimeRemainingColumn(compact=True),
    )
    begun, done = time.monotonic(), 0
    with Progress(*columns, console=console, transient=True) as bar:
        job = bar.add_task("judging", total=total or None, count="")

        def advance(size: int, records: int) -> None:
            nonlocal done
            done += records
            rate = done / max(0.001, time.monotonic() - begun)
            bar.update(job, advance=size, count=f"{done:,} assessments, {rate:,.0f}/s")

        yield advance
