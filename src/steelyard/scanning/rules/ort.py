# SPDX-License-Identifier: Apache-2.0
"""Examines models in ONNX Runtime's own format; the rules are those of ONNX."""

from __future__ import annotations

from steelyard.artifacts.ort import read_ort
from steelyard.artifacts.source import Source
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.onnx import judge_operator
from steelyard.scanning.rules.payloads import judge_metadata


def examine_ort(context: Context, source: Source, into: Examination) -> None:
    """Examine one model of ONNX Runtime."""
    model = read_ort(source, into.limits)
    into.weights = True
    into.tensors += model.tensors
    into.parameters += model.parameters
    into.dtypes |= model.dtypes
    judge_metadata(context, model.metadata, "onnx.payload", "metadata_props", into)
    for (domain, operator), count in sorted(model.operators.items()):
        judge_operator(context, domain, operator, count, model, into)
