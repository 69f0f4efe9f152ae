# SPDX-License-Identifier: Apache-2.0
"""Where bytes come from: a file on disk, a slice of one, an archive member, a buffer.

A :class:`Source` gives random access without ever holding the whole file; a :class:`Stream` reads
forward only (an inflating archive member). Readers take one or the other and nothing else.
"""

from __future__ import annotations

from typing import Protocol


class Source(Protocol):
    """Random access to the bytes of one file, slice or buffer."""

    @property
    def size(self) -> int:
        """Bytes in total."""
        ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``; fewer only at the end."""
        ...


class Stream(Protocol):
    """Bytes that can be read forward once."""

    def read(self, length: int, /) -> bytes:
        """Return up to ``length`` bytes; an empty result means the end."""
        ...
