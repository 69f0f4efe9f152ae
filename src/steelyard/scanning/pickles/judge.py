# SPDX-License-Identifier: Apache-2.0
"""Turns what a pickle machine saw into findings: what happens to a name decides.

Known dangerous = critical. Unknown and called = high; critical if it is a function of the standard
library, says that it executes, or is handed what gadgets are handed. Unknown and only referenced =
medium. Computed or dotted names = high. Code objects = high, critical where the function reaches a
dangerous name or is called. Allow-listed = nothing. A few names that honest pickles use and
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
from steelyard.scanning.pickles.arguments import (
    GETTERS,
    Verdict,
    attribute_verdict,
    constructor_verdict,
    getattr_verdict,
    handed_on,
    prepared,
    setattr_verdict,
    size_verdict,
    text_verdict,
    unknown_call_why,
)
from steelyard.scanning.pickles.codes import handmade, reached
from steelyard.scanning.pickles.evaluated import evaluated_text, evaluates
from steelyard.scanning.pickles.interpreter import CAREFUL, WATCHED, Machine
from steelyard.scanning.pickles.names import (
    MAKE_CLASSES,
    MAKE_FUNCTIONS,
    carries_code,
    dangerous_names,
    is_allowed,
    is_standard_function,
    says_it,
    why_dangerous,
)
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
_CALLS_ON = frozenset({
    "iter", "__generator_ctor", "__randomstate_ctor", "__bit_generator_ctor", "unpickle_doc",
    "unpickle_vocab",
})  # fmt: skip
"""Careful names that call or load what they are handed."""
_HARMLESS_ALONE = frozenset({"encode", "itemgetter", "type"})
"""Watched names that do nothing unless they are called."""
_GLOBAL = re.compile(rb"c([A-Za-z_][\w.]{0,60})\n([A-Za-z_][\w.]{0,60})\n")


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
        self.raw: dict[int, int] = {}
        """Where raw arrays begin and end between the opcodes of the file."""

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
        self._judge_code(machine)
        self._judge_evaluated(machine)
        self._judge_unknowable(machine)
        self._judge_blobs(machine)

    def judge_call(self, call: Call) -> None:
        """Judge one call of a watched name by what it is handed."""
        arguments = call.arguments if type(call.arguments) is tuple else ()
        severity, text = self._argument_verdict(call.target, arguments)
        if type(call.arguments) is not tuple and call.target.name in _CALLS_ON:
            severity, text = Severity.HIGH, f"Loading computes what it hands to {call.target.name}."
        if severity is None:
            severity, text = handed_on(arguments)
        if severity is not None:
            rule = "pickle.dangerous-call" if severity is Severity.CRITICAL else "pickle.indirect"
            self._add(rule, severity, text, call.offset, line_of(call.target, call.offset))

    def _judge_code(self, machine: Machine) -> None:
        """Judge Python functions the stream carries by the names they can reach."""
        carriers = [name for name in machine.names.values() if carries_code(name.module, name.name)]
        if not carriers:
            return
        first = min(carriers, key=lambda name: name.offset)
        found = reached(self._source, min(n.offset for n in machine.names.values()),
                        self._into.limits)  # fmt: skip
        if found:
            word, offset = found
            self._add(
                "pickle.code-object",
                Severity.CRITICAL,
                f"The file carries a Python function that refers to {word!r}.",
                offset,
                f"byte {offset} a code object names {word}",
            )
        elif any(name.invoked for name in carriers):
            self._add(
                "pickle.code-object",
                Severity.HIGH,
                f"The file carries Python code objects, which {first.dotted} turns into functions.",
                first.offset,
                line_of(first, first.call_offset if first.call_offset >= 0 else first.offset),
            )
        else:
            self._add(
                "pickle.code-object",
                Severity.HIGH,
                f"Loading imports {first.dotted}, which builds Python functions.",
                first.offset,
                f"byte {first.offset} {OPCODES[first.opcode]} imports {first.dotted}",
            )

    def _judge_evaluated(self, machine: Machine) -> None:
        """Judge the texts that a named class evaluates once it is handed its state."""
        if not any(evaluates(name.module) for name in machine.names.values()):
            return
        formulas = any(name.module.startswith("statsmodels") for name in machine.names.values())
        found = evaluated_text(
            self._source, machine.start, self.raw, self._into.limits, formulas=formulas
        )
        if found is None:
            return
        library, text, offset, plain = found
        self._add(
            "pickle.dangerous-call" if plain else "pickle.indirect",
            Severity.CRITICAL if plain else Severity.HIGH,
            f"Loading makes {library} evaluate Python code that the library did not write."
            if plain
            else f"Loading makes {library} evaluate a text that cannot be known.",
            offset,
            text[:200] or f"byte {offset}",
        )

    def _judge_unknowable(self, machine: Machine) -> None:
        for offset in machine.unresolved:
            self._add(
                "pickle.unresolved-name",
                Severity.HIGH,
                "An import's name is computed while loading, so it cannot be known beforehand.",
                offset,
                f"byte {offset} STACK_GLOBAL takes a computed name",
            )
        carries = any(carries_code(name.module, name.name) for name in machine.names.values())
        for offset, opcode, origin in machine.blind_calls:
            carrier = origin is not None and carries_code(origin.module, origin.name)
            if carrier and origin is not None and origin.name in MAKE_CLASSES:
                continue
            if carries and (origin is None or (carrier and origin.name in MAKE_FUNCTIONS)):
                self._add(
                    "pickle.code-object",
                    Severity.CRITICAL,
                    "Loading calls a function that the file carries.",
                    offset,
                    f"byte {offset} {OPCODES[opcode]} calls what was built from a code object",
                )
                continue
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
        """Judge one imported name by what happens to it.

        Names of ``__main__`` belong to the script that loads the file, not to the file: an
        attacker cannot put code there. Referring to one, or making an instance with NEWOBJ (which
        runs no initializer), is what pickling an object of one's own class does: low. A *called*
        name of ``__main__`` reaches any function the loading script happens to import: high.
        """
        module, dotted = name.module, name.dotted
        if self._scripted and module.startswith(_TORCHSCRIPT):
            return None, "", ""
        if is_allowed(module, name.name):
            return None, "", ""
        if (module, name.name) in WATCHED and (name.called or name.name in _HARMLESS_ALONE):
            return None, "", ""  # every call was judged by its arguments
        if carries_code(module, name.name):
            return None, "", ""  # judged once for all, by what the code reaches
        why = why_dangerous(module, name.name) or (says_it(name.name) if name.called else "")
        if not why and name.called and module != "__main__":
            if is_standard_function(module, name.name):
                why = "is a function of the standard library that no pickler calls"
            else:
                why = unknown_call_why(name)
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
        if (target.module, target.name) in GETTERS:
            return getattr_verdict(arguments)
        if target.name == "setattr":
            return setattr_verdict(arguments)
        if target.name == "encode":
            plain = len(arguments) == 2 and arguments[1] in _LATIN
            return (None, "") if plain else (Severity.MEDIUM, "Loading encodes computed text.")
        if target.name in ("partial", "_create_array", "_rebuild_from_type_v2"):
            return prepared(first)
        if target.name == "itemgetter":
            return None, ""
        if (target.module, target.name) in CAREFUL:
            return self._careful_verdict(target, arguments)
        if target.name == "attrgetter":
            return attribute_verdict(arguments)
        if target.name == "type":
            alone = len(arguments) == 1
            return (None, "") if alone else (Severity.HIGH, "Loading creates a new class.")
        return self._nested_load(first)

    def _careful_verdict(self, target: Name, arguments: tuple[Any, ...]) -> Verdict:
        """Judge what an allow-listed name is handed."""
        if target.module.startswith("spacy."):
            at = 1 if target.name == "unpickle_doc" else 4
            return self._nested_load(arguments[at]) if len(arguments) > at else (None, "")
        if target.module == "numpy.random._pickle":
            return constructor_verdict(arguments)
        if target.name == "iter":
            return prepared(arguments[0]) if len(arguments) > 1 else (None, "")
        if target.name in ("str", "unicode", "str_"):
            return text_verdict(arguments)
        return size_verdict(target.name, arguments)

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
            found = self._hidden(content)
            severity = Severity.MEDIUM
            if found is None:
                found = self._named(content)
                if found and handmade(self._source, self._into.limits):
                    severity = Severity.CRITICAL  # written by hand to be read in two ways
            if found:
                self._add(
                    "pickle.nested",
                    severity,
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
