# SPDX-License-Identifier: Apache-2.0
"""Reviews, what people said in them, and the actions that follow."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.governance.clocks.tables import CLOCKS, ClockRow
from steelyard.governance.intake.tables import REQUESTS
from steelyard.platform.database.base import Base, Id
from steelyard.platform.identity.visibility import Kind

Role = String(60)


class ReviewRow(Base):
    """One review of one request; its plan is kept as it was made."""

    __tablename__ = "review"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    request: Mapped[str] = mapped_column(Id)
    assessment: Mapped[str] = mapped_column(Id)
    charter: Mapped[str] = mapped_column(String(64))
    """Digest of the charter the plan was made from."""
    unit: Mapped[str] = mapped_column(String(100))
    use_case: Mapped[str] = mapped_column(Id)
    revision: Mapped[str] = mapped_column(Id)
    environment: Mapped[str] = mapped_column(String(60))
    tier: Mapped[str] = mapped_column(String(10))
    track: Mapped[str] = mapped_column(String(10))
    requested_by: Mapped[str] = mapped_column(Id)
    plan: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(20))
    step: Mapped[int]
    round: Mapped[int]
    improvement: Mapped[str] = mapped_column(String(20))
    """``none`` once somebody said that nothing is to improve."""
    opened_at: Mapped[dt.datetime]
    due: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (
        Index(
            "uq_review_running",
            "request",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_review_request", "request", "id"),
        Index("ix_review_unit_state", "unit", "state", "id"),
        Index("ix_review_state", "state", "id"),
    )


class WaitRow(Base):
    """A role a review waits for now; who looks for their work looks here."""

    __tablename__ = "review_wait"

    review: Mapped[str] = mapped_column(Id, primary_key=True)
    role: Mapped[str] = mapped_column(Role, primary_key=True)
    due: Mapped[dt.datetime]

    __table_args__ = (Index("ix_review_wait_role", "role", "due", "review"),)


class SignOffRow(Base):
    """What one person said in one role."""

    __tablename__ = "sign_off"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    review: Mapped[str] = mapped_column(Id)
    round: Mapped[int]
    person: Mapped[str] = mapped_column(Id)
    role: Mapped[str] = mapped_column(Role)
    place: Mapped[str] = mapped_column(Role)
    """Committee it was said in; empty outside of one."""
    answer: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text)
    conditions: Mapped[list[str]]
    lent_by: Mapped[str] = mapped_column(Id)
    """Who handed the right on; empty if it was their own."""
    outside: Mapped[bool]
    at: Mapped[dt.datetime]

    __table_args__ = (
        UniqueConstraint("review", "round", "person", "place"),
        Index("ix_sign_off_person", "person", "id"),
    )


class RecusalRow(Base):
    """That somebody stepped aside."""

    __tablename__ = "recusal"

    review: Mapped[str] = mapped_column(Id, primary_key=True)
    person: Mapped[str] = mapped_column(Id, primary_key=True)
    why: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]


class DelegationRow(Base):
    """That somebody handed a right on, for one review or for all, until a time."""

    __tablename__ = "delegation"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    role: Mapped[str] = mapped_column(Role)
    by: Mapped[str] = mapped_column(Id)
    to: Mapped[str] = mapped_column(Id)
    review: Mapped[str] = mapped_column(Id)
    """Empty: for every review whose charter allows it."""
    reason: Mapped[str] = mapped_column(Text)
    made_at: Mapped[dt.datetime]
    until: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
    version: Mapped[int]

    __table_args__ = (
        Index("ix_delegation_to", "to", "until"),
        Index("ix_delegation_by", "by", "id"),
    )


class CommentRow(Base):
    """A remark, or a change that was asked for, tied to a line of evidence."""

    __tablename__ = "review_comment"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    review: Mapped[str] = mapped_column(Id)
    round: Mapped[int]
    author: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(10))
    evidence: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    mentions: Mapped[list[str]]
    at: Mapped[dt.datetime]

    __table_args__ = (Index("ix_review_comment_review", "review", "id"),)


class MeetingRow(Base):
    """A meeting of a committee about a review, and its minutes."""

    __tablename__ = "meeting"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    review: Mapped[str] = mapped_column(Id)
    round: Mapped[int]
    committee: Mapped[str] = mapped_column(Role)
    state: Mapped[str] = mapped_column(String(10))
    at: Mapped[dt.datetime]
    convened_by: Mapped[str] = mapped_column(Id)
    minutes: Mapped[str] = mapped_column(Text)
    minutes_sha256: Mapped[str] = mapped_column(String(64))
    attended: Mapped[list[str]]
    carried: Mapped[bool | None]
    minuted_by: Mapped[str] = mapped_column(Id)
    minuted_at: Mapped[dt.datetime | None]

    __table_args__ = (Index("ix_meeting_review", "review", "id"),)


class ActionRow(Base):
    """Something to improve that a review found: who does it, by when, and who saw that it was."""

    __tablename__ = "action"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    review: Mapped[str] = mapped_column(Id)
    request: Mapped[str] = mapped_column(Id)
    unit: Mapped[str] = mapped_column(String(100))
    finding: Mapped[str] = mapped_column(String(200))
    severity: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Id)
    sponsor: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(10))
    due: Mapped[dt.datetime]
    proof: Mapped[str] = mapped_column(Text)
    done_by: Mapped[str] = mapped_column(Id)
    done_at: Mapped[dt.datetime | None]
    verified_by: Mapped[str] = mapped_column(Id)
    verified_at: Mapped[dt.datetime | None]
    created_by: Mapped[str] = mapped_column(Id)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (
        Index("ix_action_review", "review", "id"),
        Index("ix_action_unit_state", "unit", "state", "id"),
        Index("ix_action_owner", "owner", "state", "id"),
        Index("ix_action_due", "state", "due"),
    )


REVIEWS = Kind(
    ReviewRow,
    "rvw",
    "review",
    code="review.missing",
    id=ReviewRow.id,
    unit=ReviewRow.unit,
    use_case=ReviewRow.use_case,
    environment=ReviewRow.environment,
)
ACTIONS = Kind(
    ActionRow, "act", "action", code="action.missing", id=ActionRow.id, unit=ActionRow.unit
)
ACTIONS.tie(lambda actor: ActionRow.request.in_(REQUESTS.ids(actor)))
CLOCKS.tie(lambda actor: ClockRow.about.in_(REVIEWS.ids(actor)))
