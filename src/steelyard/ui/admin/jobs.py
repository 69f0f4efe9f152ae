# SPDX-License-Identifier: Apache-2.0
"""Background jobs: what waits, what was given up, and having it done once more."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.platform.jobs import service
from steelyard.platform.jobs.service import JobView
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark

pages = Pages()
COLUMNS = (
    Column("kind", mark("Job"), "name", "/admin/jobs/{id}"),
    Column("state", mark("State"), "chip:job"),
    Column("attempts", mark("Tries"), "number"),
    Column("put_at", mark("Put"), "when"),
    Column("due", mark("Due or ended"), "when"),
    Column("last_error", mark("What went wrong")),
    Column("id", mark("Id"), "code", shown=False),
)
FILTERS = (
    Filter(
        "state", mark("State"),
        (("waiting", mark("waiting")), ("running", mark("running")), ("done", mark("done")),
         ("dead", mark("given up"))),
    ),
    Filter("kind", mark("Kind of job"), wide=True),
)  # fmt: skip


def _find(session: Session, **how: Any) -> list[JobView]:
    return service.find(session, **how)


@pages.page("/admin/jobs", right="job.read")
def show(viewer: Viewer, asked: Asked) -> Response:
    """List the jobs."""
    table = listed(viewer, asked, COLUMNS, FILTERS, _find, key=lambda row: (row.id,))
    dead = viewer.find(lambda session: service.find(session, limit=100, state="dead"))
    return export(viewer, table) or viewer.show("admin/jobs.html", table=table, dead=len(dead))


@pages.page("/admin/jobs/{job_id}", right="job.read")
def one(viewer: Viewer, job_id: str) -> Response:
    """Show one job with the last thing that went wrong."""
    return _page(viewer, job_id, Form())


def _page(viewer: Looking, job_id: str, form: Form) -> Response:
    job = viewer.find(lambda session: service.get(session, job_id))
    return viewer.show("admin/job.html", job=job, form=form)


@pages.form("/admin/jobs/{job_id}/retry", right="job.manage")
def retry(viewer: Viewer, job_id: str, form: Sent) -> Response:
    """Have a job that was given up done once more."""
    return viewer.act(
        form,
        lambda work: service.retry(work, viewer.actor, job_id),
        then="/admin/jobs",
        said=viewer.say("The job is put once more."),
        again=lambda: _page(viewer, job_id, form),
    )
