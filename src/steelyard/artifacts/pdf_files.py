# SPDX-License-Identifier: Apache-2.0
"""Lists the actions a PDF document names, also those in its compressed object streams.

A document is objects between streams (ISO 32000-1, section 7). Streams of pages, pictures and fonts
are data; object streams hold further objects and are inflated under a budget. Nothing is rendered.
"""

from __future__ import annotations

import re
import zlib

from msgspec import Struct

from steelyard.artifacts.source import Source
from steelyard.kernel.limits import MIB

_READ_MOST = 64 * MIB
_INFLATED_MOST = 64 * MIB
_DICTIONARY_MOST = 4096
_NAMES = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|Encrypt)(?=[\s/<\[(>])")
_ESCAPE = re.compile(rb"#([0-9a-fA-F]{2})")
_STREAM = re.compile(rb"\bstream\r?\n")
_CONTINUED = re.compile(rb"\s*\n?%%EOF\s*\Z")


class PdfContent(Struct, frozen=True):
    """Names of actions with where each was first seen, and what could not be looked into."""

    names: dict[str, int]
    unread: tuple[str, ...]
    complete: bool
    """The document ends with its end mark."""


def read_pdf(source: Source) -> PdfContent:
    """Return what the document in ``source`` names. Never raises but for unreadable sectors."""
    data = source.read_at(0, _READ_MOST)
    names: dict[str, int] = {}
    unread = [] if source.size <= _READ_MOST else [f"only the first {_READ_MOST} bytes were read"]
    left = _INFLATED_MOST
    at = 0
    while True:
        found = _STREAM.search(data, at)
        between = data[at : found.start() if found else len(data)]
        _collect(between, at, names)
        if found is None:
            break
        end = data.find(b"endstream", found.end())
        end = len(data) if end < 0 else end
        if b"/ObjStm" in _unescaped(between[-_DICTIONARY_MOST:]):
            inflater = zlib.decompressobj()
            try:
                objects = inflater.decompress(data[found.end() : end], max(left, 1))
            except zlib.error:
                objects = b""
            left -= len(objects)
            _collect(objects, found.end(), names)
            if not objects or inflater.unconsumed_tail:
                unread.append("an object stream could not be inflated")
        at = end
    if names.pop("Encrypt", -1) >= 0:
        unread.append("the document is encrypted")
    tail = source.read_at(max(0, source.size - 1024), 1024)
    return PdfContent(names, tuple(dict.fromkeys(unread)), _CONTINUED.search(tail) is not None)


def _collect(data: bytes, offset: int, names: dict[str, int]) -> None:
    for found in _NAMES.finditer(_unescaped(data)):
        name = {"JS": "JavaScript", "EmbeddedFiles": "EmbeddedFile"}.get(
            found[1].decode(), found[1].decode()
        )
        names.setdefault(name, offset + found.start())


def _unescaped(data: bytes) -> bytes:
    """Names may write any character as ``#`` and two digits."""
    if b"#" not in data:
        return data
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), data)
