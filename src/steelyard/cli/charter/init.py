# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter init``: start a charter from a shipped one, or from a few answers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.charter.reading import print_document
from steelyard.cli.door import EXIT_OK, format_option
from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from steelyard.charter.founding.answers import Answers

PROFILES = ("starter", "standard", "regulated")


@click.command("init")
@click.option(
    "--profile", type=click.Choice(PROFILES),
    help="Which shipped charter to start from; without questions, starter.",
)  # fmt: skip
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), required=True,
    help="The file to write; an existing one is never overwritten.",
)  # fmt: skip
@click.option("--ask", is_flag=True, help="Ask questions, and write a charter of your own.")
@click.option(
    "--answers", type=click.Path(path_type=Path, dir_okay=False),
    help="Take the answers from this YAML file instead of asking.",
)  # fmt: skip
@click.option(
    "--schema", is_flag=True,
    help="Write the JSON Schema beside it, and the line that tells editors so.",
)  # fmt: skip
@format_option()
def command(
    profile: str | None,
    output: Path,
    ask: bool,
    answers: Path | None,
    schema: bool,
    output_format: str,
) -> int:
    """Write a charter to a file, ready to edit.

    With --profile it is the shipped charter itself. On a terminal without --profile, or with --ask,
    a few questions make a charter of your own that builds on the recommended profile.
    """
    if answers is not None and (ask or profile is not None):
        raise InputError(
            "The answers say everything; --ask and --profile do not go with them.",
            next_step="Write 'profile' into the file of answers.",
            code="charter.answers",
        )
    _refuse_existing(output)
    schema_file = output.with_suffix(".schema.json") if schema else None
    given = _answers(profile, ask, answers, schema_file)
    text = _text(given, profile or PROFILES[0], schema_file)
    _write(output, text, schema_file)
    chosen = _profile(given, profile)
    if output_format == "json":
        written = {"profile": chosen, "file": str(output)}
        print_document(written | ({"schema_file": str(schema_file)} if schema_file else {}))
    elif given is None:
        click.echo(f"Wrote the {chosen} charter to {output}.")
        click.echo(f"  next: edit it, then run: steelyard charter check {output}")
    else:
        click.echo(f"Wrote a charter that builds on {chosen} to {output}.")
        click.echo(f"  next: read it, then run: steelyard charter check {output}")
    return EXIT_OK


def _answers(
    profile: str | None, ask: bool, file: Path | None, schema_file: Path | None
) -> Answers | None:
    """Return the answers to write from; None when the shipped charter itself is wanted."""
    if file is not None:
        from steelyard.bootstrap import read_text
        from steelyard.charter.founding.answers import read_answers

        return read_answers(read_text(file, "file of answers"), str(file))
    if not ask and (profile is not None or not sys.stdin.isatty()):
        return None
    import msgspec

    from steelyard.charter.founding.answers import Answers
    from steelyard.cli.charter.asking import ask as converse

    start = Answers(organization="Our organization")
    if profile is not None:
        start = msgspec.convert({**msgspec.to_builtins(start), "profile": profile}, Answers)
    return converse(start, lambda answers: _text(answers, "", schema_file))


def _profile(answers: Answers | None, profile: str | None) -> str:
    if answers is None:
        return profile or PROFILES[0]
    from steelyard.charter.founding.answers import profile_of

    return profile_of(answers)


def _text(answers: Answers | None, profile: str, schema_file: Path | None) -> str:
    name = schema_file.name if schema_file else ""
    if answers is not None:
        from steelyard.bootstrap import utc_now
        from steelyard.charter.founding.compose import compose

        return compose(answers, utc_now().date(), name)
    from steelyard.catalog.charters import charter_text

    text = charter_text(profile)
    if not name:
        return text
    from steelyard.reporting.editor_schema import MODELINE

    return MODELINE.format(file=name) + text


def _refuse_existing(output: Path) -> None:
    if output.exists() or output.is_symlink():
        raise InputError(
            f"The file {output} exists already.",
            next_step="Choose another name, or remove the file first.",
            code="charter.exists",
        )


def _write(output: Path, text: str, schema_file: Path | None) -> None:
    """Write both files, or none."""
    from steelyard.platform.durable import create_file

    made: list[Path] = []
    try:
        if schema_file is not None:
            from steelyard.reporting.editor_schema import editor_schema

            schema = editor_schema("charter")
            if not (schema_file.is_file() and schema_file.read_bytes() == schema):
                create_file(schema_file, schema)
                made.append(schema_file)
        create_file(output, text.encode())
    except OSError as error:
        for file in made:
            file.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            taken = output if made or schema_file is None else schema_file
            raise InputError(
                f"The file {taken} exists already.",
                next_step="Choose another name, or remove the file first.",
                code="charter.exists",
            ) from error
        raise InputError(
            f"The file {output} cannot be written: {error.strerror}.",
            next_step="Check that its directory exists and may be written to.",
            code="charter.write",
        ) from error
