# SPDX-License-Identifier: Apache-2.0
"""The page of a review: evidence left, decision right; and the forms that stand on it."""

from __future__ import annotations

from typing import cast

from starlette.responses import Response

from steelyard.governance.review import queries, service, talk
from steelyard.governance.review.state import Answer
from steelyard.governance.review.views import ReviewDetail
from steelyard.kernel.errors import FieldErrors
from steelyard.platform.work import Work
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.reviews.evidence import anchor, grouped, line_of
from steelyard.ui.reviews.gather import dossier

pages = Pages()
_ANSWERS = ("yes", "no", "abstain")


@pages.page("/reviews/{review_id}", right="review.read")
def show(review_id: str, viewer: Viewer) -> Response:
    """Show a review."""
    return page(viewer, review_id, None, "")


def page(viewer: Looking, review_id: str, form: Form | None, which: str) -> Response:
    """Return the page of a review; ``which`` of its forms is shown again with what was typed."""
    asked = viewer.request.query_params
    part = asked.get("part", "1")
    found = dossier(viewer, review_id, asked.get("against", "")[:40])
    shown = grouped(
        found.judged.findings, asked.get("rule", ""),
        int(part) if part.isascii() and part.isdigit() and len(part) < 7 else 1,
    )  # fmt: skip
    detail = found.read.detail
    names = dict(detail.names)
    names |= viewer.names(
        {each.convened_by for each in detail.meetings}
        | {each.author for each in detail.comments}
        | {sign.lent_by for sign in detail.sign_offs}
        | {each.minuted_by for each in detail.meetings}
    )
    return viewer.show(
        "reviews/review.html", d=found, r=detail.review, part=found.read.part, found=shown,
        form=form, which=which, names=names, line=asked.get("line", "")[:200],
        anchor=anchor, line_of=line_of, own=detail.review.requested_by == viewer.actor.id,
    )  # fmt: skip


@pages.form("/reviews/{review_id}/sign-offs", right="review.sign")
def sign(review_id: str, viewer: Viewer, form: Sent) -> Response:
    """Say yes or no in a role."""
    stated = form["answer"]

    def change(work: Work) -> ReviewDetail:
        if stated not in _ANSWERS:
            raise FieldErrors([("answer", viewer.say("Say yes or no."))])
        return service.sign(
            work, viewer.actor, review_id, form["role"], cast("Answer", stated), form["reason"],
            tuple(form.lines("conditions")), form.version, declares=form.on("declares"),
            nothing_to_improve=form.on("nothing_to_improve"),
        )  # fmt: skip

    def said(after: ReviewDetail) -> str:
        if after.review.state == "approved":
            return viewer.say("You signed off. The review is complete: approved.")
        if after.review.state == "rejected":
            return viewer.say("You signed off. The review is complete: rejected.")
        return viewer.say("You signed off. Your answer is in the ledger.")

    return viewer.act(
        form, change, then=f"/reviews/{review_id}", said=said,
        again=lambda: page(viewer, review_id, form, "sign"),
    )  # fmt: skip


@pages.form("/reviews/{review_id}/changes", right="review.sign")
def ask_changes(review_id: str, viewer: Viewer, form: Sent) -> Response:
    """Send the request back, at one line of evidence or as a whole."""
    asked = ((form["line"][:200], form["changes"]),)
    return viewer.act(
        form,
        lambda work: service.ask_changes(work, viewer.actor, review_id, asked, form.version),
        then=f"/reviews/{review_id}",
        said=viewer.say("You asked for changes. The clocks stand until the requester answers."),
        again=lambda: page(viewer, review_id, form, "changes"),
    )


@pages.form("/reviews/{review_id}/recusals", right="review.sign")
def recuse(review_id: str, viewer: Viewer, form: Sent) -> Response:
    """Step aside."""
    return viewer.act(
        form,
        lambda work: service.recuse(work, viewer.actor, review_id, form["why"], form.version),
        then=f"/reviews/{review_id}",
        said=viewer.say("You stepped aside. Somebody else decides."),
        again=lambda: page(viewer, review_id, form, "recuse"),
    )


@pages.form("/reviews/{review_id}/answer", right="review.answer")
def answer(review_id: str, viewer: Viewer, form: Sent) -> Response:
    """Answer a request for changes with words alone."""
    return viewer.act(
        form,
        lambda work: service.resubmit(work, viewer.actor, review_id, form["answer"], form.version),
        then=f"/reviews/{review_id}",
        said=viewer.say("Your answer is sent. The review goes on."),
        again=lambda: page(viewer, review_id, form, "answer"),
    )


@pages.form("/reviews/{review_id}/comments", right="review.comment")
def comment(review_id: str, viewer: Viewer, form: Sent) -> Response:
    """Comment on a review, or on one line of its evidence."""
    line = form["evidence"][:200]
    return viewer.act(
        form,
        lambda work: talk.comment(work, viewer.actor, review_id, form["text"], line),
        then=f"/reviews/{review_id}#{anchor(line) if line else 'talk'}",
        said=viewer.say("Your comment is there."),
        again=lambda: page(viewer, review_id, form, "comment"),
    )


def title_of(viewer: Looking, review_id: str) -> tuple[ReviewDetail, str]:
    """Return a review and the name of its model.

    Raises:
        MissingError: there is none, or it cannot be seen.
    """
    from steelyard.governance.inventory.queries import names_of

    detail = viewer.find(lambda session: queries.get(session, viewer.actor, review_id))
    revision = detail.review.revision
    found = viewer.find(lambda session: names_of(session, [revision]))
    return detail, found.get(revision, revision)
