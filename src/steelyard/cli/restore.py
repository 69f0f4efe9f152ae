# SPDX-License-Identifier: Apache-2.0
"""``steelyard restore``: a backup into an empty server."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.backup import data_option
from steelyard.cli.door import EXIT_OK, console, format_option, print_json


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@data_option()
@format_option()
def command(file: Path, data: Path | None, output_format: str) -> int:
    """Restore the backup in FILE into an empty data directory or database.

    The archive is checked to its last byte before anything is written, and the ledger is verified
    before this ends. A backup of an older version is brought up to this one. Exit codes: 0 restored
    and verified, 1 something was changed, 2 not a backup, of a newer version, or the target is not
    empty.
    """
    import msgspec

    from steelyard.bootstrap.backup import restore
    from steelyard.platform.settings import read_settings

    terminal = console(stderr=True)
    with terminal.status("checking the backup") as status:
        done = restore(
            read_settings(data=data),
            file,
            progress=lambda said: status.update(f"restoring {said}"),
        )
    if output_format == "json":
        print_json(msgspec.json.encode(done))
        return EXIT_OK
    head = done.verification.checkpoint if done.verification is not None else None
    size = 0 if head is None else head.size
    console().print(
        f"{done.rows} rows, {done.files} files and {done.keys} keys restored; the ledger of {size} "
        "entries verifies."
    )
    if not done.keys:
        console().print(
            "The backup holds no keys: put the old key back, or nothing can be signed here."
        )
    return EXIT_OK
