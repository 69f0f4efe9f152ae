# SPDX-License-Identifier: Apache-2.0
"""``steelyard login``: be somebody on a server, for the commands that speak to one."""

from __future__ import annotations

import os
import sys

import click

from steelyard.cli.door import EXIT_OK, format_option, print_json


@click.command("login")
@click.argument("url")
@click.option("--token-stdin", is_flag=True, help="Read an API token from standard input.")
@format_option()
@click.option("--insecure", is_flag=True, help="Allow http to another machine.")
def command(url: str, token_stdin: bool, insecure: bool, output_format: str) -> int:
    """Log in to the server at URL and keep the token for the commands that speak to it.

    The token is stored in the configuration directory, readable by you only. STEELYARD_URL and
    STEELYARD_TOKEN, where both are set, are used instead of what is stored.
    """
    import msgspec

    from steelyard.platform.client import Client, Profile, save_profile, server_url

    address = server_url(url, insecure=insecure)
    if token_stdin:
        token = sys.stdin.readline(1000).strip()
    else:
        token = click.prompt("API token", hide_input=True, err=True).strip()
    profile = Profile(url=address, token=token)
    me = Client(profile).get("/me").body
    path = save_profile(profile, os.environ)
    if output_format == "json":
        print_json(msgspec.json.encode({"url": address, "me": me}))
        return EXIT_OK
    click.echo(f"Logged in to {address} as {me['name'] or me['mail'] or me['id']}.")
    click.echo(f"  kept in {path}")
    return EXIT_OK
