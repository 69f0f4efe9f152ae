# SPDX-License-Identifier: Apache-2.0
"""Looks at the texts that honest classes evaluate as Python when their state is set.

An allow-listed class is no promise: SciPy's distributions run ``exec`` on the text they find under
``_parse_arg_template``, and statsmodels evaluates the ``formula`` of a model, as soon as an
unpickler hands them their state. So wherever a stream names such a class, every text of the stream
that could be the one evaluated must look like what the library writes.
"""

from __future__ import annotations

import re
from typing import Any, Final

from steelyard.artifacts import pickle as op
from steelyard.artifacts.pickle import NAMES, OpcodeReader, Span
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.limits import Limits

_OPCODES_MOST = 3_000_000
_MEMO_MOST = 1_000_000
_TEXT_MOST = 4096
_TEMPLATE_KEY: Final = "_parse_arg_template"
_IN, _OUT = r"[\w, ]*(?:loc=0(?:, scale=1)?)?", r"[\w, ]*"
_TEMPLATE: Final = re.compile(
    rf"\s*def _parse_args\(self, {_IN}\):\s+return \({_OUT}\){_OUT}\s+"
    rf"def _parse_args_rvs\(self, {_IN}, size=None\):\s+"
    rf"return self\._argcheck_rvs\({_OUT}, size=size\)\s+"
    rf"def _parse_args_stats\(self, {_IN}, moments='mv'\):\s+return \({_OUT}\){_OUT}, moments\s*"
)
"""What scipy.stats writes: three functions that hand their arguments on."""
_FORMULA: Final = re.compile(
    r"__\w+__\W*[(.\[]|\.__\w+__|\blambda\b.*:|\b(?:eval|exec|compile|open|getattr|setattr|delattr|globals|locals|vars"
    r"|breakpoint|input|system|popen|run|Popen|call|check_output|load|loads|read_pickle|urlopen"
    r"|fromfile|memmap|query|import_module)\s*\("
)
_TEXTS: Final = frozenset(
    code
    for code, name in NAMES.items()
    if "UNICODE" in name or name.endswith(("STRING", "BYTES", "BYTES8"))
)
_PUTS: Final = (op.MEMOIZE, op.PUT, op.BINPUT, op.LONG_BINPUT)
_GETS: Final = (op.GET, op.BINGET, op.LONG_BINGET)

Evaluated = tuple[str, str, int, bool]
"""Which library, the text or "" if it is computed, its offset, and whether it is plainly code."""


def evaluates(module: str) -> bool:
    """Tell whether classes of this module evaluate text of their state."""
    return module.startswith(("scipy.stats", "statsmodels"))


def evaluated_text(
    source: Source, start: int, raw: dict[int, int], limits: Limits, *, formulas: bool
) -> Evaluated | None:
    """Return the first text from ``start`` on that is evaluated and is not what libraries write.

    ``raw`` says where raw arrays begin and end among the opcodes; those of objects end at once,
    and their pickle follows; ``formulas`` whether the stream names statsmodels. Reads at most
    3,000,000 opcodes; a stream that breaks off is read as far as it goes.
    """
    watches = [_Watch(source, formulas)]
    reader = OpcodeReader(source, start, limits)
    try:
        for _ in range(_OPCODES_MOST):
            code, argument, offset = reader.next()
            found = watches[-1].step(code, argument, offset)
            if found is not None:
                return found
            if code == op.STOP:
                watches.pop()
                if not watches:
                    return None
            elif code == op.BUILD and reader.offset in raw:
                if raw[reader.offset] == reader.offset:
                    watches.append(_Watch(source, formulas))  # an array of objects: a pickle within
                reader.offset = raw[reader.offset]
    except ArtifactError:
        return None
    return ("scipy.stats", "", start, False)


class _Watch:
    """Follows the key of the template, by its text or recalled, to the value pushed after it."""

    def __init__(self, source: Source, formulas: bool) -> None:
        self._source, self._formulas = source, formulas
        self._memo: dict[int, str] = {}
        self._stored, self._last = 0, ""
        self._key_at = -1

    def step(self, code: int, argument: Any, offset: int) -> Evaluated | None:
        """Take one opcode; return what it makes evaluated, if that is not honest."""
        if code in _PUTS:
            index = self._stored if code == op.MEMOIZE else argument
            self._stored += 1
            if self._last and len(self._memo) < _MEMO_MOST:
                self._memo[index] = self._last
            elif index in self._memo:
                del self._memo[index]
            return None
        expected, self._key_at = self._key_at >= 0, -1
        if code in _GETS:
            self._last = self._memo.get(argument, "")
            if expected and self._last != "template":
                return "scipy.stats", "", offset, False
        elif code in _TEXTS:
            text = self._text(argument)
            honest = _TEMPLATE.fullmatch(text) is not None
            self._last = "template" if honest else "key" if text == _TEMPLATE_KEY else ""
            if expected and not honest:
                return "scipy.stats", text, offset, True
            if self._formulas and _FORMULA.search(text) and "\n" not in text.strip():
                return "statsmodels", text, offset, True
        else:
            self._last = ""
            if expected:
                return "scipy.stats", "", offset, False
        if self._last == "key":
            self._key_at = offset
        return None

    def _text(self, argument: Any) -> str:
        if type(argument) is Span:
            if argument.length > _TEXT_MOST:
                return ""
            argument = self._source.read_at(argument.offset, argument.length)
        return argument.decode("latin-1") if type(argument) is bytes else str(argument)
