# SPDX-License-Identifier: Apache-2.0
"""Decisions, their conditions, and voices on their way to a quorum."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Counter, Id
from steelyard.platform.identity.visibility import Kind


class DecisionRow(Base):
    """One decision; its documents lie in the blobs, its entry in the ledger."""

    __tablename__ = "decision"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    request: Mapped[str] = mapped_column(Id)
    assessment: Mapped[str] = mapped_column(Id)
    revision: Mapped[str] = mapped_column(Id)
    purl: Mapped[str] = mapped_column(String(600))
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    use_case: Mapped[str] = mapped_column(Id)
    environment: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(100))
    outcome: Mapped[str] = mapped_column(String(30))
    reasons: Mapped[list[str]]
    tier: Mapped[str] = mapped_column(String(10))
    track: Mapped[str] = mapped_column(String(10))
    charter_sha256: Mapped[str] = mapped_column(String(64))
    decided_by: Mapped[str] = mapped_column(String(40))
    decided_at: Mapped[dt.datetime]
    valid_until: Mapped[dt.date | None]
    state: Mapped[str] = mapped_column(String(20))
    why: Mapped[str] = mapped_column(Text)
    current: Mapped[bool]
    """The newest about its adoption."""
    supersedes: Mapped[str] = mapped_column(Id)
    superseded_by: Mapped[str] = mapped_column(Id)
    documents: Mapped[dict[str, str]]
    entry: Mapped[int] = mapped_column(Counter)
    """Number of the event that holds the entry of the ledger."""
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (
        Index(
            "uq_decision_current", "revision", "use_case", "environment", unique=True,
            postgresql_where=text("current"), sqlite_where=text("current"),
        ),
        Index("ix_decision_unit_state", "unit", "state", "id"),
        Index("ix_decision_state", "state", "id"),
        Index("ix_decision_request", "request", "id"),
        Index("ix_decision_use_case", "use_case", "id"),
        Index("ix_decision_manifest", "manifest_sha256", "use_case", "environment"),
        Index("ix_decision_valid_until", "state", "valid_until"),
        Index("ix_decision_entry", "entry"),
    )  # fmt: skip


class ConditionRow(Base):
    """A binding term, followed until it is met."""

    __tablename__ = "condition"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    decision: Mapped[str] = mapped_column(Id)
    unit: Mapped[str] = mapped_column(String(100))
    rule: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(String(320))
    due: Mapped[dt.datetime | None]
    state: Mapped[str] = mapped_column(String(20))
    evidence: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    fulfilled_by: Mapped[str] = mapped_column(Id)
    fulfilled_at: Mapped[dt.datetime | None]
    confirmed_by: Mapped[str] = mapped_column(Id)
    confirmed_at: Mapped[dt.datetime | None]
    waived_by: Mapped[str] = mapped_column(Id)
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (
        Index("ix_condition_decision", "decision", "id"),
        Index("ix_condition_unit_state", "unit", "state", "id"),
        Index("ix_condition_due", "state", "due"),
    )


class DecisionVoiceRow(Base):
    """That somebody wants a decision suspended, revoked or reinstated; counted to the quorum."""

    __tablename__ = "decision_voice"

    decision: Mapped[str] = mapped_column(Id, primary_key=True)
    action: Mapped[str] = mapped_column(String(20), primary_key=True)
    state_since: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Version of the decision when its present state began: older voices do not count."""
    person: Mapped[str] = mapped_column(Id, primary_key=True)
    roles: Mapped[list[str]]
    at: Mapped[dt.datetime]


DECISIONS = Kind(
    DecisionRow,
    "dec",
    "decision",
    code="decision.missing",
    id=DecisionRow.id,
    unit=DecisionRow.unit,
    use_case=DecisionRow.use_case,
    environment=DecisionRow.environment,
)
CONDITIONS = Kind(
    ConditionRow,
    "con",
    "condition",
    code="condition.missing",
    id=ConditionRow.id,
    unit=ConditionRow.unit,
)
CONDITIONS.tie(lambda actor: ConditionRow.decision.in_(DECISIONS.ids(actor)))
