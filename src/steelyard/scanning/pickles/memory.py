# SPDX-License-Identifier: Apache-2.0
"""The memory of the pickle machine: its stack, its memo, and the opcodes that only move data.

Two thirds of all opcodes in honest files only push or remember data; :meth:`Memory._data` runs
those in one tight loop. What is held stays bounded however large the stream is: beyond a number of
objects, strings are read again when they are recalled, and others are told apart no longer.
"""

from __future__ import annotations

from typing import Any, Final

from steelyard.artifacts import pickle as op
from steelyard.artifacts.pickle import OpcodeReader
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits
from steelyard.scanning.pickles import data
from steelyard.scanning.pickles.places import Places
from steelyard.scanning.pickles.values import EMPTY, FAR, LOST, Made, Name, Pairs, flat, stand_in

ITEMS_KEPT = 16
"""Items of a tuple that are told apart; a longer one is opaque."""
_SPARSE_MOST = 1_000_000
_KEPT: Final = 500_000
"""Memo entries that are kept as they are; of further ones only shared stand-ins are."""
_MADE_KEPT = 100_000
"""The same for results of calls with their arguments."""
_SWEEP = 500_000
"""Objects by which the stack may grow until what no call can reach soon is let go."""
_NEAR = 16
"""Topmost objects of every part of the stack that stay as they are."""
_REREAD_MOST = 50_000
"""Strings that are read again from the stream."""
_HOT = (data.CONST, data.SMALL, data.WIDE, data.REMEMBER, data.PUT, data.GET, data.MARK,
        data.TO_MARK, data.DROP, data.TEXT, data.POP, data.TUPLES, data.NOTHING,
        data.CONTAINER)  # fmt: skip
_LEAVES: Final = frozenset({str, bytes, Name})
"""Stand-ins of objects that hold no others."""
_POOL_MOST = 65_536
_WIDEST: Final = 42
"""Bytes of the longest two opcodes the tight loop takes in one step."""
_TEXT_FAST: Final = 36
"""Longer strings take the slow way, which looks for pickles hidden in text."""
_SHORT = bytes(3)
"""The upper bytes of a length of four, where a text is short."""
DIGITS = (b"gA", b"80")
"""Base64 or hexadecimal digits of a PROTO opcode."""


class Memory:
    """What a pickle stream pushed and remembered so far."""

    def __init__(self, limits: Limits) -> None:
        self.opcodes = 0
        self.shared = 0
        """How often an object that may hold others was taken from the memo or duplicated."""
        self._limits = limits
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: list[Any] = []
        self._sparse: dict[int, Any] = {}
        self._scattered = False
        """Whether anything was ever remembered under another number than the next one."""
        self._wrapping = False
        """Whether the stream names joblib's wrapper, whose raw arrays stand among the opcodes."""
        self._pool: dict[bytes, str] = {}
        self._reader: OpcodeReader | None = None
        self._places = Places()
        self._kept = self._made = self._swept = self._reread = 0
        self._text_at = self._text_end = -1

    def _data(  # noqa: C901 - the one hot loop
        self, buffer: bytes, at: int, end: int, base: int
    ) -> int:
        """Run opcodes that only push, remember or collect; return where the first other stands.

        Whatever is unusual (a full memo, an empty stack) is left to the handlers as well. The
        MEMOIZE that follows most containers, strings and tuples is run with them.
        """
        stack: list[Any] = self._stack
        marks: list[list[Any]] = self._marks
        memo: list[Any] = self._memo
        kinds: bytes = data.KIND
        widths: bytes = data.WIDTH
        values: list[Any] = data.VALUE
        const, small, wide, remember, put, get = _HOT[:6]
        mark, to_mark, drop, text, pop, tuples, nothing, container = _HOT[6:]
        memoize, setitem = op.MEMOIZE, op.SETITEM
        ordered, wrapping = not self._sparse, self._wrapping
        neat = not self._scattered
        room = self._limits.pickle_memo
        deep = self._limits.pickle_depth
        pool = self._pool
        kept = self._kept
        total = shared = 0
        while at < end:
            count = 0
            # As many steps as surely fit, so that the position need not be checked every time.
            for count in range((end - at - 1) // _WIDEST + 1):  # noqa: B007 - read after the loop
                code = buffer[at]
                kind = kinds[code]
                if kind == small:
                    stack.append(buffer[at + 1])
                    at += 2
                elif kind == const:
                    stack.append(values[code])
                    at += widths[code]
                elif kind == container:
                    value = values[code]
                    stack.append(value)
                    at += 1
                    if ordered and buffer[at] == memoize and len(memo) < room:
                        memo.append(value)
                        at += 1
                        total += 1
                elif kind == mark:
                    if len(marks) >= deep:
                        break
                    marks.append(stack)
                    stack = []
                    at += 1
                elif kind == to_mark:
                    if wrapping or not marks:
                        break
                    below = marks.pop()
                    if below and type(below[-1]) is Name:
                        marks.append(below)
                        break
                    stack = below
                    at += 1
                elif kind == get:
                    if widths[code] == 2:
                        index = buffer[at + 1]
                    else:
                        index = int.from_bytes(buffer[at + 1 : at + 5], "little")
                    if index >= len(memo):
                        break
                    value = memo[index]
                    if type(value) is not str:
                        if value is FAR:
                            break
                        if type(value) not in _LEAVES:
                            shared += 1
                    stack.append(value)
                    at += widths[code]
                elif kind == text:
                    width, start = buffer[at + 1], at + widths[code]
                    if width > _TEXT_FAST or (start - at > 2 and buffer[at + 2 : start] != _SHORT):
                        break
                    raw = buffer[start : start + width]
                    found = pool.get(raw)
                    if found is None:
                        if raw[:2] in DIGITS:
                            break
                        found = raw.decode("utf-8", "backslashreplace")
                        if len(pool) >= _POOL_MOST:
                            pool.clear()
                        pool[raw] = found
                    stack.append(found)
                    begin, at = base + at, start + width
                    if ordered and buffer[at] == memoize and len(memo) < room:
                        if kept < _KEPT:
                            kept += 1
                            memo.append(found)
                        elif neat:
                            self._places.note(len(memo), begin, anyway=wrapping)
                            memo.append(FAR)
                        else:
                            memo.append(LOST)
                        at += 1
                        total += 1
                    elif kept >= _KEPT:
                        self._text_at, self._text_end = begin, base + at
                elif kind == drop:
                    width = widths[code]
                    if wrapping or len(stack) <= width or type(stack[-1 - width]) is Name:
                        break
                    stack.pop()
                    if code == setitem:
                        stack.pop()
                    at += 1
                elif kind == remember:
                    if not (ordered and stack and len(memo) < room):
                        break
                    value = stack[-1]
                    if value is not None and value is not EMPTY:
                        if kept >= _KEPT:
                            if type(value) is str or type(value) is Made:
                                break
                            value = stand_in(value)
                        kept += 1
                    memo.append(value)
                    at += 1
                elif kind == tuples:
                    width = widths[code]
                    if len(stack) < width:
                        break
                    items = stack[-width:]
                    del stack[-width:]
                    stack.append(flat(items))
                    at += 1
                elif kind == wide:
                    width = widths[code]
                    stack.append(
                        int.from_bytes(buffer[at + 1 : at + width], "little", signed=width > 3)
                    )
                    at += width
                elif kind == pop:
                    if stack:
                        stack.pop()
                    elif marks:
                        stack = marks.pop()
                    else:
                        break
                    at += 1
                elif kind == put:
                    width = widths[code]
                    index = int.from_bytes(buffer[at + 1 : at + width], "little")
                    if not (ordered and stack and index == len(memo) and index < room):
                        break
                    value = stack[-1]
                    if value is not None and value is not EMPTY:
                        if kept >= _KEPT:
                            break
                        kept += 1
                    memo.append(value)
                    at += width
                elif kind == nothing:
                    at += widths[code]
                else:
                    break
            else:
                total += count + 1
                continue
            total += count
            break
        self._stack, self._kept = stack, kept
        self.opcodes += total
        self.shared += shared
        return at

    def _check_room(self, offset: int) -> None:
        """Bound what is held at one time; called once per buffer of the reader.

        Raises:
            LimitExceeded: the stack and the memo hold more objects than a pickle may.
        """
        held = len(self._stack) + sum(map(len, self._marks))
        if held + len(self._memo) > self._limits.pickle_memo:
            raise LimitExceeded(
                "The pickle holds too many objects at one time.", offset=offset, code="pickle.size"
            )
        if held - self._swept > max(_SWEEP, self._swept // 16):
            for part in (*self._marks, self._stack):
                for at in range(len(part) - _NEAR):
                    part[at] = stand_in(part[at])
            self._swept = held
        self._swept = min(self._swept, held)

    def _mark(self, _argument: Any, offset: int) -> None:
        if len(self._marks) >= self._limits.pickle_depth:
            raise LimitExceeded("The pickle is nested too deep.", offset=offset)
        self._marks.append(self._stack)
        self._stack = []

    def _to_mark(self) -> list[Any]:
        items = self._stack
        self._stack = self._marks.pop()
        return items

    def _pop(self, _argument: Any, _offset: int) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._to_mark()

    def _tuple(self, _argument: Any, _offset: int) -> None:
        items = self._to_mark()
        self._stack.append(flat(items) if len(items) <= ITEMS_KEPT else None)

    def _short_tuple(self, count: int) -> None:
        if len(self._stack) < count:
            raise IndexError
        items = self._stack[-count:]
        del self._stack[-count:]
        self._stack.append(flat(items))

    def _memoize(self, _argument: Any, offset: int) -> None:
        self._put(len(self._memo) + len(self._sparse), offset)

    def _put(self, index: int, offset: int) -> None:
        value = self._stack[-1]
        memo, sparse = self._memo, self._sparse
        if len(memo) >= self._limits.pickle_memo or len(sparse) >= _SPARSE_MOST:
            raise LimitExceeded(
                "The pickle remembers too many objects.", offset=offset, code="pickle.size"
            )
        if type(value) is Pairs:
            value = None
        elif value is not None and value is not EMPTY:
            if self._kept >= _KEPT:
                value = self._lighten(value, index, offset)
            self._kept += 1
        if index < 0:
            raise ArtifactError("A memo index is negative.", offset=offset)
        if index < len(memo):
            memo[index] = value
        elif index == len(memo):
            memo.append(value)
            sparse.pop(index, None)
        else:
            sparse[index] = value
            self._scattered = True

    def _lighten(self, value: Any, index: int, offset: int) -> Any:
        """Return what a full memo keeps of ``value``: of a string pushed just before, its place.

        Places are counted in memo entries, so they hold only while every object is remembered
        under the next free number.
        """
        if type(value) is str:
            if index != len(self._memo) or offset != self._text_end or self._scattered:
                return LOST
            self._places.note(index, self._text_at, anyway=self._wrapping)
            return FAR
        if type(value) is Made and value.arguments is not None and self._made < _MADE_KEPT:
            self._made += 1
            return value
        return stand_in(value)

    def _recall(self, index: int) -> Any:
        """Return the string remembered as entry ``index``, read again from the stream."""
        found = None
        if self._reader is not None and self._reread < _REREAD_MOST:
            self._reread += 1
            found = self._places.recall(self._reader.source, index, self._limits)
        self._memo[index] = value = LOST if found is None else found
        return value

    def _get(self, index: int, offset: int) -> None:
        if 0 <= index < len(self._memo):
            value = self._memo[index]
            if value is FAR:
                value = self._recall(index)
        elif index in self._sparse:
            value = self._sparse[index]
        else:
            raise ArtifactError(f"The pickle recalls object {index}, never kept.", offset=offset)
        self._stack.append(value)
        if type(value) not in _LEAVES:
            self.shared += 1
