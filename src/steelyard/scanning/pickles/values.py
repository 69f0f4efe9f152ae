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

    def set(self, key: Any, value: Any) -> None:
        """Note one entry."""
        if type(key) is str and key in _STATE_KEYS:
            self.entries[key] = value


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
