# SPDX-License-Identifier: Apache-2.0
"""Reads pickle opcodes, protocols 0 to 5, one after another, without running any of them.

:class:`OpcodeReader` yields ``(code, argument, offset)`` for every opcode up to and including STOP.
It is a tokenizer: it knows how long each opcode is and nothing about what it does. Long constants
become a :class:`Span`, since only names and short constants matter to a judge; a FRAME's length is
not believed, because the real unpickler does not need it either. The opcode set is that of
CPython's ``pickletools`` documentation and PEP 307, 3154 and 574.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from steelyard.artifacts.source import BytesSource, Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import DEFAULT_LIMITS, Limits

MARK, STOP, POP, POP_MARK, DUP = 0x28, 0x2E, 0x30, 0x31, 0x32
FLOAT, INT, BININT, BININT1, BININT2 = 0x46, 0x49, 0x4A, 0x4B, 0x4D
LONG, NONE, PERSID, BINPERSID, REDUCE = 0x4C, 0x4E, 0x50, 0x51, 0x52
STRING, BINSTRING, SHORT_BINSTRING, UNICODE, BINUNICODE = 0x53, 0x54, 0x55, 0x56, 0x58
APPEND, BUILD, GLOBAL, DICT, APPENDS = 0x61, 0x62, 0x63, 0x64, 0x65
GET, BINGET, INST, LONG_BINGET, LIST = 0x67, 0x68, 0x69, 0x6A, 0x6C
OBJ, PUT, BINPUT, LONG_BINPUT, SETITEM = 0x6F, 0x70, 0x71, 0x72, 0x73
TUPLE, SETITEMS, EMPTY_DICT, EMPTY_LIST, EMPTY_TUPLE = 0x74, 0x75, 0x7D, 0x5D, 0x29
BINFLOAT, BINBYTES, SHORT_BINBYTES = 0x47, 0x42, 0x43
PROTO, NEWOBJ, EXT1, EXT2, EXT4 = 0x80, 0x81, 0x82, 0x83, 0x84
TUPLE1, TUPLE2, TUPLE3, NEWTRUE, NEWFALSE = 0x85, 0x86, 0x87, 0x88, 0x89
LONG1, LONG4, SHORT_BINUNICODE, BINUNICODE8, BINBYTES8 = 0x8A, 0x8B, 0x8C, 0x8D, 0x8E
EMPTY_SET, ADDITEMS, FROZENSET, NEWOBJ_EX, STACK_GLOBAL = 0x8F, 0x90, 0x91, 0x92, 0x93
MEMOIZE, FRAME, BYTEARRAY8, NEXT_BUFFER, READONLY_BUFFER = 0x94, 0x95, 0x96, 0x97, 0x98

NAMES = {
    code: name for name, code in list(globals().items()) if name.isupper() and isinstance(code, int)
}
"""Opcode names by code."""

# How an opcode's argument is laid out: no argument; N fixed bytes; a line; two lines; or a length
# of N bytes followed by that many bytes.
_FIXED = {BININT1: 1, BININT2: 2, BININT: 4, BINFLOAT: 8, BINGET: 1, LONG_BINGET: 4, BINPUT: 1,
          LONG_BINPUT: 4, EXT1: 1, EXT2: 2, EXT4: 4, PROTO: 1, FRAME: 8}  # fmt: skip
_LINE = frozenset({INT, LONG, FLOAT, STRING, UNICODE, PUT, GET, PERSID})
_TWO_LINES = frozenset({GLOBAL, INST})
_COUNTED = {SHORT_BINSTRING: 1, SHORT_BINUNICODE: 1, SHORT_BINBYTES: 1, LONG1: 1, BINSTRING: 4,
            BINUNICODE: 4, BINBYTES: 4, LONG4: 4, BINUNICODE8: 8, BINBYTES8: 8,
            BYTEARRAY8: 8}  # fmt: skip
_TEXT = frozenset({SHORT_BINUNICODE, BINUNICODE, BINUNICODE8})
_PLAIN, _IS_FIXED, _IS_LINE, _IS_TWO, _IS_COUNTED, _UNKNOWN = range(6)
_SHAPE = bytes(
    _IS_FIXED if code in _FIXED
    else _IS_LINE if code in _LINE
    else _IS_TWO if code in _TWO_LINES
    else _IS_COUNTED if code in _COUNTED
    else _PLAIN if code in NAMES
    else _UNKNOWN
    for code in range(256)
)  # fmt: skip
_TEXT_LINES = frozenset({STRING, UNICODE, PERSID, LONG})
_KEPT = 256
"""Longest constant that is kept; module and attribute names are shorter."""
_LINE_MOST = 4 * _KEPT
"""The same for text protocols, whose escapes are longer than what they mean."""
_CLAIM_MOST = 1 << 40
_SHORT, _TAIL = 300, 2048
_CHUNK = 1 << 20
_PADDING = bytes(_SHORT)
"""Stands behind the last bytes of a source; a zero byte is no opcode."""


class Span(Struct, frozen=True):
    """A long constant that was stepped over: where its bytes lie, and which opcode pushed it."""

    offset: int
    length: int
    code: int


class OpcodeReader:
    """Reads opcodes from ``source`` beginning at ``offset``; bounded memory whatever the size."""

    def __init__(self, source: Source, offset: int, limits: Limits) -> None:
        self.source = source
        self._limits = limits
        self._base = offset
        self._buffer = b""
        self._padded = b""
        self._at = 0
        self._ended = False
        """Whether the buffer reaches the end of the source."""

    @property
    def offset(self) -> int:
        """Position of the next byte in the source; it may be moved to step over raw bytes."""
        return self._base + self._at

    @offset.setter
    def offset(self, value: int) -> None:
        if self._base <= value <= self._base + len(self._buffer):
            self._at = value - self._base
        else:
            self._base, self._buffer, self._at, self._ended = value, b"", 0, False

    def opcodes(self) -> Iterator[tuple[int, Any, int]]:
        """Yield every opcode with its argument and offset, through the next STOP.

        Raises:
            TruncatedArtifact: the stream ends before STOP.
            ArtifactError: a byte is no opcode or an argument is malformed.
        """
        while True:
            item = self.next()
            yield item
            if item[0] == STOP:
                return

    def window(self) -> tuple[bytes, int, int]:
        """Return the buffer, the position in it, and up to where an opcode with an argument of
        less than 256 bytes can begin and still lie in the buffer whole.

        The last buffer of a source has bytes behind it that are no opcodes, so that its end needs
        no care; whoever took some of them for an argument is stopped by :meth:`advance`.
        """
        if not self._ended and len(self._buffer) - self._at < _TAIL:
            self._refill(_TAIL)
        if self._ended:
            return self._padded, self._at, len(self._buffer)
        return self._buffer, self._at, len(self._buffer) - _SHORT

    def advance(self, at: int) -> None:
        """Move to position ``at`` of the buffer last returned by :meth:`window`.

        Raises:
            TruncatedArtifact: the source ends before.
        """
        if at > len(self._buffer):
            end = self._base + len(self._buffer)
            raise TruncatedArtifact("The pickle ends inside an opcode.", offset=end)
        self._at = at

    def next(self) -> tuple[int, Any, int]:
        """Return the next opcode, its argument and its offset; raises as :meth:`opcodes` does."""
        # Refill before the tail, so that an opcode and a short argument are always at hand.
        if not self._ended and len(self._buffer) - self._at < _TAIL:
            self._refill(_TAIL)
        buffer, at = self._buffer, self._at
        start = self._base + at
        if at >= len(buffer):
            raise TruncatedArtifact("The pickle ends before its STOP opcode.", offset=start)
        code = buffer[at]
        shape = _SHAPE[code]
        if shape == _PLAIN:
            self._at = at + 1
            return code, None, start
        if shape == _IS_FIXED:
            size = _FIXED[code]
            value = buffer[at + 1 : at + 1 + size]
            if len(value) < size:
                raise TruncatedArtifact("The pickle ends inside an opcode.", offset=start)
            self._at = at + 1 + size
            return code, self._number(code, value), start
        if shape == _IS_COUNTED:
            return code, self._counted(code, start), start
        if shape == _UNKNOWN:
            raise ArtifactError(f"Byte 0x{code:02x} is not a pickle opcode.", offset=start)
        self._at = at + 1
        if shape == _IS_TWO:
            return code, (self._name_line(start), self._name_line(start)), start
        line = self._line()
        if isinstance(line, Span):
            if code not in _TEXT_LINES:
                raise LimitExceeded("A number is longer than any real one.", offset=start)
            return code, Span(line.offset, line.length, code), start
        return code, _line_value(code, line, start), start

    @staticmethod
    def _number(code: int, value: bytes) -> int | None:
        if code == BINFLOAT:
            return None
        return int.from_bytes(value, "little", signed=code == BININT)

    def _counted(self, code: int, start: int) -> Any:
        width = _COUNTED[code]
        at = self._at + 1
        length = int.from_bytes(self._buffer[at : at + width], "little", signed=code == LONG4)
        body = start + 1 + width
        if length < 0:
            raise ArtifactError("A length is negative.", offset=start)
        if length > _CLAIM_MOST:
            raise LimitExceeded(
                f"An opcode claims {length} bytes, more than any memory holds.", offset=start
            )
        if body + length > self.source.size:
            raise TruncatedArtifact(
                f"An opcode claims {length} bytes, more than the file has left.", offset=start
            )
        if length > _KEPT:
            self.offset = body + length
            return Span(body, length, code)
        self._at = at + width
        data = self._buffer[self._at : self._at + length]
        self._at += length
        if code in _TEXT:
            return data.decode("utf-8", "backslashreplace")
        if code in (LONG1, LONG4):
            return int.from_bytes(data, "little", signed=True) if length <= 16 else None
        if code in (BINSTRING, SHORT_BINSTRING):
            return data.decode("latin-1")
        return data

    def _name_line(self, start: int) -> str:
        line = self._line()
        if isinstance(line, Span):
            raise LimitExceeded("A name is longer than any real one.", offset=start)
        return line.decode("utf-8", "backslashreplace")

    def _line(self) -> bytes | Span:
        """Return the bytes up to the next line feed, or where they lie when they are many."""
        end = self._buffer.find(b"\n", self._at)
        start = self.offset
        if end < 0 and self._refill(_CHUNK):
            end = self._buffer.find(b"\n", self._at)
        while end < 0:
            self.offset = self._base + len(self._buffer)
            if not self._refill(_CHUNK):
                raise TruncatedArtifact("The pickle ends inside an opcode.", offset=start)
            end = self._buffer.find(b"\n", self._at)
        self._at = end + 1
        length = self._base + end - start
        if length > _LINE_MOST or start < self._base:
            return Span(start, length, 0)
        return self._buffer[start - self._base : end]

    def _refill(self, needed: int) -> bool:
        """Make ``needed`` bytes available if the source has them; tell whether any were added."""
        rest = self._buffer[self._at :]
        following = self._base + self._at + len(rest)
        if following >= self.source.size:
            self._end()
            return False
        if len(rest) >= needed:
            return False
        more = self.source.read_at(following, max(_CHUNK, needed - len(rest)))
        if more:
            self._base += self._at
            self._buffer, self._at = rest + more, 0
            if following + len(more) >= self.source.size:
                self._end()
        return bool(more)

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._padded = self._buffer + _PADDING


_QUOTED = re.compile(rb"\A\s*(['\"])(.*)\1\s*\Z", re.DOTALL)
_NUMBER = re.compile(rb"\A\s*[-+]?(?:0[xXoObB])?[0-9a-fA-F_]+[lL]?\s*\Z")
_FLOAT = re.compile(rb"\A\s*[-+]?[0-9.eE+\-_a-zA-Z]+\s*\Z")


def _line_value(code: int, line: bytes, start: int) -> Any:
    if code in (PUT, GET, INT, LONG):
        if _NUMBER.match(line) is None:
            raise ArtifactError(f"{line[:40]!r} is not a number.", offset=start)
        if code == INT and line in (b"00", b"01"):
            return line == b"01"
        return _integer(code, line, start)
    if code == STRING:
        quoted = _QUOTED.match(line)
        if quoted is None:
            raise ArtifactError("A string is not quoted.", offset=start)
        return _unescape(quoted[2])
    if code == UNICODE:
        return line.decode("raw_unicode_escape", "replace")
    if code == FLOAT:
        if _FLOAT.match(line) is None:
            raise ArtifactError(f"{line[:40]!r} is not a number.", offset=start)
        return None
    return line.decode("latin-1")


def _integer(code: int, line: bytes, start: int) -> int | None:
    try:
        return int(line.strip().rstrip(b"lL"), 10)
    except ValueError as error:
        # An unpickler also takes other bases here, but only for values, never for memo indexes.
        if code in (PUT, GET):
            raise ArtifactError(f"{line[:40]!r} is not an index.", offset=start) from error
        return None


def _unescape(data: bytes) -> str:
    """Undo the escapes of a protocol 0 string, as ``codecs.escape_decode`` would."""
    if b"\\" not in data:
        return data.decode("latin-1")

    def replace(found: re.Match[bytes]) -> bytes:
        body = found[1]
        if body[:1] == b"x":
            return bytes([int(body[1:], 16)])
        if body[:1] in b"01234567":
            return bytes([int(body, 8) & 0xFF])
        return _SIMPLE_ESCAPES.get(body, b"\\" + body)

    return re.sub(rb"\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)", replace, data, flags=re.DOTALL).decode(
        "latin-1"
    )


_SIMPLE_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"\\": b"\\", b"'": b"'", b'"': b'"',
                   b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v", b"\n": b""}  # fmt: skip

# Net effect on the depth of the stack, for the probe below; MARK-bound opcodes are left out.
_EFFECT = {POP: -1, DUP: 1, REDUCE: -1, APPEND: -1, BUILD: -1, SETITEM: -2, NEWOBJ: -1,
           NEWOBJ_EX: -2, STACK_GLOBAL: -1, TUPLE1: 0, TUPLE2: -1, TUPLE3: -2, BINPERSID: 0,
           MEMOIZE: 0, PUT: 0, BINPUT: 0, LONG_BINPUT: 0, PROTO: 0, FRAME: 0,
           READONLY_BUFFER: 0, STOP: -1}  # fmt: skip
_NEEDS = {POP: 1, DUP: 1, REDUCE: 2, APPEND: 2, BUILD: 2, SETITEM: 3, NEWOBJ: 2, NEWOBJ_EX: 3,
          STACK_GLOBAL: 2, TUPLE1: 1, TUPLE2: 2, TUPLE3: 3, BINPERSID: 1, MEMOIZE: 1, PUT: 1,
          BINPUT: 1, LONG_BINPUT: 1, STOP: 1}  # fmt: skip
_TO_MARK = {TUPLE: 1, LIST: 1, DICT: 1, FROZENSET: 1, APPENDS: 0, SETITEMS: 0, ADDITEMS: 0,
            POP_MARK: 0, OBJ: 1, INST: 1}  # fmt: skip
_CONTAINERS = frozenset({MARK, EMPTY_LIST, EMPTY_DICT, EMPTY_TUPLE, EMPTY_SET})
_CALLING = frozenset({REDUCE, OBJ, INST, NEWOBJ, BUILD})
_CUT_STEPS = 4
_MODULE = re.compile(r"\A\s*[A-Za-z_][\w.]*\s*\Z")


class _Probe:
    """Follows the depth of the stack through the opcodes of a text that may be a pickle."""

    def __init__(self) -> None:
        self.depth = self.steps = self.containers = 0
        self.imported = self.called = False
        self._marks: list[int] = []

    def step(self, code: int, argument: Any) -> bool:
        """Take one opcode; tell whether a pickle could still go on like this."""
        self.steps += 1
        self.containers += code in _CONTAINERS
        if self.depth < _NEEDS.get(code, 0):
            return False
        if code == MARK:
            self._marks.append(self.depth)
        elif code in _TO_MARK:
            if not self._marks:
                return False
            self.depth = self._marks.pop() + _TO_MARK[code]
        else:
            self.depth += _EFFECT.get(code, 1)
        if code in _TWO_LINES and not all(_MODULE.match(part) for part in argument):
            return False
        self.imported = self.imported or code in _TWO_LINES or code == STACK_GLOBAL
        self.called = self.called or code in _CALLING
        return True


def probe_pickle(head: bytes, *, whole: bool) -> bool:
    """Tell whether ``head`` (all of the file if ``whole``) reads as the beginning of a pickle.

    A PROTO opcode of a known protocol settles it. The old text protocols have no magic: there the
    opcodes must parse, the stack must balance, and either STOP or a call on an imported name must
    be reached; so lists of words and prose are not taken for pickles.
    """
    if len(head) >= 2 and head[0] == PROTO and head[1] <= 5:
        return True
    if not head or _SHAPE[head[0]] == _UNKNOWN or head[0] in (STOP, POP, POP_MARK):
        return False
    probe = _Probe()
    try:
        for code, argument, _ in OpcodeReader(BytesSource(head), 0, DEFAULT_LIMITS).opcodes():
            if not probe.step(code, argument):
                return False
    except TruncatedArtifact:
        # Cut off by the end of the head. Prose does not survive several opcodes.
        cut = not whole and probe.steps >= _CUT_STEPS and probe.containers > 0
        return cut or (probe.imported and probe.called)
    except ArtifactError:
        return probe.imported and probe.called
    # A lone short push and a dot is more likely a word than a pickle.
    return probe.depth == 0 and (probe.imported or (whole and probe.steps > 2))
