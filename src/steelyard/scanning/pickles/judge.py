# SPDX-License-Identifier: Apache-2.0
"""Turns what a pickle machine saw into findings: what happens to a name decides.

Known dangerous = critical. Unknown and called = high. Unknown and only referenced = medium.
Computed or dotted names = high. Allow-listed = nothing. A few names that honest pickles use and
attackers love (``getattr``, ``partial``, ``encode``) are judged by what they are handed.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from steelyard.artifacts.pickle import BINUNICODE, BINUNICODE8, PROTO, UNICODE, OpcodeReader, Span
from steelyard.artifacts.pickle import NAMES as OPCODES
from steelyard.artifacts.source import BytesSource, SliceSource, Source
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import SEVERITY_ORDER, Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.pickles.interpreter import WATCHED, Machine
from steelyard.scanning.pickles.names import dangerous_names, is_allowed, says_it, why_dangerous
from steelyard.scanning.pickles.values import Call, Made, Name

_LINES_KEPT = 20
_NESTED_DEPTH = 3
_BLOB_OPCODES = 5_000_000
_TEXT_MOST = 64 * 1024 * 1024
_PER_RULE = 25
"""Findings of one rule in one file; more say nothing new."""
_CONVERT = "Ask the publisher for safetensors, or convert the file in an isolated environment."
_LATIN = ("latin1", "latin-1", "latin_1", "iso-8859-1")
_TORCHSCRIPT = ("__torch__.", "torch.jit._pickle")
_GETTERS = {("builtins", "getattr"), ("__builtin__", "getattr")}
_HARMLESS_ALONE = frozenset({"encode", "itemgetter"})
"""Watched names that do nothing unless they are called."""
_GLOBAL = re.compile(rb"c([A-Za-z_][\w.]{0,60})\n([A-Za-z_][\w.]{0,60})\n")

Verdict = tuple[Severity | None, str]


class Judge:
    """Judges the machines that read one file. Every machine must call :meth:`judge_call`."""

    def __init__(
        self,
        context: Context,
        source: Source,
        into: Examination,
        *,
        scripted: bool = False,
        depth: int = 0,
    ) -> None:
        self._context = context
        self._source = source
        self._into = into
        self._scripted = scripted
        self._depth = depth
        self._seen: set[tuple[str, str, bool]] = set()
        self._noted: set[tuple[str, str]] = set()
        self._reported: dict[str, set[str]] = {}
        self._opcodes_left = _BLOB_OPCODES

    def judge(self, machine: Machine) -> None:
        """Add findings and load calls for everything the machine saw."""
        verdicts: list[tuple[Severity, str, str, Name]] = []
        for key, name in machine.names.items():
            if name.invoked and key not in self._noted:
                self._noted.add(key)
                self._note(name)
            mark = (*key, name.called)
            if mark not in self._seen:
                self._seen.add(mark)
                severity, rule, message = self._name_verdict(name)
                if severity is not None:
                    verdicts.append((severity, rule, message, name))
        # The worst first: a flood of lesser findings must not push it over the limit per file.
        verdicts.sort(key=lambda verdict: SEVERITY_ORDER.index(verdict[0]))
        for severity, rule, message, name in verdicts:
            evidence = f"byte {name.offset} {OPCODES[name.opcode]} imports {name.dotted}"
            self._add(rule, severity, message, name.offset, evidence)
        self._judge_unknowable(machine)
        self._judge_blobs(machine)

    def judge_call(self, call: Call) -> None:
        """Judge one call of a watched name by what it is handed."""
        arguments = call.arguments if type(call.arguments) is tuple else ()
        severity, text = self._argument_verdict(call.target, arguments)
        if severity is None:
            severity, text = _handed_on(arguments)
        if severity is not None:
            rule = "pickle.dangerous-call" if severity is Severity.CRITICAL else "pickle.indirect"
            self._add(rule, severity, text, call.offset, line_of(call.target, call.offset))

    def _judge_unknowable(self, machine: Machine) -> None:
        for offset in machine.unresolved:
            self._add(
                "pickle.unresolved-name",
                Severity.HIGH,
                "An import's name is computed while loading, so it cannot be known beforehand.",
                offset,
                f"byte {offset} STACK_GLOBAL takes a computed name",
            )
        for offset, opcode in machine.blind_calls:
            self._add(
                "pickle.unresolved-call",
                Severity.HIGH,
                "Loading calls something that another call returned.",
                offset,
                f"byte {offset} {OPCODES[opcode]} calls a computed object",
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

    def _note(self, name: Name) -> None:
        lines = self._into.load_calls
        if len(lines) < _LINES_KEPT:
            offset = name.call_offset if name.call_offset >= 0 else name.offset
            lines.append(self._context.at(line_of(name, offset)))

    def _name_verdict(self, name: Name) -> tuple[Severity | None, str, str]:
        module, dotted = name.module, name.dotted
        if self._scripted and module.startswith(_TORCHSCRIPT):
            return None, "", ""
        if is_allowed(module, name.name):
            return None, "", ""
        if (module, name.name) in WATCHED and (name.called or name.name in _HARMLESS_ALONE):
            return None, "", ""  # every call was judged by its arguments
        why = why_dangerous(module, name.name) or (says_it(name.name) if name.invoked else "")
        verb = "calls" if name.invoked else "imports"
        if why:
            kind = "call" if name.invoked else "import"
            return (
                Severity.CRITICAL,
                f"pickle.dangerous-{kind}",
                f"Loading {verb} {dotted}, which {why}.",
            )
        if "." in name.name:
            return (
                Severity.HIGH,
                "pickle.dotted-name",
                f"The import of {dotted} walks through attributes of a module.",
            )
        if module == "__main__" and not name.called:
            # NEWOBJ needs a class and runs no initializer: this reaches the loader's own script.
            return (
                Severity.LOW,
                "pickle.unknown-import",
                f"Loading needs {dotted}, a class of the script that loads the file.",
            )
        return (
            Severity.HIGH if name.invoked else Severity.MEDIUM,
            "pickle.unknown-call" if name.invoked else "pickle.unknown-import",
            f"Loading {verb} {dotted}, which no honest library on our list writes.",
        )

    def _argument_verdict(self, target: Name, arguments: tuple[Any, ...]) -> Verdict:
        first = arguments[0] if arguments else None
        if (target.module, target.name) in _GETTERS:
            return _getattr_verdict(arguments)
        if target.name == "encode":
            plain = len(arguments) == 2 and arguments[1] in _LATIN
            return (None, "") if plain else (Severity.MEDIUM, "Loading encodes computed text.")
        if target.name in ("partial", "_create_array", "_rebuild_from_type_v2"):
            return _prepared(first)
        if target.name == "itemgetter":
            return None, ""
        if target.name == "attrgetter":
            return _attribute_verdict(arguments)
        if target.name == "type":
            alone = len(arguments) == 1
            return (None, "") if alone else (Severity.HIGH, "Loading creates a new class.")
        return self._nested_load(first)

    def _nested_load(self, data: Any) -> Verdict:
        """``torch.storage._load_from_bytes`` unpickles its argument: examine it as a file."""
        nested = self._context.examine_nested
        content = self._content(data)
        inner = self._context.nested("embedded tensor")
        if content is None or nested is None or inner.depth > self._into.limits.archive_depth:
            return Severity.CRITICAL, "Loading unpickles data that cannot be seen."
        nested(inner, content, self._into)
        return None, ""

    def _content(self, data: Any) -> Source | None:
        """Return the bytes a constant stands for, also when Python 2 wrote them as text."""
        if type(data) is bytes:
            return BytesSource(data)
        if type(data) is Span:
            return SliceSource(self._source, data.offset, data.length)
        if type(data) is not Made or data.origin is None or data.origin.name != "encode":
            return None
        text = data.arguments[0] if type(data.arguments) is tuple and data.arguments else None
        if type(text) is Span and text.length <= _TEXT_MOST:
            raw = self._source.read_at(text.offset, text.length)
            if text.code in (BINUNICODE, BINUNICODE8):
                text = raw.decode("utf-8", "replace")
            elif text.code == UNICODE:
                text = raw.decode("raw_unicode_escape", "replace")
        return BytesSource(text.encode("latin-1", "replace")) if type(text) is str else None

    def _judge_blobs(self, machine: Machine) -> None:
        """Look into constants that begin like pickles; as data they are a reason to look."""
        if self._depth >= _NESTED_DEPTH:
            return
        if machine.blobs_dropped:
            self._into.gap(Coverage.PARTIAL, "too many byte strings look like pickles")
        for data, offset in machine.blobs:
            content = self._decoded(data)
            if content is None:
                continue
            found = self._hidden(content) or self._named(content)
            if found:
                self._add(
                    "pickle.nested",
                    Severity.MEDIUM,
                    f"A pickle inside a constant: {found[0]}",
                    offset,
                    found[1],
                )

    def _decoded(self, data: bytes | str | Span) -> Source | None:
        if type(data) is Span and OPCODES[data.code].find("BYTE") >= 0:
            return SliceSource(self._source, data.offset, data.length)
        if type(data) is bytes:
            return BytesSource(data)
        if type(data) is Span:
            if data.length > 1 << 20:
                return None
            data = self._source.read_at(data.offset, data.length).decode("latin-1")
        text = "".join(str(data).split())
        try:
            hexadecimal = text[:2] == "80"
            raw = bytes.fromhex(text) if hexadecimal else base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            return None
        return BytesSource(raw)

    def _hidden(self, content: Source) -> tuple[str, str] | None:
        head = content.read_at(0, 2)
        if len(head) < 2 or head[0] != PROTO or head[1] > 5 or self._opcodes_left <= 0:
            return None
        hidden = Examination(self._into.limits)
        judge = Judge(self._context, content, hidden, depth=self._depth + 1)
        inner = Machine(self._into.limits, on_call=judge.judge_call)
        try:
            inner.run(OpcodeReader(content, 0, self._into.limits))
        except ArtifactError:
            if not inner.names:
                return None
        finally:
            self._opcodes_left -= inner.opcodes
        if self._opcodes_left <= 0:
            self._into.gap(Coverage.PARTIAL, "too much data looks like pickles")
        judge.judge(inner)
        for finding in hidden.findings:
            if finding.severity not in (Severity.INFO, Severity.LOW):
                return finding.message, finding.evidence
        return ("it imports names.", "") if any(n.invoked for n in inner.names.values()) else None

    def _named(self, content: Source) -> tuple[str, str] | None:
        """Find text protocol imports of plainly dangerous names anywhere in a short constant."""
        if content.size > 65_536:
            return None
        for found in _GLOBAL.finditer(content.read_at(0, content.size)):
            module, name = found[1].decode(), found[2].decode()
            if name in dangerous_names().calls and why_dangerous(module, name):
                return f"it imports {module}.{name}.", f"GLOBAL {module} {name}"
        return None

    def _add(self, rule: str, severity: Severity, message: str, offset: int, evidence: str) -> None:
        reported = self._reported.setdefault(f"{rule} {severity}", set())
        if message in reported or len(reported) >= _PER_RULE:
            return
        reported.add(message)
        self._into.add(
            rule,
            severity,
            message,
            location=self._context.at(f"byte {offset}"),
            evidence=evidence,
            remedy=_CONVERT,
        )


def line_of(target: Name, offset: int) -> str:
    """Return a call as one line at opcode level."""
    line = f"byte {offset} {OPCODES[target.call_opcode]} calls {target.dotted}"
    if offset != target.offset:
        line += f" (imported at byte {target.offset} by {OPCODES[target.opcode]})"
    return line


def _prepared(target: Any) -> Verdict:
    """Judge what a call will call in turn: the target is then judged as called itself."""
    if type(target) is not Name:
        return Severity.HIGH, "Loading prepares a call of something that cannot be known."
    if (target.module, target.name) in WATCHED:
        return Severity.CRITICAL, f"Loading calls {target.dotted} behind another call."
    target.called = True
    return None, ""


def _handed_on(arguments: tuple[Any, ...]) -> Verdict:
    """A watched name must not be passed on: whoever gets it could call it unwatched."""
    for argument in arguments:
        if type(argument) is Name and argument.name in ("getattr", "attrgetter", "partial"):
            return Severity.HIGH, f"Loading hands {argument.dotted} to another call."
    return None, ""


def _getattr_verdict(arguments: tuple[Any, ...]) -> Verdict:
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


def _attribute_verdict(arguments: tuple[Any, ...]) -> Verdict:
    for argument in arguments:
        if type(argument) is not str:
            return Severity.CRITICAL, "Loading looks up a computed attribute."
        parts = argument.split(".")
        if any(part.startswith("_") or part in dangerous_names().calls for part in parts):
            return Severity.CRITICAL, f"Loading looks up the attribute {argument!r}."
    return Severity.LOW, "Loading prepares an attribute look-up."
