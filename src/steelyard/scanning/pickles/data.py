# SPDX-License-Identifier: Apache-2.0
"""What the opcodes that only push, remember or collect data do, as tables for one tight loop."""

from __future__ import annotations

from typing import Any, Final

from steelyard.artifacts import pickle as op
from steelyard.scanning.pickles.values import EMPTY

CONST: Final = 1
SMALL: Final = 2
WIDE: Final = 3
REMEMBER: Final = 4
PUT: Final = 5
GET: Final = 6
MARK: Final = 7
TO_MARK: Final = 8
DROP: Final = 9
TEXT: Final = 10
POP: Final = 11
TUPLES: Final = 12
NOTHING: Final = 13
CONTAINER: Final = 14
_KIND = bytearray(256)
_WIDTH = bytearray(256)
VALUE: list[Any] = [None] * 256
for _code, _width, _value in (
    (op.NONE, 1, None), (op.NEWTRUE, 1, True), (op.NEWFALSE, 1, False), (op.EMPTY_TUPLE, 1, ()),
    (op.BINFLOAT, 9, None), (op.EMPTY_LIST, 1, None), (op.EMPTY_SET, 1, None),
    (op.EMPTY_DICT, 1, EMPTY),
):  # fmt: skip
    _KIND[_code], _WIDTH[_code], VALUE[_code] = CONST, _width, _value
for _code, _kind in (
    (op.EMPTY_LIST, CONTAINER), (op.EMPTY_SET, CONTAINER), (op.EMPTY_DICT, CONTAINER),
    (op.LONG_BINPUT, PUT), (op.LONG_BINGET, GET),
    (op.BININT1, SMALL), (op.MEMOIZE, REMEMBER), (op.BINPUT, PUT), (op.BINGET, GET),
    (op.MARK, MARK), (op.APPENDS, TO_MARK), (op.SETITEMS, TO_MARK), (op.APPEND, DROP),
    (op.SETITEM, DROP), (op.SHORT_BINUNICODE, TEXT), (op.BININT, WIDE), (op.BININT2, WIDE),
    (op.BINUNICODE, TEXT),
    (op.POP, POP), (op.POP_MARK, TO_MARK), (op.TUPLE1, TUPLES), (op.TUPLE2, TUPLES),
    (op.TUPLE3, TUPLES), (op.PROTO, NOTHING), (op.FRAME, NOTHING),
):  # fmt: skip
    _KIND[_code] = _kind
for _code, _width in (
    (op.BINPUT, 2), (op.LONG_BINPUT, 5), (op.BINGET, 2), (op.LONG_BINGET, 5),
    (op.SHORT_BINUNICODE, 2), (op.BINUNICODE, 5),
    (op.BININT, 5), (op.BININT2, 3), (op.APPEND, 1), (op.SETITEM, 2), (op.TUPLE1, 1),
    (op.TUPLE2, 2), (op.TUPLE3, 3), (op.PROTO, 2), (op.FRAME, 9),
):  # fmt: skip
    _WIDTH[_code] = _width
KIND: Final = bytes(_KIND)
"""Group of every opcode; 0 is left to the handlers."""
WIDTH: Final = bytes(_WIDTH)
"""Bytes of an opcode of fixed length or in front of a text, or objects it takes from the stack."""
