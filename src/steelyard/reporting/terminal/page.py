# SPDX-License-Identifier: Apache-2.0
"""The whole assessment on a terminal, decision first, next steps last, where the prompt returns."""

from __future__ import annotations

from rich import box
from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from steelyard.kernel.assessment import Assessment, Outcome, Reason
from steelyard.reporting import people, view
from steelyard.reporting.chips import EFFECTS, STYLES, TIERS, chip_of
from steelyard.reporting.terminal import evidence
from steelyard.reporting.terminal.look import Look, indent
from steelyard.reporting.text import sanitize


def draw(console: Console, assessment: Assessment) -> None:
    """Print ``assessment`` on ``console``."""
    look = Look(console)
    clean = sanitize(assessment, ascii_only=look.ascii_only)
    _verdict(look, clean)
    _overview(look, clean)
    _risk(look, clean)
    _reasons(look, clean)
    _terms(look, clean)
    evidence.draw(look, clean)
    _next(look, clean)


def _verdict(look: Look, assessment: Assessment) -> None:
    chip = view.outcome_chip(assessment)
    style = STYLES[chip.tone]
    tier = chip_of(TIERS, assessment.risk.tier)
    subject = assessment.subject
    revision = f" @ {subject.commit[:12]}" if subject.commit else ""
    name = Text.assemble(look.say(subject.name, "bold"), look.say(revision, "dim"))
    purpose = look.say(
        f"for {view.use_case_name(assessment)} in {assessment.environment}, "
        f"charter {assessment.charter.name} version {assessment.charter.version}"
    )
    risk = Text.assemble(
        "Risk tier ",
        look.chip(tier, strong=True),
        f"  {assessment.risk.score:>3} of 100  ",
        look.bar(assessment.risk.score / 100, 20, STYLES[tier.tone]),
    )
    body = Group(
        look.chip(chip, strong=True), Text(""), name, purpose, risk, Text(""),
        look.say(view.headline(assessment)),
    )  # fmt: skip
    frame = box.ASCII2 if look.ascii_only else box.ROUNDED
    look.print(Panel(body, box=frame, border_style=style, padding=(1, 2), expand=True))


def _overview(look: Look, assessment: Assessment) -> None:
    table = look.table("What we looked at", "State", "Result")
    table.columns[0].min_width = 15
    table.columns[1].min_width = 18
    table.columns[1].no_wrap = False
    table.columns[2].ratio = 1
    for line in view.overview(assessment):
        table.add_row(look.say(line.topic), look.chip(line.chip), look.say(line.result))
    look.print(table)


def _risk(look: Look, assessment: Assessment) -> None:
    risk = assessment.risk
    look.print(look.heading(f"Risk: {risk.tier}, {risk.score} of 100"))
    if risk.tier_reason:
        look.print(indent(look.say(risk.tier_reason)))
    most = max((driver.points for driver in risk.drivers), default=0) or 1
    table = look.table("Driver", "Value", "Points", "")
    table.show_header = False
    table.box = None
    table.expand = False
    table.columns[2].justify = "right"
    style = STYLES[chip_of(TIERS, risk.tier).tone]
    for driver in risk.drivers:
        table.add_row(
            look.say(view.words(driver.dimension)),
            look.say(driver.value),
            str(driver.points),
            look.bar(driver.points / most, 20, style),
        )
    if risk.drivers:
        look.print(indent(table))


def _reasons(look: Look, assessment: Assessment) -> None:
    look.print(look.heading("Why"))
    reasons = view.reasons_in_order(assessment.decision.reasons)
    if not reasons:
        look.print(indent(look.say("No rule of the charter stands against this adoption.")))
    for number, reason in enumerate(reasons):
        if number:
            look.print(Text(""))
        _reason(look, reason)


def _reason(look: Look, reason: Reason) -> None:
    effect = EFFECTS[reason.effect]
    title = Text.assemble(look.chip(effect), "  ", look.say(reason.rule, "bold"))
    rows = [("because", look.say(f"{name} = {value}")) for name, value in
            view.flat_facts(reason.facts)]  # fmt: skip
    rows += [("evidence", look.say(line)) for line in reason.evidence[:5]]
    if len(reason.evidence) > 5:
        rows.append(("", look.say(f"and {len(reason.evidence) - 5} more in report.html", "dim")))
    if reason.remedy:
        rows.append(("what helps", look.say(reason.remedy, "bold")))
    if reason.frameworks:
        rows.append(("asked for by", look.say(", ".join(reason.frameworks), "dim")))
    look.print(indent(title), indent(look.say(reason.message), 4))
    if rows:
        look.print(indent(look.pairs(_once(rows)), 4))


def _once(rows: list[tuple[str, Text]]) -> list[tuple[str, Text]]:
    """Return ``rows`` with a label only where it changes."""
    shown: list[tuple[str, Text]] = []
    last = ""
    for label, value in rows:
        shown.append(("" if label == last else label, value))
        last = label or last
    return shown


def _terms(look: Look, assessment: Assessment) -> None:
    conditions = assessment.decision.conditions
    if conditions:
        look.print(look.heading("Conditions of this decision"))
        lines = [
            Text.assemble(look.say(condition.text), look.say(f"  ({condition.rule})", "dim"))
            for condition in conditions
        ]
        look.print(indent(look.bullets(lines)))
    _people(look, assessment)


def _people(look: Look, assessment: Assessment) -> None:
    review = assessment.review
    if review.sign_offs_required:
        look.print(look.heading("Sign-offs needed"))
        look.print(indent(look.say(people.clocks(review))))
        rows = [(sign_off.role, look.say(sign_off.why)) for sign_off in review.sign_offs_required]
        look.print(indent(look.pairs(rows)))
    if review.steps:
        look.print(look.heading("Steps of the review"))
        steps = [(step.name, look.say(people.step_words(step))) for step in review.steps]
        look.print(indent(look.pairs(steps)))
    if review.approvers:
        look.print(look.heading("Who may approve"))
        rights = [
            (one.role or one.committee, look.say(people.approver_words(one)))
            for one in review.approvers
        ]
        look.print(indent(look.pairs(rights)))
    if assessment.gates and assessment.decision.outcome is not Outcome.REJECTED:
        look.print(look.heading("Gates of the lifecycle"))
        gates = [
            (stage, Text.assemble(look.chip(chip), look.say("  " + "; ".join(waits))))
            for stage, chip, waits in people.gate_rows(assessment)
        ]
        look.print(indent(look.pairs(gates)))


def _next(look: Look, assessment: Assessment) -> None:
    steps = view.next_steps(assessment)
    if not steps:
        return
    look.print(look.heading("What to do now"))
    numbered = look.bullets([])
    numbered.columns[0].width = len(str(len(steps))) + 1
    for number, step in enumerate(steps, start=1):
        numbered.add_row(f"{number}.", look.say(step))
    look.print(indent(numbered))
