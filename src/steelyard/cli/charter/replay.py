# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter replay``: what would another charter have decided."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.charter.reading import print_document
from steelyard.cli.door import EXIT_OK, EXIT_REJECTED, EXIT_UNDECIDED, format_option
from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from steelyard.governance.charters.facts import Policy
    from steelyard.governance.replay.service import Replayed

REPLAY_SCHEMA = "steelyard.charter-replay/v1"
RECORDED = "recorded"
"""Stands for the decisions as they were recorded, in the place of a charter."""
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command("replay")
@click.argument("charters", nargs=-1, metavar="[OLD NEW]")
@click.option("--charter", "only", metavar="NEW", help="Compare NEW with what was recorded.")
@click.option(
    "--assessments", "records", type=click.Path(path_type=Path), required=True,
    help="A file with one recorded assessment a line, or a directory of evidence bundles.",
)  # fmt: skip
@click.option("--since", type=_DAY, metavar="DATE", help="Only what was assessed since this day.")
@click.option("--until", type=_DAY, metavar="DATE", help="Only what was assessed until this day.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes; by default one a processor.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False),
    help="Write every change there: a table if it ends in .csv, else a line of JSON each.",
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(0, 1000), default=20, show_default=True,
    help="How many changes of each direction to show.",
)  # fmt: skip
@click.option(
    "--fail-on", type=click.Choice(["looser", "any"]),
    help="Exit 1 if a decision becomes looser, or if any outcome changes.",
)  # fmt: skip
@format_option()
def command(
    charters: tuple[str, ...],
    only: str | None,
    records: Path,
    since: datetime.datetime | None,
    until: datetime.datetime | None,
    jobs: int | None,
    output: Path | None,
    limit: int,
    fail_on: str | None,
    output_format: str,
) -> int:
    """Say which recorded decisions another charter would change, and why.

    OLD and NEW are charter files or the names of shipped charters; OLD may be `recorded`, the
    decisions as they stand. Each line of the file is an assessment.json in one line, or a
    `steelyard.recorded/v1` with its subject, use_case, facts, decision and risk.

    Exit codes: 0 everything was judged, 1 what --fail-on names, 2 usage or unreadable input,
    3 some assessments could not be judged, or do not say what their own charter decides.
    """
    from steelyard import bootstrap
    from steelyard.charter.replay.work import Span
    from steelyard.cli.progress import counting
    from steelyard.governance.replay.service import Order, replay
    from steelyard.platform.pool import usable_cpus
    from steelyard.platform.records import total_size

    first, second = _two(charters, only)
    old = None if first == RECORDED else bootstrap.load_policy(first)
    new = bootstrap.load_policy(second)
    order = Order(
        old=old.charter if old is not None else None,
        old_sha256=old.identity.sha256 if old is not None else "",
        new=new.charter,
        records=records,
        jobs=jobs or usable_cpus(),
        span=Span(since=since.date() if since else None, until=until.date() if until else None),
        keep=limit,
        output=output,
    )
    with counting(total_size(records), quiet=output_format == "json") as progress:
        done = replay(order, progress)
    if output_format == "json":
        print_document(_document(old, new, done, output))
    else:
        from steelyard.cli.charter.replay_tables import show_replay

        show_replay(_name(old), _name(new), done, output)
    return _exit_code(done, fail_on)


def _two(charters: tuple[str, ...], only: str | None) -> tuple[str, str]:
    if only is not None and not charters:
        return RECORDED, only
    if only is None and len(charters) == 2:
        return charters[0], charters[1]
    raise InputError(
        "Two charters are compared: OLD and NEW, or --charter NEW with what was recorded.",
        next_step="Name two charters, such as: steelyard charter replay standard new.yaml "
        "--assessments FILE.jsonl",
        code="replay.charters",
    )


def _exit_code(done: Replayed, fail_on: str | None) -> int:
    tally = done.tally
    if tally.unjudged or tally.rewritten:
        return EXIT_UNDECIDED
    if (fail_on and tally.looser) or (fail_on == "any" and tally.stricter):
        return EXIT_REJECTED
    return EXIT_OK


def _name(policy: Policy | None) -> str:
    if policy is None:
        return "the recorded decisions"
    identity = policy.identity
    return f"{identity.name} {identity.version} ({identity.sha256[:12]})"


def _document(
    old: Policy | None, new: Policy, done: Replayed, output: Path | None
) -> dict[str, Any]:
    import msgspec

    tally: dict[str, Any] = msgspec.to_builtins(done.tally)
    return {
        "schema": REPLAY_SCHEMA,
        "old": RECORDED if old is None else msgspec.to_builtins(old.identity),
        "new": msgspec.to_builtins(new.identity),
        **tally,
        "output": None if output is None else str(output),
        "speed": {
            "processes": done.jobs,
            "seconds": round(done.seconds, 3),
            "assessments_per_second": round(done.tally.judged / done.seconds),
            "rule_evaluations_per_second": round(done.evaluations / done.seconds),
        },
    }
