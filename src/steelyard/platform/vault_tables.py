# SPDX-License-Identifier: Apache-2.0
"""The table by which a server knows the key of its sealed secrets again."""

from __future__ import annotations

from sqlalchemy import Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base


class VaultCheckRow(Base):
    """A known word, sealed; one row, made at the first start."""

    __tablename__ = "vault_check"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sealed: Mapped[str] = mapped_column(Text)
