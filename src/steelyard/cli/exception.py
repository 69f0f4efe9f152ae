# SPDX-License-Identifier: Apache-2.0
"""``steelyard exception``: time-boxed permits against one rule, on a server."""

from __future__ import annotations

from typing import Any

import click

from steelyard.cli.remote.make import given, listing, showing, verb

_OF = "/exceptions/{id}"


@click.group("exception")
def command() -> None:
    """Ask for exceptions on a server, grant and end them; see `steelyard login`."""


def _asked(**words: Any) -> dict[str, Any]:
    controls = list(words.pop("controls"))
    answers = dict(each.partition("=")[::2] for each in words.pop("answers"))
    return {**given(**words), "controls": controls, "answers": answers}


command.add_command(
    listing(
        "list",
        "/exceptions",
        ("id", "state", "rule", "request", "environment", "until", "owner", "waits_for"),
        help="List the exceptions you can see, newest first.",
        empty="No exceptions.",
        filters=("state", "rule", "use_case", "request", "unit"),
    )
)
command.add_command(showing("show", _OF, help="Show one exception with what was said about it."))
command.add_command(
    verb(
        "draft",
        "/exceptions",
        _asked,
        click.option("--request", required=True, help="The request it is for."),
        click.option("--reason", required=True, help="Why the rule cannot be met yet."),
        click.option("--owner", required=True, help="Id of the person who answers for it."),
        click.option("--until", required=True, help="Last day, such as 2027-01-31."),
        click.option("--control", "controls", multiple=True, help="What protects meanwhile."),
        click.option("--answer", "answers", multiple=True, metavar="WHAT=TEXT",
                     help="What the charter asks for, such as supervisor-view=…"),
        help="Write down an exception against RULE; nobody is asked yet.",
        argument="RULE",
        body_name="rule",
        done="Drafted. Next: steelyard exception submit ID",
    )
)  # fmt: skip
command.add_command(
    verb("submit", f"{_OF}/submit", given, help="Ask the people who grant exceptions.", of=_OF,
         done="Asked.")
)  # fmt: skip
command.add_command(
    verb(
        "vote",
        f"{_OF}/votes",
        given,
        click.argument("answer", type=click.Choice(["yes", "no", "abstain"])),
        click.option("--role", required=True, help="The role you answer in."),
        click.option("--reason", help="Why."),
        click.option("--declare", "declares", is_flag=True,
                     help="You have no financial interest in it and did not make it."),
        help="Say yes or no to an exception.",
        of=_OF,
        done="Said.",
    )
)  # fmt: skip
command.add_command(
    verb(
        "extend",
        f"{_OF}/extend",
        given,
        click.option("--until", required=True, help="Last day, such as 2027-01-31."),
        click.option("--reason", required=True, help="Why it takes longer."),
        help="Ask for an expired exception again; it is reviewed anew.",
        of=_OF,
        done="Asked.",
    )
)
command.add_command(
    verb(
        "revoke",
        f"{_OF}/revoke",
        given,
        click.option("--reason", required=True, help="Why it ends."),
        help="End an exception at once.",
        of=_OF,
        done="Ended.",
    )
)
