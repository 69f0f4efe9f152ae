# SPDX-License-Identifier: Apache-2.0
"""``steelyard signature``: what a publisher's signature and others' attestations are worth."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.door import (
    EXIT_OK,
    EXIT_REJECTED,
    EXIT_UNDECIDED,
    console,
    format_option,
    print_json,
)
from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from steelyard.kernel.signature import Reason, SignatureReport, Signer
    from steelyard.platform.model_files import ReadModel
    from steelyard.provenance.signatures.keyless import Identity
    from steelyard.provenance.signatures.keys import VerificationKey

_DEFAULT = "model.sig"
_MAX_KEY = 1024 * 1024
_MAX_ROOT = 16 * 1024 * 1024
_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_SHOWN = 20
"""Rows of one kind in the text output; JSON has them all."""
_EXIT = {"passes": EXIT_OK, "fails": EXIT_REJECTED, "undecided": EXIT_UNDECIDED}
_HEADLINE = {
    "verified": ("The signature is good.", "bold green"),
    "untrusted": ("The signature is not one you trust.", "bold yellow"),
    "invalid": ("The signature is not good.", "bold red"),
    "unsigned": ("The model is not signed.", "bold yellow"),
    "undecidable": ("The signature could not be judged here.", "bold yellow"),
}
_TRUST = {
    "pinned_key": "a key you named",
    "certificate_root": "a certificate under a root you named",
    "identity": "the identity you named",
    "none": "nobody you named",
}


@click.group("signature")
def command() -> None:
    """Verify a model's signature and attestations."""


@command.command("verify")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--signature",
    type=_FILE,
    help="The signature, an OpenSSF Model Signing bundle. Default: model.sig in PATH.",
)
@click.option(
    "--key",
    "keys",
    type=_FILE,
    multiple=True,
    help="A PEM public key whose signature you trust. May be repeated.",
)
@click.option(
    "--certificate-root",
    "roots",
    type=_FILE,
    multiple=True,
    help="A PEM root certificate whose signers you trust. May be repeated.",
)
@click.option("--identity", help="Keyless: the mail address or URI you trust.")
@click.option("--issuer", help="Keyless: the identity provider that vouches for it.")
@click.option("--trusted-root", type=_FILE, help="Keyless: trusted_root.json of the instance.")
@click.option(
    "--seen-at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]),
    help="A time, UTC, at which you know the signature to have existed.",
)
@click.option(
    "--attestation",
    "attestations",
    type=_FILE,
    multiple=True,
    help="An in-toto attestation about the model. May be repeated.",
)
@click.option(
    "--attestation-key",
    "attestation_keys",
    type=_FILE,
    multiple=True,
    help="A PEM public key whose attestations you trust. May be repeated.",
)
@click.option(
    "--blocking",
    metavar="TYPE",
    multiple=True,
    help="A predicate type that must be attested, by a key you trust, for the whole model, and "
    "passed. All others are advice. May be repeated.",
)
@format_option()
def verify(
    path: Path,
    signature: Path | None,
    keys: tuple[Path, ...],
    roots: tuple[Path, ...],
    identity: str | None,
    issuer: str | None,
    trusted_root: Path | None,
    seen_at: dt.datetime | None,
    attestations: tuple[Path, ...],
    attestation_keys: tuple[Path, ...],
    blocking: tuple[str, ...],
    output_format: str,
) -> int:
    """Verify the signature of the model at PATH, offline, and compare every file with it.

    Says who signed, names each file that was changed, is missing or was never signed, and weighs
    attestations of others about the same bytes.

    Exit codes: 0 good and from somebody you named, 1 not good or the model was changed, 2 usage,
    3 unsigned, not trusted, or not to be judged here.
    """
    from msgspec.structs import replace

    from steelyard.bootstrap import utc_now
    from steelyard.platform.model_files import read_model, read_named
    from steelyard.provenance.signatures.attestation import missing, weigh_attestations
    from steelyard.provenance.signatures.certificates import read_roots
    from steelyard.provenance.signatures.model import verify_model
    from steelyard.provenance.signatures.reading import MAX_BUNDLE
    from steelyard.provenance.signatures.trust import TrustPolicy

    now = utc_now()
    known = None if seen_at is None else seen_at.replace(tzinfo=dt.UTC)
    if known is not None and known > now:
        raise InputError("--seen-at lies in the future.", code="signature.seen-at")
    policy = TrustPolicy(
        now=now,
        keys=_keys(keys),
        roots=tuple(root for file in roots for root in read_roots(read_named(file, _MAX_ROOT))),
        identity=_identity(identity, issuer, trusted_root),
        seen_at=known,
    )
    others = TrustPolicy(now=now, keys=_keys(attestation_keys))
    with _progress() as advance:
        model = read_model(path, advance)
    signature = signature or _beside(path)
    beside = _own_files(model, [signature, *attestations])
    report = verify_model(
        None if signature is None else read_named(signature, MAX_BUNDLE),
        model.manifest,
        policy,
        refused=model.refused,
        beside=beside,
    )
    weighed = tuple(
        one
        for file in attestations
        for one in weigh_attestations(
            file.name,
            read_named(file, MAX_BUNDLE),
            model.manifest,
            others,
            blocking=blocking,
            beside=beside,
        )
    )
    report = replace(report, attestations=weighed, required=missing(weighed, blocking))
    if output_format == "json":
        print_json(report.to_json())
    else:
        _print_text(report, console())
    return _EXIT[report.standing]


def _keys(files: tuple[Path, ...]) -> tuple[VerificationKey, ...]:
    from steelyard.platform.model_files import read_named
    from steelyard.provenance.signatures.keys import read_key

    return tuple(read_key(read_named(file, _MAX_KEY)) for file in files)


def _identity(identity: str | None, issuer: str | None, root: Path | None) -> Identity | None:
    from steelyard.platform.model_files import read_named
    from steelyard.provenance.signatures.keyless import Identity

    if identity is None and issuer is None and root is None:
        return None
    if not identity or not issuer or root is None:
        raise InputError(
            "A keyless signature is judged by identity, issuer and trusted root together.",
            next_step="Give all three: --identity, --issuer and --trusted-root.",
            code="signature.identity",
        )
    return Identity(identity=identity, issuer=issuer, trusted_root=read_named(root, _MAX_ROOT))


def _beside(path: Path) -> Path | None:
    """Return the signature that lies in the model's directory, if one does."""
    found = path / _DEFAULT
    return found if found.is_file() else None


def _own_files(model: ReadModel, files: list[Path | None]) -> frozenset[str]:
    """Return the paths in the model that are the named signature and attestations themselves."""
    import os

    from steelyard.kernel.inspection import location_of

    named = {location_of(os.fsencode(os.path.realpath(file))) for file in files if file is not None}
    return frozenset(path for path, location in model.locations.items() if location in named)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
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
        task = bar.add_task("hashing")
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print_text(report: SignatureReport, terminal: Console) -> None:
    from rich.padding import Padding

    say = _Sayer(terminal)
    words, style = _HEADLINE[report.outcome]
    if report.differences:
        words = "The model is not the one that was signed."
    mark = {"verified": "✓", "invalid": "✗"}.get(report.outcome, "!")
    terminal.print(say(f"{mark} {words}", style))
    table = _table()
    for name, value in _rows(report):
        table.add_row(say(name, "dim"), say(value))
    terminal.print(Padding(table, (0, 0, 0, 2)))
    for difference in report.differences[:_SHOWN]:
        terminal.print(say(f"  {difference.kind:8} {difference.message}", "red"))
    _say_more(terminal, say, len(report.differences))
    if report.not_covered:
        terminal.print(say("! Nothing vouches for these files; the signature leaves them out:"))
        for path in report.not_covered[:_SHOWN]:
            terminal.print(say(f"    {path}"))
        _say_more(terminal, say, len(report.not_covered))
    for note in report.notes:
        terminal.print(say(f"! {note}", "yellow"))
    for one in report.attestations:
        terminal.print(say(f"attestation {one.file} ({one.role}): {one.effect}", "bold"))
        rows = _table()
        for name, value in (
            ("type", one.predicate_type),
            ("signature", one.outcome),
            *_signer_rows(one.signer),
            ("about", one.subject.replace("_", " ")),
            ("states", one.result.replace("_", " ")),
            ("stated at", one.stated_at),
            *_reason_rows(one.reason),
        ):
            if value:
                rows.add_row(say(name, "dim"), say(value))
        terminal.print(Padding(rows, (0, 0, 0, 2)))
    for reason in report.required:
        terminal.print(say(f"! {reason.message} {reason.next_step}", "yellow"))


class _Sayer:
    """Makes what strangers wrote printable, and plain where the terminal cannot show more."""

    def __init__(self, terminal: Console) -> None:
        self._ascii = terminal.options.ascii_only

    def __call__(self, text: str, style: str = "") -> Text:
        from rich.text import Text

        from steelyard.ledger.verification import printable
        from steelyard.reporting.text import plain

        shown = printable(text)
        return Text(plain(shown) if self._ascii else shown, style)


def _table() -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _say_more(terminal: Console, say: _Sayer, count: int) -> None:
    if count > _SHOWN:
        terminal.print(say(f"    and {count - _SHOWN} more; --format json lists them all"))


def _rows(report: SignatureReport) -> Iterator[tuple[str, str]]:
    yield from _reason_rows(report.reason)
    yield from _signer_rows(report.signer)
    if report.proven_at:
        yield "proven at", report.proven_at
    if report.signed_files:
        yield "signed files", str(report.signed_files)
    yield "manifest", report.manifest_sha256


def _reason_rows(reason: Reason | None) -> Iterator[tuple[str, str]]:
    if reason is not None:
        yield "why", reason.message
        if reason.next_step:
            yield "next", reason.next_step


def _signer_rows(signer: Signer | None) -> Iterator[tuple[str, str]]:
    if signer is None:
        return
    yield "signed by", _TRUST[signer.trust]
    if signer.identity:
        yield "identity", signer.identity
    if signer.issuer:
        yield "issuer", signer.issuer
    if signer.not_after:
        yield "valid", f"{signer.not_before} to {signer.not_after}"
    if signer.fingerprint:
        yield "key", signer.fingerprint
