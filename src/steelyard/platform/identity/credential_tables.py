# SPDX-License-Identifier: Apache-2.0
"""Tables of credentials: tokens, robots, sessions, passwords, one-time links, guards.

Of every secret that we made only a digest is kept: whoever reads the database cannot log in.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Id
from steelyard.platform.identity.tables import PersonRow

DIGEST = String(64)


class RobotRow(Base):
    """A machine's account, with a person who answers for it."""

    __tablename__ = "robot"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    purpose: Mapped[str] = mapped_column(String(500))
    owner: Mapped[str] = mapped_column(Id, ForeignKey(PersonRow.id), index=True)
    roles: Mapped[list[str]]
    units: Mapped[list[str]]
    state: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]


class TokenRow(Base):
    """An API token of a person or a robot."""

    __tablename__ = "token"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    owner: Mapped[str] = mapped_column(Id)
    name: Mapped[str] = mapped_column(String(100))
    hint: Mapped[str] = mapped_column(String(12))
    """How the token begins, to recognize it by."""
    digest: Mapped[str] = mapped_column(DIGEST, unique=True)
    actions: Mapped[list[str]]
    environments: Mapped[list[str]]
    use_cases: Mapped[list[str]]
    issued_by: Mapped[str] = mapped_column(Id)
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]
    replaced_by: Mapped[str | None] = mapped_column(Id)

    __table_args__ = (Index("ix_token_owner", "owner", "id"),)


class SessionRow(Base):
    """A browser that somebody logged in with."""

    __tablename__ = "session"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    person: Mapped[str] = mapped_column(Id, ForeignKey(PersonRow.id))
    digest: Mapped[str] = mapped_column(DIGEST, unique=True)
    method: Mapped[str] = mapped_column(String(20))
    agent: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime] = mapped_column(index=True)
    ended_at: Mapped[dt.datetime | None]

    __table_args__ = (Index("ix_session_person", "person", "id"),)


class PasswordRow(Base):
    """What a person logs in with where no directory does it."""

    __tablename__ = "password"

    person: Mapped[str] = mapped_column(Id, ForeignKey(PersonRow.id), primary_key=True)
    hash: Mapped[str] = mapped_column(Text)
    """Empty until the person has chosen a password."""
    changed_at: Mapped[dt.datetime]
    totp: Mapped[str] = mapped_column(Text)
    """Shared secret of the second factor, sealed; empty if there is none."""
    totp_since: Mapped[dt.datetime | None]
    """When a code was first entered; before that the factor is not asked for."""
    totp_step: Mapped[int]
    """Time step of the last code accepted: a code counts once."""
    recovery: Mapped[list[str]]
    """Digests of the recovery codes that are left."""


class LinkRow(Base):
    """A link that works once: to choose a password, or to become the first administrator."""

    __tablename__ = "one_time_link"

    digest: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20))
    person: Mapped[str | None] = mapped_column(Id, index=True)
    issued_by: Mapped[str] = mapped_column(Id)
    issued_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)
    used_at: Mapped[dt.datetime | None]


class GuardRow(Base):
    """Failed attempts on one account or from one address, and until when no more are taken."""

    __tablename__ = "login_guard"

    key: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    """Digest of the address that was typed, or that the call came from."""
    failures: Mapped[int]
    last_at: Mapped[dt.datetime] = mapped_column(index=True)
    locked_until: Mapped[dt.datetime | None]
