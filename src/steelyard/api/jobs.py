# SPDX-License-Identifier: Apache-2.0
"""Routes of background jobs: what waits, what was given up, and having it done once more."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.platform.jobs import service
from steelyard.platform.jobs.service import JobView, State

router = Router(prefix="/jobs", tags=["Jobs"])


@router.door("GET", "", right="job.read", returns=PageOf[JobView])
def find(
    caller: Caller,
    asked: Asked,
    state: Annotated[State | None, Query()] = None,
    kind: Annotated[str | None, Query(max_length=60)] = None,
) -> Response:
    """List background jobs, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            service.find(session, limit=asked.limit + 1, after=asked.after, state=state, kind=kind),
            lambda row: (row.id,),
        )
    )


@router.door("GET", "/{job_id}", right="job.read", returns=JobView)
def get(job_id: str, caller: Caller) -> Response:
    """Return one job, with the last thing that went wrong."""
    return caller.read(lambda session: service.get(session, job_id))


@router.door("POST", "/{job_id}/retry", right="job.manage", returns=JobView)
def retry(job_id: str, caller: Caller) -> Response:
    """Have a job that was given up done once more."""
    return caller.act(lambda work: service.retry(work, caller.actor, job_id))
