# SPDX-License-Identifier: Apache-2.0
"""Requests: the list, one of them, changing it, answering what reviewers asked, taking it back."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.governance.intake import queries, service
from steelyard.governance.intake.states import STATES, RequestView
from steelyard.governance.review import service as reviews
from steelyard.governance.review import talk
from steelyard.governance.review.views import CommentView
from steelyard.kernel.errors import FieldErrors, StaleError
from steelyard.platform.log.timeline import happenings
from steelyard.platform.work import Work
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.intake.view import ENVIRONMENTS, MOST
from steelyard.ui.requests import progress
from steelyard.ui.requests.story import Story, read_story
from steelyard.ui.requests.words import told
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark
from steelyard.ui.use_cases.questions import check_length

pages = Pages()
COLUMNS: Final = (
    Column("reference", mark("Model"), "name", "/requests/{id}"),
    Column("state", mark("State"), "chip:request"),
    Column("stage", mark("Stage"), "chip:stage"),
    Column("tier", mark("Tier"), "tier"),
    Column("track", mark("Track"), "word", shown=False),
    Column("environment", mark("Environment"), "word"),
    Column("unit", mark("Unit")),
    Column("requested_by", mark("Asked by"), "person"),
    Column("submitted_at", mark("Sent"), "when"),
    Column("updated_at", mark("Changed"), "when", shown=False),
    Column("expires_at", mark("Expires"), "day", shown=False),
    Column("closed_at", mark("Closed"), "when", shown=False),
    Column("use_case", mark("Use case"), "link", "/use-cases/{use_case}", shown=False),
)
TIERS: Final = ("low", "moderate", "high", "critical")
FILTERS: Final = (
    Filter("text", mark("A part of the reference"), wide=True),
    Filter("state", mark("State"), tuple((each, each) for each in STATES)),
    Filter("tier", mark("Tier"), tuple((each, each) for each in TIERS)),
    Filter("environment", mark("Environment")),
    Filter("unit", mark("Unit")),
)
FIELDS: Final = ("reference", "environment", "justification")
"""What can be changed in a request."""


@pages.page("/requests", right="request.read")
def find(viewer: Viewer, asked: Asked) -> Response:
    """List the requests that can be seen, newest first."""
    mine = viewer.request.query_params.get("requested_by", "")[:60]
    table = listed(
        viewer, asked, COLUMNS, FILTERS,
        lambda session, **how: queries.find(session, viewer.actor, **how),
        key=lambda row: (row.id,),
        fixed={"requested_by": mine} if mine else None,
    )  # fmt: skip
    return export(viewer, table) or viewer.show("requests/list.html", table=table)


@pages.page("/requests/{request_id}", right="request.read")
def show(viewer: Viewer, request_id: str) -> Response:
    """Show one request with everything that came of it."""
    return _page(viewer, request_id, Form())


@pages.page("/requests/{request_id}/progress", right="request.read")
def follow(viewer: Viewer, request_id: str) -> Response:
    """Tell how far the assessment is, for as long as it runs."""
    progress.look(viewer, request_id)
    return progress.stream(viewer, request_id)


@pages.page("/requests/{request_id}/change", right="request.write")
def edit(viewer: Viewer, request_id: str) -> Response:
    """Show the form that changes a request."""
    request = viewer.find(lambda session: queries.get(session, viewer.actor, request_id))
    return _form(viewer, request, Form(**{name: getattr(request, name) for name in FIELDS}))


@pages.form("/requests/{request_id}/change", right="request.write")
def change(viewer: Viewer, request_id: str, form: Sent) -> Response:
    """Change a draft, or a request that was sent back."""
    request = viewer.find(lambda session: queries.get(session, viewer.actor, request_id))
    send = form["do"] == "submit"

    def act(work: Work) -> RequestView:
        _needed(form)
        given = {name: form[name] for name in FIELDS}
        made = service.change(work, viewer.actor, request_id, form.version, **given)
        return service.submit(work, viewer.actor, made.id) if send else made

    return viewer.act(
        form, act, then=f"/requests/{request_id}",
        said=viewer.say("The request is sent.") if send else viewer.say("The change is kept."),
        again=lambda: _form(viewer, request, form),
    )  # fmt: skip


@pages.form("/requests/{request_id}/submit", right="request.write")
def submit(viewer: Viewer, request_id: str, form: Sent) -> Response:
    """Send a draft."""
    return viewer.act(
        form, lambda work: service.submit(work, viewer.actor, request_id, form.version),
        then=f"/requests/{request_id}", said=viewer.say("The request is sent."),
        again=lambda: _page(viewer, request_id, form),
    )  # fmt: skip


@pages.form("/requests/{request_id}/withdraw", right="request.write")
def withdraw(viewer: Viewer, request_id: str, form: Sent) -> Response:
    """Take a request back."""
    return viewer.act(
        form, lambda work: service.withdraw(work, viewer.actor, request_id, form.version),
        then=f"/requests/{request_id}", said=viewer.say("The request is taken back."),
        again=lambda: _page(viewer, request_id, form),
    )  # fmt: skip


@pages.form("/requests/{request_id}/answer", right="review.answer")
def answer(viewer: Viewer, request_id: str, form: Sent) -> Response:
    """Answer what reviewers asked for, line by line; with changes it is examined anew."""
    story = read_story(viewer, request_id)

    def act(work: Work) -> object:
        return _answer(work, viewer, story, form)

    return viewer.act(
        form, act, then=f"/requests/{request_id}",
        said=viewer.say("Your answer is sent; whoever asked is told."),
        again=lambda: _page(viewer, request_id, form),
    )  # fmt: skip


def _answer(work: Work, viewer: Looking, story: Story, form: Form) -> object:
    """Keep the answer to every line, then send the request on.

    Raises:
        FieldErrors: a line has no answer.
        StaleError, ConflictError, ForbiddenError
    """
    check_length(form, FIELDS, MOST)
    lines = story.changes
    said = [(each, form[f"answer-{each.id}"]) for each in lines]
    missing = [
        (f"answer-{each.id}", viewer.say("Say what you changed, or why nothing should."))
        for each, text in said
        if not text
    ]
    if missing:
        raise FieldErrors(missing)
    if story.review is not None and (lines or form["answer"]):
        _talk(work, viewer, story.review.review.id, said)
    changed = {
        name: form[name]
        for name in FIELDS
        if form[name] and form[name] != getattr(story.request, name)
    }
    if changed or story.review is None:
        return service.resubmit(work, viewer.actor, story.request.id, form.version, **changed)
    everything = form["answer"] or viewer.say("Every line is answered.")
    stated = form["review-version"]
    return reviews.resubmit(
        work, viewer.actor, story.review.review.id, everything,
        int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 19 else -1,
    )  # fmt: skip


def _talk(work: Work, viewer: Looking, review: str, said: list[tuple[CommentView, str]]) -> None:
    for each, text in said:
        talk.comment(work, viewer.actor, review, text, each.evidence)


def _needed(form: Form) -> None:
    check_length(form, FIELDS, MOST)
    if not form["reference"]:
        raise FieldErrors([("reference", "Name a model.")])
    if not form["environment"]:
        raise FieldErrors([("environment", "Name an environment.")])


def _page(viewer: Looking, request_id: str, form: Form) -> Response:
    story = read_story(viewer, request_id)
    request = story.request
    ids = {request.requested_by}
    names = viewer.names(ids)
    if story.review is not None:
        names = {**story.review.names, **names}
    return viewer.show(
        "requests/show.html", story=story, request=request, names=names, form=form,
        happened=told(viewer, story.happened),
        own=request.requested_by == viewer.actor.id and viewer.may("request.write"),
        now_at=progress.look(viewer, request_id) if story.running else None,
        environments=ENVIRONMENTS,
    )  # fmt: skip


def _form(viewer: Looking, request: RequestView, form: Form) -> Response:
    error = viewer.error
    now = request
    by = ""
    if isinstance(error, StaleError) and isinstance(error.current, RequestView):
        now = error.current
        last = viewer.find(lambda session: happenings(session, viewer.actor, now.id, limit=500))
        by = last[-1].actor_name if last else ""
    return viewer.show(
        "requests/change.html", request=now, form=form, by=by,
        stale=isinstance(error, StaleError), fields=FIELDS,
        differs=[
            name for name in FIELDS if form[name] != getattr(now, name)
        ] if isinstance(error, StaleError) else [],
        environments=ENVIRONMENTS,
    )  # fmt: skip
