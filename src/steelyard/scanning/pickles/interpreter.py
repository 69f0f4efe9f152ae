# SPDX-License-Identifier: Apache-2.0
"""Runs a pickle's opcodes on stand-ins: no import happens, no object is built.

The machine keeps what a judge needs: which names are imported where, what is called with which
constants, and which names were computed and so cannot be known. Everything else is opaque (None).
Whatever was seen before an error is kept, because the real unpickler has run it by then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from steelyard.artifacts import pickle as op
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

_ITEMS_KEPT = 16
_MEMO_STRING = 1024
_PERSISTENT_KEPT = 1_000_000


class Name:
    """A name the pickle imports. ``called`` is set when something invokes it."""

    __slots__ = ("called", "module", "name", "offset", "opcode")

    def __init__(self, module: str, name: str, offset: int, opcode: int) -> None:
        self.module, self.name = module, name
        self.offset, self.opcode = offset, opcode
        self.called = False

    @property
    def dotted(self) -> str:
        """Module and name joined by a dot."""
        return f"{self.module}.{self.name}"


class Made:
    """What a call returned; ``state`` is what BUILD set on it."""

    __slots__ = ("arguments", "origin", "state")

    def __init__(self, origin: Name | None, arguments: Any) -> None:
        self.origin, self.arguments = origin, arguments
        self.state: Any = None


class Pairs:
    """A dictionary under construction; only its first entries with string keys are kept."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: dict[str, Any] | None = None

    def set(self, key: Any, value: Any) -> None:
        """Note one entry."""
        if type(key) is str:
            if self.entries is None:
                self.entries = {}
            if len(self.entries) < _ITEMS_KEPT:
                self.entries[key] = value


class Call:
    """One invocation: of a name, or of something that cannot be known (``target`` None)."""

    __slots__ = ("arguments", "offset", "opcode", "target")

    def __init__(self, target: Name | None, arguments: Any, offset: int, opcode: int) -> None:
        self.target, self.arguments = target, arguments
        self.offset, self.opcode = offset, opcode


class Machine:
    """Interprets one pickle stream; read the public lists afterwards."""

    def __init__(self, limits: Limits, after_build: Callable[[Made], None] | None = None) -> None:
        self.names: list[Name] = []
        self.calls: list[Call] = []
        self.unresolved: list[int] = []
        """Offsets of imports whose name was computed."""
        self.extensions: list[int] = []
        self.writes: list[tuple[Name, int]] = []
        """Attributes set on an imported name itself (a class, a function, a module)."""
        self.blobs: list[tuple[bytes, int]] = []
        """Byte strings that begin like a pickle."""
        self.persistent: list[Any] = []
        """Persistent ids (storages of torch files), at most :data:`_PERSISTENT_KEPT`."""
        self.opcodes = 0
        self.result: Any = None
        self._limits = limits
        self._after_build = after_build
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._handlers = self._table()

    def run(self, reader: op.OpcodeReader) -> None:
        """Interpret the stream ``reader`` stands at, through its STOP.

        Raises:
            ArtifactError: the stream is broken, truncated or exceeds a limit; what was seen
                before stays in the lists.
        """
        handlers = self._handlers
        most = self._limits.pickle_opcodes
        try:
            for code, argument, offset in reader.opcodes():
                self.opcodes += 1
                if self.opcodes > most:
                    raise LimitExceeded("The pickle has too many opcodes.", offset=offset)
                handler = handlers[code]
                if handler is not None:
                    handler(argument, offset)
        except IndexError as error:
            raise ArtifactError(
                "The pickle takes from an empty stack.", offset=reader.offset
            ) from error
        self.result = self._stack[-1] if self._stack else None

    def _table(self) -> list[Callable[[Any, int], None] | None]:
        table: list[Callable[[Any, int], None] | None] = [None] * 256
        push = self._stack_push
        for code in (op.INT, op.BININT, op.BININT1, op.BININT2, op.LONG, op.LONG1, op.LONG4,
                     op.STRING, op.BINSTRING, op.SHORT_BINSTRING, op.UNICODE, op.BINUNICODE,
                     op.SHORT_BINUNICODE, op.BINUNICODE8):  # fmt: skip
            table[code] = push
        for code in (op.NONE, op.FLOAT, op.BINFLOAT, op.EMPTY_LIST, op.EMPTY_SET,
                     op.BYTEARRAY8, op.NEXT_BUFFER):  # fmt: skip
            table[code] = self._opaque
        for code in (op.BINBYTES, op.SHORT_BINBYTES, op.BINBYTES8):
            table[code] = self._bytes
        table[op.NEWTRUE] = lambda _argument, _offset: self._stack.append(True)
        table[op.NEWFALSE] = lambda _argument, _offset: self._stack.append(False)
        table[op.EMPTY_DICT] = lambda _argument, _offset: self._stack.append(Pairs())
        table[op.EMPTY_TUPLE] = lambda _argument, _offset: self._stack.append(())
        table[op.MARK] = self._mark
        table[op.POP] = self._pop
        table[op.POP_MARK] = self._drop_to_mark
        table[op.DUP] = lambda _argument, _offset: self._stack.append(self._stack[-1])
        for code in (op.LIST, op.FROZENSET):
            table[code] = self._collect
        table[op.DICT] = self._dict
        table[op.TUPLE] = self._tuple
        table[op.TUPLE1] = lambda _argument, _offset: self._short_tuple(1)
        table[op.TUPLE2] = lambda _argument, _offset: self._short_tuple(2)
        table[op.TUPLE3] = lambda _argument, _offset: self._short_tuple(3)
        table[op.APPEND] = self._drop_one
        for code in (op.APPENDS, op.ADDITEMS):
            table[code] = self._drop_to_mark
        table[op.SETITEM] = self._setitem
        table[op.SETITEMS] = self._setitems
        for code in (op.PUT, op.BINPUT, op.LONG_BINPUT):
            table[code] = self._put
        table[op.MEMOIZE] = lambda _argument, offset: self._put(len(self._memo), offset)
        for code in (op.GET, op.BINGET, op.LONG_BINGET):
            table[code] = self._get
        table[op.GLOBAL] = self._global
        table[op.STACK_GLOBAL] = self._stack_global
        table[op.INST] = self._inst
        table[op.OBJ] = self._obj
        table[op.REDUCE] = self._reduce
        table[op.NEWOBJ] = self._newobj
        table[op.NEWOBJ_EX] = self._newobj_ex
        table[op.BUILD] = self._build
        for code in (op.EXT1, op.EXT2, op.EXT4):
            table[code] = self._extension
        table[op.PERSID] = self._persistent
        table[op.BINPERSID] = self._binary_persistent
        return table

    def _stack_push(self, argument: Any, _offset: int) -> None:
        self._stack.append(argument)

    def _opaque(self, _argument: Any, _offset: int) -> None:
        self._stack.append(None)

    def _bytes(self, argument: Any, offset: int) -> None:
        if argument is not None and len(argument) > 8 and argument[0] == op.PROTO:
            self.blobs.append((argument, offset))
        self._stack.append(argument)

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

    def _drop_one(self, _argument: Any, _offset: int) -> None:
        self._stack.pop()

    def _drop_to_mark(self, _argument: Any, _offset: int) -> None:
        self._to_mark()

    def _collect(self, _argument: Any, _offset: int) -> None:
        self._to_mark()
        self._stack.append(None)

    def _tuple(self, _argument: Any, _offset: int) -> None:
        items = self._to_mark()
        self._stack.append(tuple(items) if len(items) <= _ITEMS_KEPT else None)

    def _short_tuple(self, count: int) -> None:
        if len(self._stack) < count:
            raise IndexError
        items = tuple(self._stack[-count:])
        del self._stack[-count:]
        self._stack.append(items)

    def _dict(self, _argument: Any, _offset: int) -> None:
        items = self._to_mark()
        pairs = Pairs()
        for at in range(0, len(items) - 1, 2):
            pairs.set(items[at], items[at + 1])
        self._stack.append(pairs)

    def _setitem(self, _argument: Any, _offset: int) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        target = self._stack[-1]
        if type(target) is Pairs:
            target.set(key, value)

    def _setitems(self, _argument: Any, _offset: int) -> None:
        items = self._to_mark()
        target = self._stack[-1]
        if type(target) is Pairs:
            for at in range(0, min(len(items) - 1, 2 * _ITEMS_KEPT), 2):
                target.set(items[at], items[at + 1])

    def _put(self, index: int, offset: int) -> None:
        value = self._stack[-1]
        if len(self._memo) >= self._limits.pickle_memo:
            raise LimitExceeded("The pickle remembers too many objects.", offset=offset)
        kind = type(value)
        # Containers and long strings are forgotten so that memory follows names, not data.
        if kind is Pairs or (kind in (str, bytes) and len(value) > _MEMO_STRING):
            value = None
        self._memo[index] = value

    def _get(self, index: int, offset: int) -> None:
        if index not in self._memo:
            raise ArtifactError(f"The pickle recalls object {index}, never kept.", offset=offset)
        self._stack.append(self._memo[index])

    def _name(self, module: str, name: str, offset: int, opcode: int) -> Name:
        found = Name(module, name, offset, opcode)
        self.names.append(found)
        return found

    def _global(self, argument: tuple[str, str], offset: int) -> None:
        self._stack.append(self._name(*argument, offset, op.GLOBAL))

    def _stack_global(self, _argument: Any, offset: int) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if type(name) is str and type(module) is str:
            self._stack.append(self._name(module, name, offset, op.STACK_GLOBAL))
        else:
            self.unresolved.append(offset)
            self._stack.append(None)

    def _call(self, target: Any, arguments: Any, offset: int, opcode: int) -> None:
        name = target if type(target) is Name else None
        if name is not None:
            name.called = True
        self.calls.append(Call(name, arguments, offset, opcode))
        self._stack.append(Made(name, arguments))

    def _inst(self, argument: tuple[str, str], offset: int) -> None:
        arguments = tuple(self._to_mark())
        self._call(self._name(*argument, offset, op.INST), arguments, offset, op.INST)

    def _obj(self, _argument: Any, offset: int) -> None:
        items = self._to_mark()
        self._call(items[0], tuple(items[1:]), offset, op.OBJ)

    def _reduce(self, _argument: Any, offset: int) -> None:
        arguments, target = self._stack.pop(), self._stack.pop()
        self._call(target, arguments, offset, op.REDUCE)

    def _newobj(self, _argument: Any, offset: int) -> None:
        arguments, target = self._stack.pop(), self._stack.pop()
        self._call(target, arguments, offset, op.NEWOBJ)

    def _newobj_ex(self, _argument: Any, offset: int) -> None:
        self._stack.pop()
        arguments, target = self._stack.pop(), self._stack.pop()
        self._call(target, arguments, offset, op.NEWOBJ_EX)

    def _build(self, _argument: Any, offset: int) -> None:
        state = self._stack.pop()
        target = self._stack[-1]
        if type(target) is Name:
            self.writes.append((target, offset))
        elif type(target) is Made:
            target.state = state
            if self._after_build is not None:
                self._after_build(target)

    def _extension(self, _argument: Any, offset: int) -> None:
        self.extensions.append(offset)
        self._stack.append(None)

    def _persistent(self, argument: Any, _offset: int) -> None:
        self._keep_persistent(argument)
        self._stack.append(None)

    def _binary_persistent(self, _argument: Any, _offset: int) -> None:
        self._keep_persistent(self._stack.pop())
        self._stack.append(None)

    def _keep_persistent(self, value: Any) -> None:
        if len(self.persistent) < _PERSISTENT_KEPT:
            self.persistent.append(value)
