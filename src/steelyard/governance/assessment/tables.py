# SPDX-License-Identifier: Apache-2.0
"""Assessments, the examinations they rest on, and evidence from elsewhere."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Index, String, Text, or_, text
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.governance.intake.tables import REQUESTS
from steelyard.governance.inventory.tables import REVISIONS
from steelyard.governance.use_cases.tables import USE_CASES
from steelyard.platform.database.base import Base, Id
from steelyard.platform.identity.visibility import Kind

Digest = String(64)


class AssessmentRow(Base):
    """One assessment of a revision for a use case in an environment."""

    __tablename__ = "assessment"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    request: Mapped[str] = mapped_column(Id)
    round: Mapped[int]
    revision: Mapped[str] = mapped_column(Id)
    use_case: Mapped[str] = mapped_column(Id)
    environment: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(20))
    latest: Mapped[bool]
    """The newest finished one of this revision, use case and environment."""
    why: Mapped[str] = mapped_column(String(200))
    """What made it necessary: ``request``, or what changed since the one before."""
    previous: Mapped[str] = mapped_column(Id)
    bytes_done: Mapped[int] = mapped_column(BigInteger)
    bytes_total: Mapped[int] = mapped_column(BigInteger)
    files_total: Mapped[int]
    attempts: Mapped[int]
    error: Mapped[str] = mapped_column(Text)
    error_code: Mapped[str] = mapped_column(String(60))
    manifest_sha256: Mapped[str] = mapped_column(Digest)
    scanner_version: Mapped[str] = mapped_column(String(40))
    rules_digest: Mapped[str] = mapped_column(Digest)
    advisories: Mapped[str] = mapped_column(Digest)
    """Digest of the lists of malicious files that were looked up."""
    charter_sha256: Mapped[str] = mapped_column(Digest)
    catalog: Mapped[str] = mapped_column(Digest)
    use_case_sha256: Mapped[str] = mapped_column(Digest)
    facts_sha256: Mapped[str] = mapped_column(Digest)
    verdict: Mapped[str] = mapped_column(String(20))
    tier: Mapped[str] = mapped_column(String(10))
    track: Mapped[str] = mapped_column(String(10))
    outcome: Mapped[str] = mapped_column(String(30))
    documents: Mapped[dict[str, str]]
    """Digest of each document in the blobs, by file name."""
    started_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (
        Index("ix_assessment_request", "request", "id"),
        Index("ix_assessment_revision", "revision", "id"),
        Index("ix_assessment_unit_state", "unit", "state", "id"),
        Index("ix_assessment_outcome", "outcome", "id"),
        Index(
            "ix_assessment_latest",
            "revision",
            "use_case",
            "environment",
            unique=True,
            postgresql_where=text("latest"),
            sqlite_where=text("latest"),
        ),
        Index(
            "ix_assessment_rested_on",
            "charter_sha256",
            "rules_digest",
            "id",
            postgresql_where=text("latest"),
            sqlite_where=text("latest"),
        ),
    )


class ExaminationRow(Base):
    """What a scanner saw of a revision: looked up before the same bytes are examined again."""

    __tablename__ = "examination"

    revision: Mapped[str] = mapped_column(Id, primary_key=True)
    rules_digest: Mapped[str] = mapped_column(Digest, primary_key=True)
    advisories: Mapped[str] = mapped_column(Digest, primary_key=True)
    inspection: Mapped[str] = mapped_column(Digest)
    at: Mapped[dt.datetime]


class EvidenceRow(Base):
    """A dated proof from elsewhere: a report, a contract, a test, with its bytes in the blobs."""

    __tablename__ = "evidence"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    series: Mapped[str] = mapped_column(Id)
    """Id of the first edition; a new edition of the same proof has the same series."""
    edition: Mapped[int]
    kind: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(300))
    name: Mapped[str] = mapped_column(String(255))
    media: Mapped[str] = mapped_column(String(100))
    sha256: Mapped[str] = mapped_column(Digest)
    size: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(String(300))
    effect: Mapped[str] = mapped_column(String(10))
    says: Mapped[str] = mapped_column(String(20))
    effective: Mapped[dt.date]
    expires: Mapped[dt.date | None]
    target: Mapped[str] = mapped_column(Id)
    """Id of the revision, use case or request it is about."""
    control: Mapped[str] = mapped_column(String(100))
    task: Mapped[str] = mapped_column(String(100))
    unit: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(20))
    verified_by: Mapped[str] = mapped_column(Id)
    verified_at: Mapped[dt.datetime | None]
    added_by: Mapped[str] = mapped_column(Id)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (
        Index("ix_evidence_target", "target", "state", "id"),
        Index("ix_evidence_unit", "unit", "id"),
        Index("ix_evidence_series", "series", "edition"),
        Index("ix_evidence_expires", "state", "expires"),
        Index("ix_evidence_kind", "kind", "id"),
    )


ASSESSMENTS = Kind(
    AssessmentRow,
    "ass",
    "assessment",
    code="assessment.missing",
    id=AssessmentRow.id,
    unit=AssessmentRow.unit,
    use_case=AssessmentRow.use_case,
    environment=AssessmentRow.environment,
    find_by="List the assessments of its request to find its id.",
)
EVIDENCE = Kind(
    EvidenceRow,
    "evd",
    "evidence",
    code="evidence.missing",
    id=EvidenceRow.id,
    unit=EvidenceRow.unit,
    find_by="List the evidence of its target to find its id.",
)
EVIDENCE.tie(
    lambda actor: or_(
        *(EvidenceRow.target.in_(kind.ids(actor)) for kind in (USE_CASES, REQUESTS, REVISIONS))
    )
)
