# SPDX-License-Identifier: Apache-2.0
"""Makes commands of the kinds every room has: list, show, and a verb on one thing.

A verb reads the thing first and sends its version back, so that nobody acts on what they have not
seen; the server refuses if it changed in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from steelyard.cli.door import EXIT_OK, format_option, print_json

Words = Callable[..., dict[str, Any]]


def listing(
    name: str,
    path: str,
    columns: Sequence[str],
    *,
    help: str,  # noqa: A002
    empty: str,
    filters: Sequence[str] = (),
) -> click.Command:
    """Return a command that lists rows of ``path``; each of ``filters`` becomes an option."""

    def run(output_format: str, limit: int, **asked: Any) -> int:
        from itertools import islice

        from steelyard.cli.remote.show import table
        from steelyard.platform.client import Client

        rows = list(islice(Client.here().pages(path, **asked), limit))
        if output_format == "json":
            _json({"items": rows})
        else:
            table(rows, columns, empty=empty)
        return EXIT_OK

    command = click.command(name, help=help)(run)
    for each in reversed(filters):
        command = click.option(f"--{each.replace('_', '-')}", each, help=f"Only this {each}.")(
            command
        )
    limited = click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True,
                           help="Rows at most.")(command)  # fmt: skip
    return _typed(format_option()(limited))


def showing(
    name: str,
    path: str,
    *,
    help: str,  # noqa: A002
    argument: str = "ID",
) -> click.Command:
    """Return a command that shows the one thing at ``path``, in which ``{id}`` stands."""

    @click.command(name, help=help)
    @click.argument("thing", metavar=argument)
    @format_option()
    def command(thing: str, output_format: str) -> int:
        from steelyard.cli.remote.show import details
        from steelyard.platform.client import Client

        body = Client.here().get(path.format(id=quoted(thing))).body
        if output_format == "json":
            _json(body)
        else:
            details(body)
        return EXIT_OK

    return _typed(command)


def verb(
    name: str,
    path: str,
    words: Words,
    *options: Callable[[Any], Any],
    help: str,  # noqa: A002
    of: str = "",
    method: str = "POST",
    argument: str = "ID",
    body_name: str = "",
    done: str = "Done.",
) -> click.Command:
    """Return a command that does something with one thing.

    ``words`` makes the body from the options; with ``body_name`` the argument goes into the body
    under that name. ``of`` is the path of the thing whose version must be sent back; without it
    nothing is read first.
    """

    def run(thing: str, output_format: str, **given: Any) -> int:
        from steelyard.cli.remote.show import details
        from steelyard.platform.client import Client

        client = Client.here()
        name_of = quoted(thing)
        version = client.get(of.format(id=name_of)).version if of else None
        body = words(**given) | ({body_name: thing} if body_name else {})
        answer = client.call(method, path.format(id=name_of), body=body, version=version)
        if output_format == "json":
            _json(answer.body)
        elif isinstance(answer.body, dict):
            details(answer.body, title=done)
        else:
            click.echo(done)
        return EXIT_OK

    command: Any = click.command(name, help=help)(
        click.argument("thing", metavar=argument)(format_option()(run))
    )
    for option in reversed(options):
        command = option(command)
    return _typed(command)


def quoted(text: str) -> str:
    """Return ``text`` as one segment of a path."""
    from urllib.parse import quote

    return quote(text, safe="")


def given(**words: Any) -> dict[str, Any]:
    """Return the options that were given, as a body."""
    return {name: value for name, value in words.items() if value not in (None, ())}


def _json(body: Any) -> None:
    import msgspec

    print_json(msgspec.json.format(msgspec.json.encode(body), indent=2))


def _typed(command: Any) -> click.Command:
    assert isinstance(command, click.Command)
    return command
