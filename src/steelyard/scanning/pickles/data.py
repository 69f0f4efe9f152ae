# SPDX-License-Identifier: Apache-2.0
"""What the opcodes that only push, remember or collect data do, as tables for one tight loop."""

from __future__ import annotations

from typing import Any

from steelyard.artifacts import pickle as op
from steelyard.scanning.pickles.values import EMPTY

CONST, SMALL, WIDE, REMEMBER, PUT, GET, MARK, TO_MARK, DROP, TEXT = range(1, 11)
KIND = bytearray(256)
WIDTH = bytearray(256)
VALUE: list[Any] = [None] * 256
for _code, _width, _value in (
    (op.NONE, 1, None), (op.NEWTRUE, 1, True), (op.NEWFALSE, 1, False), (op.EMPTY_LIST, 1, None),
    (op.EMPTY_SET, 1, None), (op.EMPTY_DICT, 1, EMPTY), (op.EMPTY_TUPLE, 1, ()),
    (op.BINFLOAT, 9, None),
):  # fmt: skip
    KIND[_code], WIDTH[_code], VALUE[_code] = CONST, _width, _value
for _code, _kind in (
    (op.BININT1, SMALL), (op.MEMOIZE, REMEMBER), (op.BINPUT, PUT), (op.BINGET, GET),
    (op.MARK, MARK), (op.APPENDS, TO_MARK), (op.SETITEMS, TO_MARK), (op.APPEND, DROP),
    (op.SETITEM, DROP), (op.SHORT_BINUNICODE, TEXT), (op.BININT, WIDE), (op.BININT2, WIDE),
):  # fmt: skip
    KIND[_code] = _kind
WIDTH[op.BININT], WIDTH[op.BININT2], WIDTH[op.APPEND], WIDTH[op.SETITEM] = 5, 3, 1, 2
