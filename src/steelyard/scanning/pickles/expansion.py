# SPDX-License-Identifier: Apache-2.0
"""Finds small pickles that become huge: shared lists within lists, and nesting without end.

Loading such a file is cheap, but whoever copies, compares, prints or deletes what was loaded runs
out of memory or stack. A second, simple machine adds up how large every container would be if
nothing in it were shared, and how deep it is. Only small streams are read this way: the danger is
in what a file does not show by its size.
"""

from __future__ import annotations

from steelyard.artifacts import pickle as op
from steelyard.artifacts.pickle import OpcodeReader
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.limits import Limits

_WEIGHT_MOST = 10_000_000
_WEIGHT_PER_OPCODE = 1000
_DEPTH_MOST = 5000
"""No pickler gets this deep: it would run out of stack itself."""
_FULL = 2**60

Node = list[int]
"""Weight and depth of one object; shared like the object itself."""


def may_expand(opcodes: int, shared: int) -> bool:
    """Tell whether a stream can expand beyond reason, so that it must be weighed.

    ``shared`` counts how often something that may hold other objects was recalled. The weight of an
    object is the number of ways that lead from an opcode into it. A way leaves each object where it
    was made, by one step that is given, or where it was recalled; so it is told by the recalls it
    takes, and for each of them whether it is taken on the first or the second visit. That makes no
    more than ``6 * opcodes * 3**shared`` ways (an imported name stands for three opcodes). Every
    level of nesting takes an opcode of its own.
    """
    if opcodes > _DEPTH_MOST or shared > 64:
        return True
    ways: int = 6 * opcodes * 3**shared
    return ways > _WEIGHT_MOST


def expansion_of(source: Source, offset: int, limits: Limits) -> str:
    """Return a sentence if the stream at ``offset`` expands beyond reason, else ""."""
    weigher = _Weigher()
    count = 0
    try:
        for code, argument, _ in OpcodeReader(source, offset, limits).opcodes():
            count += 1
            weigher.step(code, argument)
    except (ArtifactError, IndexError, KeyError):
        return ""
    if weigher.heaviest > max(_WEIGHT_MOST, _WEIGHT_PER_OPCODE * count):
        return f"{count} opcodes build an object of more than {_WEIGHT_MOST} parts."
    if weigher.deepest > _DEPTH_MOST:
        return f"The object is nested {weigher.deepest} levels deep."
    return ""


_NEW = frozenset({op.EMPTY_LIST, op.EMPTY_DICT, op.EMPTY_SET, op.EMPTY_TUPLE})
_GATHER = frozenset({op.TUPLE, op.LIST, op.DICT, op.FROZENSET, op.OBJ, op.INST})
_ADD = frozenset({op.APPENDS, op.SETITEMS, op.ADDITEMS})
_TAKE = {op.APPEND: 1, op.SETITEM: 2, op.BUILD: 1}
_MERGE = {op.TUPLE1: 1, op.TUPLE2: 2, op.TUPLE3: 3, op.REDUCE: 2, op.NEWOBJ: 2, op.NEWOBJ_EX: 3,
          op.STACK_GLOBAL: 2, op.BINPERSID: 1}  # fmt: skip
_STORE = frozenset({op.PUT, op.BINPUT, op.LONG_BINPUT})
_RECALL = frozenset({op.GET, op.BINGET, op.LONG_BINGET})
_NOTHING = frozenset({op.PROTO, op.FRAME, op.STOP, op.READONLY_BUFFER})


class _Weigher:
    def __init__(self) -> None:
        self.heaviest = self.deepest = 0
        self._stack: list[Node] = []
        self._marks: list[list[Node]] = []
        self._memo: dict[int, Node] = {}

    def step(self, code: int, argument: object) -> None:
        if code in _MERGE:
            self._gather(self._take(_MERGE[code]))
        elif code in _GATHER:
            self._gather(self._to_mark())
        elif code in _ADD:
            items = self._to_mark()
            self._add(self._stack[-1], items)
        elif code in _TAKE:
            items = self._take(_TAKE[code])
            self._add(self._stack[-1], items)
        elif code == op.MEMOIZE:
            self._memo[len(self._memo)] = self._stack[-1]
        elif code in _STORE and type(argument) is int:
            self._memo[argument] = self._stack[-1]
        elif code in _RECALL and type(argument) is int:
            self._stack.append(self._memo[argument])
        else:
            self._simple(code)

    def _simple(self, code: int) -> None:
        if code == op.MARK:
            self._marks.append(self._stack)
            self._stack = []
        elif code == op.POP_MARK or (code == op.POP and not self._stack):
            self._to_mark()
        elif code == op.POP:
            self._stack.pop()
        elif code == op.DUP:
            self._stack.append(self._stack[-1])
        elif code not in _NOTHING:
            self._stack.append([1, 1] if code in _NEW else [1, 0])

    def _take(self, count: int) -> list[Node]:
        if len(self._stack) < count:
            raise IndexError
        items = self._stack[-count:]
        del self._stack[-count:]
        return items

    def _to_mark(self) -> list[Node]:
        items = self._stack
        self._stack = self._marks.pop()
        return items

    def _gather(self, items: list[Node]) -> None:
        node = [1, 1]
        self._stack.append(node)
        self._add(node, items)

    def _add(self, target: Node, items: list[Node]) -> None:
        for weight, depth in items:
            target[0] = min(_FULL, target[0] + weight)
            target[1] = max(target[1], depth + 1)
        self.heaviest = max(self.heaviest, target[0])
        self.deepest = max(self.deepest, target[1])
