# SPDX-License-Identifier: Apache-2.0
"""The tab of a model's revisions, and the comparison of any two."""

from __future__ import annotations

import re

from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.governance.inventory import queries, service
from steelyard.governance.inventory.facts import RevisionView
from steelyard.kernel.errors import FieldErrors, InputError
from steelyard.platform.work import Work
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.models.frame import frame_of, show
from steelyard.ui.revisions.comparison import CHOICES, comparison
from steelyard.ui.tables import Column, Filter, listed
from steelyard.ui.texts import mark

pages = Pages()
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
STATES = tuple(
    (each, each)
    for each in (
        "quarantined", "in review", "approved", "approved with conditions", "suspended", "revoked",
        "rejected", "retired",
    )
)  # fmt: skip
COLUMNS = (
    Column("id", mark("Revision"), "name", "/revisions/{id}"),
    Column("state", mark("State"), "chip:revision"),
    Column("commit", mark("Commit"), "code"),
    Column("files", mark("Files"), "number"),
    Column("size", mark("Size"), "size"),
    Column("created_at", mark("Registered"), "when"),
    Column("retires_at", mark("Ends"), "day"),
    Column("manifest_sha256", mark("Manifest"), "code", shown=False),
    Column("justification", mark("Why it is wanted"), shown=False),
)


@pages.page("/models/{model_id}/revisions", right="model.read")
def revisions(viewer: Viewer, model_id: str, asked: Asked) -> Response:
    """List the revisions of a model."""
    return _page(viewer, model_id, asked, Form())


def _page(viewer: Looking, model_id: str, asked: Asked, form: Form) -> Response:
    here = frame_of(viewer, model_id)
    table = listed(
        viewer, asked, COLUMNS, (Filter("state", mark("State"), STATES),),
        lambda session, **how: queries.find_revisions(session, viewer.actor, **how),
        key=lambda row: (row.id,), fixed={"model": here.model.id},
    )  # fmt: skip
    choices = viewer.find(
        lambda session: queries.find_revisions(
            session, viewer.actor, limit=CHOICES, model=here.model.id
        )
    )
    return show(viewer, "models/revisions.html", here, table=table, choices=choices, form=form)


@pages.form("/models/{model_id}/revisions", right="model.write")
def add(viewer: Viewer, form: Sent, model_id: str, asked: Asked) -> Response:
    """Register a revision. It begins in quarantine, whatever was decided about others."""

    def act(work: Work) -> RevisionView:
        commit = form["commit"].lower()
        if not _COMMIT.fullmatch(commit):
            raise FieldErrors([("commit", viewer.say("A commit has 40 or 64 hexadecimal digits."))])
        model = queries.get_model(work.session, viewer.actor, model_id)
        return service.register_revision(
            work, viewer.actor, model=model.id, purl=f"{model.purl}@{commit}", commit=commit,
            justification=form["justification"],
        )  # fmt: skip

    return viewer.act(
        form,
        act,
        then=lambda made: f"/revisions/{made.id}",
        said=viewer.say("The revision is registered. It stays in quarantine until it is decided."),
        again=lambda: _page(viewer, model_id, asked, form),
    )


@pages.page("/models/{model_id}/diff", right="model.read")
def diff(viewer: Viewer, model_id: str) -> Response:
    """Compare two revisions of a model; the newest with the one before if none are named."""
    here = frame_of(viewer, model_id)
    query = viewer.request.query_params
    new = query.get("new", here.newest.id if here.newest else "")[:40]
    if not new:
        raise InputError(
            viewer.say("The model has no revision yet, so nothing can be compared."),
            next_step=viewer.say("Add a revision, or ask for one."),
            code="revision.no-parent",
        )
    return show(
        viewer, "models/diff.html", here, **comparison(viewer, new, query.get("old", "")[:40])
    )
