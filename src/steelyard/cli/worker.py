# SPDX-License-Identifier: Apache-2.0
"""``steelyard worker``: do background jobs until told to stop."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("worker")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory of the server.")
@click.option("--threads", type=click.IntRange(1, 64), help="Jobs done at a time.")
@click.option(
    "--metrics-port", type=click.IntRange(1, 65535), help="Serve numbers for Prometheus there."
)
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="And on this address.")
def command(
    data: Path | None, threads: int | None, metrics_port: int | None, metrics_host: str
) -> None:
    """Do the background jobs of a server.

    Settings come from the environment (STEELYARD_…). SIGTERM stops it once the jobs at hand are
    done; a worker that is killed loses nothing, another one takes its jobs over.
    """
    import signal

    import prometheus_client

    from steelyard.bootstrap.house import open_house
    from steelyard.platform.settings import read_settings
    from steelyard.platform.telemetry.logs import configure
    from steelyard.worker.loop import Worker

    settings = read_settings(data=data, worker_threads=threads)
    configure(settings.log_format, settings.log_level)
    house = open_house(settings)
    if metrics_port is not None:
        prometheus_client.start_http_server(metrics_port, metrics_host, house.metrics.registry)
    worker = Worker(house, threads=settings.worker_threads)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    try:
        worker.run()
    finally:
        house.close()
