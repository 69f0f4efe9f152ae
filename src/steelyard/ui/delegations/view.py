# SPDX-License-Identifier: Apache-2.0
"""Rights that were handed on: by me, to me; hand one on, take one back."""

from __future__ import annotations

import datetime as dt

from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.governance.review import delegation, queries
from steelyard.platform.work import Work
from steelyard.ui import persons
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.moments import moment_of
from steelyard.ui.tables import Column, Table, export, listed
from steelyard.ui.texts import mark

pages = Pages()
COLUMNS = (
    Column("role", mark("Role"), "word"),
    Column("by", mark("By"), "person"),
    Column("to", mark("To"), "person"),
    Column("until", mark("Until"), "when"),
    Column("review", mark("Review"), "link", "/go/{review}"),
    Column("reason", mark("Why")),
    Column("made_at", mark("Made"), "when", shown=False),
    Column("revoked_at", mark("Taken back"), "when"),
)


def _table(viewer: Looking, asked: Asked) -> Table:
    return listed(
        viewer, asked, COLUMNS, (),
        lambda session, **how: queries.delegations(session, viewer.actor, **how),
        key=lambda row: (row.id,),
    )  # fmt: skip


@pages.page("/delegations", right="delegation.read")
def every(viewer: Viewer, asked: Asked) -> Response:
    """Show the rights that were handed on by or to whoever looks."""
    table = _table(viewer, asked)
    now = viewer.house.clock()
    mine = [
        row for row in table.rows
        if row.by == viewer.actor.id and row.revoked_at is None and row.until > now
    ]  # fmt: skip
    return export(viewer, table) or viewer.show("delegations/list.html", table=table, mine=mine)


def _new(viewer: Looking, form: Form) -> Response:
    return viewer.show("delegations/new.html", form=form, people=persons.suggestions(viewer))


@pages.page("/delegations/new", right="delegation.write")
def new(viewer: Viewer) -> Response:
    """Show the form to hand a right on."""
    return _new(viewer, Form())


@pages.form("/delegations/new", right="delegation.write")
def delegate(viewer: Viewer, form: Sent) -> Response:
    """Hand a right on for every review."""

    def change(work: Work) -> object:
        return delegation.delegate(
            work, viewer.actor, form["role"], persons.id_of(work.session, "to", form["to"]),
            moment_of(viewer, "until", form["until"], end=dt.time(23, 59)), reason=form["reason"],
        )  # fmt: skip

    return viewer.act(
        form, change, then="/delegations",
        said=viewer.say("The right is handed on; they are told."),
        again=lambda: _new(viewer, form),
    )  # fmt: skip


@pages.form("/delegations/{delegation_id}/revoke", right="delegation.write")
def revoke(delegation_id: str, viewer: Viewer, form: Sent) -> Response:
    """Take a right back at once."""
    return viewer.act(
        form,
        lambda work: delegation.revoke(work, viewer.actor, delegation_id, form.version),
        then="/delegations", said=viewer.say("You took the right back."),
        again=lambda: _refused(viewer),
    )  # fmt: skip


def _refused(viewer: Looking) -> Response:
    return viewer.show("delegations/refused.html")
