# SPDX-License-Identifier: Apache-2.0
"""Walks MATLAB MAT-files of level 5: every element, also in cells, structures and compressed ones.

Follows "MAT-File Format" by MathWorks. Level 7.3 is HDF5 and read as such.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from steelyard.artifacts.compressed import Budget, expand
from steelyard.artifacts.source import SliceSource, Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import Limits

_MATRIX, _COMPRESSED, _FLAGS = 14, 15, 6
_ELEMENTS_MOST = 5_000_000
_DEPTH_MOST = 64
_TYPES = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 14, 15, 16, 17, 18})
CLASSES = {3: "object", 16: "function handle", 17: "opaque object"}
"""Classes of arrays that are no plain data."""


class MatArray(Struct, frozen=True):
    """One array that is no plain data: its class and where it stands."""

    kind: str
    offset: int


def looks_like_mat(head: bytes) -> bool:
    """Tell whether the first 128 bytes are the header of a MAT-file of level 5."""
    return head[:6] == b"MATLAB" and head[124:128] in (b"\0\1IM", b"\1\0MI")


def walk_mat(source: Source, limits: Limits, budget: Budget) -> Iterator[MatArray]:
    """Yield the arrays of the file that are no plain data.

    Raises:
        ArtifactError: an element has an unknown type.
        TruncatedArtifact: an element is longer than what is left.
        LimitExceeded: there are too many elements, or they are nested too deep.
    """
    order = "little" if source.read_at(126, 2) == b"IM" else "big"
    # One entry an open run of elements: its bytes, the next position, and the end.
    stack: list[tuple[Source, int, int]] = [(source, 128, source.size)]
    for _ in range(_ELEMENTS_MOST):
        while stack and stack[-1][1] >= stack[-1][2]:
            stack.pop()
        if not stack:
            return
        if len(stack) > _DEPTH_MOST:
            raise LimitExceeded("The arrays are nested too deep.", offset=stack[0][1])
        run, at, end = stack.pop()
        kind, start, size, after = _tag(run, at, end, order, top=not stack)
        stack.append((run, after, end))
        if kind == _COMPRESSED:
            content, broken = expand(SliceSource(run, start, size), "zlib", limits, budget)
            if broken is not None:
                raise broken
            stack.append((content, 0, content.size))
        elif kind == _MATRIX:
            stack.append((run, start, start + size))
        elif kind == _FLAGS and size == 8:
            word = run.read_at(start, 4)
            number = word[0] if order == "little" else word[3]
            if number in CLASSES:
                yield MatArray(CLASSES[number], stack[0][1])
    raise LimitExceeded("The file has too many elements.", offset=stack[0][1])


def _tag(source: Source, at: int, end: int, order: str, *, top: bool) -> tuple[int, int, int, int]:
    """Return type, start and size of the element at ``at``, and where the next one begins."""
    head = source.read_at(at, 8)
    if len(head) < 8:
        raise TruncatedArtifact("The file ends inside an element.", offset=at)
    little = order == "little"
    word = int.from_bytes(head[:4], "little" if little else "big")
    if word >> 16:  # a small element keeps its data in its tag
        kind, start, size, after = word & 0xFFFF, at + 4, word >> 16, at + 8
        broken = size > 4
    else:
        size = int.from_bytes(head[4:], "little" if little else "big")
        kind, start = word, at + 8
        # Compressed elements are not padded.
        after = start + size + (0 if kind == _COMPRESSED else -size % 8)
        broken = start + size > end
    if broken:
        raise TruncatedArtifact("An element is longer than what is left.", offset=at)
    if kind not in _TYPES or (top and kind not in (_MATRIX, _COMPRESSED)):
        raise ArtifactError(f"An element has the unknown type {kind}.", offset=at)
    return kind, start, size, after
