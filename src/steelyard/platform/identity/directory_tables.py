# SPDX-License-Identifier: Apache-2.0
"""Tables of directories: how people log in through one, and the groups it tells of."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Id
from steelyard.platform.identity.credential_tables import DIGEST
from steelyard.platform.identity.tables import PersonRow


class DirectoryRow(Base):
    """How a directory is spoken to and what its groups mean; ``oidc`` or ``scim``."""

    __tablename__ = "directory"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    config: Mapped[dict[str, Any]]
    secret: Mapped[str] = mapped_column(Text)
    """Of OIDC the client secret, sealed; of SCIM the digest of its token."""
    changed_by: Mapped[str] = mapped_column(Id)
    changed_at: Mapped[dt.datetime]
    version: Mapped[int]


class DanceRow(Base):
    """A login that was sent to the directory and has not come back."""

    __tablename__ = "login_dance"

    digest: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    """Of the state, which the browser keeps in a cookie as well."""
    nonce: Mapped[str] = mapped_column(String(64))
    verifier: Mapped[str] = mapped_column(String(128))
    then: Mapped[str] = mapped_column(String(500))
    begun_at: Mapped[dt.datetime] = mapped_column(index=True)


class GroupRow(Base):
    """A group that a directory provisioned."""

    __tablename__ = "directory_group"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    external_id: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]


class GroupMemberRow(Base):
    """That a person belongs to a directory's group."""

    __tablename__ = "directory_group_member"

    group: Mapped[str] = mapped_column(Id, ForeignKey(GroupRow.id), primary_key=True)
    person: Mapped[str] = mapped_column(Id, ForeignKey(PersonRow.id), primary_key=True)

    __table_args__ = (Index("ix_directory_group_member_person", "person", "group"),)
