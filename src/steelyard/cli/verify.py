# SPDX-License-Identifier: Apache-2.0
"""``steelyard verify``: check an evidence bundle, and the model beside it, without any network."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.door import EXIT_OK, EXIT_REJECTED, console, format_option, print_json

if TYPE_CHECKING:
    from steelyard.ledger.verification import Verification

_TRUST = {
    "pinned": "the key you named",
    "own": "your key",
    "not_pinned": "a key nobody vouched for (not pinned)",
    "not_trusted": "not a key you trust",
}


def key_option() -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Return the ``--key`` option of everything that verifies."""
    return click.option(
        "--key",
        "keys",
        metavar="KEY",
        multiple=True,
        help="Accept only this signer: a key.pub or PEM file, a fingerprint, a verifier key, or "
        "`local` for the key of this machine. May be repeated.",
    )


@click.command("verify")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("model", type=click.Path(path_type=Path), required=False)
@key_option()
@format_option()
def command(bundle: Path, model: Path | None, keys: tuple[str, ...], output_format: str) -> int:
    """Verify an evidence bundle, offline.

    Finds any changed, missing or extra file in BUNDLE and names it, checks the signatures and the
    ledger proof, and with MODEL hashes the model's files and compares them with the manifest.

    Exit codes: 0 everything verifies, 1 something was changed, 2 not a bundle or unreadable.
    """
    from steelyard.ledger.verify import verify_bundle
    from steelyard.platform import durable
    from steelyard.platform import keys as key_store

    verification = verify_bundle(
        durable.reader(bundle),
        durable.list_files(bundle),
        trusted=[key_store.fingerprint_of(key, os.environ) for key in keys],
        own=key_store.own_fingerprint(os.environ),
    )
    if model is not None:
        verification = _with_model(verification, bundle, model)
    return answer(verification, output_format)


def _with_model(verification: Verification, bundle: Path, model: Path) -> Verification:
    """Add to ``verification`` how the files of ``model`` compare with the bundle's manifest."""
    from msgspec.structs import replace

    from steelyard.ledger.bundle import MANIFEST
    from steelyard.ledger.consistency import read_manifest
    from steelyard.ledger.verification import Findings
    from steelyard.platform import durable
    from steelyard.platform.model_files import compare_model

    if not verification.ok:
        note = "The model was not compared, because the bundle does not verify."
        return replace(verification, notes=(*verification.notes, note))
    manifest = read_manifest(durable.reader(bundle)(MANIFEST))
    found = Findings()
    with _progress(manifest.size) as advance:
        compare_model(model, manifest, found, advance)
    return replace(
        verification,
        ok=not found.problems,
        problems=tuple(found.problems),
        model_files=len(manifest.files),
    )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    terminal = console(stderr=True)
    with Progress(
        TextColumn("hashing"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        console=terminal,
        transient=True,
        disable=not terminal.is_terminal,
    ) as bar:
        task = bar.add_task("hashing", total=total)
        yield lambda count: bar.advance(task, count)


def answer(verification: Verification, output_format: str) -> int:
    """Print ``verification`` and return the exit code."""
    if output_format == "json":
        print_json(verification.to_json())
    else:
        _print_text(verification)
    return EXIT_OK if verification.ok else EXIT_REJECTED


def _print_text(verification: Verification) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from steelyard.reporting.text import plain

    terminal = console()
    ascii_only = terminal.options.ascii_only

    def say(text: str, style: str = "") -> Text:
        return Text(plain(text) if ascii_only else text, style)

    if verification.ok:
        mark = "+" if ascii_only else "✓"
        headline = Text(f"{mark} This {verification.kind} verifies.", "bold green")
    else:
        files = len({problem.file for problem in verification.problems})
        what = f"{files} file does" if files == 1 else f"{files} files do"
        headline = Text(f"{'x' if ascii_only else '✗'} {what} not verify.", "bold red")
    terminal.print(headline)
    if verification.problems:
        table = Table.grid(padding=(0, 2))
        table.add_column(overflow="fold")
        table.add_column(overflow="fold")
        for problem in verification.problems:
            table.add_row(say(problem.file, "bold"), say(problem.message))
        terminal.print(Padding(table, (0, 0, 0, 2)))
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _facts(verification):
        table.add_row(say(name, "dim"), say(value))
    terminal.print(Padding(table, (0, 0, 0, 2)))
    for note in verification.notes:
        terminal.print(say(f"! {note}", "yellow"))


def _facts(verification: Verification) -> Iterator[tuple[str, str]]:
    """Yield the rows of the summary; what a stranger wrote is made printable."""
    from steelyard.ledger.verification import printable

    decision, head = verification.decision, verification.checkpoint
    if decision is not None and verification.ok:
        until = f", valid until {decision.valid_until}" if decision.valid_until else ""
        outcome = decision.outcome.replace("_", " ")
        yield "model", printable(decision.purl)
        yield "decision", printable(f"{outcome} for {decision.environment}{until}")
        yield "risk tier", printable(decision.tier)
        yield "charter", printable(decision.charter)
        yield "assessed", printable(decision.assessed_at)
    charter = verification.charter
    if charter is not None and verification.ok:
        until = f" until {charter.until}" if charter.until else ""
        yield (
            "charter",
            printable(f"{charter.name} {charter.version}, sha256 {charter.sha256[:16]}"),
        )
        yield "in force", printable(f"from {charter.effective}{until}")
        yield "adopted", printable(charter.adopted_at)
        if charter.previous_sha256:
            yield "in place of", f"sha256 {charter.previous_sha256[:16]}"
    if verification.signer is not None:
        yield "signed by", _TRUST[verification.signer.trust]
        yield "key", verification.signer.fingerprint
    if head is not None and head.index is not None:
        yield "ledger", f"entry {head.index} of {head.size} in {head.origin}"
    elif head is not None:
        yield "ledger", f"{head.origin}, {head.size} entries"
    yield "files", str(verification.files)
    if verification.model_files is not None:
        yield "model files", str(verification.model_files)
