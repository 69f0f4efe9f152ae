# SPDX-License-Identifier: Apache-2.0
"""``steelyard use-case``: the register of use cases on a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from steelyard.cli.door import EXIT_OK, format_option, print_json
from steelyard.cli.remote.make import given, listing, showing, verb

COLUMNS = ("id", "name", "unit", "state", "facts.environment", "facts.data_class", "owner",
           "facts.expires")  # fmt: skip


@click.group("use-case")
def command() -> None:
    """Register, enrich and list use cases on a server; see `steelyard login`."""


@command.command("register")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@format_option()
def register(file: Path, output_format: str) -> int:
    """Register the use case in FILE (YAML); five answers, a name and a purpose are enough."""
    import msgspec

    from steelyard.cli.remote.show import details
    from steelyard.platform.client import Client

    answer = Client.here().post("/use-cases", _answers(file))
    if output_format == "json":
        print_json(msgspec.json.encode(answer.body))
    else:
        details(answer.body, title="Registered.")
    return EXIT_OK


def _answers(file: Path) -> dict[str, Any]:
    """Return what was written, with dates as text; the server says what is wrong with it."""
    from steelyard.bootstrap import read_text
    from steelyard.charter.document import Document
    from steelyard.charter.yaml_nodes import plain

    document = Document(read_text(file, "use case"), str(file))
    document.raise_errors()
    found = plain(document.root)
    if not isinstance(found, dict):
        from steelyard.kernel.errors import InputError

        raise InputError(
            f"{str(file)!r} does not hold a use case.",
            next_step="Write fields and values, one on each line: `name: internal-search`.",
            code="use-case.file",
        )
    return found


def _changes(facts: tuple[str, ...], unset: tuple[str, ...]) -> dict[str, Any]:
    from steelyard.kernel.errors import InputError

    changed: dict[str, Any] = dict.fromkeys(unset)
    for fact in facts:
        name, equals, value = fact.partition("=")
        if not equals:
            raise InputError(
                f"{fact!r} does not say what a fact shall be.",
                next_step="Write NAME=VALUE, such as environment=staging.",
                code="use-case.fact",
            )
        changed[name.strip()] = _value(value.strip())
    return changed


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    if text.isdigit():
        return int(text)
    if text.startswith("[") and text.endswith("]"):
        return [part.strip() for part in text[1:-1].split(",") if part.strip()]
    return text


command.add_command(
    listing(
        "list",
        "/use-cases",
        COLUMNS,
        help="List the use cases you can see, newest first.",
        empty="No use cases yet. Next: steelyard use-case register FILE",
        filters=("state", "unit", "name"),
    )
)
command.add_command(showing("show", "/use-cases/{id}", help="Show one use case."))
command.add_command(
    verb(
        "set",
        "/use-cases/{id}",
        _changes,
        click.argument("facts", nargs=-1, metavar="NAME=VALUE…"),
        click.option("--unset", multiple=True, help="Take an optional fact away."),
        help="Change facts of a use case.",
        of="/use-cases/{id}",
        method="PATCH",
        done="Changed.",
    )
)
command.add_command(
    verb(
        "retire",
        "/use-cases/{id}/retire",
        given,
        help="End a use case: no request can be made for it any more.",
        of="/use-cases/{id}",
        done="Retired.",
    )
)
