# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter check``: is this charter sound, and if not, where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from steelyard.cli.charter.reading import print_document
from steelyard.cli.door import EXIT_OK, EXIT_USAGE, format_option, show
from steelyard.kernel.errors import DocumentErrors

CHECK_SCHEMA = "steelyard.charter-check/v1"


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@format_option()
def command(file: Path, output_format: str) -> int:
    """Check a charter: fields, rules, references. Exit 0 when it is sound, else 2."""
    from steelyard.bootstrap import read_text
    from steelyard.charter.load import load_charter
    from steelyard.charter.resolve import charter_sha256

    try:
        charter = load_charter(read_text(file, "charter"), str(file))
    except DocumentErrors as error:
        show(error)
        if output_format == "json":
            print_document(
                {
                    "schema": CHECK_SCHEMA,
                    "valid": False,
                    "errors": [_error(item) for item in error.errors],
                }
            )
        return EXIT_USAGE
    digest = charter_sha256(charter)
    counts = {"rules": len(charter.rules), "controls": len(charter.controls)}
    if output_format == "json":
        identity = {"name": charter.name, "version": charter.version, "sha256": digest}
        print_document(
            {"schema": CHECK_SCHEMA, "valid": True, "charter": identity, **counts, "errors": []}
        )
    else:
        extends = f", extends {charter.extends}" if charter.extends else ""
        click.echo(
            f"{file}: charter {charter.name} {charter.version} is sound: {counts['rules']} rules, "
            f"{counts['controls']} controls{extends}, sha256 {digest[:12]}"
        )
    return EXIT_OK


def _error(error: Any) -> dict[str, Any]:
    return {
        "file": error.file,
        "line": error.line,
        "column": error.column,
        "message": error.message,
        "next_step": error.next_step,
        "code": error.code,
    }
