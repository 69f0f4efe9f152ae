# SPDX-License-Identifier: Apache-2.0
"""Walks R's serialization (``.rds``, ``.rda``) and tells which code is in it; nothing is evaluated.

Follows "Serialization Formats" in the manual R Internals and the reader in R's ``serialize.c``:
versions 2 and 3, in XDR, native binary and ASCII. Numbers and texts are stepped over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from steelyard.artifacts.source import Source, SourceStream
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

_START = re.compile(rb"(?:RD[XAB][23]\n)?(?:X\n\0\0\0[\2\3]|B\n[\2\3]\0\0\0|A\n[23]\n\d{4,8}\n)")
_ITEMS_MOST = 50_000_000
_CALLS_KEPT = 2000
_NAME_MOST = 1000
_WORD_MOST = 64
_SYM, _LIST, _CLO, _ENV, _PROM, _LANG, _DOT, _BYTECODE = 1, 2, 3, 4, 5, 6, 17, 21
_CHAR, _UNBOUND, _REF, _PERSIST, _PACKAGE, _NAMESPACE, _ALTREP = 9, 252, 255, 247, 248, 249, 238
_BC_DEFINE, _BC_REFER, _ATTR_LANG, _ATTR_LIST = 244, 243, 240, 239
_SINGLES = frozenset({0, 241, 242, 250, 251, 252, 253, 254})
_WIDTHS = {10: 4, 13: 4, 14: 8, 15: 16, 24: 1}
"""Bytes of one element: logical, integer, real, complex, raw."""
_VECTORS = frozenset({16, 19, 20})
"""Strings, lists and expressions: every element is an item of its own."""


@dataclass(slots=True)
class RPromise:
    """A promise: an expression that R evaluates when somebody looks at the value."""

    offset: int
    loose: bool
    """It stands where R itself never stores one: not among a function's arguments."""
    unbound: bool = False
    """It has no value yet, so looking at it evaluates the expression."""
    expression: bool = False
    """The expression is a call or bytecode and not merely a name or constant."""
    calls: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RContent:
    """What the walk saw. ``calls`` are names in call position, with where, at most 2000."""

    end: int = 0
    calls: list[tuple[str, int]] = field(default_factory=list)
    promises: list[RPromise] = field(default_factory=list)
    closures: int = 0
    bytecode: int = 0


def looks_like_r(head: bytes) -> bool:
    """Tell whether the first bytes are those of R's serialization, once decompressed."""
    return _START.match(head) is not None


def walk_r(source: Source, limits: Limits) -> RContent:
    """Walk the one object in ``source``.

    Raises:
        ArtifactError: a type or length is broken.
        TruncatedArtifact: the bytes end inside the object.
        LimitExceeded: it has more items than any real one.
    """
    walk = _Walk(source, limits)
    walk.run()
    return walk.content


class _Binary:
    """Numbers of fixed width, in XDR's or the machine's order."""

    def __init__(self, stream: SourceStream, order: str) -> None:
        self.stream, self._order = stream, order

    def integer(self) -> int:
        data = self.stream.read_exact(4)
        return int.from_bytes(data, "big" if self._order == "X" else "little", signed=True)

    def skip(self, kind: int, count: int) -> None:
        self.stream.skip(count * _WIDTHS[kind])

    def text(self, length: int, keep: int) -> bytes:
        if length <= keep:
            return self.stream.read_exact(length)
        self.stream.skip(length)
        return b""


class _Ascii:
    """One token a line; the bytes of texts are escaped."""

    def __init__(self, stream: SourceStream) -> None:
        self.stream = stream

    def integer(self) -> int:
        word = self._word()
        if word == b"NA":
            return -(2**31)
        if re.fullmatch(rb"-?\d{1,10}", word) is None:
            raise ArtifactError("A number in the R data is none.", offset=self.stream.tell())
        return int(word)

    def skip(self, kind: int, count: int) -> None:
        for _ in range(count * (2 if kind == 15 else 1)):
            self._word()

    def text(self, length: int, keep: int) -> bytes:
        kept = bytearray()
        char = self._first()
        for index in range(length):
            char = char if index == 0 else self.stream.read_exact(1)
            if char == b"\\":
                char = self._escape()
            if length <= keep:
                kept += char
        return bytes(kept)

    def _escape(self) -> bytes:
        char = self.stream.read_exact(1)
        if char not in b"01234567":
            return char
        # R writes three octal digits wherever it writes any.
        return bytes([int(char + self.stream.read_exact(2), 8) & 0xFF])

    def _first(self) -> bytes:
        while (char := self.stream.read_exact(1)) in b" \n\r\t":
            pass
        return char

    def _word(self) -> bytes:
        word = self._first()
        while (char := self.stream.read(1)) and char not in b" \n\r\t":
            word += char
            if len(word) > _WORD_MOST:
                raise ArtifactError("A number in the R data is too long.", offset=0)
        return word


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an item stands: in call position, in a promise, among a function's variables."""

    role: str = ""
    promise: RPromise | None = None
    frame: bool = False


_Step = tuple[Callable[[_Place], None], _Place]
"""What is to be done next, and where."""


class _Walk:
    def __init__(self, source: Source, limits: Limits) -> None:
        head = source.read_at(0, 16)
        if not looks_like_r(source.read_at(0, 32)):
            raise ArtifactError("This is no R data of a known version.", offset=0)
        saved = head[:2] == b"RD"
        at = 5 if saved else 0
        order = chr(head[at])
        stream = SourceStream(source, at + 2, 64 * 1024)
        self.input = _Ascii(stream) if order == "A" else _Binary(stream, order)
        self.content = RContent()
        self._depth_most = limits.pickle_depth
        self._names: list[str] = []
        self._text = b""
        self._last = 0
        self._stack: list[_Step] = []
        version = self.input.integer()
        self.input.integer()
        self.input.integer()
        if version == 3:
            self.input.text(self._length(), 0)
        self._push((self._item, _Place()))

    def run(self) -> None:
        for _ in range(_ITEMS_MOST):
            if not self._stack:
                self.content.end = self.input.stream.tell()
                return
            step, place = self._stack.pop()
            step(place)
        raise LimitExceeded("The R data has too many items.", offset=self.input.stream.tell())

    def _push(self, *steps: _Step) -> None:
        """Have ``steps`` done next, in their order."""
        if len(self._stack) > self._depth_most:
            raise LimitExceeded("The R data is nested too deep.", offset=self.input.stream.tell())
        self._stack.extend(reversed(steps))

    def _item(self, place: _Place) -> None:
        flags = self.input.integer()
        self._typed(flags & 0xFF, flags & 0xFFFFFFFF, place)

    def _typed(self, kind: int, flags: int, place: _Place) -> None:
        attribute = bool(flags & 0x200)
        inner = _Place(promise=place.promise, frame=place.frame)
        plain: list[_Step] = [(self._item, inner)] if attribute else []
        self._note_role(kind, place)
        if kind == _REF:
            self._reference(flags >> 8, place)
        elif kind in _SINGLES:
            return
        elif kind == _SYM:
            self._push((self._item, inner), (self._symbol, place))
        elif kind == _CHAR:
            length = self._length(missing=True)
            self._text = self.input.text(length, _NAME_MOST) if length > 0 else b""
            self._push(*plain)
        elif kind in (_LIST, _LANG, _CLO, _PROM, _DOT):
            self._pair(kind, flags, place)
        elif kind == _ENV:
            self.input.integer()
            self._names.append("")
            frame = _Place(promise=place.promise, frame=True)
            self._push((self._item, inner), *[(self._item, frame)] * 3)
        elif kind in _WIDTHS:
            self.input.skip(kind, self._length())
            self._push(*plain)
        elif kind in _VECTORS:
            self._push((self._elements(self._length()), inner), *plain)
        else:
            self._rare(kind, inner, plain)

    def _rare(self, kind: int, inner: _Place, plain: list[_Step]) -> None:
        if kind == _BYTECODE:
            self.content.bytecode += 1
            self.input.integer()
            self._push((self._bytecode, inner), *plain)
        elif kind in (_PERSIST, _PACKAGE, _NAMESPACE):
            self.input.integer()
            self._names.append("")
            self._push((self._elements(self._length()), inner))
        elif kind == _ALTREP:
            self._push(*[(self._item, inner)] * 3)
        elif kind in (22, 23):  # an external pointer, a weak reference
            self._names.append("")
            self._push(*[(self._item, inner)] * (2 if kind == 22 else 0), *plain)
        elif kind in (7, 8):  # a function of R itself, by name
            name = self.input.text(self._length(), _NAME_MOST).decode("utf-8", "replace")
            self._called(name, inner)
        elif kind == 25:
            self._push(*plain)
        else:
            raise ArtifactError(
                f"The R data has an item of unknown type {kind}.", offset=self.input.stream.tell()
            )

    def _pair(self, kind: int, flags: int, place: _Place) -> None:
        inner = _Place(promise=place.promise, frame=place.frame)
        car = cdr = inner
        if kind == _LANG:
            car, cdr = _Place("callee", place.promise), _Place("rest", place.promise)
        elif kind == _CLO:
            self.content.closures += 1
        elif kind == _DOT:
            car = cdr = _Place(promise=place.promise, frame=True)
        elif kind == _PROM:
            promise = RPromise(self.input.stream.tell() - 4, loose=not place.frame)
            if len(self.content.promises) < _CALLS_KEPT:
                self.content.promises.append(promise)
            car, cdr = _Place("value", promise), _Place("expression", promise)
        extras = (flags & 0x200 > 0) + (flags & 0x400 > 0)
        self._push(*[(self._item, inner)] * extras, (self._item, car), (self._item, cdr))

    def _note_role(self, kind: int, place: _Place) -> None:
        if place.promise is None:
            return
        if place.role == "value":
            place.promise.unbound = kind == _UNBOUND
        elif place.role == "expression":
            place.promise.expression = kind in (_LANG, _BYTECODE, _PROM, _CLO)

    def _symbol(self, place: _Place) -> None:
        name = self._text.decode("utf-8", "backslashreplace")
        self._names.append(name)
        if place.role == "callee":
            self._called(name, place)

    def _reference(self, index: int, place: _Place) -> None:
        index = index or self.input.integer()
        if not 0 < index <= len(self._names):
            raise ArtifactError(
                "The R data refers to an item that is not there.", offset=self.input.stream.tell()
            )
        if place.role == "callee":
            self._called(self._names[index - 1], place)

    def _called(self, name: str, place: _Place) -> None:
        if len(self.content.calls) < _CALLS_KEPT:
            self.content.calls.append((name, self.input.stream.tell()))
        if place.promise is not None and len(place.promise.calls) < _CALLS_KEPT:
            place.promise.calls.append(name)

    def _length(self, *, missing: bool = False) -> int:
        length = self.input.integer()
        if length == -1 and not missing:
            length = (self.input.integer() << 32) + (self.input.integer() & 0xFFFFFFFF)
        if length < (-1 if missing else 0):
            raise ArtifactError("A length is negative.", offset=self.input.stream.tell())
        return length

    def _elements(self, count: int) -> Callable[[_Place], None]:
        """Return a step that reads ``count`` items without listing them all beforehand."""

        def step(place: _Place) -> None:
            if count:
                self._push((self._item, place), (self._elements(count - 1), place))

        return step

    def _bytecode(self, place: _Place) -> None:
        self._push((self._item, place), (self._constants, place))

    def _constants(self, place: _Place) -> None:
        self._push((self._constant(self._length()), place))

    def _constant(self, count: int) -> Callable[[_Place], None]:
        def step(place: _Place) -> None:
            if count:
                self._push((self._constant_item, place), (self._constant(count - 1), place))

        return step

    def _constant_item(self, place: _Place) -> None:
        kind = self.input.integer()
        if kind == _BYTECODE:
            self._bytecode(place)
        else:
            self._language(kind, place)

    def _language(self, kind: int, place: _Place) -> None:
        if kind == _BC_REFER:
            self.input.integer()
            return
        if kind == _BC_DEFINE:
            self.input.integer()
            kind = self.input.integer()
        if kind not in (_LANG, _LIST, _ATTR_LANG, _ATTR_LIST):
            self._push((self._item, place))
            return
        attribute = [(self._item, place)] * (kind in (_ATTR_LANG, _ATTR_LIST))
        called = kind in (_LANG, _ATTR_LANG)
        car = _Place("callee" if called else "", place.promise)
        self._push(*attribute, (self._item, place), (self._nested, car), (self._nested, place))

    def _nested(self, place: _Place) -> None:
        self._language(self.input.integer(), place)
