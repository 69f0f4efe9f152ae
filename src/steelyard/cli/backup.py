# SPDX-License-Identifier: Apache-2.0
"""``steelyard backup``: one archive of a server, while it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from steelyard.cli.door import EXIT_OK, console, format_option, print_json


def data_option() -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Return the ``--data`` option of what works on a server's data."""
    return click.option(
        "--data", type=click.Path(path_type=Path, file_okay=False), help="Data directory."
    )


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@data_option()
@click.option(
    "--keys",
    is_flag=True,
    help="Put the keys into it (signing, sealed secrets); guard it like them.",
)
@format_option()
def command(file: Path, data: Path | None, keys: bool, output_format: str) -> int:
    """Write everything a server holds to FILE: all tables at one moment, and every stored file.

    The server may run meanwhile. The archive is the same for SQLite and PostgreSQL, so it also
    moves a server from one to the other. Settings come from the environment (STEELYARD_…).
    """
    import msgspec

    from steelyard.bootstrap.backup import backup
    from steelyard.platform.settings import read_settings

    terminal = console(stderr=True)
    with terminal.status("backing up") as status:
        done = backup(
            read_settings(data=data),
            file,
            keys=keys,
            progress=lambda said: status.update(f"backing up {said}"),
        )
    if output_format == "json":
        print_json(msgspec.json.encode(done))
    else:
        console().print(
            f"{done.rows} rows, {done.files} files, {done.entries} events of the ledger: "
            f"{done.size:,} bytes in {done.path}"
        )
    return EXIT_OK
