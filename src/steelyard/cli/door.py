# SPDX-License-Identifier: Apache-2.0
"""What every command shares: exit codes, the ``--format`` option, and how errors are shown.

A traceback never reaches a user: a :class:`~steelyard.kernel.errors.SteelyardError` prints as a
sentence and a next step; anything else is a bug, said so, with the traceback only on request.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from steelyard.kernel.errors import (
    DocumentErrors,
    InputError,
    IntegrityError,
    PositionedError,
    SteelyardError,
    UndecidedError,
)

if TYPE_CHECKING:
    from rich.console import Console

EXIT_OK = 0
EXIT_REJECTED = 1
EXIT_USAGE = 2
EXIT_UNDECIDED = 3

_F = TypeVar("_F", bound=Callable[..., object])


def format_option(*extra: str) -> Callable[[_F], _F]:
    """Return the ``--format`` option every command takes (``text``, ``json`` and ``extra``)."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json", *extra]),
        default="text",
        show_default=True,
        help="How to print the result.",
    )


def console(*, stderr: bool = False) -> Console:
    """Return a terminal; colors and progress appear only when it is a real one."""
    from rich.console import Console

    class Terminal(Console):
        """Rich leaves with exit code 1 when the reader goes away; that is ours to decide."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Terminal(stderr=stderr, highlight=False, soft_wrap=False)


def print_json(data: bytes) -> None:
    """Write one JSON document and a newline to standard output."""
    sys.stdout.buffer.write(data + b"\n")
    sys.stdout.buffer.flush()


def deliver(document: bytes, output: Path | None) -> None:
    """Print ``document``, or write it whole to ``output``.

    Raises:
        InputError: the file cannot be written; what stood there before is untouched.
    """
    if output is None:
        print_json(document)
        return
    from steelyard.platform.durable import replace_file

    try:
        replace_file(output, document.rstrip(b"\n") + b"\n", ".part")
    except OSError as error:
        raise InputError(
            f"{str(output)!r} cannot be written: {error.strerror}.",
            next_step="Name a file in a directory that exists and that you may write to.",
            code="output.unwritable",
        ) from error


def exit_code_of(error: SteelyardError) -> int:
    """Translate an error, by whose fault it is, into the frozen exit codes."""
    if isinstance(error, IntegrityError):
        return EXIT_REJECTED
    if isinstance(error, UndecidedError):
        return EXIT_UNDECIDED
    return EXIT_USAGE


def show(error: SteelyardError) -> None:
    """Print ``error`` on standard error; errors in a document with the line and a caret."""
    if isinstance(error, DocumentErrors):
        for each in error.errors:
            show(each)
        return
    if isinstance(error, PositionedError):
        click.echo(str(error), err=True)
        pointed = error.pointed()
        if pointed:
            click.echo(pointed, err=True)
        return
    click.echo(f"steelyard: {error.message}", err=True)
    if error.next_step:
        click.echo(f"  next: {error.next_step}", err=True)


def run(command: click.Command) -> int:
    """Run ``command`` on this process's arguments and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character must not end the command.
            stream.reconfigure(errors="backslashreplace")
    try:
        result = command.main(standalone_mode=False)
    except SteelyardError as error:
        show(error)
        return exit_code_of(error)
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("steelyard: stopped.", err=True)
        return EXIT_UNDECIDED
    except BrokenPipeError:
        # The reader of our output went away (`| head`); silence the interpreter's own complaint.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_UNDECIDED
    except Exception as error:
        if os.environ.get("STEELYARD_DEBUG"):
            raise
        click.echo(f"steelyard: internal error: {type(error).__name__}: {error}", err=True)
        click.echo("  next: run again with STEELYARD_DEBUG=1 and report what it prints.", err=True)
        return EXIT_UNDECIDED
    return result if isinstance(result, int) else EXIT_OK
