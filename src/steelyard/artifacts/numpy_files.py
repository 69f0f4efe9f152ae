# SPDX-License-Identifier: Apache-2.0
"""Reads the header of a NumPy ``.npy`` file (format versions 1 to 3) without evaluating it.

The header is a Python literal with ``descr``, ``fortran_order`` and ``shape``. It is parsed with
:func:`ast.literal_eval` after its length was checked, which builds constants and nothing else.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from steelyard.artifacts.shapes import elements_of
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact

_HEADER_MOST = 64 * 1024
_SIMPLE = re.compile(r"\A[<>|=]?([?biufcSUVOmMaB])(\d{0,12})(?:\[[^\]]{0,40}\])?\Z")
_STRING = re.compile(r"'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\"")
_REST = re.compile(r"(?:[\s\d,:()\[\]{}L]|True|False|None)*+")
_BRACKETS_MOST = 4096


class NpyHeader(Struct, frozen=True):
    """What the header announces; ``data_offset`` is where the array's bytes begin."""

    descr: str
    shape: tuple[int, ...]
    has_objects: bool
    item_size: int
    data_offset: int

    @property
    def elements(self) -> int:
        """Number of elements."""
        return elements_of(self.shape)


def read_npy(source: Source) -> NpyHeader:
    """Return the header of the array in ``source``.

    Raises:
        ArtifactError: the header is not one of NumPy's.
        TruncatedArtifact: the file ends inside it.
        LimitExceeded: it is longer than any real one.
    """
    prefix = source.read_at(0, 12)
    if prefix[:6] != b"\x93NUMPY" or len(prefix) < 10:
        raise ArtifactError("This is not a NumPy array file.", offset=0)
    wide = prefix[6] >= 2
    length = int.from_bytes(prefix[8 : 12 if wide else 10], "little")
    start = 12 if wide else 10
    if length > _HEADER_MOST:
        raise LimitExceeded(f"The array header claims {length} bytes.", offset=8)
    raw = source.read_at(start, length)
    if len(raw) < length:
        raise TruncatedArtifact("The file ends inside its array header.", offset=start)
    header = _literal(raw.decode("latin-1"))
    shape = header.get("shape")
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise ArtifactError("The array header has no proper shape.", offset=start)
    objects, item = describe(header.get("descr"))
    return NpyHeader(repr(header.get("descr"))[:200], shape, objects, item, start + length)


def _literal(text: str) -> dict[str, Any]:
    bare = _STRING.sub("", text)
    # Strings, numbers and brackets are all a header needs; anything else is an expression, which
    # the parser need not see.
    if _REST.fullmatch(bare) is None or len(re.findall(r"[\[({]", bare)) > _BRACKETS_MOST:
        raise ArtifactError("The array header is not a literal but an expression.", offset=10)
    if "L" in bare:  # written by Python 2
        text = re.sub(r"(?<=\d)L\b", "", text)
    import ast  # as long to import as a small scan takes
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ArtifactError("The array header is not a Python literal.") from error
    if not isinstance(value, dict):
        raise ArtifactError("The array header is not a dictionary.")
    return {key: item for key, item in value.items() if isinstance(key, str)}


def describe(descr: Any, depth: int = 0) -> tuple[bool, int]:
    """Return whether a dtype description holds Python objects, and its bytes per element.

    Raises:
        ArtifactError: the description is not one NumPy writes.
    """
    if isinstance(descr, str):
        found = _SIMPLE.match(descr)
        if found is None:
            raise ArtifactError(f"The data type {descr[:80]!r} is not known.")
        kind, size = found[1], int(found[2] or 1)
        if kind == "O":
            return True, 8
        return False, size * 4 if kind == "U" else size
    if isinstance(descr, list) and depth < 16:
        objects, total = False, 0
        for field in descr:
            if not isinstance(field, tuple) or len(field) not in (2, 3):
                raise ArtifactError("A structured data type has a field that is no pair.")
            inner, size = describe(field[1], depth + 1)
            shape = field[2] if len(field) == 3 else ()
            shape = shape if isinstance(shape, tuple) else (shape,)
            repeat = elements_of([n for n in shape if type(n) is int and n >= 0])
            objects, total = objects or inner, total + size * repeat
        return objects, total
    raise ArtifactError("The data type of the array cannot be read.")
