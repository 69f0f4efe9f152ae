# SPDX-License-Identifier: Apache-2.0
"""Times the server's lists, details and proofs on a database as after years.

``python benchmarks/server.py [--postgres URL] [--revisions N] [--entries N] [--requests N]`` fills
a database (see :mod:`server_fill`), starts ``steelyard serve`` on it as a process of its own, and
asks each address over the loopback, one call after the other. Shown are milliseconds as a client
sees them: median, 95th percentile, worst.

Filling takes minutes. ``--data DIR --fill`` fills and keeps what was filled; ``--data DIR`` alone
then asks what is there, as often as one likes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from steelyard.bootstrap.founding import found_charter
from steelyard.bootstrap.house import House, open_house
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.errors import ForbiddenError, MissingError, UnavailableError
from steelyard.platform.client import Client, Profile
from steelyard.platform.identity import accounts, actors, tokens, units
from steelyard.platform.identity.tables import PersonRow
from steelyard.platform.settings import read_settings
from steelyard.platform.work import Work

sys.path.insert(0, str(Path(__file__).resolve().parent))
from server_fill import UNITS, fill

PORT = 18431


def people(house: House) -> dict[str, tuple[str, str]]:
    """Make a requester, a reviewer and an auditor; return id and token of each."""

    def make(work: Work) -> dict[str, tuple[str, str]]:
        for name in UNITS:
            units.create(work, SYSTEM, name)
        made = {}
        for role in ("requester", "security", "auditor"):
            person = accounts.create(work, SYSTEM, f"{role}@example.org", name=role, state="active")
            accounts.grant(work, SYSTEM, person.id, role)
            accounts.join(work, SYSTEM, person.id, UNITS[0])
            issued = tokens.issue(work, SYSTEM, person.id, "benchmark")
            made[role] = (person.id, issued.token)
        return made

    return house.transact(make)


def calls(client: Client, entries: int) -> dict[str, str]:
    """Return the addresses to ask: lists in several ways, one thing of each kind, proofs."""
    found = {
        "requests": "/requests",
        "requests in review": "/requests?state=submitted&stage=in%20review",
        "requests of a unit": f"/requests?unit={UNITS[3]}",
        "revisions": "/revisions",
        "revisions suspended": "/revisions?state=suspended",
        "models": "/models",
        "models by name": "/models?name=publisher-7",
        "use cases": "/use-cases",
        "reviews": "/reviews",
        "review queue": "/reviews/queue",
        "decisions": "/decisions",
        "clocks": "/clocks",
        "ledger entries": "/ledger/entries",
        "ledger by type": "/ledger/entries?type=request.changed",
        "me": "/me",
    }
    for name, path in (("request", "/requests"), ("revision", "/revisions"), ("model", "/models")):
        rows = client.get(path, limit=1).body["items"]
        if rows:
            found[f"one {name}"] = f"{path}/{rows[0]['id']}"
            if name == "request":
                found["timeline"] = f"{path}/{rows[0]['id']}/timeline"
    found["proof"] = f"/ledger/entries/{entries // 3}/proof"
    return found


def measure(client: Client, path: str, rounds: int) -> list[float]:
    """Return the milliseconds of ``rounds`` calls after two that warm up."""
    taken = []
    for number in range(rounds + 2):
        began = time.perf_counter()
        client.get(path)
        if number >= 2:
            taken.append((time.perf_counter() - began) * 1000)
    return taken


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[str]:
    """Run the server as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "steelyard", "serve", "--no-worker", "--port", str(PORT)],
        env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{PORT}"
    try:
        _wait(Client(Profile(url=url, token="")))
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _wait(client: Client) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            client.get("/version")
            return
        except UnavailableError:
            time.sleep(0.2)
    raise SystemExit("the server does not answer")


def main() -> None:
    """Fill, serve, ask, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--postgres", help="an empty database, or with --data the filled one")
    parser.add_argument("--data", help="a directory that is kept")
    parser.add_argument("--fill", action="store_true", help="with --data: fill it, ask nothing")
    parser.add_argument("--revisions", type=int, default=100_000)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        data = Path(options.data or directory)
        data.mkdir(parents=True, exist_ok=True)
        environment = {
            "STEELYARD_DATA": str(data),
            "STEELYARD_DATABASE_URL": options.postgres or "",
        }
        os.environ.update(environment)
        kept = data / "benchmark.json"
        if options.fill or not options.data:
            kept.write_text(json.dumps(_filled(options)))
        if options.fill:
            return
        with serving(environment) as url:
            _table(url, json.loads(kept.read_text()), options)


def _filled(options: Any) -> dict[str, str]:
    """Fill the database; return the token of each role."""
    house = open_house(read_settings())
    found_charter(house, "standard")
    made = people(house)
    with house.reading() as session:
        row = session.get_one(PersonRow, made["requester"][0])
        requester = actors.person_actor(session, row, house.clock())
        assert requester is not None
    took = fill(
        house, requester,
        revisions=options.revisions, entries=options.entries, requests=options.requests,
    )  # fmt: skip
    print("filled:", ", ".join(f"{name} {seconds} s" for name, seconds in took.items()))
    house.close()
    return {role: token for role, (_, token) in made.items()}


def _table(url: str, secrets: dict[str, str], options: Any) -> None:
    print(f"{'who':10} {'what':22} {'median':>8} {'p95':>8} {'worst':>8}  ms")
    for role, token in secrets.items():
        client = Client(Profile(url=url, token=token))
        for name, path in calls(client, options.entries).items():
            taken = _tried(partial(measure, client, path, options.rounds))
            if not taken:
                print(f"{role:10} {name:22} {'refused':>8}")
                continue
            p95 = statistics.quantiles(taken, n=20)[-1]
            mark = "  over 100" if p95 > 100 else ""
            print(
                f"{role:10} {name:22} {statistics.median(taken):8.1f} {p95:8.1f} "
                f"{max(taken):8.1f}{mark}"
            )


def _tried(do: Callable[[], list[float]]) -> list[float]:
    """Return what was measured; nothing where the role may not ask. Anything else is a failure."""
    try:
        return do()
    except (ForbiddenError, MissingError):
        return []


if __name__ == "__main__":
    main()
