# SPDX-License-Identifier: Apache-2.0
"""Examines GGUF files: counts that attack the reader, and the chat template inside."""

from __future__ import annotations

from steelyard.artifacts.gguf import read_gguf
from steelyard.artifacts.source import Source
from steelyard.catalog.rules import scanner_rule
from steelyard.kernel.errors import LimitExceeded
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.templates import judge_template


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
            remedy="Do not load it; the numbers attack the reader.",
        )
        into.gap(Coverage.PARTIAL, error.message)
        return
    for problem in model.problems:
        into.add(problem.code, Severity.HIGH, problem.message, location=context.at(""))
    into.tensors += len(model.tensors)
    for tensor in model.tensors:
        count = 1
        for dimension in tensor.shape:
            count *= dimension
        into.parameters += min(count, 2**53)
    for key, value in model.metadata.items():
        if key.startswith("tokenizer.chat_template") and isinstance(value, str):
            judge_template(context, value, into, key[:80])
