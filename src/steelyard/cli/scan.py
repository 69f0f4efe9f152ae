# SPDX-License-Identifier: Apache-2.0
"""``steelyard scan``: examine files and say what was found and what was not examined."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.door import (
    EXIT_OK,
    EXIT_REJECTED,
    EXIT_UNDECIDED,
    console,
    deliver,
    format_option,
)
from steelyard.cli.progress import examining
from steelyard.kernel.finding import Coverage, FileReport, Verdict, by_severity, verdict_of, worst
from steelyard.kernel.inspection import Inspection

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_EXITS = {Verdict.CLEAN: EXIT_OK, Verdict.MALICIOUS: EXIT_REJECTED}


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@format_option("sarif")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the result here."
)
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[Path, ...], output_format: str, output: Path | None
) -> None:
    """Examine model files or directories in a sandbox; nothing is loaded or run.

    Exit codes: 0 clean, 1 malicious, 3 suspicious or not fully examined.
    """
    from steelyard.platform.sandbox import begin
    from steelyard.platform.tree import join

    tree = join(paths)
    with (
        examining(tree, quiet=output_format != "text") as progress,
        begin(tree, progress=progress) as running,
    ):
        inspection = running.result()
    verdicts = [report.verdict for report in inspection.files]
    if inspection.tree_findings:
        verdicts.append(verdict_of(inspection.tree_findings, Coverage.FULL))
    verdict = worst(verdicts)
    if output_format == "text" and output is None:
        _render(console(), inspection, verdict)
    else:
        deliver(_document(inspection, verdict, output_format), output)
    ctx.exit(_EXITS.get(verdict, EXIT_UNDECIDED))


def _document(inspection: Inspection, verdict: Verdict, output_format: str) -> bytes:
    if output_format == "sarif":
        from steelyard.reporting.sarif import scan_sarif

        return scan_sarif(
            inspection.files,
            inspection.scanner,
            tree_findings=inspection.tree_findings,
            rules=inspection.rules,
        )
    from steelyard.reporting.json_document import scan_json

    return scan_json(
        inspection.files,
        inspection.scanner,
        verdict,
        tree_findings=inspection.tree_findings,
        rules=inspection.rules,
    )


def _render(screen: Console, inspection: Inspection, verdict: Verdict) -> None:
    """Show the verdict, a table of files, every finding, and what was not examined."""
    from rich.padding import Padding
    from rich.text import Text

    from steelyard.reporting.chips import SEVERITIES, VERDICTS, chip_text
    from steelyard.reporting.text import visible

    plain = screen.encoding.lower() not in ("utf-8", "utf8")
    count = len(inspection.files)
    title = chip_text(VERDICTS[verdict], ascii_only=plain, strong=True)
    screen.print(title, Text(f"  {count} file{'s' if count != 1 else ''} examined"))
    screen.print(_table(inspection, ascii_only=plain))
    located = [(report.path, report.findings) for report in inspection.files]
    located.append(("(several files)", inspection.tree_findings))
    for path, findings in located:
        shown = by_severity(findings)
        if not shown:
            continue
        screen.print(Text(f"\n{visible(path)}", style="bold"))
        for finding in shown:
            line = chip_text(SEVERITIES[finding.severity], ascii_only=plain)
            line.append(f"  {visible(finding.message)}", style="default")
            line.append(f"  {finding.rule}", style="bright_black")
            screen.print(Padding(line, (0, 0, 0, 2)))
            for label, value in (
                ("where", finding.location),
                ("proof", finding.evidence),
                ("next", finding.remedy),
            ):
                if value:
                    screen.print(Padding(Text(f"{label}: {visible(value, 300)}"), (0, 0, 0, 6)))
    _render_gaps(screen, inspection.files)


def _render_gaps(screen: Console, files: tuple[FileReport, ...]) -> None:
    from rich.text import Text

    from steelyard.reporting.text import visible

    gaps = [report for report in files if report.coverage is not Coverage.FULL]
    if not gaps:
        return
    screen.print(Text("\nNot fully examined", style="bold"))
    for report in gaps:
        reason = visible(report.coverage_reason)
        screen.print(Text(f"  {visible(report.path)}: {reason} ({report.coverage.value})"))


def _table(inspection: Inspection, *, ascii_only: bool) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.reporting.chips import VERDICTS, chip_text
    from steelyard.reporting.text import visible
    from steelyard.reporting.view import size_text

    table = Table(box=box.ASCII if ascii_only else box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("file", overflow="fold")
    table.add_column("format")
    table.add_column("size", justify="right")
    table.add_column("verdict", no_wrap=True)
    table.add_column("examined")
    for report in inspection.files:
        table.add_row(
            Text(visible(report.path, 200)),
            report.format,
            size_text(report.size),
            chip_text(VERDICTS[report.verdict], ascii_only=ascii_only),
            {"full": "fully", "partial": "partly", "none": "not"}[report.coverage.value],
        )
    return table
