# SPDX-License-Identifier: Apache-2.0
"""The page of an exception, and what can be done with it: vote, extend, end."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.governance.clocks import queries as clocks
from steelyard.governance.clocks.clock import ClockView
from steelyard.governance.exceptions import queries, service, voting
from steelyard.governance.exceptions.queries import ExceptionView
from steelyard.governance.intake import queries as requests
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.review.mine import Part, part_of
from steelyard.governance.review.state import Answer
from steelyard.governance.use_cases import queries as use_cases
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.errors import FieldErrors
from steelyard.platform.log.timeline import Happening, happenings
from steelyard.platform.work import Work
from steelyard.ui import persons
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.moments import day_of

pages = Pages()


class Read(NamedTuple):
    """What the database knows of an exception."""

    exception: ExceptionView
    part: Part
    model: str
    case: str
    clocks: tuple[ClockView, ...]
    events: list[Happening]


def read(session: Session, viewer: Looking, exception_id: str) -> Read:
    """Return what the database knows of an exception.

    Raises:
        MissingError: there is none, or it cannot be seen.
    """
    row = queries.row_of(session, viewer.actor, exception_id)
    part = Part()
    if row.state == "in review":
        asked_for = requests.row_of(session, SYSTEM, row.request)
        about = queries.voted(row, asked_for.requested_by)
        part = part_of(session, viewer.actor, about, viewer.house.clock())
    return Read(
        queries.view(session, row), part,
        inventory.names_of(session, [row.revision]).get(row.revision, row.revision),
        use_cases.names_of(session, [row.use_case]).get(row.use_case, row.use_case),
        clocks.of_subject(session, row.id), happenings(session, viewer.actor, row.id, limit=100),
    )  # fmt: skip


def _page(viewer: Looking, exception_id: str, form: Form, which: str) -> Response:
    found = viewer.find(lambda session: read(session, viewer, exception_id))
    e = found.exception
    people = {e.owner, e.asked_by, *(vote.person for vote in e.votes)}
    return viewer.show(
        "exceptions/exception.html", e=e, read=found, part=found.part, form=form, which=which,
        names=viewer.names(people), people=persons.suggestions(viewer),
        own=viewer.actor.id in (e.owner, e.asked_by),
    )  # fmt: skip


@pages.page("/exceptions/{exception_id}", right="exception.read")
def show(exception_id: str, viewer: Viewer) -> Response:
    """Show an exception."""
    return _page(viewer, exception_id, Form(), "")


def _act(
    viewer: Looking, exception_id: str, form: Form, which: str,
    change: Callable[[Work], object], said: str,
) -> Response:  # fmt: skip
    return viewer.act(
        form, change, then=f"/exceptions/{exception_id}", said=said,
        again=lambda: _page(viewer, exception_id, form, which),
    )  # fmt: skip


@pages.form("/exceptions/{exception_id}/submit", right="exception.ask")
def submit(exception_id: str, viewer: Viewer, form: Sent) -> Response:
    """Ask the people who grant exceptions."""
    return _act(
        viewer, exception_id, form, "submit",
        lambda work: service.submit(work, viewer.actor, exception_id, form.version),
        viewer.say("It is asked for. Those who can grant it are told."),
    )  # fmt: skip


@pages.form("/exceptions/{exception_id}/votes", right="exception.grant")
def vote(exception_id: str, viewer: Viewer, form: Sent) -> Response:
    """Grant an exception, or refuse it, in a role."""

    def change(work: Work) -> object:
        if form["answer"] not in ("yes", "no", "abstain"):
            raise FieldErrors([("answer", viewer.say("Say yes or no."))])
        return voting.vote(
            work, viewer.actor, exception_id, form["role"], cast("Answer", form["answer"]),
            form["reason"], form.version, declares=form.on("declares"),
        )  # fmt: skip

    return _act(viewer, exception_id, form, "vote", change, viewer.say("Your voice is counted."))


@pages.form("/exceptions/{exception_id}/minutes", right="exception.grant")
def minute(exception_id: str, viewer: Viewer, form: Sent) -> Response:
    """Keep the minutes of the committee, which closes its vote."""
    return _act(
        viewer, exception_id, form, "minutes",
        lambda work: voting.minute(
            work, viewer.actor, exception_id, form["minutes"],
            tuple(persons.id_of(work.session, "attended", m) for m in form.lines("attended")),
            form.version,
        ),
        viewer.say("The minutes are kept, and the vote is closed."),
    )  # fmt: skip


@pages.form("/exceptions/{exception_id}/extend", right="exception.ask")
def extend(exception_id: str, viewer: Viewer, form: Sent) -> Response:
    """Ask for an expired exception again."""
    return _act(
        viewer, exception_id, form, "extend",
        lambda work: service.extend(
            work, viewer.actor, exception_id, day_of(viewer, "until", form["until"]),
            form["reason"], form.version,
        ),
        viewer.say("It is asked for again and reviewed anew."),
    )  # fmt: skip


@pages.form("/exceptions/{exception_id}/revoke", right="exception.end")
def revoke(exception_id: str, viewer: Viewer, form: Sent) -> Response:
    """End an exception at once."""
    return _act(
        viewer, exception_id, form, "revoke",
        lambda work: service.revoke(work, viewer.actor, exception_id, form["end"], form.version),
        viewer.say("The exception has ended. What rested on it is judged again."),
    )  # fmt: skip
