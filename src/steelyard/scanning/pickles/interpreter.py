# SPDX-License-Identifier: Apache-2.0
"""Runs a pickle's opcodes on stand-ins: no import happens, no object is built.

The machine keeps what a judge needs: which names are imported, which of them are called and how,
and which names were computed and so cannot be known. Everything else is opaque (None). Whatever
was seen before an error is kept, because the real unpickler has run it by then.

Memory follows the number of *different* names, not the size of the file: a name is kept once
however often it is imported, calls are counted, results of calls are one stand-in per name, and
containers are one shared stand-in each. Two thirds of all opcodes in honest files only push or
remember data; :meth:`Machine._data` runs those in one tight loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from steelyard.artifacts import pickle as op
from steelyard.artifacts.pickle import OpcodeReader, Span
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits
from steelyard.scanning.pickles import data
from steelyard.scanning.pickles.names import is_ufunc
from steelyard.scanning.pickles.places import Places
from steelyard.scanning.pickles.values import EMPTY, FAR, LOST, Call, Made, Name, Pairs

_ITEMS_KEPT = 16
_PERSISTENT_KEPT = 200_000
_NAMES_MOST = 100_000
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
_DIGITS = (b"gA", b"80")
"""Base64 or hexadecimal digits of a PROTO opcode."""


class Machine:
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
        self.shared = 0
        """How often an object that may hold others was taken from the memo or duplicated."""
        self.opcodes = 0
        self.start = 0
        """Offset at which the stream begins."""
        self.result: Any = None
        self.forgotten = 0
        """Calls, states and persistent ids with something that was no longer known."""
        self._limits = limits
        self._after_build = after_build
        self._on_call = on_call
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: list[Any] = []
        self._sparse: dict[int, Any] = {}
        self._scattered = False
        self._wrapping = False
        self._pool: dict[bytes, str] = {}
        self._reader: OpcodeReader | None = None
        self._places = Places()
        self._kept = self._made = self._swept = self._reread = 0
        self._text_at = self._text_end = -1
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
                    if wrapping or not marks or (marks[-1] and type(marks[-1][-1]) is Name):
                        break
                    stack = marks.pop()
                    at += 1
                elif kind == get:
                    if widths[code] == 2:
                        index = buffer[at + 1]
                    else:
                        index = int.from_bytes(buffer[at + 1 : at + 5], "little")
                    if index >= len(memo):
                        break
                    value = memo[index]
                    if value is FAR:
                        break
                    stack.append(value)
                    if type(value) not in _LEAVES:
                        shared += 1
                    at += widths[code]
                elif kind == text:
                    width, start = buffer[at + 1], at + widths[code]
                    if width > _TEXT_FAST or (start - at > 2 and buffer[at + 2 : start] != _SHORT):
                        break
                    raw = buffer[start : start + width]
                    found = pool.get(raw)
                    if found is None:
                        if raw[:2] in _DIGITS:
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
                    if wrapping or len(stack) <= widths[code]:
                        break
                    if type(stack[-1 - widths[code]]) is Name:
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
                            value = _stand_in(value)
                        kept += 1
                    memo.append(value)
                    at += 1
                elif kind == tuples:
                    width = widths[code]
                    if len(stack) < width:
                        break
                    items = stack[-width:]
                    del stack[-width:]
                    stack.append(_flat(items))
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
                    part[at] = _stand_in(part[at])
            self._swept = held
        self._swept = min(self._swept, held)

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
        if type(head) is str and head[:2].encode("utf-8", "replace") in _DIGITS:
            self._keep_blob(argument, offset)
        self._stack.append(argument)

    def _keep_blob(self, blob: bytes | str | Span, offset: int) -> None:
        """Keep a constant to look into; honest data has few, so only a flood is not seen whole."""
        if len(self.blobs) < _BLOBS_KEPT:
            self.blobs.append((blob, offset))
        else:
            self.blobs_dropped += 1

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

    def _tuple(self, _argument: Any, _offset: int) -> None:
        items = self._to_mark()
        self._stack.append(_flat(items) if len(items) <= _ITEMS_KEPT else None)

    def _short_tuple(self, count: int) -> None:
        if len(self._stack) < count:
            raise IndexError
        items = self._stack[-count:]
        del self._stack[-count:]
        self._stack.append(_flat(items))

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
        if not self._wrapping or len(items) > 2 * _ITEMS_KEPT:
            return
        target = self._stack[-1]
        if target is EMPTY:
            target = self._stack[-1] = Pairs()
        if type(target) is Pairs:
            for at in range(0, len(items) - 1, 2):
                target.set(items[at], items[at + 1])

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
        return _stand_in(value)

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
        if _forgets(arguments):
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
        arguments = tuple(self._to_mark()[:_ITEMS_KEPT])
        self._call(self._name(*argument, offset, op.INST), arguments, offset, op.INST)

    def _obj(self, _argument: Any, offset: int) -> None:
        items = self._to_mark()
        self._call(items[0], tuple(items[1 : 1 + _ITEMS_KEPT]), offset, op.OBJ)

    def _invoke(self, opcode: int, offset: int) -> None:
        if opcode == op.NEWOBJ_EX:
            self._stack.pop()
        arguments, target = self._stack.pop(), self._stack.pop()
        self._call(target, arguments, offset, opcode)

    def _build(self, _argument: Any, offset: int) -> None:
        state = self._stack.pop()
        target = self._stack[-1]
        if target is LOST or _forgets(state):
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
        if _forgets(value):
            self.forgotten += 1
        if len(self.persistent) < _PERSISTENT_KEPT:
            self.persistent.append(value)
        self._stack.append(None)


def _stand_in(value: Any) -> Any:
    """Return what is left of ``value`` when it is not kept: no more than is shared anyway."""
    if value is None or value is EMPTY or type(value) is Name:
        return value
    if type(value) is Made:
        return value if value.origin is None else value.origin.result
    if value is True or value is False or (type(value) is tuple and not value):
        return value
    if type(value) is bytes and len(value) < 2:
        return value
    return LOST


def _forgets(value: Any) -> bool:
    """Tell whether an object is no longer known, or holds one that is not."""
    if type(value) is not tuple:
        return value is LOST
    return LOST in value or any(type(item) is tuple and LOST in item for item in value)


def _flat(items: list[Any]) -> tuple[Any, ...]:
    """Return a tuple whose inner tuples hold no further ones, so that nesting costs nothing."""
    return tuple(
        None if type(item) is tuple and any(type(inner) is tuple for inner in item) else item
        for item in items
    )


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
