# SPDX-License-Identifier: Apache-2.0
"""Tables of people: who they are, what they may, where they belong, what they have learned.

Names and mail addresses stand here and nowhere else in the clear; what a ledger entry holds is the
pseudonym, and erasing a person takes the row's link to it away.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Id

ROLE = String(60)
UNIT = String(100)


class PersonRow(Base):
    """One person with an account."""

    __tablename__ = "person"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    alias: Mapped[str | None] = mapped_column(Id, unique=True)
    """Random pseudonym that stands in the ledger; empty once the person is erased."""
    mail: Mapped[str | None] = mapped_column(String(320))
    mail_key: Mapped[str | None] = mapped_column(String(320), unique=True)
    """The address as it is compared: without regard to case."""
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str | None] = mapped_column(String(255))
    user_name: Mapped[str | None] = mapped_column(String(320))
    """What a directory that provisions calls them."""
    subject: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Digest of issuer and subject of the directory they log in through."""
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_person_state", "state", "id"),
        Index("ix_person_name", "name", "id"),
    )


class GrantRow(Base):
    """That a person holds a role."""

    __tablename__ = "role_grant"

    person: Mapped[str] = mapped_column(Id, ForeignKey(PersonRow.id), primary_key=True)
    role: Mapped[str] = mapped_column(ROLE, primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    """``local``, or the directory whose groups granted it and may take it back."""
    granted_by: Mapped[str] = mapped_column(Id)
    granted_at: Mapped[dt.datetime]
    until: Mapped[dt.datetime | None]

    __table_args__ = (Index("ix_role_grant_role", "role", "person"),)


class UnitRow(Base):
    """A business unit; other tables name it by its ``name``, which never changes."""

    __tablename__ = "unit"

    name: Mapped[str] = mapped_column(UNIT, primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    parent: Mapped[str] = mapped_column(UNIT)
    calendar: Mapped[str] = mapped_column(String(200))
    """Whose holidays it keeps and when its day ends, such as ``DE-BY+US@Europe/Berlin``."""
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (Index("ix_unit_parent", "parent", "name"),)


class MembershipRow(Base):
    """That a person belongs to a unit."""

    __tablename__ = "membership"

    person: Mapped[str] = mapped_column(Id, ForeignKey(PersonRow.id), primary_key=True)
    unit: Mapped[str] = mapped_column(UNIT, ForeignKey(UnitRow.name), primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    joined_at: Mapped[dt.datetime]

    __table_args__ = (Index("ix_membership_unit", "unit", "person"),)


class TrainingRow(Base):
    """That a person passed a course."""

    __tablename__ = "training"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    person: Mapped[str] = mapped_column(Id, ForeignKey(PersonRow.id))
    course: Mapped[str] = mapped_column(String(100))
    passed_on: Mapped[dt.date]
    valid_until: Mapped[dt.date | None]
    recorded_by: Mapped[str] = mapped_column(Id)
    recorded_at: Mapped[dt.datetime]

    __table_args__ = (Index("ix_training_person", "person", "course", "passed_on"),)


class OpeningRow(Base):
    """That a use case is open to an external assessor until a time."""

    __tablename__ = "opening"

    person: Mapped[str] = mapped_column(Id, ForeignKey(PersonRow.id), primary_key=True)
    use_case: Mapped[str] = mapped_column(Id, primary_key=True)
    unit: Mapped[str] = mapped_column(UNIT)
    until: Mapped[dt.datetime]
    opened_by: Mapped[str] = mapped_column(Id)
    opened_at: Mapped[dt.datetime]
