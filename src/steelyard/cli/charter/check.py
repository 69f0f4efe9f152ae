# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter check``: is this charter sound, and if not, where."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from steelyard.cli.charter.reading import print_document
from steelyard.cli.door import EXIT_OK, EXIT_USAGE, format_option
from steelyard.kernel.errors import DocumentErrors, PositionedError

CHECK_SCHEMA = "steelyard.charter-check/v1"


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--watch", is_flag=True, help="Check again after every save, until Ctrl-C.")
@format_option()
def command(file: Path, watch: bool, output_format: str) -> int:
    """Check a charter: fields, rules, people, rights, references. Exit 0 when it is sound, else 2.

    Rules are also laid against one another: what can never be satisfied together, never applies,
    or lets nothing pass that a standing approval names.

    Each error and warning is one line on standard error with file, line and column; the place
    itself, with a caret, is shown on standard output. A warning is worth a look and does not make
    a charter unsound.
    """
    if not watch:
        return _check(file, output_format, set())
    from steelyard.cli.charter.watching import watch as keep_watching

    return keep_watching(lambda seen: _check(file, output_format, seen), file)


def _check(file: Path, output_format: str, seen: set[str]) -> int:
    """Check once and print the result; the files that were read are added to ``seen``."""
    from steelyard.bootstrap import read_beside, read_text
    from steelyard.charter.conflicts import warnings_of
    from steelyard.charter.load import load
    from steelyard.charter.resolve import charter_sha256

    def read(reference: str, beside: str) -> tuple[str, str]:
        seen.add(os.path.normpath(Path(beside).parent / reference))
        return read_beside(reference, beside)

    try:
        loaded = load(read_text(file, "charter"), str(file), read)
        noted = warnings_of(loaded)
    except DocumentErrors as error:
        _show(error.errors, pointing=output_format == "text")
        if output_format == "json":
            found = [_error(item) for item in error.errors if item.level == "error"]
            notes = [_error(item) for item in error.errors if item.level == "warning"]
            print_document(
                {"schema": CHECK_SCHEMA, "valid": False, "errors": found, "warnings": notes}
            )
        return EXIT_USAGE
    _show(noted, pointing=output_format == "text")
    charter = loaded.charter
    digest = charter_sha256(charter)
    counts = {"rules": len(charter.rules), "controls": len(charter.controls)}
    if output_format == "json":
        identity = {"name": charter.name, "version": charter.version, "sha256": digest}
        print_document(
            {
                "schema": CHECK_SCHEMA,
                "valid": True,
                "charter": identity,
                **counts,
                "packs": [pack.name for pack in charter.packs],
                "files": list(loaded.files),
                "errors": [],
                "warnings": [_error(item) for item in noted],
            }
        )
    else:
        extends = f", extends {charter.extends}" if charter.extends else ""
        packs = "".join(f", with {pack.name} {pack.version}" for pack in charter.packs)
        warned = len(noted)
        warnings = f", {warned} warning{'s' if warned > 1 else ''}" if warned else ""
        click.echo(
            f"{file}: charter {charter.name} {charter.version} is sound: {counts['rules']} rules, "
            f"{counts['controls']} controls{extends}{packs}, sha256 {digest[:12]}{warnings}"
        )
    return EXIT_OK


def _show(found: Sequence[PositionedError], *, pointing: bool) -> None:
    """Print one line each on standard error; the places themselves are for people, on the other."""
    for each in found:
        click.echo(str(each), err=True)
        pointed = each.pointed()
        if pointing and pointed:
            sys.stderr.flush()
            click.echo(pointed)


def _error(error: Any) -> dict[str, Any]:
    return {
        "file": error.file,
        "line": error.line,
        "column": error.column,
        "message": error.message,
        "next_step": error.next_step,
        "code": error.code,
    }
