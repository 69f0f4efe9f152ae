# SPDX-License-Identifier: Apache-2.0
"""The stand-ins a pickle machine works with: names, results of calls, dictionaries."""

from __future__ import annotations

from typing import Any, Final

from steelyard.artifacts import pickle as op

_STATE_KEYS = frozenset({
    "subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes",
})  # fmt: skip
"""Attributes of joblib's wrapper; no other dictionary's entries are kept."""

_SAMPLES = 4
"""Calls of a name whose arguments are kept for a judgement of how bad an unknown call is."""


class Name:
    """A name the pickle imports, with its first import and its first call of every kind."""

    __slots__ = ("call_offset", "call_opcode", "called", "created", "module", "name", "offset",
                 "opcode", "result", "samples")  # fmt: skip

    def __init__(self, module: str, name: str, offset: int, opcode: int) -> None:
        self.module, self.name = module, name
        self.offset, self.opcode = offset, opcode
        self.called = False
        """Whether anything invokes it as a function (REDUCE, OBJ, INST, or through another)."""
        self.created = False
        """Whether NEWOBJ makes an instance of it without calling its initializer."""
        self.call_offset, self.call_opcode = -1, op.REDUCE
        self.result = Made(self)
        self.samples: list[Any] = []
        """What the first few calls as a function were handed."""

    @property
    def dotted(self) -> str:
        """Module and name joined by a dot, with unprintable characters escaped."""
        text = f"{self.module}.{self.name}"
        if not text.isprintable():
            text = text.encode("unicode_escape").decode("ascii")
        return text[:400]

    @property
    def invoked(self) -> bool:
        """Whether it is called in any way."""
        return self.called or self.created

    def note_call(self, offset: int, opcode: int, arguments: Any = ()) -> None:
        """Note one call."""
        if opcode in (op.NEWOBJ, op.NEWOBJ_EX):
            self.created = True
        else:
            self.called = True
            if arguments and len(self.samples) < _SAMPLES:
                self.samples.append(arguments)
        if self.call_offset < 0:
            self.call_offset, self.call_opcode = offset, opcode


class Made:
    """What a call returned; ``state`` is what BUILD set on it."""

    __slots__ = ("arguments", "origin", "state")

    def __init__(self, origin: Name | None, arguments: Any = None) -> None:
        self.origin, self.arguments = origin, arguments
        self.state: Any = None


class Pairs:
    """A dictionary that may be the state of a joblib wrapper."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}

    def set(self, key: Any, value: Any) -> bool:
        """Note one entry; return whether it is known, as far as the wrapper goes."""
        if type(key) is not str:
            return key is not LOST
        if key in _STATE_KEYS:
            self.entries[key] = value
            return not forgets(value)
        return True


class Call:
    """One call of a watched name."""

    __slots__ = ("arguments", "offset", "opcode", "target")

    def __init__(self, target: Name, arguments: Any, offset: int, opcode: int) -> None:
        self.target, self.arguments = target, arguments
        self.offset, self.opcode = offset, opcode


EMPTY: Final = object()
"""Stands for every dictionary nothing is known about."""
FAR: Final = object()
"""Stands for a string that is no longer kept and can be read again from the stream."""
LOST: Final = object()
"""Stands for a string, number, tuple or run of bytes that was not kept and is not known."""


def stand_in(value: Any) -> Any:
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


def forgets(value: Any) -> bool:
    """Tell whether an object is no longer known, or holds one that is not."""
    if type(value) is not tuple:
        return value is LOST
    return LOST in value or any(type(item) is tuple and LOST in item for item in value)


def flat(items: list[Any]) -> tuple[Any, ...]:
    """Return a tuple whose inner tuples hold no further ones, so that nesting costs nothing."""
    return tuple(
        None if type(item) is tuple and any(type(inner) is tuple for inner in item) else item
        for item in items
    )
