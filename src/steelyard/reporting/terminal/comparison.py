# SPDX-License-Identifier: Apache-2.0
"""Assessments side by side: a model may pass for one use case and not for another."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from rich.console import Console, Group
from rich.text import Text

from steelyard.kernel.assessment import Assessment
from steelyard.reporting import view
from steelyard.reporting.chips import TIERS, VERDICTS, chip_of
from steelyard.reporting.terminal.look import Look
from steelyard.reporting.text import sanitize

_NARROWEST = 12


def draw(console: Console, assessments: Sequence[Assessment]) -> None:
    """Print one row for each model and one column for each use case, in the order first met."""
    look = Look(console)
    clean = [sanitize(assessment, ascii_only=look.ascii_only) for assessment in assessments]
    if not clean:
        look.print(look.say("No assessments to compare."))
        return
    models = list(dict.fromkeys(_model_key(assessment) for assessment in clean))
    uses = list(dict.fromkeys(_use_key(assessment) for assessment in clean))
    cells = {(_model_key(item), _use_key(item)): item for item in clean}
    first = {key: next(item for item in clean if _model_key(item) == key) for key in models}
    width = max(_NARROWEST, (look.width - 1) // (len(uses) + 1) - 3)
    table = look.table("Model")
    for name, environment in uses:
        table.add_column(_broken(look, f"{name} ({environment})", width), overflow="fold")
    table.show_lines = True
    for column in table.columns:
        column.ratio = 1
    for model in models:
        row = [_cell(look, cells.get((model, use)), width) for use in uses]
        table.add_row(_model(look, first[model], width), *row)
    look.print(table)


def _model_key(assessment: Assessment) -> tuple[str, str]:
    return assessment.subject.name, assessment.subject.manifest_sha256


def _use_key(assessment: Assessment) -> tuple[str, str]:
    return view.use_case_name(assessment), assessment.environment


def _broken(look: Look, text: str, width: int, style: str = "") -> Text:
    """Return ``text`` broken at spaces and hyphens, as names are long and columns are not."""
    return look.say("\n".join(wrap(text, width)), style)


def _model(look: Look, assessment: Assessment, width: int) -> Group:
    terms = assessment.license
    kinds = ", ".join(assessment.model.formats) or "no weights recognized"
    group, _, short = assessment.subject.name.rpartition("/")
    title = [_broken(look, f"{group}/", width, "dim")] if group else []
    return Group(
        *title,
        _broken(look, short, width, "bold"),
        look.chip(chip_of(VERDICTS, assessment.verdict)),
        _broken(look, f"{kinds}, {view.size_text(assessment.subject.size)}", width, "dim"),
        _broken(look, terms.expression or terms.declared or "no license found", width, "dim"),
    )


def _cell(look: Look, assessment: Assessment | None, width: int) -> Group:
    if assessment is None:
        return Group(look.say("not assessed", "dim"))
    risk = assessment.risk
    parts = [
        look.chip(view.outcome_chip(assessment)),
        look.chip(chip_of(TIERS, risk.tier)),
        look.say(f"risk, {risk.score} of 100", "dim"),
    ]
    tier = Text.assemble(parts[1], " ", parts[2])
    shown = [parts[0], tier] if len(tier) <= width else parts
    reasons = view.reasons_in_order(assessment.decision.reasons)
    if reasons:
        more = f" and {len(reasons) - 1} more" if len(reasons) > 1 else ""
        shown.append(_broken(look, f"{reasons[0].rule}{more}", width, "dim"))
    return Group(*shown)
