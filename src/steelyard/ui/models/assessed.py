# SPDX-License-Identifier: Apache-2.0
"""The tabs that show an assessment of a model: what was found, licenses, lineage, controls."""

from __future__ import annotations

from starlette.responses import Response

from steelyard.governance.assessment import evidencing
from steelyard.governance.assessment.evidence import EvidenceView
from steelyard.governance.inventory import parts
from steelyard.ui.assessments.document import controls_by_state, lineage_of, told_of
from steelyard.ui.assessments.findings import arrange
from steelyard.ui.door import Pages, Viewer
from steelyard.ui.models.frame import chosen_of, frame_of, show

pages = Pages()
DERIVED_MOST, PROOFS_MOST = 50, 200
"""Models made from this one, and proofs of its controls, that a page shows."""


@pages.page("/models/{model_id}/assessment", right="assessment.read")
def assessment(viewer: Viewer, model_id: str) -> Response:
    """Show what the files of a model showed, and what nobody looked at."""
    here = frame_of(viewer, model_id)
    chosen = chosen_of(viewer, here.model)
    if chosen.document is None:
        return show(viewer, "models/assessment.html", here, chosen=chosen, document=None)
    request = viewer.request
    return show(
        viewer, "models/assessment.html", here, chosen=chosen, document=chosen.document,
        findings=arrange(chosen.document.findings, request.query_params, request.url.path),
        **told_of(chosen.document),
    )  # fmt: skip


@pages.page("/models/{model_id}/license", right="assessment.read")
def license_tab(viewer: Viewer, model_id: str) -> Response:
    """Show what a model's licenses are and what they ask for."""
    here = frame_of(viewer, model_id)
    chosen = chosen_of(viewer, here.model)
    known = told_of(chosen.document) if chosen.document is not None else {}
    return show(
        viewer, "models/license.html", here, chosen=chosen, document=chosen.document, **known
    )


@pages.page("/models/{model_id}/lineage", right="assessment.read")
def lineage(viewer: Viewer, model_id: str) -> Response:
    """Show what a model was made from, and what was made from it."""
    here = frame_of(viewer, model_id)
    chosen = chosen_of(viewer, here.model)
    document = chosen.document
    derived = viewer.find(
        lambda session: parts.derived_from(session, viewer.actor, here.model.id, limit=DERIVED_MOST)
    )
    return show(
        viewer, "models/lineage.html", here, chosen=chosen, document=document,
        lineage=lineage_of(viewer, document) if document is not None else None,
        derived=[each for each in derived if each.revision.model != here.model.id],
        **(told_of(document) if document is not None else {}),
    )  # fmt: skip


@pages.page("/models/{model_id}/controls", right="assessment.read")
def controls(viewer: Viewer, model_id: str) -> Response:
    """Show what must be done for a use of a model, why, and the proofs there are."""
    here = frame_of(viewer, model_id)
    chosen = chosen_of(viewer, here.model)
    if chosen.document is None or chosen.found is None:
        return show(viewer, "models/controls.html", here, chosen=chosen, document=None)
    found = chosen.found
    proofs: dict[str, list[EvidenceView]] = {}
    for target in (found.revision, found.use_case, found.request):
        for each in viewer.find(
            lambda session, about=target: evidencing.find(  # type: ignore[misc]
                session, viewer.actor, limit=PROOFS_MOST, target=about, state="current"
            )
        ):
            if each.control:
                proofs.setdefault(each.control, []).append(each)
    return show(
        viewer, "models/controls.html", here, chosen=chosen, document=chosen.document,
        controls=controls_by_state(chosen.document), proofs=proofs, target=found.revision,
    )  # fmt: skip
