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
@click.option(
    "--tests/--no-tests", "cases", default=True, show_default=True,
    help="With questions or answers, write first test cases to tests/ beside it.",
)  # fmt: skip
@format_option()
def command(
    profile: str | None,
    output: Path,
    ask: bool,
    answers: Path | None,
    schema: bool,
    cases: bool,
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
    schema_file = output.with_suffix(".schema.json") if schema else None
    ask = ask or (answers is None and profile is None and sys.stdin.isatty())
    cases_file = output.parent / "tests" / output.name
    _refuse_existing(output)
    if cases and (ask or answers is not None):
        _refuse_existing(cases_file)
    given = _answers(profile, ask, answers, schema_file)
    files = {output: _text(given, profile or PROFILES[0], schema_file).encode()}
    if given is not None and cases:
        files[cases_file] = _cases(given, output)
    if schema_file is not None:
        from steelyard.reporting.editor_schema import editor_schema

        files[schema_file] = editor_schema("charter")
    _write(files, output, schema_file)
    chosen = _profile(given, profile)
    if output_format == "json":
        more = {"schema_file": schema_file, "cases_file": cases_file}
        print_document(
            {"profile": chosen, "file": str(output)}
            | {name: str(file) for name, file in more.items() if file in files}
        )
        return EXIT_OK
    if given is None:
        click.echo(f"Wrote the {chosen} charter to {output}.")
    else:
        click.echo(f"Wrote a charter that builds on {chosen} to {output}.")
    click.echo(f"  next: {'edit' if given is None else 'read'} it, then run: "
               f"steelyard charter check {output}")  # fmt: skip
    if given is not None and cases:
        click.echo(f"  its first test cases: steelyard charter test {output.parent / 'tests'}")
    return EXIT_OK


def _answers(
    profile: str | None, ask: bool, file: Path | None, schema_file: Path | None
) -> Answers | None:
    """Return the answers to write from; None when the shipped charter itself is wanted."""
    if file is not None:
        from steelyard.bootstrap import read_text
        from steelyard.charter.founding.answers import read_answers

        return read_answers(read_text(file, "file of answers"), str(file))
    if not ask:
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


def _cases(answers: Answers, output: Path) -> bytes:
    from steelyard.bootstrap import utc_now
    from steelyard.charter.founding.first_cases import compose_cases

    return compose_cases(answers, utc_now().date(), f"../{output.name}").encode()


def _write(files: dict[Path, bytes], output: Path, schema_file: Path | None) -> None:
    """Write every file, or none of them; a schema that is there already stays."""
    from steelyard.platform.durable import create_file

    made: list[Path] = []
    file = output
    try:
        # The charter comes last: once it is there, everything else is.
        for file in sorted(files, key=lambda one: one == output):
            same = file == schema_file and file.is_file() and file.read_bytes() == files[file]
            if same:
                continue
            if file.parent != output.parent and not file.parent.is_dir():
                file.parent.mkdir()
                made.append(file.parent)
            create_file(file, files[file])
            made.append(file)
    except OSError as error:
        for path in reversed(made):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise InputError(
                f"The file {file} exists already.",
                next_step="Choose another name, or remove the file first.",
                code="charter.exists",
            ) from error
        raise InputError(
            f"The file {file} cannot be written: {error.strerror}.",
            next_step="Check that its directory exists and may be written to.",
            code="charter.write",
        ) from error
