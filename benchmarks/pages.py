# SPDX-License-Identifier: Apache-2.0
"""Times every page of the web application on a database as after years.

``python benchmarks/server.py --data DIR --fill`` fills a database and keeps it; then
``python benchmarks/pages.py --data DIR [--postgres URL] [--rounds N] [--begin /path]`` starts
``steelyard serve`` on it as a process of its own and asks for each page over the loopback, one
after the other, as the first of requester, reviewer and auditor who may see it. Shown are
milliseconds until the whole page is there: median, 95th percentile, worst, and its size. The goal
is 150 ms at the 95th percentile.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from steelyard.catalog.controls import controls
from steelyard.kernel.errors import SteelyardError
from steelyard.platform.client import Client, Profile
from steelyard.ui.app import pages_of

sys.path.insert(0, str(Path(__file__).resolve().parent))
from server_fill import UNITS

from server import serving

GOAL = 150.0
LISTS = {
    "action_id": "/actions", "assessment_id": "/assessments", "clock_id": "/clocks",
    "decision_id": "/decisions", "emergency_id": "/emergencies", "evidence_id": "/evidence",
    "exception_id": "/exceptions", "model_id": "/models", "proposal_id": "/charters/proposals",
    "request_id": "/requests", "review_id": "/reviews", "revision_id": "/revisions",
    "risk_id": "/risks", "robot_id": "/robots", "supplier_id": "/suppliers",
    "use_case_id": "/use-cases", "user_id": "/users", "webhook_id": "/webhooks",
}  # fmt: skip
"""Parameter of a page's address → list of the API that has such things."""


class Timed(NamedTuple):
    """What asking for one page took; ``status`` of the last answer."""

    status: int
    size: int
    taken: list[float]


def things(clients: list[Client]) -> dict[str, str]:
    """Return a value for each parameter that something was found for."""
    found = {"unit": UNITS[0], "control_id": next(iter(controls()))}
    for name, path in LISTS.items():
        for client in clients:
            try:
                rows = client.get(path, limit=1).body["items"]
            except SteelyardError:
                continue
            if rows:
                found[name] = rows[0]["id"]
                break
    found["sha256"] = clients[0].get("/charters/current").body["sha256"]
    found["seq"] = str(max(1, clients[0].get("/ledger").body["size"] // 3))
    return found


def addresses(known: dict[str, str], begin: str) -> tuple[list[str], list[str]]:
    """Return the pages with their parameters filled in, and those nothing was found for."""
    filled, bare = [], []
    for page in pages_of():
        path = page["path"]
        if page["method"] != "GET" or not path.startswith(begin):
            continue
        names = re.findall(r"\{([^}:]*)[^}]*\}", path)
        if not all(name in known for name in names):
            bare.append(path)
            continue
        filled.append(
            re.sub(r"\{([^}:]*)[^}]*\}", lambda part: quote(known[part[1]], safe=""), path)
        )
    return filled, bare


def measure(url: str, token: str, path: str, rounds: int) -> Timed:
    """Ask for a page ``rounds`` times after two that warm up."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    headers = {"accept": "text/html"} | ({"authorization": f"Bearer {token}"} if token else {})
    taken, status, size = [], 0, 0
    for number in range(rounds + 2):
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        size, status = len(answer.read()), answer.status
        if status != 200:
            break
        if number >= 2:
            taken.append((time.perf_counter() - began) * 1000)
    connection.close()
    return Timed(status, size, taken)


def table(url: str, secrets: dict[str, str], rounds: int, begin: str) -> int:
    """Print what every page took; return how many took longer than the goal."""
    known = things([Client(Profile(url=url, token=token)) for token in secrets.values()])
    filled, bare = addresses(known, begin)
    late = 0
    print(f"{'page':44} {'who':10} {'median':>8} {'p95':>8} {'worst':>8}  ms {'kB':>7}")
    for path in filled:
        role, timed = next(
            (role, timed)
            for role, token in [*secrets.items(), ("nobody", "")]
            if (timed := measure(url, token, path, rounds)).status != 403 or not token
        )
        shown = re.sub(r"[0-9a-f]{64}|[0-9a-hjkmnp-tv-z]{26}", "…", path)[:44]
        if not timed.taken:
            print(f"{shown:44} {role:10} answered {timed.status}")
            continue
        p95 = statistics.quantiles(timed.taken, n=20)[-1]
        late += p95 > GOAL
        mark = f"  over {GOAL:.0f}" if p95 > GOAL else ""
        print(
            f"{shown:44} {role:10} {statistics.median(timed.taken):8.1f} {p95:8.1f} "
            f"{max(timed.taken):8.1f}     {timed.size / 1000:7.1f}{mark}",
            flush=True,
        )
    for path in bare:
        print(f"{path:44} nothing of that kind is there")
    print(f"{len(filled)} pages, {late} over {GOAL:.0f} ms")
    return late


def main() -> int:
    """Serve what was filled and ask for every page; 1 if one is over the goal."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="the directory server.py filled")
    parser.add_argument("--postgres", help="the filled database, if it is not in --data")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--begin", default="/", help="only pages whose address begins so")
    options = parser.parse_args()
    data = Path(options.data)
    environment = {
        "STEELYARD_DATA": str(data),
        "STEELYARD_DATABASE_URL": options.postgres or "",
    }
    os.environ.update(environment)
    secrets = json.loads((data / "benchmark.json").read_text())
    with serving(environment) as url:
        return 1 if table(url, secrets, options.rounds, options.begin) else 0


if __name__ == "__main__":
    sys.exit(main())
