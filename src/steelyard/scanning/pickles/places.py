# SPDX-License-Identifier: Apache-2.0
"""Remembers where the strings of a pickle stand instead of the strings themselves.

A pickle may keep millions of different strings. Beyond a number of them, the machine only notes a
place every few hundred bytes, and reads the stretch from there again when a string is recalled.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right

from steelyard.artifacts import pickle as op
from steelyard.artifacts.pickle import OpcodeReader
from steelyard.artifacts.source import BytesSource, Source
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.limits import Limits

STEP = 512
"""Bytes between two places."""
_STRETCH = 2 * STEP + 1024
_PUTS = (op.PUT, op.BINPUT, op.LONG_BINPUT)
_STRINGS = frozenset(
    code for code, name in op.NAMES.items() if "UNICODE" in name or name.endswith("STRING")
)


class Places:
    """Places in a stream, each with the number of memo entries before it."""

    def __init__(self) -> None:
        self._indexes, self._offsets = array("Q"), array("Q")

    def note(self, index: int, offset: int, *, anyway: bool) -> None:
        """Note that the string that becomes memo entry ``index`` is pushed at ``offset``.

        Unless ``anyway``, a place is only noted some way after the last one: what lies between is
        read again as well, which is right as long as the stream has no raw bytes in it.
        """
        if anyway or not self._offsets or offset - self._offsets[-1] > STEP:
            self._indexes.append(index)
            self._offsets.append(offset)

    def recall(self, source: Source, index: int, limits: Limits) -> str | None:
        """Return the string that was remembered as entry ``index``, None if it is not found."""
        found = bisect_right(self._indexes, index) - 1
        if found < 0:
            return None
        stored = self._indexes[found]
        reader = OpcodeReader(
            BytesSource(source.read_at(self._offsets[found], _STRETCH)), 0, limits
        )
        last: str | None = None
        try:
            for code, argument, _ in reader.opcodes():
                if code == op.MEMOIZE or (code in _PUTS and argument == stored):
                    if stored == index:
                        return last
                    stored += 1
                elif code not in _PUTS:
                    last = argument if code in _STRINGS and type(argument) is str else None
        except ArtifactError:
            return None
        return None
