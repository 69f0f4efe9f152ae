# SPDX-License-Identifier: Apache-2.0
"""Use cases: the register, a new one, one of them, changing it, ending it."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, get_args

import msgspec
from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.governance.decision import queries as decisions
from steelyard.governance.intake import queries as requests
from steelyard.governance.use_cases import queries, service
from steelyard.governance.use_cases.register import State, UseCaseView
from steelyard.kernel.errors import StaleError
from steelyard.platform.log.timeline import happenings
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.requests.words import told as happened
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark
from steelyard.ui.use_cases.questions import (
    FIVE,
    NAMES,
    WORDS,
    answers_of,
    facts_of,
    told,
    typed,
)

pages = Pages()
COLUMNS: Final = (
    Column("name", mark("Name"), "name", "/use-cases/{id}"),
    Column("purpose", mark("Purpose")),
    Column("state", mark("State"), "word"),
    Column("data_class", mark("Data"), "word"),
    Column("people_affected", mark("People affected"), "word"),
    Column("exposure", mark("Exposure"), "word", shown=False),
    Column("environment", mark("Environment"), "word"),
    Column("unit", mark("Unit")),
    Column("owner", mark("Owner"), shown=False),
    Column("expires", mark("Valid until"), "day"),
)
FILTERS: Final = (
    Filter("name", mark("Beginning of the name"), wide=True),
    Filter("state", mark("State"), tuple((each, each) for each in get_args(State))),
    Filter("unit", mark("Unit")),
)
MORE: Final = (
    "owner", "sponsor", "environment", "regions", "sector", "commercial", "expires", "phase",
    "monthly_users", "monthly_users_at_release", "revenue_usd", "establishment", "registered",
    "redistributes", "outputs_train_models", "data_sources", "eu_ai_act",
)  # fmt: skip
"""Facts beside name, purpose, unit and the five questions, in the order of the page."""
ALL: Final = ("name", "purpose", "unit", *NAMES, *MORE)
_RELATED = 25


class Row(Struct, frozen=True, kw_only=True):
    """A use case in the list."""

    id: str
    name: str
    purpose: str
    state: str
    data_class: str
    people_affected: str
    exposure: str
    environment: str
    unit: str
    owner: str
    expires: dt.date


@pages.page("/use-cases", right="use-case.read")
def find(viewer: Viewer, asked: Asked) -> Response:
    """List the use cases that can be seen, newest first."""
    table = listed(
        viewer, asked, COLUMNS, FILTERS,
        lambda session, **how: [_row(each) for each in queries.find(session, viewer.actor, **how)],
        key=lambda row: (row.id,),
    )  # fmt: skip
    return export(viewer, table) or viewer.show("use_cases/list.html", table=table)


def _row(view: UseCaseView) -> Row:
    facts = view.facts
    return Row(
        id=view.id, name=view.name, purpose=facts.purpose, state=view.state,
        data_class=facts.data_class, people_affected=facts.people_affected,
        exposure=facts.exposure, environment=facts.environment, unit=view.unit,
        owner=view.owner, expires=facts.expires,
    )  # fmt: skip


@pages.page("/use-cases/new", right="use-case.write")
def new(viewer: Viewer) -> Response:
    """Show the five questions."""
    return _new(viewer, Form())


@pages.form("/use-cases/new", right="use-case.write")
def register(viewer: Viewer, form: Sent) -> Response:
    """Register a use case."""
    return viewer.act(
        form, lambda work: service.register(work, viewer.actor, answers_of(form)),
        then=lambda made: f"/use-cases/{made.id}", said=viewer.say("The use case is registered."),
        again=lambda: _new(viewer, form),
    )  # fmt: skip


@pages.page("/use-cases/{use_case_id}", right="use-case.read")
def show(viewer: Viewer, use_case_id: str) -> Response:
    """Show one use case, what was asked and decided for it."""
    return _page(viewer, use_case_id, Form())


@pages.page("/use-cases/{use_case_id}/edit", right="use-case.write")
def edit(viewer: Viewer, use_case_id: str) -> Response:
    """Show the form that changes its facts."""
    case = viewer.find(lambda session: queries.get(session, viewer.actor, use_case_id))
    stands = _stands(case)
    was = {f"was-{name}": text for name, text in stands.items()}
    return _edit(viewer, case, Form(None, **stands, **was))


@pages.form("/use-cases/{use_case_id}/edit", right="use-case.write")
def change(viewer: Viewer, use_case_id: str, form: Sent) -> Response:
    """Change the facts somebody typed something else for."""
    case = viewer.find(lambda session: queries.get(session, viewer.actor, use_case_id))
    changed = tuple(name for name in ALL if _line(form[name]) != _line(form[f"was-{name}"]))
    return viewer.act(
        form,
        lambda work: service.enrich(
            work, viewer.actor, use_case_id, facts_of(form, changed), form.version
        ),
        then=f"/use-cases/{use_case_id}", said=viewer.say("The change is kept."),
        again=lambda: _edit(viewer, case, form),
    )  # fmt: skip


@pages.form("/use-cases/{use_case_id}/retire", right="use-case.write")
def retire(viewer: Viewer, use_case_id: str, form: Sent) -> Response:
    """End a use case."""
    return viewer.act(
        form, lambda work: service.retire(work, viewer.actor, use_case_id, form.version),
        then=f"/use-cases/{use_case_id}", said=viewer.say("The use case is retired."),
        again=lambda: _page(viewer, use_case_id, form),
    )  # fmt: skip


def _stands(case: UseCaseView) -> dict[str, str]:
    facts = msgspec.to_builtins(case.facts)
    return {name: typed(facts.get(name)) for name in ALL}


def _line(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _new(viewer: Looking, form: Form) -> Response:
    return viewer.show(
        "use_cases/new.html", form=form, five=told(viewer), units=sorted(viewer.actor.units)
    )


def _page(viewer: Looking, use_case_id: str, form: Form) -> Response:
    def ask(session: Session) -> dict[str, Any]:
        actor = viewer.actor
        case = queries.get(session, actor, use_case_id)
        return {
            "case": case,
            "requests": requests.find(session, actor, limit=_RELATED, use_case=case.id),
            "decisions": decisions.find(session, actor, limit=_RELATED, use_case=case.id),
            "happened": [
                each
                for each in happenings(session, viewer.actor, case.id, limit=500)
                if each.subject == case.id
            ],
        }  # fmt: skip

    known = viewer.find(ask)
    known["happened"] = happened(viewer, known["happened"])
    stands = _stands(known["case"])
    more = [(viewer.say(WORDS[name]), stands[name]) for name in MORE if stands[name]]
    five = [(viewer.say(each.short), stands[each.name], _why(viewer, each)) for each in FIVE]
    return viewer.show(
        "use_cases/show.html", form=form, more=more, five=five, stands=stands,
        words={name: viewer.say(word) for name, word in WORDS.items()}, **known,
    )  # fmt: skip


def _why(viewer: Looking, question: Any) -> str:
    """Return a question with all its answers, as an explanation of the one that was given."""
    answers = "; ".join(
        f"{viewer.say(word)}: {viewer.say(more)}" for _, word, more in question.answers
    )
    return f"{viewer.say(question.word)} {answers}"


def _edit(viewer: Looking, case: UseCaseView, form: Form) -> Response:
    """Show the form; after somebody else's change with both states, side by side."""
    error = viewer.error
    by = ""
    differs: list[dict[str, str]] = []
    if isinstance(error, StaleError) and isinstance(error.current, UseCaseView):
        case = error.current
        last = viewer.find(lambda session: happenings(session, viewer.actor, case.id, limit=500))
        mine = [each for each in last if each.type == "use-case.changed"]
        by = mine[-1].actor_name if mine else ""
        form, differs = _merged(_stands(case), form)
    return viewer.show(
        "use_cases/edit.html", case=case, form=form, by=by, differs=differs,
        stale=isinstance(error, StaleError), five=told(viewer), more=MORE,
        words={name: viewer.say(word) for name, word in WORDS.items()},
    )  # fmt: skip


def _merged(now: dict[str, str], form: Form) -> tuple[Form, list[dict[str, str]]]:
    """Return the form with others' changes taken over, and each of the differences.

    What only they changed is theirs; what only I changed stays mine; where both did, mine stands
    in the field and theirs beside it.
    """
    differs, values = [], {}
    for name in ALL:
        was, mine, theirs = _line(form[f"was-{name}"]), _line(form[name]), now[name]
        if theirs != was:
            differs.append({"name": name, "was": was, "now": theirs, "mine": mine})
        values[name] = theirs if mine == was else mine
        values[f"was-{name}"] = theirs
    merged = form.with_(**values)
    merged.errors = form.errors
    return merged, differs
