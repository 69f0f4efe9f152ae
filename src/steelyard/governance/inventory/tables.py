# SPDX-License-Identifier: Apache-2.0
"""The inventory: models, revisions, components, lineage and suppliers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Counter, Id
from steelyard.platform.identity.visibility import Kind

Name = String(300)


class ModelRow(Base):
    """A model. Those of the world outside belong to no unit: everybody sees them."""

    __tablename__ = "model"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    purl: Mapped[str] = mapped_column(String(500))
    name: Mapped[str] = mapped_column(Name)
    key: Mapped[str] = mapped_column(Name)
    """Name without case, as lineages are compared."""
    publisher: Mapped[str] = mapped_column(Name)
    kind: Mapped[str] = mapped_column(String(30))
    unit: Mapped[str] = mapped_column(String(100))
    owner: Mapped[str] = mapped_column(String(320))
    supplier: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(20))
    parent: Mapped[str] = mapped_column(Id)
    created_by: Mapped[str] = mapped_column(Id)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (
        UniqueConstraint("unit", "purl"),
        Index("ix_model_unit", "unit", "id"),
        Index("ix_model_state", "state", "id"),
        Index("ix_model_kind", "kind", "id"),
        Index("ix_model_supplier", "supplier", "id"),
        Index("ix_model_key", "key"),
        Index("ix_model_publisher", "publisher", "id"),
    )


class RevisionRow(Base):
    """A revision; its bytes lie in the blobs, named by the manifest."""

    __tablename__ = "revision"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    model: Mapped[str] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Name)
    purl: Mapped[str] = mapped_column(String(600))
    commit: Mapped[str] = mapped_column(String(64))
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    files: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(30))
    unit: Mapped[str] = mapped_column(String(100))
    parent: Mapped[str] = mapped_column(Id)
    justification: Mapped[str] = mapped_column(Text)
    snapshot: Mapped[str] = mapped_column(String(64))
    """Digest of what its examination showed, for comparing; empty until it was examined."""
    replacement: Mapped[str] = mapped_column(Id)
    notice: Mapped[str] = mapped_column(Text)
    retires_at: Mapped[dt.datetime | None]
    created_by: Mapped[str] = mapped_column(Id)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (
        UniqueConstraint("model", "purl"),
        Index("ix_revision_unit", "unit", "id"),
        Index("ix_revision_state", "state", "id"),
        Index("ix_revision_model", "model", "id"),
        Index("ix_revision_manifest", "manifest_sha256"),
        Index("ix_revision_commit", "commit"),
        Index("ix_revision_retires_at", "retires_at"),
    )


class ComponentRow(Base):
    """A part of a revision: a file by digest, or something it names."""

    __tablename__ = "component"

    seq: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    revision: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(1000))
    format: Mapped[str] = mapped_column(String(60))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        Index("ix_component_revision", "revision", "kind"),
        Index("ix_component_sha256", "sha256"),
    )


class EdgeRow(Base):
    """One step of a lineage that the files of a revision claim."""

    __tablename__ = "lineage_edge"

    seq: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    revision: Mapped[str] = mapped_column(Id)
    upstream: Mapped[str] = mapped_column(Name)
    """Name without case and without revision."""
    upstream_revision: Mapped[str] = mapped_column(String(100))
    downstream: Mapped[str] = mapped_column(Name)
    relation: Mapped[str] = mapped_column(String(40))
    confidence: Mapped[str] = mapped_column(String(20))

    __table_args__ = (
        Index("ix_lineage_edge_revision", "revision"),
        Index("ix_lineage_edge_upstream", "upstream"),
    )


class SupplierRow(Base):
    """Who publishes or supports models, what they have promised, and how we could leave."""

    __tablename__ = "supplier"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Name)
    key: Mapped[str] = mapped_column(Name, unique=True)
    """Name without case: publishers of models are matched by it."""
    kind: Mapped[str] = mapped_column(String(30))
    support: Mapped[str] = mapped_column(String(30))
    terms: Mapped[dict[str, Any]]
    """Commitments, contract, contacts, disclosures."""
    contract_ends: Mapped[dt.date | None]
    exit_plan: Mapped[dict[str, Any]]
    exit_test_due: Mapped[dt.date | None]
    warned: Mapped[dict[str, str]]
    """Due dates somebody was told about, by what is due."""
    state: Mapped[str] = mapped_column(String(20))
    created_by: Mapped[str] = mapped_column(Id)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (
        Index("ix_supplier_contract_ends", "contract_ends"),
        Index("ix_supplier_exit_test_due", "exit_test_due"),
        Index("ix_supplier_support", "support", "id"),
    )


class UploadRow(Base):
    """That somebody sent these bytes: what one person sent, another cannot name as theirs."""

    __tablename__ = "upload"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    sent_by: Mapped[str] = mapped_column(Id, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[dt.datetime]


class UpstreamRow(Base):
    """What a hub said of a model when it was last asked, and when it is asked next."""

    __tablename__ = "upstream"

    model: Mapped[str] = mapped_column(Id, primary_key=True)
    presence: Mapped[str] = mapped_column(String(20))
    """Empty until the hub answered once."""
    commit: Mapped[str] = mapped_column(String(64))
    license: Mapped[str] = mapped_column(String(200))
    gated: Mapped[str] = mapped_column(String(200))
    etag: Mapped[str] = mapped_column(String(200))
    checked_at: Mapped[dt.datetime | None]
    """When the hub last answered."""
    tried_at: Mapped[dt.datetime | None]
    next_at: Mapped[dt.datetime]
    failures: Mapped[int]
    """In a row."""
    error: Mapped[str] = mapped_column(Text)
    error_code: Mapped[str] = mapped_column(String(60))

    __table_args__ = (Index("ix_upstream_next_at", "next_at"),)


MODELS = Kind(
    ModelRow, "mdl", "model", code="model.missing", id=ModelRow.id, unit=ModelRow.unit, shared=True
)
REVISIONS = Kind(
    RevisionRow,
    "rev",
    "revision",
    code="revision.missing",
    id=RevisionRow.id,
    unit=RevisionRow.unit,
    shared=True,
    find_by="List the revisions of its model to find its id.",
)
