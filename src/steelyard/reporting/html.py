# SPDX-License-Identifier: Apache-2.0
"""The report of an assessment as one HTML file that needs nothing else.

No script, no request, no font: the file opens years later, offline, and prints. Its content
security policy forbids everything but its own style. All of it is sanitized first and escaped by
the template engine after, so a model's text is only ever text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from steelyard.kernel.assessment import Assessment, Control, Driver, RuleTrace
from steelyard.reporting import chips, people, view
from steelyard.reporting.icons import ICONS
from steelyard.reporting.lineage_svg import KIND_WORDS, RELATION_WORDS, draw, marks_of, state_of
from steelyard.reporting.text import sanitize

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

_T = TypeVar("_T")

MOST_FILES = 500
MOST_FINDINGS = 300
MOST_GAPS = 300
MOST_STEPS = 300
MOST_ROWS = 400
"""Rows a table shows; the rest is counted and stands in the bundle's other files."""


class Slice(NamedTuple):
    """A part of a bar or ring: where it starts and how long it is, in hundredths."""

    start: float
    length: float
    label: str
    kind: str


class Bar(NamedTuple):
    """A risk driver with the length of its bar in hundredths of the largest one."""

    driver: Driver
    length: float


class RuleGroup(NamedTuple):
    """The rules of the charter that came out the same way."""

    state: str
    chip: chips.Chip
    rules: list[RuleTrace]


class Shown(NamedTuple):
    """The rows a table shows, and how many more there are."""

    rows: Sequence[Any]
    left: int


_TEMPLATES = (
    "report.html.j2",
    "decision.html.j2",
    "evidence.html.j2",
    "lineage.html.j2",
    "lineage_report.html.j2",
    "license_use.html.j2",
    "license_use_section.html.j2",
    "classification.html.j2",
    "parts.html.j2",
)


def prepare() -> None:
    """Compile the templates ahead of time, for a caller that is waiting for something else."""
    for name in _TEMPLATES:
        environment().get_template(name)


def render_html(assessment: Assessment) -> bytes:
    """Return the whole report as UTF-8 HTML."""
    clean = sanitize(assessment)
    text = _template().render(
        a=clean,
        v=view,
        people=people,
        chips=chips,
        chip_of=chips.chip_of,
        icons=ICONS,
        outcome=view.outcome_chip(clean),
        headline=view.headline(clean),
        overview=view.overview(clean),
        steps=view.next_steps(clean),
        relation_words=RELATION_WORDS,
        kind_words=KIND_WORDS,
        state_of=state_of,
        sources={node.name: node for node in clean.lineage.nodes} if clean.lineage else {},
        reasons=view.reasons_in_order(clean.decision.reasons),
        tiers=list(chips.TIERS),
        bars=driver_bars(clean.risk.drivers),
        slices=score_slices(clean.risk.drivers, clean.risk.score),
        ring_parts=coverage_ring(clean),
        gaps=_shown(clean.coverage.gaps, MOST_GAPS),
        findings=_findings(clean),
        controls=controls_by_state(clean.controls),
        rules=rules_by_state(clean.rules),
        files=_shown(clean.files, MOST_FILES),
        facts=_shown(view.flat_facts(clean.facts), MOST_ROWS),
        use_case=_shown(view.flat_facts(clean.use_case), MOST_ROWS),
        sections=view.card_sections(clean),
        lineage=_lineage(clean),
        steps_of_making=_shown(clean.lineage.edges if clean.lineage else (), MOST_STEPS),
    )
    return text.encode("utf-8")


def driver_bars(drivers: Sequence[Driver]) -> list[Bar]:
    """Return the drivers in their order with bars relative to the largest one."""
    most = max((abs(driver.points) for driver in drivers), default=0) or 1
    return [Bar(driver, round(100 * max(driver.points, 0) / most, 2)) for driver in drivers]


def score_slices(drivers: Sequence[Driver], score: int) -> list[Slice]:
    """Return how the drivers add up to ``score`` on a scale from 0 to 100.

    Their points need not add up to the score (it is capped); the shares are scaled to it.
    """
    total = sum(max(driver.points, 0) for driver in drivers)
    slices: list[Slice] = []
    start = 0.0
    for index, driver in enumerate(driver for driver in drivers if driver.points > 0):
        length = min(max(score, 0), 100) * driver.points / total
        label = f"{driver.dimension}: {view.plural(driver.points, 'point')}"
        slices.append(Slice(round(start, 2), round(length, 2), label, f"s{index % 6}"))
        start += length
    return slices


def coverage_ring(assessment: Assessment) -> list[Slice]:
    """Return the shares of files by how far they were examined, around a ring of 100."""
    cover = assessment.coverage
    total = cover.full + cover.partial + cover.none
    parts = [("full", cover.full), ("partial", cover.partial), ("none", cover.none)]
    slices: list[Slice] = []
    start = 0.0
    for level, count in parts:
        if count:
            length = 100 * count / total
            word = chips.COVERAGES[level].word
            slices.append(Slice(round(start, 2), round(length, 2), f"{count:,} {word}", level))
            start += length
    return slices


def controls_by_state(controls: Sequence[Control]) -> list[tuple[chips.Chip, list[Control]]]:
    """Return the controls grouped by state, what is to be done first."""
    states = list(dict.fromkeys([*chips.CONTROL_STATES, *(control.state for control in controls)]))
    groups = [
        (chips.chip_of(chips.CONTROL_STATES, state), [c for c in controls if c.state == state])
        for state in states
    ]
    return [(chip, members) for chip, members in groups if members]


def rules_by_state(rules: Sequence[RuleTrace]) -> list[RuleGroup]:
    """Return every rule of the charter grouped by how it came out."""
    groups = [
        (state, [rule for rule in rules if view.rule_state(rule) == state])
        for state in chips.RULE_STATES
    ]
    return [
        RuleGroup(state, view.rule_chip(state, members), members)
        for state, members in groups
        if members
    ]


def _lineage(assessment: Assessment) -> Markup | None:
    """Return the drawing of the lineage; None where it was not read or has one node only."""
    graph = assessment.lineage
    if graph is None or not graph.edges:
        return None
    from markupsafe import Markup

    answer = assessment.license_use
    drawing = draw(
        graph.nodes,
        graph.edges,
        title=f"Lineage of {graph.subject}",
        states=marks_of(answer) if answer else None,
    )
    return Markup(drawing.svg)  # noqa: S704 # every text in it is escaped where it is drawn


def _findings(assessment: Assessment) -> Shown:
    kept = assessment.findings[:MOST_FINDINGS]
    return Shown(view.by_severity(kept), len(assessment.findings) - len(kept))


def _shown(rows: Sequence[_T], most: int) -> Shown:
    return Shown(rows[:most], max(0, len(rows) - most))


def _template() -> Template:
    return environment().get_template("report.html.j2")


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the engine with every template and the style sheet."""
    from jinja2 import DictLoader, Environment, StrictUndefined
    from markupsafe import Markup

    folder = resources.files("steelyard.reporting") / "templates"
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in _TEMPLATES}
    engine = Environment(
        loader=DictLoader(texts),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    engine.globals["css"] = Markup(stylesheet())  # noqa: S704 # our own file, no input
    return engine


def stylesheet() -> str:
    """Return the report's whole style: the design tokens, then the rules that use them."""
    folder = resources.files("steelyard.reporting") / "templates"
    parts = [(folder / name).read_text(encoding="utf-8") for name in ("tokens.css", "report.css")]
    return "\n".join(parts)
