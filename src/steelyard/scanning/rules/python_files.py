# SPDX-License-Identifier: Apache-2.0
"""Examines Python beside the weights by its syntax tree; nothing is imported or run.

What stands at module level runs on import; what stands in a function waits to be called. The walk
of :mod:`python_flow` tells the two apart, and :mod:`python_effects` weighs what it meets.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings

from steelyard.artifacts.source import Source
from steelyard.kernel.errors import LimitExceeded
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.secrets import find_secrets
from steelyard.scanning.rules.text_files import read_bounded

_MOST_HIDDEN = 4
"""Layers of code inside texts that are run."""
_ENTRY_NAMES = frozenset({"setup.py", "conanfile.py"})
_REMEDY = {
    Severity.CRITICAL: "Do not load this model with its own code; report it to the publisher.",
    Severity.HIGH: "Have a person read this code before it may run.",
    Severity.MEDIUM: "Read what it is handed, and load it only where the charter allows.",
}
_HOSTILE_TEXT = re.compile(
    rb"/dev/tcp/|base64\.b64decode\(.{0,40}exec|exec\(\s*(?:zlib|base64|marshal)\.|os\.system\("
)
_RECURSION = 6000


def examine_python(context: Context, source: Source, into: Examination) -> None:
    """Examine one Python file."""
    into.remote_code = True
    data = read_bounded(context, source, into)
    find_secrets(context, data, into)
    into.add(
        "code.beside-weights",
        Severity.INFO,
        "The model carries Python; a loader that trusts it runs it.",
        location=context.at(""),
        remedy="Review the code, pin its commit, and load it only where the charter allows.",
    )
    judge_python(context, data, into)


def judge_python(context: Context, data: bytes, into: Examination, *, line: int = 0,
                 at_import: bool = True) -> None:  # fmt: skip
    """Add findings about Python source; ``line`` is where it begins in its file, less one."""
    from steelyard.scanning.rules.python_lexical import examine_characters, look_alikes

    examine_characters(context, data, into)
    if len(data) > into.limits.python_bytes:
        into.gap(Coverage.PARTIAL, context.at(f"Python of {len(data)} bytes was not parsed"))
        _unparsed(context, data, into)
        return
    tree = _parsed(context, data, into, line)
    if tree is None:
        return
    if not data.isascii():
        found = look_alikes(_names(tree))
        if found:
            into.add(
                "code.look-alike",
                Severity.MEDIUM,
                f"The name {found[:60]!r} mixes letters of two scripts that look alike.",
                location=context.at(""),
                evidence=found[:60].encode("ascii", "backslashreplace").decode(),
                remedy="Compare it with the name it looks like.",
            )
    _follow(context, tree, into, line, at_import=at_import, layer=0)


def _parsed(context: Context, data: bytes, into: Examination, line: int) -> ast.Module | None:
    limit = sys.getrecursionlimit()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sys.setrecursionlimit(_RECURSION)
            return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        into.add(
            "code.unreadable",
            Severity.LOW if context.name.endswith((".pyx", ".pxd", ".pxi")) else Severity.MEDIUM,
            f"The Python cannot be parsed: {type(error).__name__}.",
            location=context.at(f"line {line + (getattr(error, 'lineno', 0) or 0)}"),
            remedy="Ask which Python it is written for; have a person read it.",
        )
        into.gap(Coverage.PARTIAL, "the Python cannot be parsed")
        _unparsed(context, data, into)
        return None
    finally:
        sys.setrecursionlimit(limit)


def _unparsed(context: Context, data: bytes, into: Examination) -> None:
    """Look for what is plainly hostile in text that no tree could be made of."""
    found = _HOSTILE_TEXT.search(data)
    if found:
        into.add(
            "code.dangerous-call",
            Severity.HIGH,
            "Python that could not be parsed names functions that run programs or hidden code.",
            location=context.at(f"byte {found.start()}"),
            evidence=found[0][:200].decode("utf-8", "replace"),
            remedy="Do not run it before a person has read it.",
        )


def _follow(context: Context, tree: ast.Module, into: Examination, line: int, *, at_import: bool,
            layer: int) -> None:  # fmt: skip
    from steelyard.scanning.rules.python_effects import Effects
    from steelyard.scanning.rules.python_flow import Flow

    effects = Effects(install=context.name in _ENTRY_NAMES)
    flow = Flow(effects, at_import=at_import)
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(_RECURSION)
        flow.run(tree)
    except LimitExceeded as error:
        into.gap(Coverage.PARTIAL, context.at(error.message))
    except RecursionError:
        into.gap(Coverage.PARTIAL, context.at("the Python is nested too deep to be followed"))
    finally:
        sys.setrecursionlimit(limit)
    for effect in effects.found():
        into.add(
            effect.rule,
            effect.severity,
            effect.message,
            location=context.at(f"line {line + effect.line}"),
            evidence=effect.evidence,
            remedy=_REMEDY.get(effect.severity, "Nothing, unless you did not expect it."),
        )
        if effect.inner and layer < _MOST_HIDDEN:
            inner = _quiet_parse(effect.inner)
            if inner is not None:
                importing = effect.message.startswith(("Importing", "Installing"))
                _follow(context, inner, into, line + effect.line - 1, at_import=importing,
                        layer=layer + 1)  # fmt: skip


def _quiet_parse(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _names(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.append(node.id)
        elif isinstance(node, ast.Attribute):
            found.append(node.attr)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            found.append(node.name)
    return found
