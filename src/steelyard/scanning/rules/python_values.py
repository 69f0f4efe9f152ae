# SPDX-License-Identifier: Apache-2.0
"""What an expression of a Python file may stand for, as far as the text alone tells.

A :class:`Value` is an abstract value: the dotted names an object may be known by, a constant if it
is one, and marks that say where its content came from. Nothing is executed: the few pure functions
folded here (joining, slicing, base64, zlib and the like) are the ones that hide text, they work on
constants, and their output is bounded.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import contextlib
import zlib
from collections.abc import Callable, Iterable

from msgspec import Struct

MOST_TEXT = 256 * 1024
"""Characters or bytes a folded constant may have."""
MOST_ITEMS = 4096
"""Elements of a list or mapping that are followed."""
_MOST_NAMES = 8


class Value(Struct, frozen=True):
    """An abstract value; the empty one stands for anything."""

    names: frozenset[str] = frozenset()
    """Dotted names, such as ``os.system``; a call of a name is written ``socket.socket()``."""
    constant: str | bytes | int | None = None
    marks: frozenset[str] = frozenset()
    """``decoded``, ``downloaded``, ``socket``, ``environment``, ``token``, ``credentials``,
    ``host``, ``file``, ``input`` and ``built`` (put together from pieces)."""
    items: tuple[Value, ...] | None = None
    fields: dict[str, Value] | None = None
    local: str = ""
    """``function:NAME``, ``class:NAME`` or ``instance:NAME`` for what the file itself defines."""

    @property
    def text(self) -> str:
        """The constant as text, bytes read as Latin-1; empty when it is none."""
        if isinstance(self.constant, bytes):
            return self.constant.decode("latin-1")
        return self.constant if isinstance(self.constant, str) else ""


ANY = Value()


def name(dotted: str) -> Value:
    """Return the object of that dotted name."""
    return Value(names=frozenset({dotted}))


def constant(value: str | bytes | int, marks: frozenset[str] = frozenset()) -> Value:
    """Return a constant; one that is too long to follow becomes unknown but keeps its marks."""
    if not isinstance(value, int) and len(value) > MOST_TEXT:
        return Value(marks=marks)
    return Value(constant=value, marks=marks)


def join(first: Value, second: Value) -> Value:
    """Return what is known of a value that is one of two."""
    if first == ANY:
        return second
    if second == ANY or first is second:
        return first
    names = first.names | second.names
    return Value(
        names=names if len(names) <= _MOST_NAMES else first.names,
        constant=first.constant if first.constant is not None else second.constant,
        marks=first.marks | second.marks,
        items=first.items if first.items is not None else second.items,
        fields=first.fields if first.fields is not None else second.fields,
        local=first.local or second.local,
    )


def marks_of(values: Iterable[Value]) -> frozenset[str]:
    """Return the marks of all values and of what they hold, two levels deep."""
    marks: set[str] = set()
    for value in values:
        marks |= value.marks
        for item in (*(value.items or ()), *(value.fields or {}).values()):
            marks |= item.marks
            for inner in (*(item.items or ()), *(item.fields or {}).values()):
                marks |= inner.marks
    return frozenset(marks)


def _inflate(data: bytes, window: int) -> bytes:
    return zlib.decompressobj(window).decompress(data, MOST_TEXT)


def _codec(data: str | bytes, encoding: str) -> str | bytes:
    kind = encoding.lower().replace("-", "").replace("_", "")
    if kind in ("rot13",) and isinstance(data, str):
        return codecs.decode(data, "rot13")
    raw = data.encode("latin-1", "replace") if isinstance(data, str) else data
    if kind in ("base64", "base64codec"):
        return base64.b64decode(raw)
    if kind in ("hex", "hexcodec"):
        return binascii.unhexlify(raw)
    if kind in ("zlib", "zip", "zlibcodec"):
        return _inflate(raw, 15)
    if kind in ("unicodeescape", "rawunicodeescape", "stringescape"):
        return raw.decode("unicode_escape", "replace")
    return raw.decode("utf-8" if kind in ("utf8", "ascii", "") else "latin-1", "replace")


def _raw(value: str | bytes | int) -> bytes:
    if isinstance(value, str):
        return value.encode("latin-1", "replace")
    return value if isinstance(value, bytes) else b""


def _padded(value: str | bytes | int) -> bytes:
    raw = _raw(value)
    return raw + b"=" * (-len(raw) % 4)


_Decoder = Callable[[str | bytes | int], str | bytes]
DECODERS: dict[str, _Decoder | None] = {
    "base64.b64decode": lambda x: base64.b64decode(_padded(x)),
    "base64.standard_b64decode": lambda x: base64.b64decode(_padded(x)),
    "base64.urlsafe_b64decode": lambda x: base64.urlsafe_b64decode(_padded(x)),
    "base64.decodebytes": lambda x: base64.decodebytes(_raw(x)),
    "base64.decodestring": lambda x: base64.decodebytes(_raw(x)),
    "base64.b32decode": lambda x: base64.b32decode(_raw(x)),
    "base64.b16decode": lambda x: base64.b16decode(_raw(x)),
    "base64.b85decode": lambda x: base64.b85decode(_raw(x)),
    "base64.a85decode": lambda x: base64.a85decode(_raw(x)),
    "binascii.a2b_base64": lambda x: binascii.a2b_base64(_padded(x)),
    "binascii.unhexlify": lambda x: binascii.unhexlify(_raw(x)),
    "binascii.a2b_hex": lambda x: binascii.unhexlify(_raw(x)),
    "builtins.bytes.fromhex": lambda x: binascii.unhexlify(_raw(x).replace(b" ", b"")),
    "builtins.bytearray.fromhex": lambda x: binascii.unhexlify(_raw(x).replace(b" ", b"")),
    "zlib.decompress": lambda x: _inflate(_raw(x), 47),
    "gzip.decompress": lambda x: _inflate(_raw(x), 47),
    "zlib.decompressobj().decompress": lambda x: _inflate(_raw(x), 47),
    "bz2.decompress": None, "lzma.decompress": None, "marshal.loads": None, "marshal.load": None,
    "uu.decode": None, "quopri.decodestring": None, "cryptography.fernet.Fernet().decrypt": None,
    "zstandard.decompress": None, "brotli.decompress": None, "binascii.a2b_uu": None,
    "lz4.frame.decompress": None,
}  # fmt: skip
"""Functions whose result hides what it was; those with None are not followed, only marked."""
_TRIES = (ValueError, zlib.error, UnicodeError, OverflowError, TypeError, LookupError)


def decode(dotted: str, argument: Value) -> Value:
    """Return what a decoding function of :data:`DECODERS` gives, marked as decoded."""
    marks = marks_of([argument]) | {"decoded"}
    function = DECODERS[dotted]
    if function is not None and argument.constant is not None:
        with contextlib.suppress(*_TRIES):
            return constant(function(argument.constant), marks)
    return Value(marks=marks)


def decode_codec(argument: Value, encoding: str) -> Value:
    """Return what ``codecs.decode`` or ``.decode(encoding)`` gives."""
    plain = encoding.lower() in ("", "utf-8", "utf8", "ascii", "latin-1", "latin1", "utf-16", "big5",  # noqa: E501
                                 "cp1252", "utf-16-le", "utf-16-be", "utf-8-sig")  # fmt: skip
    marks = argument.marks if plain else marks_of([argument]) | {"decoded"}
    data = argument.constant
    if isinstance(data, str | bytes):
        with contextlib.suppress(*_TRIES):
            return constant(_codec(data, encoding), marks)
    return Value(marks=marks)


def method(target: Value, called: str, arguments: list[Value]) -> Value | None:
    """Return the result of a method of a constant text, or None if it is not followed."""
    data = target.constant
    if isinstance(data, bytes) and called == "decode":
        return decode_codec(target, arguments[0].text if arguments else "")
    if isinstance(data, bytes):
        return None
    if not isinstance(data, str):
        return None
    marks = target.marks | marks_of(arguments)
    texts = [argument.constant for argument in arguments]
    if called == "join" and arguments and arguments[0].items is not None:
        pieces = [item.constant for item in arguments[0].items]
        if all(isinstance(piece, str) for piece in pieces):
            return constant(data.join(map(str, pieces)), marks | {"built"})
    elif called == "encode":
        return constant(data.encode("utf-8", "replace"), marks)
    elif called == "replace" and len(texts) == 2 and all(isinstance(x, str) for x in texts):
        old, new = str(texts[0]), str(texts[1])
        if not old or len(data) + data.count(old) * max(0, len(new) - len(old)) > MOST_TEXT:
            return Value(marks=marks)
        return constant(data.replace(old, new), marks | {"built"})
    elif called in ("lower", "upper", "strip", "lstrip", "rstrip", "swapcase", "title"):
        text = {"lower": data.lower, "upper": data.upper, "strip": data.strip,
                "lstrip": data.lstrip, "rstrip": data.rstrip, "swapcase": data.swapcase,
                "title": data.title}[called]()  # fmt: skip
        return constant(text, marks)
    elif called == "format" and "{}" in data and data.count("{") == data.count("{}"):
        return _formatted(data.split("{}"), texts, marks)
    elif called == "split" and len(data) <= MOST_ITEMS:
        separator = texts[0] if texts and isinstance(texts[0], str) and texts[0] else None
        return Value(items=tuple(constant(part, marks) for part in data.split(separator)))
    return None


def _formatted(pieces: list[str], texts: list[str | bytes | int | None], marks: frozenset[str]
               ) -> Value:  # fmt: skip
    if len(pieces) - 1 > len(texts) or not all(isinstance(x, str | int) for x in texts):
        return Value(marks=marks)
    parts = [pieces[0]]
    for piece, text in zip(pieces[1:], texts, strict=False):
        parts += [str(text), piece]
    if sum(map(len, parts)) > MOST_TEXT:
        return Value(marks=marks)
    return constant("".join(parts), marks | {"built"})


def characters(items: Iterable[Value], marks: frozenset[str]) -> Value:
    """Return the items of ``map(chr, ...)``: one character for each number."""
    found = []
    for item in items:
        number = item.constant
        if not isinstance(number, int) or not 0 <= number < 0x110000:
            return Value(marks=marks)
        found.append(constant(chr(number), marks))
    return Value(items=tuple(found), marks=marks)
