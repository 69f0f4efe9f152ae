# SPDX-License-Identifier: Apache-2.0
"""A progress bar for examinations, on a terminal and only when there is enough to do."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.platform.tree import Tree

_WORTH_SHOWING = 32 * 1024 * 1024
"""Bytes below which an examination is over before a bar could be read."""


@contextlib.contextmanager
def examining(
    tree: Tree, *, quiet: bool = False, what: str = "examining"
) -> Iterator[Callable[[str, int], None] | None]:
    """Give a callback that moves a bar by bytes examined, or None where no bar is wanted."""
    total = sum(file.size for file in tree.files)
    if quiet or not sys.stderr.isatty() or (total < _WORTH_SHOWING and len(tree.files) < 200):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        job = bar.add_task(what, total=total)

        def advance(_path: str, size: int) -> None:
            bar.advance(job, size)

        yield advance
