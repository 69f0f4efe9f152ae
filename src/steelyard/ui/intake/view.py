# SPDX-License-Identifier: Apache-2.0
"""Ask for a model: paste or upload, say what for, see what would follow, send it."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.governance.intake import service
from steelyard.governance.intake.states import RequestView
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.inventory.facts import RevisionView
from steelyard.governance.inventory.reference import read
from steelyard.governance.inventory.service import check_justification
from steelyard.governance.use_cases import queries as use_cases
from steelyard.governance.use_cases import service as register
from steelyard.governance.use_cases.register import UseCaseView, complete
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import FieldErrors, MissingError, SteelyardError
from steelyard.platform.work import Work
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.intake.files import keep_files
from steelyard.ui.intake.foresee import NEW, Foreseen, foresee
from steelyard.ui.use_cases.questions import answers_of, check_length, told

pages = Pages()
ENVIRONMENTS: Final = ("sandbox", "staging", "production")
MOST: Final = {"reference": 500, "environment": 60}
"""Characters of a field of a request."""
_CHOICES = 100
"""Use cases to choose from."""
_KNOWN = 30
"""Revisions the field for the reference proposes."""


@pages.page("/requests/new", right="request.write")
def new(viewer: Viewer) -> Response:
    """Show the form; the address may say which model is wanted, and what for."""
    asked = viewer.request.query_params
    named = {
        name: asked[name][:600]
        for name in ("reference", "use_case", "environment", "revision")
        if asked.get(name)
    }
    wanted = named.pop("revision", "") or _newest(viewer, asked.get("model", "")[:60])
    return _page(viewer, Form(None, **{"reference": wanted or None, **named}))


@pages.form("/requests/preview", right="request.write")
def ahead(viewer: Viewer, form: Sent) -> Response:
    """Show what the form would lead to as it stands; a piece of the page."""
    return viewer.show("intake/preview.html", seen=foresee(viewer, form), form=form)


@pages.form("/requests/new", right="request.write", files=True)
def ask(viewer: Viewer, form: Sent) -> Response:
    """Make the request, and the use case with it if it is new; or only show what would follow."""
    try:
        typed = keep_files(viewer, form)
    except SteelyardError as error:
        return viewer.refuse(form, error, lambda: _page(viewer, form))
    if form["do"] == "preview":
        return _page(viewer, typed)
    draft = form["do"] == "draft"
    return viewer.act(
        typed,
        lambda work: make(work, viewer.actor, typed, draft=draft),
        then=lambda made: f"/requests/{made.id}",
        said=viewer.say("The draft is kept. Nobody is asked yet.")
        if draft
        else viewer.say("The request is made. This page shows how it goes on."),
        again=lambda: _page(viewer, typed),
    )


def make(work: Work, actor: Actor, form: Form, *, draft: bool) -> RequestView:
    """Make what a form asks for, in the transaction of ``work``.

    Raises:
        FieldErrors: everything that is missing or wrong, at once.
        InputError, MissingError, ConflictError, ForbiddenError
    """
    _check(work, actor, form, draft=draft)
    case = form["use_case"]
    if case == NEW:
        case = register.register(work, actor, answers_of(form)).id
    made = service.draft(
        work, actor, reference=form["reference"], use_case=case,
        environment=form["environment"], justification=form["justification"],
    )  # fmt: skip
    return made if draft else service.submit(work, actor, made.id)


def _check(work: Work, actor: Actor, form: Form, *, draft: bool) -> None:
    """Refuse a form with everything that is wrong with it."""
    check_length(form, ("reference", "environment", "justification"), MOST)
    wrong: list[tuple[str, str]] = []
    if not form["reference"]:
        wrong.append(("reference", "Name a model, or choose files."))
    else:
        try:
            read(form["reference"])
        except SteelyardError as error:
            wrong.append(("reference", str(error)))
    if not form["use_case"]:
        wrong.append(("use_case", "Choose what it is for."))
    elif form["use_case"] == NEW:
        given = answers_of(form)
        try:
            complete(given, owner=actor.mail, unit=given.get("unit", ""), today=work.today)
        except FieldErrors as error:
            wrong += error.faults
    if not draft:
        try:
            check_justification(form["justification"])
        except FieldErrors as error:
            wrong += error.faults
    if wrong:
        raise FieldErrors(wrong)


def _newest(viewer: Looking, model: str) -> str:
    """Return the id of the newest revision of a model; nothing if it cannot be seen."""
    if not model:
        return ""

    def ask(session: Session) -> str:
        row = inventory.latest_of(session, inventory.model_row(session, viewer.actor, model).id)
        return row.id if row is not None else ""

    try:
        return viewer.find(ask)
    except MissingError:
        return ""


def _page(viewer: Looking, form: Form) -> Response:
    def look(session: Session) -> tuple[list[UseCaseView], list[RevisionView]]:
        cases = use_cases.find(session, viewer.actor, limit=_CHOICES, state="active")
        wanted = form["use_case"]
        if wanted not in ("", NEW) and wanted not in {case.id for case in cases}:
            try:
                cases.insert(0, use_cases.get(session, viewer.actor, wanted))
            except MissingError:
                form.errors.setdefault("use_case", viewer.say("There is no such use case."))
        known = inventory.find_revisions(session, viewer.actor, limit=_KNOWN)
        ended = ("retired", "tombstoned")
        return cases, [each for each in known if each.state not in ended]

    cases, known = viewer.find(look)
    if not cases and not form["use_case"]:
        form = _kept(form, use_case=NEW)
    seen: Foreseen = foresee(viewer, form)
    error = viewer.error
    if error is not None and error.code.startswith("reference."):
        form.errors.setdefault("reference", str(error))
    return viewer.show(
        "intake/new.html", form=form, cases=cases, known=known, seen=seen, five=told(viewer),
        NEW=NEW, environments=ENVIRONMENTS, units=sorted(viewer.actor.units),
    )  # fmt: skip


def _kept(form: Form, **values: str) -> Form:
    changed = form.with_(**values)
    changed.errors = form.errors
    return changed
