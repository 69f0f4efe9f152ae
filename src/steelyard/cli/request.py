# SPDX-License-Identifier: Apache-2.0
"""``steelyard request``: ask to adopt a model, follow what becomes of it, take it back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.door import EXIT_OK, EXIT_REJECTED, EXIT_UNDECIDED, format_option, print_json
from steelyard.cli.remote.make import given, listing, quoted, showing, verb

if TYPE_CHECKING:
    from steelyard.platform.client import Client

COLUMNS = ("id", "state", "stage", "tier", "track", "environment", "reference", "unit",
           "submitted_at")  # fmt: skip
_PAUSE = 0.5
_SETTLED = {"approved": EXIT_OK, "rejected": EXIT_REJECTED}


@click.group("request")
def command() -> None:
    """Ask to adopt a model on a server; see `steelyard login`."""


@command.command("submit")
@click.argument("reference", metavar="REF")
@click.option("--use-case", "use_case", required=True, help="Id or name of the use case.")
@click.option("--environment", help="Where it will run; by default the use case's own.")
@click.option("--why", "justification", required=True, help="Why this model is wanted.")
@click.option("--draft", is_flag=True, help="Only write it down; nobody is asked yet.")
@click.option("--wait", type=click.IntRange(0, 3600), default=0, metavar="SECONDS",
              help="Follow it until it is decided or waits for people.")  # fmt: skip
@format_option()
def submit(
    reference: str,
    use_case: str,
    environment: str | None,
    justification: str,
    draft: bool,
    wait: int,
    output_format: str,
) -> int:
    """Ask to adopt REF: hf:org/name@revision, a revision of the inventory, or a directory.

    The files of a directory are sent to the server; nothing is examined on this machine.
    """
    from steelyard.platform.client import Client

    client = Client.here()
    if Path(reference).is_dir():
        from steelyard.cli.remote.upload import upload

        reference = upload(client, Path(reference))
    body = given(
        reference=reference,
        use_case=_use_case(client, use_case),
        environment=environment,
        justification=justification,
    )
    made = client.post("/requests", {**body, "draft": draft}).body
    if wait and not draft:
        made = follow(client, made["id"], wait)
    return _tell(made, output_format)


@command.command("wait")
@click.argument("request")
@click.option("--seconds", type=click.IntRange(1, 86400), default=600, show_default=True)
@format_option()
def wait_for(request: str, seconds: int, output_format: str) -> int:
    """Follow a request until it is decided or waits for people.

    Exit code 0: approved; 1: rejected; 3: it waits for people, or time is over.
    """
    from steelyard.platform.client import Client

    return _tell(follow(Client.here(), request, seconds), output_format)


@command.command("preview")
@click.option("--use-case", "use_case", required=True, help="Id or name of the use case.")
@click.option("--environment", help="Where it will run; by default the use case's own.")
@click.option("--revision", help="A revision of the inventory, if it is known already.")
@format_option()
def preview(
    use_case: str, environment: str | None, revision: str | None, output_format: str
) -> int:
    """Say what a request would lead to: tier, track, who is asked, the likely outcome."""
    from steelyard.cli.remote.show import details
    from steelyard.platform.client import Client

    client = Client.here()
    asked = given(use_case=_use_case(client, use_case), environment=environment, revision=revision)
    found = client.post("/requests/preview", asked).body
    if output_format == "json":
        _json(found)
    else:
        details(found)
    return EXIT_OK


@command.command("show")
@click.argument("request")
@format_option()
def show(request: str, output_format: str) -> int:
    """Show one request, and how far its assessment is while it is made."""
    from steelyard.cli.remote.show import details
    from steelyard.platform.client import Client

    client = Client.here()
    found: dict[str, Any] = client.get(f"/requests/{quoted(request)}").body
    if output_format == "json":
        _json(found)
        return EXIT_OK
    if found["state"] == "submitted" and found["stage"] == "assessing":
        found["progress"] = _how_far(client, found)
    details(found)
    return EXIT_OK


def follow(client: Client, request: str, seconds: int) -> dict[str, Any]:
    """Return the request once no machine works on it any more, or when time is over."""
    from steelyard.cli.door import console

    deadline = time.monotonic() + seconds
    with console(stderr=True).status("assessing") as status:
        while True:
            found: dict[str, Any] = client.get(f"/requests/{quoted(request)}").body
            busy = found["state"] == "submitted" and found["stage"] in ("assessing", "deciding")
            if not busy or time.monotonic() > deadline:
                return found
            status.update(_how_far(client, found))
            time.sleep(_PAUSE)


def _how_far(client: Client, request: dict[str, Any]) -> str:
    """Return what is being done for a request, and how many bytes of it are done."""
    from steelyard.kernel.errors import MissingError

    stage: str = request["stage"]
    if not request["assessment"]:
        return stage
    try:
        found = client.get(f"/assessments/{quoted(request['assessment'])}").body
    except MissingError:
        return stage
    done, total = found["progress"]["bytes_done"], found["progress"]["bytes_total"]
    if found["state"] not in ("fetching", "scanning") or not total:
        return stage
    return f"{found['state']} {_megabytes(done)} of {_megabytes(total)} MB"


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:,.1f}"


def _use_case(client: Client, named: str) -> str:
    """Return the id of a use case given by id or by its whole name."""
    from steelyard.kernel.errors import InputError

    if named.startswith("uc_"):
        return named
    found = [row for row in client.pages("/use-cases", name=named) if row["name"] == named]
    if len(found) != 1:
        raise InputError(
            f"{'No' if not found else 'More than one'} use case you can see is called {named!r}.",
            next_step="`steelyard use-case list` shows their ids.",
            code="use-case.missing",
        )
    identity: str = found[0]["id"]
    return identity


def _tell(request: dict[str, Any], output_format: str) -> int:
    from steelyard.cli.remote.show import details

    if output_format == "json":
        _json(request)
    else:
        details(request)
    if request["state"] == "draft":
        return EXIT_OK
    return _SETTLED.get(request["state"], EXIT_UNDECIDED)


def _json(body: Any) -> None:
    import msgspec

    print_json(msgspec.json.format(msgspec.json.encode(body), indent=2))


command.add_command(
    listing(
        "list",
        "/requests",
        COLUMNS,
        help="List the requests you can see, newest first.",
        empty="No requests. Next: steelyard request submit REF --use-case NAME --why TEXT",
        filters=("state", "unit", "environment", "tier"),
    )
)
command.add_command(
    showing("timeline", "/requests/{id}/timeline", help="Show everything that happened to it.")
)
for _name, _help, _done in (
    ("withdraw", "Take a request back.", "Withdrawn."),
    ("submit-draft", "Submit a request that was only written down.", "Submitted."),
):
    command.add_command(
        verb(
            _name,
            "/requests/{id}/" + ("submit" if _name == "submit-draft" else _name),
            given,
            help=_help,
            of="/requests/{id}",
            done=_done,
        )
    )
command.add_command(
    verb(
        "resubmit",
        "/requests/{id}/resubmit",
        given,
        click.option("--reference", help="Another revision."),
        click.option("--environment", help="Another environment."),
        click.option("--why", "justification", help="A better reason."),
        help="Submit again what was sent back, changed or not.",
        of="/requests/{id}",
        done="Submitted again.",
    )
)
