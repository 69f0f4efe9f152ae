# SPDX-License-Identifier: Apache-2.0
"""How far an organization has come, which profile it can carry, and what to do next.

Pure: answers in, a result out. A question without an answer counts as level 0. A profile is
recommended only when every question reaches the level the profile needs: a strict charter that
nobody can carry out protects less than a light one that is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from steelyard.catalog.charters import NAMES
from steelyard.catalog.controls import controls
from steelyard.catalog.maturity import MaturityQuestion, maturity_catalog
from steelyard.charter.document import Document, nearest
from steelyard.charter.schema import Name

LEVELS = ("not yet", "begun", "working", "proven")
"""Names of the levels 0 to 3."""
MATURITY_SCHEMA = "steelyard.maturity/v1"

Level = Annotated[int, Meta(ge=0, le=3)]


class MaturityAnswers(Struct, frozen=True, kw_only=True):
    """What was answered, as people write it in a file."""

    answers: dict[Name, Level]
    """Levels 0 to 3 by the id of the question."""
    organization: str = ""


class AreaResult(Struct, frozen=True, kw_only=True):
    """Where one area stands. ``level`` is the mean of its answers, 0 to 3, one decimal."""

    id: str
    title: str
    about: str
    level: float
    word: str
    needed: float
    """The mean level the next profile needs."""
    weakest: str
    """The question that holds it back most."""


class ControlLink(Struct, frozen=True, kw_only=True):
    """A control of the catalog that says in full what to do; the title is empty if it has none."""

    id: str
    title: str


class Gap(Struct, frozen=True, kw_only=True):
    """What is missing for the next profile, and what to do about it."""

    question: str
    area: str
    ask: str
    level: int
    needed: int
    today: str
    """What the present level looks like."""
    goal: str
    """What the needed level looks like."""
    do: str
    answered: bool
    controls: tuple[ControlLink, ...]


class MaturityResult(Struct, frozen=True, kw_only=True):
    """The outcome of a self-assessment."""

    organization: str
    areas: tuple[AreaResult, ...]
    recommended: str
    ready: bool
    """Whether the recommended profile can be carried; False only below ``starter``."""
    next: str
    """The profile the gaps are about; empty when there is none beyond."""
    gaps: tuple[Gap, ...]
    """What to do, in order."""
    unanswered: tuple[str, ...]
    note: str
    source: str
    as_of: str
    confidence: str
    schema: str = MATURITY_SCHEMA


def read_maturity(text: str, file: str) -> MaturityAnswers:
    """Return the answers written in a YAML text.

    Raises:
        DocumentErrors: a question is unknown or a level cannot be; each with its line.
    """
    document = Document(text, file)
    given = document.decode(MaturityAnswers)
    known = [question.id for question in maturity_catalog().questions]
    for identity in given.answers:
        if identity not in known:
            document.error_at(
                ("answers", identity),
                f"There is no question {identity!r}.",
                nearest(identity, known)
                or "`steelyard charter maturity --questions` lists them all.",
            )
    document.raise_errors()
    return given


def assess_maturity(given: MaturityAnswers) -> MaturityResult:
    """Return where the organization stands and what to do next."""
    catalog = maturity_catalog()
    answers = {question.id: given.answers.get(question.id, 0) for question in catalog.questions}
    carried = [name for name in NAMES if _carries(answers, name)]
    # Profiles go from light to strict, and what the strict one needs includes the lighter one's.
    recommended = carried[-1] if carried else NAMES[0]
    beyond = NAMES[NAMES.index(recommended) + 1 :] if carried else (NAMES[0],)
    target = beyond[0] if beyond else ""
    return MaturityResult(
        organization=given.organization,
        areas=_areas(answers, target or recommended),
        recommended=recommended,
        ready=bool(carried),
        next=target,
        gaps=_gaps(answers, target, given.answers) if target else (),
        unanswered=tuple(q.id for q in catalog.questions if q.id not in given.answers),
        note=catalog.note,
        source=catalog.source,
        as_of=catalog.as_of,
        confidence=catalog.confidence,
    )


def _carries(answers: Mapping[str, int], profile: str) -> bool:
    return all(
        answers[question.id] >= question.needs[profile] for question in maturity_catalog().questions
    )


def _areas(answers: Mapping[str, int], profile: str) -> tuple[AreaResult, ...]:
    catalog = maturity_catalog()
    results = []
    for area in catalog.areas:
        questions = [question for question in catalog.questions if question.area == area.id]
        level = sum(answers[question.id] for question in questions) / len(questions)
        needed = sum(question.needs[profile] for question in questions) / len(questions)
        weakest = min(questions, key=lambda question: answers[question.id])
        results.append(
            AreaResult(
                id=area.id,
                title=area.title,
                about=area.about,
                level=round(level, 1),
                word=LEVELS[int(level)],
                needed=round(needed, 1),
                weakest=weakest.ask,
            )
        )
    return tuple(results)


def _gaps(answers: Mapping[str, int], profile: str, given: Mapping[str, int]) -> tuple[Gap, ...]:
    """Return what is missing, the least developed first and then in the order of the questions."""
    short = [
        question
        for question in maturity_catalog().questions
        if answers[question.id] < question.needs[profile]
    ]
    short.sort(key=lambda question: answers[question.id])
    return tuple(
        _gap(question, answers[question.id], profile, question.id in given) for question in short
    )


def _gap(question: MaturityQuestion, level: int, profile: str, answered: bool) -> Gap:
    library = controls()
    needed = question.needs[profile]
    return Gap(
        question=question.id,
        area=question.area,
        ask=question.ask,
        level=level,
        needed=needed,
        today=question.levels[level],
        goal=question.levels[needed],
        # From the first step on, the next thing to do is the next level itself.
        do=question.do if level == 0 else f"Get to this: {question.levels[level + 1]}",
        answered=answered,
        controls=tuple(
            ControlLink(id=identity, title=library[identity].title if identity in library else "")
            for identity in question.controls
        ),
    )


def questions_template() -> str:
    """Return a YAML text with every question and its levels, ready to fill in."""
    catalog = maturity_catalog()
    lines = [f"# {catalog.note}", "# Fill in a level from 0 to 3 for each question.", "answers:"]
    for area in catalog.areas:
        lines += ["", f"  # {area.title}: {area.about}"]
        for question in catalog.questions:
            if question.area != area.id:
                continue
            lines += ["", f"  # {question.ask}"]
            lines += [f"  #   {number}: {text}" for number, text in enumerate(question.levels)]
            lines.append(f"  {question.id}: 0")
    return "\n".join(lines) + "\n"
