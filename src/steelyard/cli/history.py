# SPDX-License-Identifier: Apache-2.0
"""``steelyard history``: who changed a model repository, and what a reviewer should see in that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.door import EXIT_OK, EXIT_UNDECIDED, console, format_option, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from steelyard.provenance.history.facts import HistoryFacts
    from steelyard.provenance.history.model import Observation
    from steelyard.provenance.history.report import HistoryReport

_FILE = click.Path(path_type=Path, dir_okay=False)
_STYLES = {"high": "bold red", "medium": "bold yellow", "low": "cyan", "info": "dim"}
_PEOPLE_SHOWN = 5
_QUARTERS_SHOWN = 8


@click.command("history")
@click.argument("source", metavar="CLONE|COMMITS.json", type=click.Path(path_type=Path))
@click.option("--since", default="", metavar="REV", help="Commit that was recorded before.")
@click.option("--accounts", type=_FILE, help="JSON of hub accounts with their createdAt.")
@click.option("--activity", type=_FILE, help="JSON of repository activity, for force pushes.")
@click.option("--advisories", type=_FILE, help="JSON of the repository's security advisories.")
@format_option()
@click.pass_context
def command(
    ctx: click.Context,
    source: Path,
    since: str,
    accounts: Path | None,
    activity: Path | None,
    advisories: Path | None,
    output_format: str,
) -> None:
    """Say who changed a model repository, when, and what stands out.

    The source is the directory of a git clone (its configuration, hooks and work tree are never
    used), or the commit list a hub answers at /api/models/ORG/NAME/commits/REV, saved as JSON.
    What the source does not say is not known.

    Exit codes: 0 nothing of medium or high severity, 3 something a person must look at.
    """
    from steelyard import bootstrap

    report = bootstrap.contribution_history(
        source, since=since, accounts=accounts, activity=activity, advisories=advisories
    )
    if output_format == "json":
        import msgspec

        print_json(msgspec.json.encode(report))
    else:
        _render(console(), report)
    grave = any(item.severity in ("high", "medium") for item in report.observations)
    ctx.exit(EXIT_UNDECIDED if grave else EXIT_OK)


def _render(screen: Console, report: HistoryReport) -> None:
    from rich.text import Text

    from steelyard.reporting.text import visible

    facts = report.facts
    screen.print(Text(f"History of {report.head[:12]} ({report.source})", style="bold"))
    whole = "" if facts.complete else "; older ones are not known"
    span = f"{facts.first_commit or 'not known'} to {facts.last_commit or 'not known'}"
    screen.print(Text(f"Commits: {facts.commits:,}, {span}{whole}"))
    for line in _lines(facts):
        screen.print(Text(visible(line, 400)))
    for item in report.observations:
        _observation(screen, item)
    for problem in report.problems:
        screen.print(Text(f"\nNot read: {visible(problem, 300)}"))


def _lines(facts: HistoryFacts) -> list[str]:
    shares = facts.people if facts.weight_people is None else facts.weight_people
    what = "Commits by" if facts.weight_people is None else "Weights by"
    named = ", ".join(f"{share.name} ({share.commits})" for share in shares[:_PEOPLE_SHOWN])
    quarters = list(facts.by_quarter.items())[-_QUARTERS_SHOWN:]
    lines = [
        f"{what}: {named or 'nobody'}",
        f"Signatures: {_counted(facts.signatures)}",
        f"By quarter: {', '.join(f'{name} {number}' for name, number in quarters) or 'not known'}",
    ]
    if facts.weight_commits is None:
        lines.insert(0, "Weights: the source does not say which files changed")
    if facts.releases is not None:
        after = f", {facts.commits_after_release} commits since" if facts.last_release else ""
        lines.append(f"Releases: {facts.releases}, last {facts.last_release or 'none'}{after}")
    lines += [
        f"Account {account.name}: created {account.created or 'not known'}"
        for account in facts.accounts[:_PEOPLE_SHOWN]
    ]
    if facts.advisories_total is not None:
        lines.append(f"Advisories: {facts.advisories_total}, {facts.advisories_open} open")
    return lines


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {word}" for word, number in counts.items()) or "none"


def _observation(screen: Console, item: Observation) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from steelyard.reporting.text import visible

    screen.print()
    screen.print(
        Text.assemble((item.severity, _STYLES[item.severity]), f": {visible(item.sentence, 500)}")
    )
    listed = " ".join(name[:12] for name in item.commits[:8])
    left = len(item.commits) - 8 + item.more_commits
    more = f" … and {left} more" if left > 0 else ""
    if listed:
        screen.print(Padding(Text(f"commits: {listed}{more}"), (0, 0, 0, 2)))
    if item.references:
        screen.print(Padding(Text(f"see: {', '.join(item.references)}"), (0, 0, 0, 2)))
