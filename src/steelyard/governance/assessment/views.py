# SPDX-License-Identifier: Apache-2.0
"""Assessments as they are shown, and how one moves from the queue to its end."""

from __future__ import annotations

import datetime as dt
from typing import Literal, cast

import msgspec
from msgspec import Struct

from steelyard.governance.assessment.tables import AssessmentRow
from steelyard.kernel.assessment import Assessment
from steelyard.kernel.errors import IntegrityError

State = Literal["queued", "fetching", "scanning", "evaluating", "done", "failed"]
RUNNING: tuple[State, ...] = ("queued", "fetching", "scanning", "evaluating")
ASSESSMENT, INSPECTION, MANIFEST = "assessment.json", "inspection.json", "manifest.json"
SNAPSHOT = "snapshot.json"
DOCUMENT_MOST = 512 * 1024 * 1024


class Progress(Struct, frozen=True, kw_only=True):
    """How far it is."""

    bytes_done: int
    bytes_total: int
    files: int


class AssessmentView(Struct, frozen=True, kw_only=True):
    """One assessment."""

    id: str
    request: str
    revision: str
    use_case: str
    environment: str
    unit: str
    state: State
    latest: bool
    why: str
    previous: str
    progress: Progress
    attempts: int
    error: str
    error_code: str
    manifest_sha256: str
    scanner_version: str
    rules_digest: str
    charter_sha256: str
    facts_sha256: str
    verdict: str
    tier: str
    track: str
    outcome: str
    documents: dict[str, str]
    started_at: dt.datetime
    finished_at: dt.datetime | None
    version: int


def view(row: AssessmentRow) -> AssessmentView:
    """Return what is shown of a row."""
    return AssessmentView(
        id=row.id,
        request=row.request,
        revision=row.revision,
        use_case=row.use_case,
        environment=row.environment,
        unit=row.unit,
        state=cast("State", row.state),
        latest=row.latest,
        why=row.why,
        previous=row.previous,
        progress=Progress(
            bytes_done=row.bytes_done, bytes_total=row.bytes_total, files=row.files_total
        ),
        attempts=row.attempts,
        error=row.error,
        error_code=row.error_code,
        manifest_sha256=row.manifest_sha256,
        scanner_version=row.scanner_version,
        rules_digest=row.rules_digest,
        charter_sha256=row.charter_sha256,
        facts_sha256=row.facts_sha256,
        verdict=row.verdict,
        tier=row.tier,
        track=row.track,
        outcome=row.outcome,
        documents=row.documents,
        started_at=row.started_at,
        finished_at=row.finished_at,
        version=row.version,
    )


def read_assessment(data: bytes) -> Assessment:
    """Return the assessment in its document.

    Raises:
        IntegrityError: these bytes are not one.
    """
    try:
        return msgspec.json.decode(data, type=Assessment)
    except (msgspec.DecodeError, RecursionError) as error:
        raise IntegrityError(
            f"The kept assessment cannot be read: {error}.",
            next_step="Assess the revision again.",
            code="assessment.document",
        ) from error
