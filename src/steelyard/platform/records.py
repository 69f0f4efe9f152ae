# SPDX-License-Identifier: Apache-2.0
"""Reads many JSON documents without holding them all: a file with one a line, or bundles.

What cannot be read keeps its place, with a sentence that says why, so that nobody takes the rest
for the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from steelyard.kernel.errors import InputError, SteelyardError
from steelyard.kernel.limits import MIB
from steelyard.platform.durable import list_files, reader

MAX_RECORD = 16 * MIB
"""Bytes of one document."""
NAME = "assessment.json"
_BLOCK = MIB
_MARK = b"\xef\xbb\xbf"


class Block(Struct, frozen=True):
    """Some documents: where each stands, and its bytes or why they could not be read."""

    records: list[tuple[str, bytes | str]]
    size: int
    """Bytes read for it."""


def total_size(path: Path, name: str = NAME) -> int:
    """Return the bytes that :func:`read_blocks` will read, or 0 where that is not known."""
    try:
        if not path.is_dir():
            return path.stat().st_size if path.is_file() else 0
        return sum((path / found).lstat().st_size for found in _found_below(path, name))
    except OSError:
        return 0


def read_blocks(path: Path, name: str = NAME) -> Iterator[Block]:
    """Yield the documents in a file, one a line, or those called ``name`` below a directory.

    Raises:
        InputError: there is no such file or directory, or it holds no document at all.
    """
    empty = True
    for block in _from_directory(path, name) if path.is_dir() else _from_lines(path):
        empty = False
        yield block
    if empty:
        raise InputError(
            f"There are no assessments in {str(path)!r}.",
            next_step=f"Give a file with one JSON document a line, or a directory with {name}.",
            code="records.none",
        )


def _from_lines(path: Path) -> Iterator[Block]:
    try:
        with path.open("rb") as stream:
            records: list[tuple[str, bytes | str]] = []
            size = number = 0
            while line := stream.readline(MAX_RECORD + 1):
                number += 1
                size += len(line)
                where = f"line {number}"
                if len(line) > MAX_RECORD:
                    while line and not line.endswith(b"\n"):
                        line = stream.readline(_BLOCK)
                        size += len(line)
                    said = f"It is longer than the {MAX_RECORD // MIB} MiB that are read."
                    records.append((where, said))
                elif line.strip():
                    records.append((where, line.removeprefix(_MARK) if number == 1 else line))
                if size >= _BLOCK:
                    yield Block(records, size)
                    records, size = [], 0
            if records:
                yield Block(records, size)
    except OSError as error:
        raise InputError(
            f"The recorded assessments {str(path)!r} cannot be read: {error.strerror}.",
            next_step="Check the path and its permissions.",
            code="input.unreadable",
        ) from error


def _from_directory(path: Path, name: str) -> Iterator[Block]:
    read = reader(path)
    records: list[tuple[str, bytes | str]] = []
    size = 0
    for found in _found_below(path, name):
        data: bytes | str
        try:
            data = read(found)
        except SteelyardError as error:
            data = error.message
        if len(data) > MAX_RECORD:
            data = f"It is longer than the {MAX_RECORD // MIB} MiB that are read."
        records.append((found, data))
        size += len(data)
        if size >= _BLOCK:
            yield Block(records, size)
            records, size = [], 0
    if records:
        yield Block(records, size)


def _found_below(path: Path, name: str) -> list[str]:
    return [found for found in list_files(path) if found == name or found.endswith(f"/{name}")]
