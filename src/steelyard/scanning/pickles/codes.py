# SPDX-License-Identifier: Apache-2.0
"""Looks at Python functions that a pickle carries (cloudpickle, dill), without building one.

A serialized function is a tuple of numbers, bytecode and names. The bytecode stays unread: every
global, attribute and import it can reach is one of its names, and a pickle holds those as a tuple
of strings. So the question "does this function reach a dangerous name" is answered by the tuples
of strings in the stream that carries it. Nothing is ever given to ``marshal``.
"""

from __future__ import annotations

from typing import Any, Final

from steelyard.artifacts import pickle as op
from steelyard.artifacts.pickle import NAMES, OpcodeReader
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.limits import Limits
from steelyard.scanning.pickles.names import dangerous_names

_OPCODES_MOST = 300_000
_MEMO_MOST = 100_000
_RUN_MOST = 512
_EVERYDAY: Final = frozenset({
    "os", "io", "sys", "ast", "gc", "inspect", "code", "sh", "test", "glob", "threading", "trace",
    "profile", "resource", "select", "sched", "dis", "keras", "tensorflow", "invoke", "celery",
    "distributed", "ray", "dask", "triton", "http", "yaml", "pickle", "jax", "cv2", "sympy",
    "numba", "tempfile", "mailbox", "site", "signal", "unittest", "pytest", "asyncio", "spawn",
    "commands", "turtle", "fsspec", "curses", "pathlib", "crypt", "timeit", "airflow",
})  # fmt: skip
"""Modules honest training code names too; a function that names one is only looked at."""
_STRINGS = frozenset(
    code for code, name in NAMES.items() if "UNICODE" in name or name.endswith("STRING")
)
_PUTS = (op.PUT, op.BINPUT, op.LONG_BINPUT)
_GETS = (op.GET, op.BINGET, op.LONG_BINGET)
_VALUES = (op.NONE, op.NEWTRUE, op.NEWFALSE, op.BININT, op.BININT1, op.BININT2, op.BINFLOAT,
           op.EMPTY_TUPLE, op.BINBYTES, op.SHORT_BINBYTES)  # fmt: skip
_SHORT = {op.TUPLE1: 1, op.TUPLE2: 2, op.TUPLE3: 3}


def reached(source: Source, start: int, limits: Limits) -> tuple[str, int] | None:
    """Return the first dangerous name a carried function refers to, and the offset of its tuple.

    Reads at most 300,000 opcodes from ``start`` (an opcode's offset); a stream that breaks off is
    read as far as it goes.
    """
    known = dangerous_names()
    suspects = (known.calls | set(known.modules)) - _EVERYDAY | {"__builtins__", "__globals__"}
    strings = _Strings()
    reader = OpcodeReader(source, start, limits)
    try:
        for _ in range(_OPCODES_MOST):
            code, argument, offset = reader.next()
            if code == op.STOP:
                break
            words = strings.feed(code, argument)
            # A tuple with other constants in it holds values, where "system" is a role of a chat.
            for word in words:
                if word in suspects and not (word == "system" and "" in words):
                    return word, offset
    except ArtifactError:
        return None
    return None


class _Strings:
    """Follows runs of string constants, and hands out those that become a tuple."""

    def __init__(self) -> None:
        self._run: list[str] = []
        self._memo: dict[int, str] = {}
        self._stored, self._last = 0, ""

    def feed(self, code: int, argument: Any) -> list[str]:
        """Take one opcode; return the strings of the tuple it makes, if it makes one."""
        if code == op.MEMOIZE or code in _PUTS:
            index = self._stored if code == op.MEMOIZE else argument
            self._stored += 1
            if self._last and len(self._memo) < _MEMO_MOST:
                self._memo[index] = self._last
            return []
        self._last = argument if code in _STRINGS and type(argument) is str else ""
        if code in _STRINGS:
            self._run.append(self._last)
        elif code in _VALUES:
            self._run.append("")
        elif code in _GETS:
            self._run.append(self._memo.get(argument, ""))
        else:
            run, self._run = self._run, []
            count = _SHORT.get(code, len(run) if code == op.TUPLE else 0)
            return run[-count:] if 0 < count <= len(run) else []
        if len(self._run) > _RUN_MOST:
            del self._run[:-3]
        return []


def handmade(source: Source, limits: Limits) -> bool:
    """Tell whether a stream of protocol 4 or 5 uses opcodes of the text protocols.

    No pickler writes both, so somebody wrote the stream by hand. Reads at most 300,000 opcodes.
    """
    head = source.read_at(0, 2)
    if len(head) < 2 or head[0] != op.PROTO or head[1] < 4:
        return False
    reader = OpcodeReader(source, 0, limits)
    try:
        for _ in range(_OPCODES_MOST):
            code, _argument, _offset = reader.next()
            if code in (op.UNICODE, op.STRING, op.INST, op.OBJ, op.PUT, op.GET, op.INT):
                return True
            if code == op.STOP:
                return False
    except ArtifactError:
        return False
    return False
