# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter explain``: why an assessment came out as it did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from steelyard.cli.charter.reading import print_document, read_assessment, read_charter
from steelyard.cli.door import EXIT_OK, console, format_option
from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from steelyard.charter.counterfactual import ApprovedIf
    from steelyard.kernel.assessment import Assessment, CharterIdentity, RuleTrace


@click.command("explain")
@click.argument("assessment", type=click.Path(path_type=Path))
@click.option("--rule", "rule_id", help="Only this rule.")
@click.option(
    "--charter", "charter_name", metavar="CHARTER",
    help="Say what would get it approved by this charter; a bundle holds its own.",
)  # fmt: skip
@format_option()
def command(
    assessment: Path, rule_id: str | None, charter_name: str | None, output_format: str
) -> int:
    """Explain an assessment: which rules fired, on which facts, and what would change it.

    ASSESSMENT is an assessment.json or a directory that holds one, such as an evidence bundle.
    Where the charter is at hand, the smallest sets of changes that would get the whole decision
    approved are shown, each judged by the charter itself.
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
    answer = None if rule_id else _approved_if(document, assessment, charter_name)
    if output_format == "json":
        print_document(_explained(document, traces, answer))
    else:
        _print_explained(document, traces, answer)
    return EXIT_OK


class Answer(NamedTuple):
    """What would get a decision approved by which charter; or ``problem``: why it is not told."""

    charter: CharterIdentity | None = None
    found: ApprovedIf | None = None
    problem: str = ""


def _approved_if(document: Assessment, path: Path, charter_name: str | None) -> Answer | None:
    """Return what would get it approved, where a charter is named or lies beside the assessment.

    Raises:
        InputError: the charter that was named cannot be read.
    """
    from steelyard.charter.counterfactual import approved_if
    from steelyard.charter.facts import facts_from_document
    from steelyard.charter.resolve import identity_of

    beside = (path if path.is_dir() else path.parent) / "charter.json"
    if charter_name is None and not beside.exists():
        return None
    try:
        charter = read_charter(charter_name or str(beside))
        identity = identity_of(charter)
        if charter_name is None and identity.sha256 != document.charter.sha256:
            return Answer(problem=f"{beside.name} is not the charter that decided.")
        return Answer(identity, approved_if(charter, facts_from_document(document.facts)))
    except InputError as error:
        if charter_name is not None:
            raise
        return Answer(problem=error.message)


def state_of(trace: RuleTrace) -> str:
    """Return how a rule came out: ``fired · held · did not apply · unknown``."""
    if trace.applies == "false":
        return "did not apply"
    if trace.satisfied == "true":
        return "held"
    return "unknown" if "unknown" in (trace.applies, trace.satisfied) else "fired"


def _explained(
    document: Assessment, traces: list[RuleTrace], answer: Answer | None
) -> dict[str, Any]:
    import msgspec

    told = {} if answer is None else {"approved_if": _told(answer)}
    return {
        "schema": "steelyard.explanation/v1",
        "charter": msgspec.to_builtins(document.charter),
        "outcome": document.decision.outcome.value,
        "risk": msgspec.to_builtins(document.risk),
        **told,
        "rules": [{"state": state_of(t), **msgspec.to_builtins(t)} for t in traces],
    }


def _told(answer: Answer) -> dict[str, Any]:
    import msgspec

    if answer.found is None:
        return {"problem": answer.problem}
    return {
        "charter": msgspec.to_builtins(answer.charter),
        **msgspec.to_builtins(answer.found),
    }


def _print_explained(document: Assessment, traces: list[RuleTrace], answer: Answer | None) -> None:
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
    for columns, line in _lines(document, answer):
        say(line, columns)
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


def _lines(document: Assessment, answer: Answer | None) -> Iterator[tuple[int, str]]:
    """Yield what would get it approved, as lines with their indent."""
    if answer is None:
        return
    if answer.found is None:
        yield 0, f"What would get it approved cannot be told: {answer.problem}"
        return
    found = answer.found
    assert answer.charter is not None
    if answer.charter.sha256 != document.charter.sha256:
        yield 0, f"by the charter {answer.charter.name} {answer.charter.version}:"
    if found.note:
        yield 0, found.note
    for each in found.found:
        outcome = each.outcome.value.replace("_", " ")
        people = f", signed off by {', '.join(each.sign_offs)}" if each.sign_offs else ""
        yield 0, f"{outcome} (risk {each.tier}{people}) if:"
        for change in each.changes:
            yield 2, f"- {change.do}"
            for path, value in change.facts.items():
                yield 6, f"{path} = {_shown(value)}, not {_shown(change.instead_of[path])}"
        for condition in each.conditions:
            yield 2, f"on the condition: {condition}"


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
