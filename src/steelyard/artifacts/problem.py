# SPDX-License-Identifier: Apache-2.0
"""What a reader could read past but that should not be."""

from __future__ import annotations

from msgspec import Struct


class Problem(Struct, frozen=True):
    """A lie or oddity in a file's structure: stable code, sentence, place."""

    code: str
    message: str
    location: str = ""
