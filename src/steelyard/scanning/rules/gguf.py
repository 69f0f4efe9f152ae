# SPDX-License-Identifier: Apache-2.0
"""Examines GGUF files: numbers that attack the reader, and the chat templates inside."""

from __future__ import annotations

from steelyard.artifacts.gguf import TYPES, GgufFile, read_gguf
from steelyard.artifacts.shapes import elements_of
from steelyard.artifacts.source import Source
from steelyard.catalog.rules import scanner_rule
from steelyard.kernel.errors import LimitExceeded
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination, Header
from steelyard.scanning.rules.places import note_missing
from steelyard.scanning.rules.templates import judge_template

_REMEDY = "Do not load it; the numbers attack the reader."


def gguf_header(model: GgufFile) -> Header:
    """Return what the header says about where the weights come from."""
    dtypes: dict[str, int] = {}
    for tensor in model.tensors:
        name = TYPES.get(tensor.kind, f"type {tensor.kind}")
        dtypes[name] = dtypes.get(name, 0) + min(elements_of(tensor.shape), 2**53)
    return Header("gguf", model.metadata, (), dtypes)


def examine_gguf(context: Context, source: Source, into: Examination) -> None:
    """Examine one GGUF file."""
    into.weights = True
    try:
        model = read_gguf(source, into.limits)
    except LimitExceeded as error:
        into.add(
            error.code if scanner_rule(error.code) else "gguf.count",
            Severity.CRITICAL,
            error.message,
            location=context.at(f"byte {max(error.offset, 0)}"),
            remedy=_REMEDY,
        )
        into.gap(Coverage.PARTIAL, error.message)
        return
    for problem in model.problems:
        usual = scanner_rule(problem.code)
        severity = usual.severity if usual else Severity.HIGH
        remedy = _REMEDY if severity is Severity.CRITICAL else "Ask the publisher for a valid file."
        place = context.at("tensor table")
        into.add(problem.code, severity, problem.message, location=place, remedy=remedy)
    note_missing(context, model.missing, into)
    header = gguf_header(model)
    into.tensors += len(model.tensors)
    into.parameters += sum(header.dtypes.values())
    into.dtypes |= set(header.dtypes)
    if not context.depth:
        into.header = header
    for key, value in model.metadata.items():
        if key.startswith("tokenizer.chat_template") and isinstance(value, str):
            judge_template(context, value, into, key[:80])
