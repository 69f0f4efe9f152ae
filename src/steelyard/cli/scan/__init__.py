# SPDX-License-Identifier: Apache-2.0
"""``steelyard scan``: examine files and say what was found and what was not examined."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.door import EXIT_OK, EXIT_REJECTED, EXIT_UNDECIDED, deliver, format_option
from steelyard.kernel.errors import InputError
from steelyard.kernel.finding import Verdict

if TYPE_CHECKING:
    from steelyard.reporting.terminal.plain import Screen

_EXITS = {Verdict.CLEAN: EXIT_OK, Verdict.MALICIOUS: EXIT_REJECTED}
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("references", nargs=-1, metavar="MODEL...")
@format_option("sarif", "junit")
@click.option("--output", type=_FILE, help="Write the result to this file.")
@click.option("--verbose", is_flag=True, help="Show low and informational findings of every file.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes at a time; one per processor.")
@click.option("--baseline", type=_FILE, help="Earlier JSON result; what it has is known.")
@click.option("--write-baseline", type=_FILE, help="Write this result as a baseline.")
@click.option("--suppressions", type=_FILE, help="YAML file of findings somebody answers for.")
@click.option("--known-bad", type=_FILE, help="Your list of malicious SHA-256 digests.")
@click.option("--plugin", "plugins", multiple=True, metavar="NAME==VERSION", help="Take part too.")
@click.option("--weights", is_flag=True, help="Look at the numbers of safetensors files as well.")
@click.option("--base", metavar="MODEL", help="Base model or its prints, to compare with.")
@click.option("--write-prints", type=_FILE, help="Write prints of the tensors for a later --base.")
@click.option("--explain", metavar="RULE", help="Explain one rule and leave.")
@click.option("--rules", "list_rules", is_flag=True, help="List every rule and leave.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    references: tuple[str, ...],
    output_format: str,
    output: Path | None,
    explain: str | None,
    *,
    list_rules: bool,
    verbose: bool,
    **options: object,
) -> None:
    """Examine model files in a sandbox; nothing is loaded or run.

    MODEL is a directory, a file, or hf:org/name[@revision] on a hub; several may be named.

    Exit codes: 0 clean, 1 malicious, 3 suspicious or not fully examined.
    """
    from steelyard.cli.scan.run import Options, document, run

    if explain or list_rules:
        _explain(explain, output_format)
        return
    if not references:
        raise click.UsageError(
            "There is nothing to scan. Name a directory, a file, or hf:org/name."
        )
    quiet = output_format != "text" and output is None
    wanted = Options(quiet=quiet, **options)  # type: ignore[arg-type]
    result = run(references, wanted)
    if output_format == "text" and output is None:
        for line in result.lines(_screen(), verbose=verbose):
            click.echo(line, color=None if sys.stdout.isatty() else False)
    else:
        deliver(document(result, output_format, verbose=verbose), output)
    ctx.exit(_EXITS.get(result.triage.verdict, EXIT_UNDECIDED))


def _explain(rule_id: str | None, output_format: str) -> None:
    from steelyard.catalog.rules import scanner_rule, scanner_rules
    from steelyard.reporting.terminal.rules import list_lines, rule_lines

    if rule_id is None:
        if output_format == "json":
            import msgspec

            listed = {"schema": "steelyard.rules/v1", "items": list(scanner_rules().values())}
            deliver(msgspec.json.encode(listed), None)
            return
        lines = list_lines(scanner_rules(), _screen())
    else:
        rule = scanner_rule(rule_id)
        if rule is None:
            from steelyard.charter.document import nearest

            raise InputError(
                f"There is no rule {rule_id!r}.",
                next_step=nearest(rule_id, scanner_rules())
                or "List the rules with `steelyard scan --rules`.",
                code="scan.rule",
            )
        if output_format == "json":
            import msgspec

            deliver(msgspec.json.encode(rule), None)
            return
        lines = rule_lines(rule, _screen())
    for line in lines:
        click.echo(line)


def _screen() -> Screen:
    import os

    from steelyard.reporting.terminal.plain import Screen

    terminal = sys.stdout.isatty()
    color = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = 100
    if terminal:
        import shutil

        width = min(120, shutil.get_terminal_size((100, 24)).columns)
    encoding = (sys.stdout.encoding or "ascii").lower()
    return Screen(width, color, encoding not in ("utf-8", "utf8"))
