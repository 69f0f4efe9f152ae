# SPDX-License-Identifier: Apache-2.0
"""The page of one assessment: how far it is, or everything it found."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from steelyard.governance.assessment import queries
from steelyard.governance.assessment.begin import ask_refresh
from steelyard.governance.assessment.views import RUNNING, AssessmentView
from steelyard.governance.decision.of_model import case_names
from steelyard.governance.inventory.queries import get_revision
from steelyard.kernel.errors import FieldErrors
from steelyard.ui.assessments.document import controls_by_state, lineage_of, read, told_of
from steelyard.ui.assessments.findings import arrange
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer

pages = Pages()


@pages.page("/assessments/{assessment_id}", right="assessment.read")
def one(viewer: Viewer, assessment_id: str) -> Response:
    """Show an assessment."""
    return _page(viewer, assessment_id, Form())


def _page(viewer: Looking, assessment_id: str, form: Form) -> Response:
    found = viewer.find(lambda session: queries.get(session, viewer.actor, assessment_id))
    document = read(viewer, found)
    revision = viewer.find(lambda session: get_revision(session, viewer.actor, found.revision))
    cases = viewer.find(lambda session: case_names(session, viewer.actor, [found.use_case]))
    known: dict[str, Any] = {"form": form, "found": found, "revision": revision, "cases": cases,
             "running": found.state in RUNNING, "document": document}  # fmt: skip
    if document is None:
        return viewer.show("assessments/waiting.html", **known)
    return viewer.show(
        "assessments/one.html",
        findings=arrange(document.findings, viewer.request.query_params, viewer.request.url.path),
        lineage=lineage_of(viewer, document),
        controls=controls_by_state(document),
        **known,
        **told_of(document),
    )


@pages.page("/assessments/{assessment_id}/progress", right="assessment.read")
def progress(viewer: Viewer, assessment_id: str) -> Response:
    """Show how far an assessment is; the page it stands in is loaded anew at the end."""
    found = viewer.find(lambda session: queries.get(session, viewer.actor, assessment_id))
    response = viewer.show("assessments/progress.html", found=found)
    if found.state not in RUNNING:
        response.headers["HX-Refresh"] = "true"
    return response


@pages.form("/assessments/{assessment_id}/refresh", right="assessment.refresh")
def refresh(viewer: Viewer, form: Sent, assessment_id: str) -> Response:
    """Have an adoption assessed again."""

    def then(made: AssessmentView) -> str:
        return f"/assessments/{made.id}"

    why = form["why"]
    if not 3 <= len(why) <= 200:
        error = FieldErrors([("why", viewer.say("Say it in 3 to 200 characters."))])
        return viewer.refuse(form, error, lambda: _page(viewer, assessment_id, form))
    return viewer.act(
        form,
        lambda work: ask_refresh(work, viewer.actor, assessment_id, why),
        then=then,
        said=viewer.say("It is assessed again."),
        again=lambda: _page(viewer, assessment_id, form),
    )
