# SPDX-License-Identifier: Apache-2.0
"""``steelyard review``: what waits for you, who said what, and saying it."""

from __future__ import annotations

from typing import Any

import click

from steelyard.cli.remote.make import given, listing, showing, verb

_OF = "/reviews/{id}"


@click.group("review")
def command() -> None:
    """See what waits for your sign-off on a server, and answer; see `steelyard login`."""


def _changes(changes: tuple[str, ...]) -> dict[str, Any]:
    found = []
    for change in changes:
        place, colon, text = change.partition(": ")
        found.append({"evidence": place, "text": text} if colon else {"text": change})
    return {"changes": found}


def _sign(
    role: str, answer: str, reason: str, conditions: tuple[str, ...], **said: bool
) -> dict[str, Any]:
    return {
        "role": role,
        "answer": answer,
        "reason": reason,
        "conditions": list(conditions),
        **said,
    }


_ROLE = click.option("--role", required=True, help="The role you answer in.")
_REASON = click.option("--reason", default="", help="Why.")

command.add_command(
    listing(
        "queue",
        "/reviews/queue",
        ("review.id", "role", "due", "review.track", "review.request", "review.unit"),
        help="List the seats that wait for you, what is due first first.",
        empty="Nothing waits for you.",
    )
)
command.add_command(
    listing(
        "list",
        "/reviews",
        ("id", "state", "track", "request", "unit", "opened_at"),
        help="List the reviews you can see, newest first.",
        empty="No reviews yet.",
        filters=("state", "request", "unit", "track"),
    )
)
command.add_command(showing("show", _OF, help="Show a review: seats, voices, comments, actions."))
command.add_command(
    verb(
        "sign",
        _OF + "/sign-offs",
        _sign,
        click.argument("answer", type=click.Choice(["yes", "no", "abstain"])),
        _ROLE,
        _REASON,
        click.option("--condition", "conditions", multiple=True, help="What must hold besides."),
        click.option("--declare", "declares", is_flag=True,
                     help="You have no financial interest in it and did not make it."),
        click.option("--nothing-to-improve", is_flag=True,
                     help="You looked for improvements and found none."),
        help="Say yes or no in a role.",
        of=_OF,
        done="Signed.",
    )
)  # fmt: skip
command.add_command(
    verb(
        "recuse",
        _OF + "/recusals",
        given,
        click.option("--why", required=True, help="Why you step aside."),
        help="Step aside: what you said does not count any more.",
        of=_OF,
        done="You stepped aside.",
    )
)
command.add_command(
    verb(
        "ask-changes",
        _OF + "/changes",
        _changes,
        click.argument("changes", nargs=-1, required=True, metavar="[EVIDENCE: ]TEXT…"),
        help="Send the request back to its requester; the clocks stand.",
        of=_OF,
        done="Sent back.",
    )
)
command.add_command(
    verb(
        "comment",
        _OF + "/comments",
        given,
        click.argument("text"),
        click.option("--evidence", help="The line of evidence it is about."),
        help="Comment; @mail@address mentions somebody.",
        done="Said.",
    )
)
