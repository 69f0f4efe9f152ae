# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter explain``: why an assessment came out as it did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.charter.reading import print_document, read_assessment
from steelyard.cli.door import EXIT_OK, console, format_option
from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from steelyard.kernel.assessment import Assessment, RuleTrace


@click.command("explain")
@click.argument("assessment", type=click.Path(path_type=Path))
@click.option("--rule", "rule_id", help="Only this rule.")
@format_option()
def command(assessment: Path, rule_id: str | None, output_format: str) -> int:
    """Explain an assessment: which rules fired, on which facts, and what would change it.

    ASSESSMENT is an assessment.json or a directory that holds one, such as an evidence bundle.
    """
    document = read_assessment(assessment)
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
        print_document(_explained(document, traces))
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
    from steelyard.charter.judge import EFFECT_ORDER

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
