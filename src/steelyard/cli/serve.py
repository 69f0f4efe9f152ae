# SPDX-License-Identifier: Apache-2.0
"""``steelyard serve``: the server, and on SQLite its worker, in one process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from steelyard.bootstrap.house import House
    from steelyard.platform.settings import Settings


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0: any."
)
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Data directory.")
@click.option(
    "--worker/--no-worker",
    "embedded",
    default=None,
    help="Do background jobs in this process. [default: on SQLite]",
)
def command(host: str, port: int, data: Path | None, embedded: bool | None) -> None:
    """Start the server.

    Without any setting it keeps everything in ./steelyard-data, in SQLite. Settings come from the
    environment (STEELYARD_…). SIGTERM stops it once calls and jobs at hand are done.
    """
    import contextlib
    import threading

    with contextlib.ExitStack() as closing:
        door = closing.enter_context(_listen(host, port))  # before what takes long to load
        from steelyard.api.authentication import authenticate_with
        from steelyard.bootstrap.founding import found_charter
        from steelyard.bootstrap.house import open_house
        from steelyard.platform.settings import read_settings
        from steelyard.platform.telemetry.logs import configure
        from steelyard.ui.app import create_site
        from steelyard.worker.loop import Worker

        settings = read_settings(data=data)
        configure(settings.log_format, settings.log_level)
        house = open_house(settings)
        closing.callback(house.close)
        found_charter(house, settings.charter)
        settings.public_url = settings.public_url or _url(host, door)
        app = create_site(house, authenticate_with(house))
        if house.database.sqlite if embedded is None else embedded:
            worker = Worker(house, threads=settings.worker_threads)
            thread = threading.Thread(target=worker.run, name="worker")
            thread.start()
            closing.callback(thread.join)
            closing.callback(worker.stop)
        _run(app, door, settings, lambda: _announce(house))


def _run(
    app: ASGIApp, door: socket.socket, settings: Settings, announce: Callable[[], None]
) -> None:
    import signal

    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            announce()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn raises it again when it has stopped
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        server_header=False,
        timeout_graceful_shutdown=20,
    )
    Server(config).run(sockets=[door])


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to that address.

    Raises:
        InputError: it is taken, or not an address of this machine.
    """
    import socket

    from steelyard.kernel.errors import InputError

    try:
        door = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
        # Else a reply's body waits some 40 ms for the other side to confirm its head.
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return door
    except OSError as error:
        raise InputError(
            f"Nothing can listen on {host} port {port}: {error.strerror or error}.",
            next_step="Choose another --port, or stop what listens there.",
            code="port.taken",
        ) from error


def _url(host: str, door: socket.socket) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 # not bound here
    if ":" in shown and not shown.startswith("["):
        shown = f"[{shown}]"
    return f"http://{shown}:{door.getsockname()[1]}"


def _announce(house: House) -> None:
    from steelyard.platform.identity.first import first_link

    click.echo(f"Steelyard is ready at {house.settings.public_url}")
    link = house.transact(first_link)
    if link is not None:
        click.echo(f"There is no account yet. Make the first administrator here, within a day:\n"
                   f"  {house.settings.public_url}{link}")  # fmt: skip
