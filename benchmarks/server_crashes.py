# SPDX-License-Identifier: Apache-2.0
"""Kills a server and its worker with ``kill -9`` under load, round after round, and reckons.

``python benchmarks/server_crashes.py [--rounds 200] [--postgres URL] [--separate] [--engine E]``:
without ``--postgres`` on SQLite. Prints one line a round that found something wrong, and a table.
URL names an empty database; its schema ``public`` is made anew.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import create_engine, text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.platform.notify.receiver import receiving  # noqa: E402
from tests.stories.siege import Siege  # noqa: E402


def main() -> int:
    """Run the rounds; 1 if anything was wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=120, help="after which no round begins")
    parser.add_argument("--seconds", type=float, default=2.0, help="of work in a round, at most")
    parser.add_argument("--postgres", default="")
    parser.add_argument("--separate", action="store_true", help="jobs in a process of their own")
    parser.add_argument("--engine", default="embedded", choices=["embedded", "procrastinate"])
    parser.add_argument("--reckon-every", type=int, default=10)
    asked = parser.parse_args()
    if asked.postgres:
        engine = create_engine(asked.postgres)
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
    began, wrong = time.monotonic(), []
    with tempfile.TemporaryDirectory() as directory, receiving() as receiver:
        siege = Siege(
            Path(directory), receiver, asked.postgres, asked.engine, separate=asked.separate
        )
        siege.prepare()
        for number in range(1, asked.rounds + 1):
            siege.round(asked.seconds)
            last = number == asked.rounds or time.monotonic() - began > asked.minutes * 60
            if number % asked.reckon_every == 0 or last:
                siege.settle()
                found = siege.reckon()
                for line in found:
                    print(f"round {number}: {line}", flush=True)
                wrong += found
                siege.wrong.clear()
                print(
                    f"{number} rounds, {len(siege.use_cases)} commands acknowledged,"
                    f" {time.monotonic() - began:.0f} s",
                    flush=True,
                )
            if last:
                break
    print("| rounds | looked at | commands acknowledged | jobs | calls repeated | wrong | s |")
    print("|---|---|---|---|---|---|---|")
    print(
        f"| {number} | {siege.looks} | {len(siege.use_cases)} | {len(siege.deliveries)} "
        f"| {siege.repeated} | {len(wrong)} | {time.monotonic() - began:.0f} |"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
