# SPDX-License-Identifier: Apache-2.0
"""Examines R's serialized objects: promises run code when somebody looks at the loaded value.

Calls without evaluation are ordinary in R models (a fitted model keeps its formula and the call
that made it), so a call counts only for what it names; a promise counts for where it stands.
"""

from __future__ import annotations

from steelyard.artifacts.r_data import RContent, RPromise, walk_r
from steelyard.artifacts.source import Source
from steelyard.kernel.finding import Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.appended import examine_rest

_DANGEROUS = frozenset({
    "system", "system2", "shell", "shell.exec", "pipe", "dyn.load", "library.dynam",
    "download.file", "source", "sys.source", "socketConnection", "serverSocket", "unlink",
    "file.remove", "Sys.chmod", "install.packages", "py_run_string", "reg.finalizer",
})  # fmt: skip
"""Functions of R that start programs, reach the network or change files."""
_SHOWN = 10


def examine_r(context: Context, source: Source, into: Examination) -> None:
    """Examine one serialized R object."""
    into.weights = True
    content = walk_r(source, into.limits)
    for promise in content.promises:
        _judge_promise(context, promise, into)
    _judge_calls(context, content, into)
    if content.closures or content.bytecode:
        into.add(
            "r.function",
            Severity.LOW,
            f"The object brings {content.closures} functions of its own; R runs them when the "
            "model is used, not when it is loaded.",
            location=context.at(""),
            remedy="Read them before you call them.",
        )
    examine_rest(context, source, content.end, into)


def _judge_promise(context: Context, promise: RPromise, into: Examination) -> None:
    if not (promise.unbound and promise.expression):
        return
    dangerous = sorted(_DANGEROUS.intersection(promise.calls))
    grave = promise.loose or bool(dangerous)
    into.executes_on_load = into.executes_on_load or grave
    names = ", ".join(dangerous or promise.calls[:3]) or "bytecode"
    into.add(
        "r.promise",
        Severity.CRITICAL if grave else Severity.MEDIUM,
        f"A promise that was not evaluated yet runs its expression ({names[:200]}) as soon as "
        "somebody looks at the loaded value.",
        location=context.at(f"byte {promise.offset}"),
        evidence=", ".join(promise.calls[:_SHOWN])[:200],
        remedy="Do not load it; ask the publisher for the data in an open format.",
    )


def _judge_calls(context: Context, content: RContent, into: Examination) -> None:
    seen: set[str] = set()
    for name, offset in content.calls:
        if name not in _DANGEROUS or name in seen or len(seen) >= _SHOWN:
            continue
        seen.add(name)
        into.add(
            "r.call",
            Severity.MEDIUM,
            f"Code in the object calls {name}, which starts programs, reaches the network or "
            "changes files.",
            location=context.at(f"byte {offset}"),
            evidence=name,
            remedy="Print the function that holds it without calling it, and read it.",
        )
