# SPDX-License-Identifier: Apache-2.0
"""Reads files of this package, where importing a library for it would take longer than the scan."""

from __future__ import annotations

from io import FileIO

PACKAGE = __file__.rpartition("/scanning/")[0]
"""Directory of the whole package."""


def read_shipped(path: str) -> bytes:
    """Return the bytes of a file that was installed with us."""
    with FileIO(path) as file:
        return file.readall()
