# SPDX-License-Identifier: Apache-2.0
"""Examines ONNX models: data read from other files, and operators that are foreign code."""

from __future__ import annotations

from functools import cache
from importlib import resources

from steelyard.artifacts.onnx import STANDARD, OnnxModel, read_onnx
from steelyard.artifacts.source import Source
from steelyard.kernel.finding import Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.payloads import judge_metadata
from steelyard.scanning.rules.places import judge_files
from steelyard.scanning.rules.tensorflow_ops import speaks_of_code

_KNOWN = ("com.microsoft", "org.pytorch", "pkg.onnxscript", "pkg.torch", "com.ms.internal")
"""Domains of ONNX Runtime's own operators and of functions exporters put into the model."""
_PUBLISHED = ("ai.onnx.contrib", "TRT", "mmdeploy", "org.openvinotoolkit")
"""Domains of published libraries that somebody has to install."""
_PYTHON = frozenset({"PyOp", "PythonOp", "PythonOpGrad", "PyCustomOp", "PyFunc"})


def examine_onnx(context: Context, source: Source, into: Examination) -> None:
    """Examine one ONNX model."""
    model = read_onnx(source, into.limits)
    into.weights = True
    into.tensors += model.tensors
    into.parameters += model.parameters
    into.dtypes |= model.dtypes
    _judge_external(context, model, into)
    judge_metadata(context, model.metadata, "onnx.payload", "metadata_props", into)
    for (domain, operator), count in sorted(model.operators.items()):
        judge_operator(context, domain, operator, count, model, into)


def _judge_external(context: Context, model: OnnxModel, into: Examination) -> None:
    judge_files(context, model.external, "onnx.external-path", "external data", into)
    if model.ranges:
        into.add(
            "onnx.external-range",
            Severity.CRITICAL,
            "The place of external tensor data is not a number a file could have.",
            location=context.at("external data"),
            evidence=", ".join(model.ranges[:5])[:200],
            remedy="Do not load it; the numbers attack the reader.",
        )


def judge_operator(
    context: Context,
    domain: str,
    operator: str,
    count: int,
    model: OnnxModel,
    into: Examination,
) -> None:
    """Report an operator that the standard and the usual runtimes do not have."""
    name = f"{domain[:80]}::{operator[:80]}"
    place = context.at(f"{count} node{'s' if count != 1 else ''}")
    if operator in _PYTHON and domain not in STANDARD:
        into.executes_on_load = True
        texts = model.foreign.get((domain, operator), "")
        into.add(
            "onnx.python-operator",
            Severity.CRITICAL,
            f"The operator {operator[:80]!r} of {domain[:80]!r} calls Python when the model runs.",
            location=place,
            evidence=f"{name} {texts}".strip()[:300],
            remedy="Do not run it; ask the publisher for a model of standard operators.",
        )
        return
    local = (domain, operator) in model.functions
    standard = domain in STANDARD and (domain or "ai.onnx", operator) in standard_operators()
    if local or standard or _within(domain, _KNOWN):
        return
    if _within(domain, _PUBLISHED):
        severity = Severity.LOW
    else:
        severity = Severity.HIGH if speaks_of_code(operator) else Severity.MEDIUM
    into.add(
        "onnx.custom-operator",
        severity,
        f"The operator {operator[:80]!r} of {domain[:80]!r} needs a library of its own.",
        location=place,
        evidence=name,
        remedy="Find out which library implements it, and review that library.",
    )


@cache
def standard_operators() -> frozenset[tuple[str, str]]:
    """Return the operators of the standard by (domain, name), of all versions."""
    text = resources.files("steelyard.scanning.rules").joinpath("onnx_ops.txt").read_text("utf-8")
    pairs = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return frozenset((domain, name) for domain, name in pairs)


def _within(domain: str, names: tuple[str, ...]) -> bool:
    return any(domain == name or domain.startswith(f"{name}.") for name in names)
