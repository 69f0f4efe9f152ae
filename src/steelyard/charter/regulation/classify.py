# SPDX-License-Identifier: Apache-2.0
"""From answers to class, roles, obligations, and what would change them. Pure.

Everything is read off walks: one in which each open question counts as its strictest answer, which
is the result, one in which it has its mildest, and one in which it brings nothing, which shows what
rests on open questions.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from typing import NamedTuple

from steelyard.catalog.eu_ai_act import (
    NOT_SURE,
    Class,
    LegalDate,
    Obligation,
    Question,
    Timing,
    eu_ai_act,
)
from steelyard.catalog.frameworks import find
from steelyard.charter.regulation.formulas import holds
from steelyard.charter.regulation.machine import (
    UNSURE,
    Answer,
    Answers,
    Step,
    Walk,
    options,
    walk,
)
from steelyard.charter.regulation.result import (
    CLASSES,
    GPAI,
    Answered,
    Change,
    Citation,
    Classification,
    DueObligation,
    EuClass,
    FoundRole,
    Given,
    Gpai,
    Milestone,
)

_OMNIBUS = "Regulation (EU) 2026/1744"
_IDS: dict[str, EuClass] = {name: name for name in CLASSES}
_GPAI_IDS: dict[str, Gpai] = {name: name for name in GPAI}


class Standing(NamedTuple):
    """What decides: the class, the standing as provider of a model, the roles."""

    eu_class: EuClass
    gpai: Gpai
    roles: tuple[str, ...]


def classify(
    answers: Answers,
    on: datetime.date,
    *,
    prefilled: Mapping[str, str] | None = None,
) -> Classification:
    """Return what the Act makes of a use described by ``answers``, as of the day ``on``.

    A question without an answer counts as "not sure". ``prefilled`` gives, for answers that were
    derived rather than given, where they come from. The answers must be valid
    (:mod:`steelyard.charter.regulation.answers`).
    """
    act = eu_ai_act()
    strict = walk(answers, UNSURE)
    mild = walk(mildest(answers))
    standing = standing_of(strict.marks)
    chosen = next(kind for kind in act.classes if kind.id == standing.eu_class)
    sure = walk(mildest(answers, only="prohibited")).marks
    obligations = _obligations(strict.marks, sure, on)
    asked = {step.question.id for step in strict.steps}
    trace, changes = _trace(strict, answers, prefilled or {}, standing)
    return Classification(
        questionnaire=act.version,
        law=act.law,
        as_of=act.as_of,
        on=on,
        eu_class=standing.eu_class,
        class_title=chosen.title,
        class_what=chosen.what,
        class_citations=_citations(chosen.refs),
        class_at_least=standing_of(mild.marks).eu_class,
        applies_from=_class_date(chosen, obligations),
        gpai=standing.gpai,
        gpai_title=next(kind.title for kind in act.gpai if kind.id == standing.gpai),
        roles=_roles(strict.marks, sure),
        obligations=obligations,
        open_questions=tuple(
            step.question.id for step in strict.steps if NOT_SURE in (step.answer or UNSURE)
        ),
        trace=trace,
        would_change=changes,
        unused=tuple(name for name in answers if name not in asked),
        dates=tuple(_milestone(date, on) for date in sorted(act.dates, key=lambda d: d.date)),
        disclaimer=act.disclaimer,
    )


def standing_of(marks: AbstractSet[str]) -> Standing:
    """Return class, standing and roles that marks amount to."""
    act = eu_ai_act()
    return Standing(
        _IDS[_first(act.classes, marks)],
        _GPAI_IDS[_first(act.gpai, marks)],
        tuple(role.id for role in act.roles if holds(role.when, marks)),
    )


def mildest(answers: Answers, only: str = "") -> dict[str, Answer]:
    """Return the answers with each open question left out, or at its mildest option.

    With ``only`` just the questions of that stage get an option. Left out otherwise, an open
    question brings nothing: what is owed even so is owed whatever its answer.
    """
    definite = {name: answer for name, answer in answers.items() if NOT_SURE not in answer}
    for question in eu_ai_act().questions:
        if question.mild and only in ("", question.stage):
            definite.setdefault(question.id, (question.mild,))
    return definite


def obligation_ids(marks: AbstractSet[str]) -> frozenset[str]:
    """Return the ids of all obligations that marks bring."""
    return frozenset(item.id for item in eu_ai_act().obligations if holds(item.when, marks))


def start_of(obligation: Obligation, marks: AbstractSet[str]) -> LegalDate:
    """Return the earliest date on which an obligation applies to these marks.

    Raises:
        LookupError: no date of its timing holds; a test keeps the data from this.
    """
    timing = _timings()[obligation.timing]
    dates = [_dates()[each.date] for each in timing.dates if holds(each.when, marks)]
    if not dates:
        raise LookupError(f"The obligation {obligation.id!r} has no date for these answers.")
    return min(dates, key=lambda date: date.date)


def _first(kinds: tuple[Class, ...], marks: AbstractSet[str]) -> str:
    return next(kind.id for kind in kinds if holds(kind.when, marks))


@cache
def _timings() -> dict[str, Timing]:
    return {timing.id: timing for timing in eu_ai_act().timings}


@cache
def _dates() -> dict[str, LegalDate]:
    return {date.id: date for date in eu_ai_act().dates}


def _obligations(
    strict: AbstractSet[str], sure: AbstractSet[str], on: datetime.date
) -> tuple[DueObligation, ...]:
    act = eu_ai_act()
    due = []
    for item in act.obligations:
        if not holds(item.when, strict):
            continue
        start = start_of(item, strict)
        before = start.before
        if before is None and start.amended_by != _OMNIBUS:
            before = start.date  # the Omnibus left this date alone
        due.append(
            DueObligation(
                id=item.id,
                what=item.what,
                who=item.who,
                clause=item.clause,
                citations=_citations(item.refs),
                applies_from=start.date,
                before_omnibus=before,
                in_force=start.date <= on,
                days_left=max(0, (start.date - on).days),
                open=not holds(item.when, sure),
                amended_by=item.amended_by or start.amended_by,
                source=act.sources[item.source],
                confidence=item.confidence,
                date_source=act.sources[start.source],
                date_confidence=start.confidence,
                as_of=act.as_of,
            )
        )
    return tuple(sorted(due, key=lambda each: each.applies_from))  # stable: the order of the law


def _class_date(chosen: Class, obligations: tuple[DueObligation, ...]) -> datetime.date | None:
    """Return when the first obligation that comes with the class applies."""
    own = {item.id for item in eu_ai_act().obligations if item.timing in chosen.timings}
    return min((each.applies_from for each in obligations if each.id in own), default=None)


def _roles(strict: AbstractSet[str], sure: AbstractSet[str]) -> tuple[FoundRole, ...]:
    return tuple(
        FoundRole(
            id=role.id,
            title=role.title,
            citations=_citations(role.refs),
            open=not holds(role.when, sure),
        )
        for role in eu_ai_act().roles
        if holds(role.when, strict)
    )


def _trace(
    strict: Walk, answers: Answers, prefilled: Mapping[str, str], standing: Standing
) -> tuple[tuple[Answered, ...], tuple[Change, ...]]:
    lines, changes = [], []
    for step in strict.steps:
        others = list(_other_answers(step, answers, standing))
        changes += [change for change, _ in others if change is not None]
        lines.append(
            Answered(
                question=step.question.id,
                text=step.question.text,
                answer=step.answer or UNSURE,
                answer_text=answer_text(step.question, step.answer or UNSURE),
                given=_given(step.question.id, answers, prefilled),
                decided=any(differs for _, differs in others),
                clause=step.question.clause,
                citations=_citations(step.question.refs),
                why=prefilled.get(step.question.id, ""),
            )
        )
    return tuple(lines), tuple(changes)


def _given(question: str, answers: Answers, prefilled: Mapping[str, str]) -> Given:
    if question not in answers:
        return "unanswered"
    if NOT_SURE in answers[question]:
        return "not-sure"
    return "prefilled" if question in prefilled else "answered"


def _other_answers(
    step: Step, answers: Answers, standing: Standing
) -> list[tuple[Change | None, bool]]:
    """Try every other option of a question alone, the other answers staying as they are.

    Returns, for each, the change of class or standing (None where there is none), and whether the
    class, the standing or the roles would differ at all.
    """
    question, given = step.question, step.answer or UNSURE
    results: list[tuple[Change | None, bool]] = []
    for option in question.options:
        if given == (option.id,):
            continue
        if question.kind == "many" and NOT_SURE not in given and option.id in given:
            tried: Answer = tuple(name for name in given if name != option.id)
            if not tried:
                continue
            said = f"without: {option.text}"
        else:
            keep = () if option.alone or question.kind != "many" or NOT_SURE in given else given
            alone = {each.id for each in question.options if each.alone}
            tried = (*(name for name in keep if name not in alone), option.id)
            said = option.text
        changed = {**answers, question.id: tried}
        other = walk(changed, UNSURE)
        became = standing_of(other.marks)
        certain = all(s.question.id in answers or s.question.id == question.id for s in other.steps)
        change = None
        if (became.eu_class, became.gpai) != (standing.eu_class, standing.gpai):
            change = Change(
                question=question.id,
                text=question.text,
                answer=option.id,
                answer_text=said,
                eu_class=became.eu_class,
                gpai=became.gpai,
                direction="stricter" if _rank(became) > _rank(standing) else "milder",
                certain=certain,
            )
        results.append((change, became != standing))
    return results


def _rank(standing: Standing) -> tuple[int, int]:
    return CLASSES.index(standing.eu_class), GPAI.index(standing.gpai)


def answer_text(question: Question, answer: Answer) -> str:
    """Return an answer in words."""
    if NOT_SURE in answer:
        return "Not sure"
    known = options(question)
    return "; ".join(known[name].text for name in answer)


def _citations(refs: tuple[str, ...]) -> tuple[Citation, ...]:
    found = []
    for ref in refs:
        item = find(ref)
        if item is None:
            raise LookupError(f"The catalog of frameworks has no {ref}.")
        found.append(Citation(ref, item.title))
    return tuple(found)


def _milestone(date: LegalDate, on: datetime.date) -> Milestone:
    return Milestone(
        id=date.id,
        date=date.date,
        before=date.before,
        what=date.what,
        amended_by=date.amended_by,
        source=eu_ai_act().sources[date.source],
        confidence=date.confidence,
        passed=date.date <= on,
    )
