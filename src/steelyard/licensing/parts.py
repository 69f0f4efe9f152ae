# SPDX-License-Identifier: Apache-2.0
"""One license as one source states it: the unit in which licenses are composed and compared."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from steelyard.catalog.licenses import License


class Part(Struct, frozen=True, kw_only=True):
    """A license from one place. ``license`` is None when the catalog does not know it, and
    ``altered`` when the text departs from it: both count as unknown.
    """

    origin: str
    """``path: license``, as conflicts quote it."""
    path: str
    kind: Literal["declared", "text"]
    name: str
    license: License | None = None
    altered: bool = False
    raw: str = ""
    quote: str = ""
    """The words of the source: the declaration as written, or the first words of the text."""

    @property
    def category(self) -> str:
        """The catalog's category, ``unknown`` for what is unknown or altered."""
        if self.license is None or self.altered:
            return "unknown"
        return self.license.category

    @property
    def commercial_use(self) -> str:
        """The catalog's answer. Altering a license never makes a ``no`` better."""
        if self.license is None:
            return "unknown"
        answer = self.license.commercial_use.answer
        return "unknown" if self.altered and answer != "no" else answer
