# SPDX-License-Identifier: Apache-2.0
"""Turns what a pickle machine saw into findings: what happens to a name decides.

Known dangerous = critical. Unknown and called = high. Unknown and only referenced = medium.
Computed or dotted names = high. Allow-listed = nothing. A few names that honest pickles use and
attackers love (``getattr``, ``partial``, ``encode``) are judged by what they are handed.
"""

from __future__ import annotations

from typing import Any

from steelyard.artifacts.pickle import NAMES as OPCODES
from steelyard.artifacts.pickle import OpcodeReader
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.pickles.interpreter import Call, Machine, Made, Name
from steelyard.scanning.pickles.names import dangerous_names, is_allowed, why_dangerous

_LINES_KEPT = 20
_NESTED_DEPTH = 3
_BLOBS_JUDGED = 64
_CONVERT = "Ask the publisher for safetensors, or convert the file in an isolated environment."
_LATIN = ("latin1", "latin-1", "latin_1", "iso-8859-1")
_TORCHSCRIPT = ("__torch__.", "torch.jit._pickle")
_GETTERS = {("builtins", "getattr"), ("__builtin__", "getattr")}
_BY_ARGUMENT = frozenset({
    *_GETTERS, ("_codecs", "encode"), ("codecs", "encode"), ("functools", "partial"),
    ("_functools", "partial"), ("operator", "itemgetter"), ("_operator", "itemgetter"),
    ("operator", "attrgetter"), ("_operator", "attrgetter"),
    ("torch.storage", "_load_from_bytes"), ("builtins", "type"), ("__builtin__", "type"),
})  # fmt: skip


class Judge:
    """Judges one machine's record; ``shift`` is added to every offset it names."""

    def __init__(
        self, context: Context, into: Examination, *, scripted: bool = False, depth: int = 0
    ) -> None:
        self._context = context
        self._into = into
        self._scripted = scripted
        self._depth = depth
        self._seen: set[tuple[str, str]] = set()

    def judge(self, machine: Machine) -> None:
        """Add findings and load calls for everything the machine saw."""
        handled = self._judge_calls(machine)
        for name in machine.names:
            key = (name.module, name.name)
            if key not in self._seen and key not in handled:
                self._seen.add(key)
                self._judge_name(name, any_called=_called(machine, key))
        for offset in machine.unresolved:
            self._add(
                "pickle.unresolved-name",
                Severity.HIGH,
                "An import's name is computed while loading, so it cannot be known beforehand.",
                offset,
                f"byte {offset} STACK_GLOBAL takes a computed name",
            )
        for offset in machine.extensions:
            self._add(
                "pickle.extension-code",
                Severity.HIGH,
                "An import is hidden behind a copyreg extension code.",
                offset,
                f"byte {offset} EXT refers to a registry of the loading process",
            )
        for target, offset in machine.writes:
            self._add(
                "pickle.attribute-write",
                Severity.HIGH,
                f"Loading changes attributes of {target.dotted} itself, for the whole process.",
                offset,
                f"byte {offset} BUILD sets state on {target.dotted}",
            )
        self._judge_blobs(machine)

    def _judge_calls(self, machine: Machine) -> set[tuple[str, str]]:
        """Note load calls, judge calls by argument, and return the names settled that way."""
        handled: set[tuple[str, str]] = set()
        listed: set[tuple[str, str]] = set()
        for call in machine.calls:
            target = call.target
            if target is None:
                self._add(
                    "pickle.unresolved-call",
                    Severity.HIGH,
                    "Loading calls something that another call returned.",
                    call.offset,
                    f"byte {call.offset} {OPCODES[call.opcode]} calls a computed object",
                )
                continue
            key = (target.module, target.name)
            if key not in listed:
                listed.add(key)
                self._note(call, target)
            if key in _BY_ARGUMENT:
                handled.add(key)
                self._judge_arguments(call, target)
        return handled

    def _note(self, call: Call, target: Name) -> None:
        lines = self._into.load_calls
        if len(lines) < _LINES_KEPT:
            lines.append(self._context.at(line_of(call, target)))

    def _judge_name(self, name: Name, *, any_called: bool) -> None:
        module, dotted = name.module, name.dotted
        if self._scripted and module.startswith(_TORCHSCRIPT):
            return
        if is_allowed(module, name.name):
            return
        evidence = f"byte {name.offset} {OPCODES[name.opcode]} imports {dotted}"
        why = why_dangerous(module, name.name)
        if why:
            kind = "call" if any_called else "import"
            verb = "calls" if any_called else "imports"
            self._add(
                f"pickle.dangerous-{kind}",
                Severity.CRITICAL,
                f"Loading {verb} {dotted}, which {why}.",
                name.offset,
                evidence,
            )
        elif "." in name.name:
            self._add(
                "pickle.dotted-name",
                Severity.HIGH,
                f"The import of {dotted} walks through attributes of a module.",
                name.offset,
                evidence,
            )
        elif any_called:
            self._add(
                "pickle.unknown-call",
                Severity.HIGH,
                f"Loading calls {dotted}, which no honest library on our list writes.",
                name.offset,
                evidence,
            )
        else:
            self._add(
                "pickle.unknown-import",
                Severity.MEDIUM,
                f"Loading imports {dotted}, which no honest library on our list writes.",
                name.offset,
                evidence,
            )

    def _judge_arguments(self, call: Call, target: Name) -> None:
        arguments = call.arguments if type(call.arguments) is tuple else ()
        severity, text = self._argument_verdict(target, arguments)
        if severity is not None:
            rule = "pickle.dangerous-call" if severity is Severity.CRITICAL else "pickle.indirect"
            self._add(rule, severity, text, call.offset, line_of(call, target))

    def _argument_verdict(
        self, target: Name, arguments: tuple[Any, ...]
    ) -> tuple[Severity | None, str]:
        key = (target.module, target.name)
        first = arguments[0] if arguments else None
        if key in _GETTERS:
            return _getattr_verdict(arguments)
        if target.name == "encode":
            plain = len(arguments) == 2 and arguments[1] in _LATIN
            return (None, "") if plain else (Severity.MEDIUM, "Loading encodes computed text.")
        if target.name == "partial":
            if type(first) is Name:
                first.called = True
                return None, ""
            return Severity.HIGH, "Loading prepares a call of something that cannot be known."
        if target.name == "itemgetter":
            return None, ""
        if target.name == "attrgetter":
            return _attribute_verdict(arguments)
        if target.name == "type":
            alone = len(arguments) == 1
            return (None, "") if alone else (Severity.HIGH, "Loading creates a new class.")
        return self._nested_load(first)

    def _nested_load(self, data: Any) -> tuple[Severity | None, str]:
        """``torch.storage._load_from_bytes`` unpickles its argument: examine it as a file."""
        nested = self._context.examine_nested
        if not isinstance(data, bytes) or nested is None or self._depth >= _NESTED_DEPTH:
            return Severity.CRITICAL, "Loading unpickles data that cannot be seen."
        nested(self._context.nested("embedded tensor"), BytesSource(data), self._into)
        return None, ""

    def _judge_blobs(self, machine: Machine) -> None:
        """Look into byte strings that begin like pickles; as data they are a reason to look."""
        if self._depth >= _NESTED_DEPTH:
            return
        for data, offset in machine.blobs[:_BLOBS_JUDGED]:
            inner = Machine(self._into.limits)
            try:
                inner.run(OpcodeReader(BytesSource(data), 0, self._into.limits))
            except ArtifactError:
                if not inner.names:
                    continue
            hidden = Examination(self._into.limits)
            Judge(self._context, hidden, depth=self._depth + 1).judge(inner)
            worst = [finding for finding in hidden.findings if finding.severity != Severity.INFO]
            if worst:
                self._add(
                    "pickle.nested",
                    Severity.MEDIUM,
                    f"A pickle inside a byte string: {worst[0].message}",
                    offset,
                    worst[0].evidence,
                )

    def _add(self, rule: str, severity: Severity, message: str, offset: int, evidence: str) -> None:
        self._into.add(
            rule,
            severity,
            message,
            location=self._context.at(f"byte {offset}"),
            evidence=evidence,
            remedy=_CONVERT,
        )


def line_of(call: Call, target: Name) -> str:
    """Return a call as one line at opcode level."""
    line = f"byte {call.offset} {OPCODES[call.opcode]} calls {target.dotted}"
    if call.offset != target.offset:
        line += f" (imported at byte {target.offset} by {OPCODES[target.opcode]})"
    return line


def _called(machine: Machine, key: tuple[str, str]) -> bool:
    return any(name.called for name in machine.names if (name.module, name.name) == key)


def _getattr_verdict(arguments: tuple[Any, ...]) -> tuple[Severity | None, str]:
    base, attribute = arguments[0] if arguments else None, arguments[1:2]
    if not attribute or type(attribute[0]) is not str:
        return Severity.CRITICAL, "Loading looks up a computed attribute."
    name = attribute[0]
    if name.startswith("_") or name in dangerous_names().calls:
        return Severity.CRITICAL, f"Loading looks up the attribute {name!r}."
    if type(base) is Name:
        if is_allowed(base.module, base.name):
            return None, ""
        why = why_dangerous(base.module, base.name)
        if why:
            return Severity.CRITICAL, f"Loading reaches {base.dotted}.{name}, which {why}."
        return Severity.HIGH, f"Loading reaches {base.dotted}.{name}."
    if type(base) is Made and base.origin is not None:
        origin = base.origin
        if is_allowed(origin.module, origin.name) and (origin.module, origin.name) not in _GETTERS:
            return None, ""
    return Severity.HIGH, f"Loading looks up {name!r} on an object that cannot be known."


def _attribute_verdict(arguments: tuple[Any, ...]) -> tuple[Severity | None, str]:
    for argument in arguments:
        if type(argument) is not str:
            return Severity.CRITICAL, "Loading looks up a computed attribute."
        parts = argument.split(".")
        if any(part.startswith("_") or part in dangerous_names().calls for part in parts):
            return Severity.CRITICAL, f"Loading looks up the attribute {argument!r}."
    return Severity.LOW, "Loading prepares an attribute look-up."
