# SPDX-License-Identifier: Apache-2.0
"""``steelyard login``: be somebody on a server, for the commands that speak to one."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import click

from steelyard.cli.door import EXIT_OK, format_option, print_json

if TYPE_CHECKING:
    from steelyard.platform.client import Client


@click.command("login")
@click.argument("url")
@click.option("--token-stdin", is_flag=True, help="Read an API token from standard input.")
@click.option("--mail", help="Log in with a password, asked for here, instead of a token.")
@click.option("--insecure", is_flag=True, help="Allow http to another machine.")
@format_option()
def command(
    url: str, token_stdin: bool, mail: str | None, insecure: bool, output_format: str
) -> int:
    """Log in to the server at URL and keep the token for the commands that speak to it.

    URL may be the link that `steelyard serve` prints for the first administrator, or that of an
    invitation: then you choose a password here. With --mail a token that lasts 90 days is issued in
    the place of the password, which is not kept.

    The token is stored in the configuration directory, readable by you only. STEELYARD_URL and
    STEELYARD_TOKEN, where both are set, are used instead of what is stored.
    """
    import msgspec

    from steelyard.platform.client import Client, Profile, save_profile, server_url

    address, _, link = url.partition("#")
    for path in ("/first", "/welcome", "/reset"):
        if link:
            address = address.removesuffix(path)
    address = server_url(address, insecure=insecure)
    if link or mail:
        origin = "/".join(address.split("/")[:3])
        nobody = Profile(url=address, token="")
        token = _by_password(Client(nobody, headers={"origin": origin}), link, mail)
    elif token_stdin:
        token = sys.stdin.readline(1000).strip()
    else:
        token = click.prompt("API token", hide_input=True, err=True).strip()
    profile = Profile(url=address, token=token)
    me = Client(profile).get("/me").body
    kept = save_profile(profile, os.environ)
    if output_format == "json":
        print_json(msgspec.json.encode({"url": address, "me": me}))
        return EXIT_OK
    click.echo(f"Logged in to {address} as {me['name'] or me['mail'] or me['id']}.")
    click.echo(f"  kept in {kept}")
    return EXIT_OK


def _by_password(browser: Client, link: str, mail: str | None) -> str:
    """Log in like a browser, and return a token issued in that session."""
    mail = mail or click.prompt("Mail", err=True).strip()
    password = click.prompt("Password", hide_input=True, confirmation_prompt=bool(link), err=True)
    if link:
        choose(browser, link, mail, password)
    enter(browser, mail, password)
    name = f"steelyard login on {socket.gethostname()}"[:100]
    issued = browser.post("/tokens", {"name": name}).body
    browser.post("/logout")
    return str(issued["token"])


def choose(browser: Client, link: str, mail: str, password: str) -> None:
    """Use a one-time link: become the first administrator, or choose a password."""
    from steelyard.kernel.errors import FieldErrors

    try:
        browser.post("/login/password", {"link": link, "password": password})
    except FieldErrors as error:
        if [field for field, _ in error.faults] != ["link"]:
            raise
        browser.post("/login/first", {"link": link, "mail": mail, "password": password})


def enter(browser: Client, mail: str, password: str) -> None:
    """Log in; the cookie of the session is kept."""
    from steelyard.kernel.errors import UnauthenticatedError

    asked = {"mail": mail, "password": password}
    try:
        answer = browser.post("/login", asked)
    except UnauthenticatedError as error:
        if error.code != "login.code-needed":
            raise
        code = click.prompt("Code of your app", err=True).strip()
        answer = browser.post("/login", {**asked, "code": code})
    browser.keep_cookies(answer)
