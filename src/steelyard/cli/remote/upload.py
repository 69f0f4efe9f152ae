# SPDX-License-Identifier: Apache-2.0
"""Sends the files of a model to a server and has them put together there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.kernel.errors import InputError
from steelyard.kernel.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from steelyard.platform.client import Client


def upload(client: Client, directory: Path) -> str:
    """Send every file below ``directory`` and return the reference a request names it by.

    Raises:
        InputError: there is nothing to send, or a file cannot be read.
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from steelyard.cli.door import console
    from steelyard.platform.tree import walk

    tree = walk(directory, DEFAULT_LIMITS)
    if not tree.files:
        raise InputError(
            f"There is no file in {str(directory)!r}.",
            next_step="Name the directory the model's files are in.",
            code="upload.empty",
        )
    sent = []
    columns = (TextColumn("sending"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(
        *columns, console=console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task("sending", total=sum(file.size for file in tree.files))
        for file in tree.files:
            answer = client.send_file("/uploads", directory / file.path)
            sent.append({"path": file.path, "sha256": answer.body["sha256"]})
            bar.advance(task, file.size)
    name = directory.resolve().name or "model"
    made = client.post("/uploads/manifests", {"name": f"upload/{_plain(name)}", "files": sent})
    reference: str = made.body["reference"]
    return reference


def _plain(name: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)
    return kept.strip(".-")[:80] or "model"
