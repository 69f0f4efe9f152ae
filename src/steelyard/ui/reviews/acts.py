# SPDX-License-Identifier: Apache-2.0
"""What is done rarely in a review, each on a page of its own: meetings, minutes, delegation,
actions."""

from __future__ import annotations

import datetime as dt

from starlette.responses import Response

from steelyard.governance.review import actions, committee, delegation, queries
from steelyard.governance.review.load import voted
from steelyard.governance.review.mine import part_of
from steelyard.platform.work import Work
from steelyard.ui import persons
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.moments import moment_of
from steelyard.ui.reviews.view import title_of

pages = Pages()


def _page(viewer: Looking, review_id: str, what: str, form: Form) -> Response:
    detail, model = title_of(viewer, review_id)
    part = viewer.find(
        lambda session: part_of(
            session, viewer.actor, voted(queries.row_of(session, viewer.actor, review_id)),
            viewer.house.clock(),
        )
    )  # fmt: skip
    return viewer.show(
        f"reviews/{what}.html", review=detail.review, detail=detail, model=model, part=part,
        form=form, people=persons.suggestions(viewer), names=detail.names,
    )  # fmt: skip


@pages.page("/reviews/{review_id}/meeting", right="review.sign")
def meeting(review_id: str, viewer: Viewer) -> Response:
    """Show the form to call a meeting."""
    return _page(viewer, review_id, "meeting", Form())


@pages.form("/reviews/{review_id}/meeting", right="review.sign")
def convene(review_id: str, viewer: Viewer, form: Sent) -> Response:
    """Call a meeting of the committee that is to decide."""
    return viewer.act(
        form,
        lambda work: committee.convene(
            work, viewer.actor, review_id, moment_of(viewer, "at", form["at"])
        ),
        then=f"/reviews/{review_id}",
        said=viewer.say("The meeting is called; its members are told."),
        again=lambda: _page(viewer, review_id, "meeting", form),
    )


@pages.page("/reviews/{review_id}/minutes", right="review.sign")
def minutes(review_id: str, viewer: Viewer) -> Response:
    """Show the form of the minutes."""
    return _page(viewer, review_id, "minutes", Form())


@pages.form("/reviews/{review_id}/minutes", right="review.sign")
def minute(review_id: str, viewer: Viewer, form: Sent) -> Response:
    """Keep the minutes of the committee, which closes its vote."""

    def change(work: Work) -> object:
        there = tuple(
            persons.id_of(work.session, "attended", each) for each in form.lines("attended")
        )
        return committee.minute(
            work, viewer.actor, review_id, form["minutes"], there, form.version,
            nothing_to_improve=form.on("nothing_to_improve"),
        )  # fmt: skip

    return viewer.act(
        form, change, then=f"/reviews/{review_id}",
        said=viewer.say("The minutes are kept, and the vote is closed."),
        again=lambda: _page(viewer, review_id, "minutes", form),
    )  # fmt: skip


@pages.page("/reviews/{review_id}/delegate", right="delegation.write")
def hand_on(review_id: str, viewer: Viewer) -> Response:
    """Show the form to hand a right on for this review."""
    return _page(viewer, review_id, "delegate", Form())


@pages.form("/reviews/{review_id}/delegate", right="delegation.write")
def delegate(review_id: str, viewer: Viewer, form: Sent) -> Response:
    """Hand a right on for this review."""
    return viewer.act(
        form,
        lambda work: delegation.delegate(
            work, viewer.actor, form["role"], persons.id_of(work.session, "to", form["to"]),
            moment_of(viewer, "until", form["until"], end=dt.time(23, 59)), review_id=review_id,
            reason=form["reason"],
        ),
        then=f"/reviews/{review_id}",
        said=viewer.say("The right is handed on; they are told."),
        again=lambda: _page(viewer, review_id, "delegate", form),
    )  # fmt: skip


@pages.page("/reviews/{review_id}/action", right="action.write")
def improve(review_id: str, viewer: Viewer) -> Response:
    """Show the form to record something to improve."""
    return _page(
        viewer, review_id, "action", Form(finding=viewer.request.query_params.get("line", "")[:200])
    )


@pages.form("/reviews/{review_id}/action", right="action.write")
def add_action(review_id: str, viewer: Viewer, form: Sent) -> Response:
    """Record something to improve."""
    return viewer.act(
        form,
        lambda work: actions.add(
            work, viewer.actor, review_id, text=form["text"], severity=form["severity"],
            owner=persons.id_of(work.session, "owner", form["owner"]),
            sponsor=persons.id_of(work.session, "sponsor", form["sponsor"]),
            finding=form["finding"],
        ),
        then=f"/reviews/{review_id}#actions",
        said=viewer.say("The action is recorded; its owner is told by when."),
        again=lambda: _page(viewer, review_id, "action", form),
    )  # fmt: skip
