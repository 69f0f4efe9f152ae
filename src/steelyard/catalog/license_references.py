# SPDX-License-Identifier: Apache-2.0
"""Reference license texts as sequences of word numbers: what a copy must say to be that license.

The words themselves are not shipped. ``scripts/build_license_references.py`` turns texts into
64-bit hashes of distinct words and, for each reference, the order in which they stand, one
character a word, so that finding and comparing passages are string operations. Several references
may share a key, because publishers spell one license in more than one harmless way.

The file is mapped, not read: only the pages that a text needs come into memory.

Layout: 8 bytes magic, 4 bytes little-endian length of a msgpack :class:`_Header`, the header, then
sections at the offsets it names: ``words`` (sorted u64 hashes; word number n is the character
:func:`character` (n)), ``flags`` (one byte a word), ``texts`` (UTF-16-LE), ``grams`` (sorted
u64, three characters), ``heads`` (u32, where a gram's references start) and ``posts`` (u16).
"""

from __future__ import annotations

import mmap
import sys
from array import array
from bisect import bisect_left
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

MAGIC = b"SYLREF02"
FIRST = 0x100
"""Character of word number 0."""
UNKNOWN = 0x10000
"""From this character on: words that no reference has, numbered within one text."""
CRITICAL = 1
UNUSUAL = 2
SCARCE = 4
SAMPLED = 8
"""What ``flags`` say of a word."""
_SURROGATES = 0xD800
_SURROGATE_COUNT = 0x800
_PATH = Path(__file__).parent / "data" / "license_references.bin"


class Reference(Struct, frozen=True, array_like=True, gc=False):
    """One reference text. ``core_start`` and ``core_end`` bound the terms themselves, in words;
    before and after are titles and instructions that copies often leave out. ``samples`` counts
    its indexed grams.
    """

    key: str
    spdx: str
    source: int
    start: int
    words: int
    core_start: int
    core_end: int
    samples: int


class Header(Struct, frozen=True):
    """What the file holds. ``sections``: offset and length in bytes from the end of the header."""

    sources: tuple[str, ...]
    references: tuple[Reference, ...]
    sections: dict[str, tuple[int, int]]


def character(number: int) -> str:
    """Return the character that stands for a word number."""
    code = FIRST + number
    return chr(code if code < _SURROGATES else code + _SURROGATE_COUNT)


def number_of(char: str) -> int:
    """Return the word number a character stands for."""
    code = ord(char)
    return (code if code < _SURROGATES else code - _SURROGATE_COUNT) - FIRST


def gram(three: str) -> int:
    """Return three characters in a row as one number; none of them may be an unknown word."""
    first, second, third = map(ord, three)
    return first << 32 | second << 16 | third


class References:
    """The shipped references, mapped."""

    def __init__(self, data: mmap.mmap | bytes) -> None:
        view = memoryview(data)
        if bytes(view[:8]) != MAGIC:
            raise ValueError("The license references are of another version than this program.")
        length = int.from_bytes(view[8:12], "little")
        header = msgspec.msgpack.decode(view[12 : 12 + length], type=Header)
        self.references = header.references
        self.sources = header.sources
        base = (12 + length + 7) & ~7

        def section(name: str) -> memoryview:
            offset, size = header.sections[name]
            return view[base + offset : base + offset + size]

        self._words = _numbers(section("words"), "Q")
        self._flags = section("flags")
        self._texts = section("texts")
        self.sampled = frozenset(
            character(number) for number, flag in enumerate(self._flags) if flag & SAMPLED
        )
        """Words with which an indexed gram begins: one in three, and none of the most common."""
        self._grams = _numbers(section("grams"), "Q")
        self._heads = _numbers(section("heads"), "I")
        self._posts = _numbers(section("posts"), "H")

    def find_word(self, hashed: int) -> str:
        """Return the character of the word with this hash, empty if no reference has it."""
        at = bisect_left(self._words, hashed)
        if at < len(self._words) and self._words[at] == hashed:
            return character(at)
        return ""

    def hash_of(self, char: str) -> int:
        """Return the hash of the word a character stands for."""
        return self._words[number_of(char)]

    def is_critical(self, char: str) -> bool:
        """Tell whether changing this word may turn a license around."""
        return bool(self._flag(char) & CRITICAL)

    def is_unusual(self, char: str) -> bool:
        """Tell whether hardly any license has this word, so that it may be a misprint."""
        return bool(self._flag(char) & UNUSUAL)

    def is_scarce(self, char: str) -> bool:
        """Tell whether few licenses have this word, and it binds nobody."""
        return self._flag(char) & (SCARCE | CRITICAL) == SCARCE

    def _flag(self, char: str) -> int:
        number = number_of(char)
        return self._flags[number] if 0 <= number < len(self._flags) else 0

    def text(self, reference: Reference) -> str:
        """Return the words of a reference, one character each."""
        begin = reference.start * 2
        return str(self._texts[begin : begin + reference.words * 2], "utf-16-le")

    def holders(self, wanted: int) -> memoryview | array[int]:
        """Return the numbers of the references that have this gram."""
        at = bisect_left(self._grams, wanted)
        if at < len(self._grams) and self._grams[at] == wanted:
            return self._posts[self._heads[at] : self._heads[at + 1]]
        return self._posts[:0]

    def source_of(self, reference: Reference) -> str:
        """Return where a reference text was taken from."""
        return self.sources[reference.source]


def _numbers(raw: memoryview, code: Literal["Q", "I", "H"]) -> memoryview | array[int]:
    if sys.byteorder == "little":
        return raw.cast(code)
    values = array(code, bytes(raw))
    values.byteswap()
    return values


@cache
def load() -> References:
    """Return the shipped references."""
    with _PATH.open("rb") as file:
        return References(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
