# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter``: start a charter, check one, explain what one decided."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.door import EXIT_OK, EXIT_USAGE, console, format_option, print_json, show
from steelyard.kernel.errors import DocumentErrors, InputError

if TYPE_CHECKING:
    from steelyard.kernel.assessment import Assessment, RuleTrace

PROFILES = ("starter", "standard", "regulated")
MAX_FILE = 64 * 1024 * 1024
"""Largest file read here, in bytes; an assessment of many findings stays far below."""


CHECK_SCHEMA = "steelyard.charter-check/v1"


@click.group()
def command() -> None:
    """Write, check and explain charters."""


@command.command()
@click.option(
    "--profile", type=click.Choice(PROFILES), default="starter", show_default=True,
    help="Which shipped charter to start from.",
)  # fmt: skip
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), required=True,
    help="The file to write; an existing one is never overwritten.",
)  # fmt: skip
@format_option()
def init(profile: str, output: Path, output_format: str) -> int:
    """Write a shipped charter to a file, ready to edit."""
    from steelyard.catalog.charters import charter_text

    text = charter_text(profile)
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise InputError(
            f"The file {output} exists already.",
            next_step="Choose another name, or remove the file first.",
            code="charter.exists",
        ) from error
    except OSError as error:
        raise InputError(
            f"The file {output} cannot be written: {error.strerror}.",
            next_step="Check that its directory exists and may be written to.",
            code="charter.write",
        ) from error
    if output_format == "json":
        _print({"profile": profile, "file": str(output)})
    else:
        click.echo(f"Wrote the {profile} charter to {output}.")
        click.echo(f"  next: edit it, then run: steelyard charter check {output}")
    return EXIT_OK


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@format_option()
def check(file: Path, output_format: str) -> int:
    """Check a charter: fields, rules, references. Exit 0 when it is sound, else 2."""
    from steelyard.bootstrap import read_text
    from steelyard.charter.load import load_charter
    from steelyard.charter.resolve import charter_sha256

    try:
        charter = load_charter(read_text(file, "charter"), str(file))
    except DocumentErrors as error:
        show(error)
        if output_format == "json":
            _print(
                {
                    "schema": CHECK_SCHEMA,
                    "valid": False,
                    "errors": [_error(item) for item in error.errors],
                }
            )
        return EXIT_USAGE
    digest = charter_sha256(charter)
    counts = {"rules": len(charter.rules), "controls": len(charter.controls)}
    if output_format == "json":
        identity = {"name": charter.name, "version": charter.version, "sha256": digest}
        _print({"schema": CHECK_SCHEMA, "valid": True, "charter": identity, **counts, "errors": []})
    else:
        extends = f", extends {charter.extends}" if charter.extends else ""
        click.echo(
            f"{file}: charter {charter.name} {charter.version} is sound: {counts['rules']} rules, "
            f"{counts['controls']} controls{extends}, sha256 {digest[:12]}"
        )
    return EXIT_OK


@command.command()
@click.argument("assessment", type=click.Path(path_type=Path))
@click.option("--rule", "rule_id", help="Only this rule.")
@format_option()
def explain(assessment: Path, rule_id: str | None, output_format: str) -> int:
    """Explain an assessment: which rules fired, on which facts, and what would change it.

    ASSESSMENT is an assessment.json or a directory that holds one, such as an evidence bundle.
    """
    document = _read_assessment(assessment)
    traces = [trace for trace in document.rules if rule_id in (None, trace.rule)]
    if rule_id is not None and not traces:
        from steelyard.charter.document import nearest

        raise InputError(
            f"The assessment has no rule {rule_id!r}.",
            next_step=nearest(rule_id, [trace.rule for trace in document.rules])
            or "Leave --rule out to see them all.",
            code="charter.rule",
        )
    if output_format == "json":
        _print(_explained(document, traces))
    else:
        _print_explained(document, traces)
    return EXIT_OK


def state_of(trace: RuleTrace) -> str:
    """Return how a rule came out: ``fired · held · did not apply · unknown``."""
    if trace.applies == "false":
        return "did not apply"
    if trace.satisfied == "true":
        return "held"
    return "unknown" if "unknown" in (trace.applies, trace.satisfied) else "fired"


def _explained(document: Assessment, traces: list[RuleTrace]) -> dict[str, Any]:
    import msgspec

    return {
        "schema": "steelyard.explanation/v1",
        "charter": msgspec.to_builtins(document.charter),
        "outcome": document.decision.outcome.value,
        "risk": msgspec.to_builtins(document.risk),
        "rules": [{"state": state_of(t), **msgspec.to_builtins(t)} for t in traces],
    }


def _print_explained(document: Assessment, traces: list[RuleTrace]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from steelyard.reporting.text import plain

    terminal = console()
    ascii_only = terminal.options.ascii_only

    def say(text: str, columns: int = 0) -> None:
        shown = Text(plain(text) if ascii_only else text)
        terminal.print(Padding(shown, (0, 0, 0, columns), expand=False))

    charter, risk = document.charter, document.risk
    outcome = document.decision.outcome.value.replace("_", " ")
    say(f"{document.subject.name}: {outcome}")
    say(f"charter {charter.name} {charter.version} ({charter.sha256[:12]})")
    say(f"risk {risk.tier}, score {risk.score}. {risk.tier_reason}")
    for trace in sorted(traces, key=_weight):
        state = state_of(trace)
        style = {"fired": "bold red", "unknown": "bold yellow", "held": "green"}.get(state, "dim")
        mark = (_PLAIN_MARKS if ascii_only else _MARKS)[state]
        head = Text(f"\n{mark} {state}  ", style=style)
        head.append(f"{trace.rule}", style="bold").append(f" ({trace.effect})", style="not bold")
        terminal.print(head)
        say(trace.why, 4)
        if trace.applies_text:
            say(f"applies: {trace.applies_text} is {trace.applies}", 4)
        say(f"requires: {trace.require_text} is {trace.satisfied or 'unasked'}", 4)
        for path, value in trace.facts.items():
            say(f"{path} = {_shown(value)}", 6)
        if trace.would_change:
            say(trace.would_change, 4)


def _weight(trace: RuleTrace) -> tuple[int, int]:
    """Return where a rule stands among the others: what decided first, worst effect first."""
    from steelyard.charter.evaluate import EFFECT_ORDER

    return _STATES.index(state_of(trace)), EFFECT_ORDER.index(trace.effect)


_STATES = ("fired", "unknown", "held", "did not apply")
_MARKS = {"fired": "✗", "unknown": "?", "held": "✓", "did not apply": "·"}
_PLAIN_MARKS = {"fired": "x", "unknown": "?", "held": "+", "did not apply": "-"}


def _shown(value: object) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        more = f" and {len(value) - 5} more" if len(value) > 5 else ""
        return "[" + ", ".join(map(str, value[:5])) + "]" + more
    return str(value)


def _read_assessment(path: Path) -> Assessment:
    import msgspec

    from steelyard.kernel.assessment import Assessment

    file = path / "assessment.json" if path.is_dir() else path
    if path.is_dir() and not file.exists():
        raise InputError(
            f"The directory {path} holds no assessment.json.",
            next_step="Give assessment.json, or the directory that steelyard assess wrote.",
            code="charter.assessment",
        )
    try:
        return msgspec.json.decode(_read(file), type=Assessment)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InputError(
            f"The file {file} is not an assessment: {error}.",
            next_step="Give assessment.json, or the directory that steelyard assess wrote.",
            code="charter.assessment",
        ) from error


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > MAX_FILE:
            raise InputError(
                f"The file {file} is too large: at most {MAX_FILE // 2**20} MiB are read.",
                next_step="Check that this is the file you meant.",
                code="input.size",
            )
        return file.read_bytes()
    except OSError as error:
        raise InputError(
            f"The file {file} cannot be read: {error.strerror}.",
            next_step="Check the path.",
            code="input.file",
        ) from error


def _error(error: Any) -> dict[str, Any]:
    return {
        "file": error.file,
        "line": error.line,
        "column": error.column,
        "message": error.message,
        "next_step": error.next_step,
        "code": error.code,
    }


def _print(value: dict[str, Any]) -> None:
    import msgspec

    print_json(msgspec.json.encode(value))
