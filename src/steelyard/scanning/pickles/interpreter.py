# SPDX-License-Identifier: Apache-2.0
"""Runs a pickle's opcodes on stand-ins: no import happens, no object is built.

The machine keeps what a judge needs: which names are imported, which of them are called and how,
and which names were computed and so cannot be known. Everything else is opaque (None). Whatever
was seen before an error is kept, because the real unpickler has run it by then.

Memory follows the number of *different* names, not the size of the file: a name is kept once
however often it is imported, calls are counted, results of calls are one stand-in per name, and
containers are one shared stand-in each. Opcodes that only move data are run by the memory below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from steelyard.artifacts import pickle as op
from steelyard.artifacts.pickle import OpcodeReader, Span
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits
from steelyard.scanning.pickles import data
from steelyard.scanning.pickles.memory import DIGITS, ITEMS_KEPT, Memory
from steelyard.scanning.pickles.names import is_ufunc
from steelyard.scanning.pickles.values import EMPTY, LOST, Call, Made, Name, Pairs, forgets

_PERSISTENT_KEPT = 200_000
_NAMES_MOST = 100_000
_OFFSETS_KEPT = 100
_BLOBS_KEPT = 4096
_LINES_MOST = 65_536
_DUPLICATES_MOST = 64
"""No pickler writes DUP; a few are a curiosity, many are an attack on memory."""

WATCHED: Final = frozenset({
    ("builtins", "setattr"), ("__builtin__", "setattr"),
    ("builtins", "getattr"), ("__builtin__", "getattr"), ("_codecs", "encode"),
    ("codecs", "encode"), ("functools", "partial"), ("_functools", "partial"),
    ("operator", "itemgetter"), ("_operator", "itemgetter"), ("operator", "attrgetter"),
    ("_operator", "attrgetter"), ("torch.storage", "_load_from_bytes"), ("builtins", "type"),
    ("__builtin__", "type"), ("dill._dill", "_create_array"),
    ("torch._utils", "_rebuild_from_type_v2"), ("torch._tensor", "_rebuild_from_type_v2"),
    *((f"{root}.saving.pickle_utils", "deserialize_model_from_bytecode")
      for root in ("keras", "keras.src", "tf_keras", "tf_keras.src")),
})  # fmt: skip
"""Names that honest pickles call and attackers love: every call is handed on with arguments."""
CAREFUL: Final = frozenset({
    ("builtins", "iter"), ("__builtin__", "iter"), ("builtins", "bytes"),
    ("builtins", "bytearray"), ("builtins", "range"), ("__builtin__", "bytearray"),
    ("__builtin__", "xrange"), ("builtins", "str"), ("__builtin__", "unicode"),
    ("numpy", "str_"), ("spacy.tokens.doc", "unpickle_doc"), ("spacy.vocab", "unpickle_vocab"),
    *(("numpy.random._pickle", f"__{kind}_ctor")
      for kind in ("generator", "randomstate", "bit_generator")),
})  # fmt: skip
"""Allow-listed names whose arguments are judged all the same."""
_DETAILED: Final = WATCHED | {("numpy", "dtype"), ("joblib.numpy_pickle", "NumpyArrayWrapper")}
"""Names whose results keep their arguments and state."""
_WRAPPER: Final = "joblib.numpy_pickle"
_IMPORTERS: Final = frozenset({
    ("numpy.core", "_ufunc_reconstruct"), ("numpy._core", "_ufunc_reconstruct"),
})  # fmt: skip
"""Honest names whose call imports the module and returns the attribute they are handed."""
_SHARED: Final = frozenset({("logging", "getLogger")})
"""Names whose call returns an object the whole process shares."""


class Machine(Memory):
    """Interprets one pickle stream; read the public attributes afterwards.

    ``after_build`` is called when BUILD has set the state of a joblib wrapper, ``on_call`` for
    every call of a name in :data:`WATCHED` or
    :data:`CAREFUL`.
    """

    def __init__(
        self,
        limits: Limits,
        after_build: Callable[[Made], None] | None = None,
        on_call: Callable[[Call], None] | None = None,
    ) -> None:
        super().__init__(limits)
        self.names: dict[tuple[str, str], Name] = {}
        """Every name imported, in order of first import."""
        self.unresolved: list[int] = []
        """Offsets of the first imports whose name was computed."""
        self.blind_calls: list[tuple[int, int, Name | None]] = []
        """Offset and opcode of the first calls of something that cannot be known, and the name
        whose call returned it where one did."""
        self.extensions: list[int] = []
        self.writes: list[tuple[Name, int]] = []
        """Attributes set on an imported name itself (a class, a function, a module)."""
        self.blobs: list[tuple[bytes | str | Span, int]] = []
        """Constants that begin like a pickle, and where."""
        self.blobs_dropped = 0
        self.persistent: list[Any] = []
        """Persistent ids (storages of torch files), at most :data:`_PERSISTENT_KEPT`."""
        self.duplicates = 0
        self.start = 0
        """Offset at which the stream begins."""
        self.result: Any = None
        self.forgotten = 0
        """Calls, states and persistent ids with something that was no longer known."""
        self._after_build = after_build
        self._on_call = on_call
        self._blind = Made(None)

    @property
    def acted(self) -> bool:
        """Whether the stream imported or called anything."""
        return bool(self.names or self.unresolved or self.blind_calls or self.extensions)

    def run(self, reader: OpcodeReader) -> None:
        """Interpret the stream ``reader`` stands at, through its STOP.

        Raises:
            ArtifactError: the stream is broken, truncated or exceeds a limit; what was seen
                before stays in the attributes.
        """
        handlers, most = _HANDLERS, self._limits.pickle_opcodes
        self._reader = reader
        self.start = reader.offset
        checked = -1
        try:
            while True:
                buffer, at, end = reader.window()
                if reader.offset - at != checked:
                    checked = reader.offset - at
                    self._check_room(reader.offset)
                if at < end:
                    reader.advance(self._data(buffer, at, end, checked))
                code, argument, offset = reader.next()
                self.opcodes += 1
                if self.opcodes > most:
                    raise LimitExceeded(
                        "The pickle has too many opcodes.", offset=offset, code="pickle.size"
                    )
                handler = handlers[code]
                if handler is not None:
                    handler(self, argument, offset)
                elif code == op.STOP:
                    break
        except IndexError as error:
            raise ArtifactError(
                "The pickle takes from an empty stack.", offset=reader.offset
            ) from error
        self.result = self._stack[-1] if self._stack else None

    def _push(self, argument: Any, _offset: int) -> None:
        self._stack.append(argument)

    def _opaque(self, _argument: Any, _offset: int) -> None:
        self._stack.append(None)

    def _constant(self, code: int) -> None:
        self._stack.append(data.VALUE[code])

    def _bytes(self, argument: Any, offset: int) -> None:
        head = argument
        if type(argument) is Span and self._reader is not None:
            head = self._reader.source.read_at(argument.offset, 2)
        pickled = len(head) > 1 and head[0] == op.PROTO and head[1] <= 5
        # Imports of the text protocols may stand anywhere in a short constant.
        lines = argument.length <= _LINES_MOST if type(argument) is Span else b"\n" in argument
        if pickled or lines:
            self._keep_blob(argument, offset)
        self._stack.append(argument)

    def _text(self, argument: Any, offset: int) -> None:
        head = argument
        if type(argument) is Span and self._reader is not None:
            head = self._reader.source.read_at(argument.offset, 4).decode("latin-1")
        if self._reader is not None:
            self._text_at, self._text_end = offset, self._reader.offset
        if type(head) is str and head[:2].encode("utf-8", "replace") in DIGITS:
            self._keep_blob(argument, offset)
        self._stack.append(argument)

    def _keep_blob(self, blob: bytes | str | Span, offset: int) -> None:
        """Keep a constant to look into; honest data has few, so only a flood is not seen whole."""
        if len(self.blobs) < _BLOBS_KEPT:
            self.blobs.append((blob, offset))
        else:
            self.blobs_dropped += 1

    def _dup(self, _argument: Any, offset: int) -> None:
        self.duplicates += 1
        self.shared += 1
        if self.duplicates > _DUPLICATES_MOST:
            raise LimitExceeded(
                "The pickle duplicates its objects over and over, which no pickler writes.",
                offset=offset,
            )
        self._stack.append(self._stack[-1])

    def _drop_one(self, _argument: Any, offset: int) -> None:
        self._stack.pop()
        self._note_filled(offset)

    def _drop_to_mark(self, _argument: Any, _offset: int) -> None:
        self._to_mark()

    def _extend(self, _argument: Any, offset: int) -> None:
        self._to_mark()
        self._note_filled(offset)

    def _collect(self, _argument: Any, _offset: int) -> None:
        self._to_mark()
        self._stack.append(None)

    def _dict(self, _argument: Any, _offset: int) -> None:
        items = self._to_mark()
        self._stack.append(EMPTY)
        self._fill(items)

    def _setitem(self, _argument: Any, offset: int) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._note_filled(offset)
        self._fill([key, value])

    def _setitems(self, _argument: Any, offset: int) -> None:
        items = self._to_mark()
        self._note_filled(offset)
        self._fill(items)

    def _note_filled(self, offset: int) -> None:
        """Entries set in an imported object (a module's ``__dict__``) stay in the process."""
        target = self._stack[-1] if self._stack else None
        if type(target) is Name:
            self._write(target, offset)

    def _fill(self, items: list[Any]) -> None:
        """Add entries to the dictionary on top; only a joblib wrapper's state is ever kept."""
        if not self._wrapping or len(items) > 2 * ITEMS_KEPT:
            return
        target = self._stack[-1]
        if target is EMPTY:
            target = self._stack[-1] = Pairs()
        if type(target) is Pairs:
            for at in range(0, len(items) - 1, 2):
                if not target.set(items[at], items[at + 1]):
                    self.forgotten += 1

    def _name(self, module: str, name: str, offset: int, opcode: int) -> Name:
        found = self.names.get((module, name))
        if found is None:
            if len(self.names) >= _NAMES_MOST:
                raise LimitExceeded("The pickle imports too many names.", offset=offset)
            found = self.names[module, name] = Name(module, name, offset, opcode)
            self._wrapping = self._wrapping or module == _WRAPPER
        return found

    def _global(self, argument: tuple[str, str], offset: int) -> None:
        self._stack.append(self._name(*argument, offset, op.GLOBAL))

    def _stack_global(self, _argument: Any, offset: int) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if type(name) is str and type(module) is str:
            self._stack.append(self._name(module, name, offset, op.STACK_GLOBAL))
        else:
            if len(self.unresolved) < _OFFSETS_KEPT:
                self.unresolved.append(offset)
            self._stack.append(None)

    def _call(self, target: Any, arguments: Any, offset: int, opcode: int) -> None:
        if type(target) is not Name:
            if len(self.blind_calls) < _OFFSETS_KEPT:
                origin = target.origin if type(target) is Made else None
                self.blind_calls.append((offset, opcode, origin))
            self._stack.append(self._blind)
            return
        if forgets(arguments):
            self.forgotten += 1
        target.note_call(offset, opcode, arguments)
        key = (target.module, target.name)
        if key in _IMPORTERS:
            self._stack.append(self._imported(arguments, offset, opcode))
            return
        if (key in WATCHED or key in CAREFUL) and self._on_call is not None:
            self._on_call(Call(target, arguments, offset, opcode))
        self._stack.append(Made(target, arguments) if key in _DETAILED else target.result)

    def _imported(self, arguments: Any, offset: int, opcode: int) -> Name | Made | None:
        """Return the name a call imports, which is judged as any other import."""
        texts = arguments if type(arguments) is tuple and len(arguments) == 2 else ()
        if not texts or not all(type(text) is str for text in texts):
            if len(self.unresolved) < _OFFSETS_KEPT:
                self.unresolved.append(offset)
            return None
        module, name = texts
        if is_ufunc(module, name):
            return Made(None)
        return self._name(module, name, offset, opcode)

    def _inst(self, argument: tuple[str, str], offset: int) -> None:
        arguments = tuple(self._to_mark()[:ITEMS_KEPT])
        self._call(self._name(*argument, offset, op.INST), arguments, offset, op.INST)

    def _obj(self, _argument: Any, offset: int) -> None:
        items = self._to_mark()
        self._call(items[0], tuple(items[1 : 1 + ITEMS_KEPT]), offset, op.OBJ)

    def _invoke(self, opcode: int, offset: int) -> None:
        if opcode == op.NEWOBJ_EX:
            self._stack.pop()
        arguments, target = self._stack.pop(), self._stack.pop()
        self._call(target, arguments, offset, opcode)

    def _build(self, _argument: Any, offset: int) -> None:
        state = self._stack.pop()
        target = self._stack[-1]
        if target is LOST or forgets(state):
            self.forgotten += 1
        if type(target) is Name:
            self._write(target, offset)
        elif type(target) is Made and target.origin is not None:
            origin = target.origin
            if (origin.module, origin.name) in _SHARED:
                self._write(origin, offset)
            if (origin.module, origin.name) in _DETAILED:
                target.state = state
            if origin.module == _WRAPPER and self._after_build is not None:
                self._after_build(target)

    def _write(self, target: Name, offset: int) -> None:
        if len(self.writes) < _OFFSETS_KEPT:
            self.writes.append((target, offset))

    def _extension(self, _argument: Any, offset: int) -> None:
        if len(self.extensions) < _OFFSETS_KEPT:
            self.extensions.append(offset)
        self._stack.append(None)

    def _persistent(self, argument: Any, _offset: int) -> None:
        self._keep_persistent(argument)

    def _binary_persistent(self, _argument: Any, _offset: int) -> None:
        self._keep_persistent(self._stack.pop())

    def _keep_persistent(self, value: Any) -> None:
        if forgets(value):
            self.forgotten += 1
        if len(self.persistent) < _PERSISTENT_KEPT:
            self.persistent.append(value)
        self._stack.append(None)


Handler = Callable[[Machine, Any, int], None]


def _table() -> list[Handler | None]:
    table: list[Handler | None] = [None] * 256

    def constant(code: int) -> Handler:
        return lambda machine, _argument, _offset: machine._constant(code)

    def tuples(count: int) -> Handler:
        return lambda machine, _argument, _offset: machine._short_tuple(count)

    def invoke(code: int) -> Handler:
        return lambda machine, _argument, offset: machine._invoke(code, offset)

    for code in range(256):
        if data.KIND[code] in (data.CONST, data.CONTAINER):
            table[code] = constant(code)
    groups: tuple[tuple[Handler, tuple[int, ...]], ...] = (
        (Machine._push, (op.INT, op.BININT, op.BININT1, op.BININT2, op.LONG, op.LONG1, op.LONG4)),
        (Machine._text, (op.STRING, op.BINSTRING, op.SHORT_BINSTRING, op.UNICODE, op.BINUNICODE,
                         op.SHORT_BINUNICODE, op.BINUNICODE8)),
        (Machine._opaque, (op.FLOAT, op.NEXT_BUFFER)),
        (Machine._bytes, (op.BINBYTES, op.SHORT_BINBYTES, op.BINBYTES8, op.BYTEARRAY8)),
        (Machine._collect, (op.LIST, op.FROZENSET)),
        (Machine._drop_to_mark, (op.POP_MARK,)), (Machine._extend, (op.APPENDS, op.ADDITEMS)),
        (Machine._put, (op.PUT, op.BINPUT, op.LONG_BINPUT)),
        (Machine._get, (op.GET, op.BINGET, op.LONG_BINGET)),
        (Machine._extension, (op.EXT1, op.EXT2, op.EXT4)),
        (Machine._mark, (op.MARK,)), (Machine._pop, (op.POP,)), (Machine._dup, (op.DUP,)),
        (Machine._dict, (op.DICT,)), (Machine._tuple, (op.TUPLE,)),
        (Machine._drop_one, (op.APPEND,)), (Machine._setitem, (op.SETITEM,)),
        (Machine._setitems, (op.SETITEMS,)), (Machine._memoize, (op.MEMOIZE,)),
        (Machine._global, (op.GLOBAL,)), (Machine._stack_global, (op.STACK_GLOBAL,)),
        (Machine._inst, (op.INST,)), (Machine._obj, (op.OBJ,)), (Machine._build, (op.BUILD,)),
        (Machine._persistent, (op.PERSID,)), (Machine._binary_persistent, (op.BINPERSID,)),
        (tuples(1), (op.TUPLE1,)), (tuples(2), (op.TUPLE2,)), (tuples(3), (op.TUPLE3,)),
        (invoke(op.REDUCE), (op.REDUCE,)), (invoke(op.NEWOBJ), (op.NEWOBJ,)),
        (invoke(op.NEWOBJ_EX), (op.NEWOBJ_EX,)),
    )  # fmt: skip
    for handler, codes in groups:
        for code in codes:
            table[code] = handler
    return table


_HANDLERS = _table()
