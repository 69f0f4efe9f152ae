# SPDX-License-Identifier: Apache-2.0
"""``steelyard ledger``: verify and read the local ledger, or a copy of anybody's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.door import EXIT_OK, console, format_option, print_json
from steelyard.cli.verify import answer, key_option
from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from steelyard.ledger.verification import Verification


@click.group("ledger")
def command() -> None:
    """Verify the tamper-evident ledger."""


@command.command("verify")
@click.argument("target", required=False)
@key_option()
@click.option(
    "--checkpoint",
    "checkpoints",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="An earlier checkpoint, from a bundle or a backup, that the ledger must still contain. "
    "May be repeated.",
)
@click.option(
    "--token",
    envvar="STEELYARD_TOKEN",
    default="",
    metavar="TOKEN",
    help="API token for a server; better set STEELYARD_TOKEN.",
)
@format_option()
def verify(
    target: str | None,
    keys: tuple[str, ...],
    checkpoints: tuple[Path, ...],
    token: str,
    output_format: str,
) -> int:
    """Recompute the whole ledger of TARGET and compare every byte.

    TARGET is a ledger's directory (the local one, an export, a copy), the data directory of a
    server, the URL of its database (postgresql://…), or the address of a running server
    (https://…). Names any changed file, and the entry where it is one; of a database also every
    row that does not agree with its leaf. Without TARGET, the local ledger is verified.

    Exit codes: 0 everything verifies, 1 something was changed, 2 not a ledger or unreadable.
    """
    from steelyard.platform import durable
    from steelyard.platform import keys as key_store

    trusted = [key_store.fingerprint_of(key, os.environ) for key in keys]
    own = key_store.own_fingerprint(os.environ)
    earlier = [durable.reader(path.parent)(path.name) for path in checkpoints]
    verification = _verified(target, token, trusted, own, earlier)
    return answer(verification, output_format)


def _verified(
    target: str | None,
    token: str,
    trusted: list[str],
    own: str | None,
    earlier: list[bytes],
) -> Verification:
    from steelyard.ledger.verify_log import verify_ledger
    from steelyard.platform import durable, file_ledger

    if target is not None and target.startswith(("http://", "https://")):
        from steelyard.platform.log.remote import RemoteLedger

        remote = RemoteLedger(target, token)
        return verify_ledger(
            remote.read, remote.names, trusted=trusted, own=own, checkpoints=earlier
        )
    url = None if target is None else database_url(target)
    if url is not None:
        from steelyard.bootstrap.ledger import verify_server

        return verify_server(url, trusted=trusted, own=own, checkpoints=earlier)
    root = _local_ledger() if target is None else Path(target)
    with file_ledger.locked(root, shared=True):
        return verify_ledger(
            durable.reader(root),
            durable.list_files(root),
            trusted=trusted,
            own=own,
            checkpoints=earlier,
        )


def database_url(target: str) -> str | None:
    """Return the URL of the database that ``target`` names; None if it is a plain directory."""
    if "://" in target:
        return target
    directory = Path(target)
    if (directory / "steelyard.db").is_file() and not (directory / "tile").exists():
        return f"sqlite:///{directory / 'steelyard.db'}"
    return None


@command.command("export")
@click.argument("source")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--bodies", is_flag=True, help="Write the words beside the ledger too, where not erased."
)
@format_option()
def export(source: str, directory: Path, bodies: bool, output_format: str) -> int:
    """Write the ledger of a server as static files to DIRECTORY.

    SOURCE is the data directory of a server or the URL of its database. What is there from an
    earlier export stays; only what is new is written. Any web server can hand the files out.
    """
    from steelyard.bootstrap.ledger import export_server

    url = database_url(source)
    if url is None:
        raise InputError(
            f"{source!r} is neither a server's data directory nor the URL of a database.",
            next_step="Name the directory that holds steelyard.db, or postgresql://….",
            code="ledger.source",
        )
    done = export_server(url, directory, bodies=bodies)
    if output_format == "json":
        import msgspec

        print_json(msgspec.json.encode(done))
    else:
        console().print(f"{done.size} entries; {done.written} files written.")
    return EXIT_OK


@command.command("show")
@click.argument("directory", type=click.Path(path_type=Path), required=False)
@format_option()
def show(directory: Path | None, output_format: str) -> int:
    """List the entries of the ledger in DIRECTORY, once it verifies.

    Without DIRECTORY, the local ledger is listed. Exit codes as for `ledger verify`.
    """
    from steelyard.ledger.canonical import parse
    from steelyard.ledger.tree import entries_of
    from steelyard.ledger.verify_log import verify_ledger
    from steelyard.platform import durable, file_ledger
    from steelyard.platform import keys as key_store

    root = directory or _local_ledger()
    with file_ledger.locked(root, shared=True):
        read = durable.reader(root)
        own = key_store.own_fingerprint(os.environ)
        verification = verify_ledger(read, durable.list_files(root), own=own)
        head = verification.checkpoint
        if not verification.ok or head is None:
            return answer(verification, output_format)
        entries = [parse(entry) for entry in entries_of(read, head.size)]
    if output_format == "json":
        from steelyard.ledger.canonical import canonical

        rows = [{"index": index, "entry": entry} for index, entry in enumerate(entries)]
        document = {"schema": "steelyard.ledger/v1", "origin": head.origin, "entries": rows}
        print_json(canonical(document))
    else:
        _print_entries(entries)
    return EXIT_OK


def _local_ledger() -> Path:
    """Return the directory of this machine's ledger, which the first decision begins."""
    from steelyard.platform import file_ledger

    root = file_ledger.ledger_path(os.environ)
    if not root.exists():
        raise InputError(
            f"There is no ledger yet at {str(root)!r}.",
            next_step="Record a decision: steelyard assess with --output. Or name a directory.",
            code="ledger.missing",
        )
    return root


def _print_entries(entries: list[object]) -> None:
    from rich.table import Table
    from rich.text import Text

    from steelyard.ledger.verification import printable
    from steelyard.reporting.text import plain

    screen = console()
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for title in ("entry", "time (UTC)", "event", "environment", "statement", "about"):
        table.add_column(title, overflow="fold")
    for index, entry in enumerate(entries):
        told = entry if isinstance(entry, dict) else {}
        cells = [
            printable(text)
            for text in (
                str(told.get("time", ""))[:16].replace("T", " "),
                str(told.get("outcome", told.get("event", "")))[:30].replace("_", " "),
                str(told.get("environment", ""))[:40],
                str(told.get("decision_sha256", told.get("statement_sha256", "")))[:8],
                str(told.get("manifest_sha256", told.get("charter_sha256", "")))[:8],
            )
        ]
        if screen.options.ascii_only:
            cells = [plain(cell) for cell in cells]
        table.add_row(str(index), *map(Text, cells))
    screen.print(table)
