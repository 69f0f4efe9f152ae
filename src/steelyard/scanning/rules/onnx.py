# SPDX-License-Identifier: Apache-2.0
"""Examines ONNX models: data read from other files, and operators that are foreign code."""

from __future__ import annotations

from steelyard.artifacts.onnx import read_onnx
from steelyard.artifacts.source import Source
from steelyard.kernel.finding import Severity
from steelyard.scanning.archives import escapes
from steelyard.scanning.interface import Context, Examination

_STANDARD = ("", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training")
_KNOWN = ("com.microsoft", "org.pytorch", "pkg.onnxscript", "pkg.torch", "local_functions")


def examine_onnx(context: Context, source: Source, into: Examination) -> None:
    """Examine one ONNX model."""
    model = read_onnx(source, into.limits)
    into.weights = True
    into.tensors += model.tensors
    into.parameters += model.parameters
    into.dtypes |= model.dtypes
    for location in sorted(set(model.external)):
        if escapes(location) or "://" in location:
            into.add(
                "onnx.external-path",
                Severity.CRITICAL,
                "The model reads tensor data from a file outside its own folder.",
                location=context.at("external data"),
                evidence=location[:200],
                remedy="Do not load it; the path reaches this machine's files.",
            )
    local = {domain for domain, _ in model.functions}
    for (domain, operator), count in sorted(model.operators.items()):
        if domain in _STANDARD or domain in local or domain.startswith(_KNOWN):
            continue
        into.add(
            "onnx.custom-operator",
            Severity.MEDIUM,
            f"The operator {operator[:80]!r} of {domain[:80]!r} needs a library of its own.",
            location=context.at(f"{count} node{'s' if count != 1 else ''}"),
            evidence=f"{domain[:80]}::{operator[:80]}",
            remedy="Find out which library implements it, and review that library.",
        )
