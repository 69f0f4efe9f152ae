# SPDX-License-Identifier: Apache-2.0
"""Examines Core ML models: parts an application has to implement, and other files they name."""

from __future__ import annotations

from steelyard.artifacts.coreml import read_blobs, read_coreml
from steelyard.artifacts.source import Source
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.payloads import judge_metadata
from steelyard.scanning.rules.places import judge_files

_HOME = "@model_path/"
"""How a program names the folder it lies in."""


def examine_coreml(context: Context, source: Source, into: Examination) -> None:
    """Examine one Core ML model."""
    model = read_coreml(source, into.limits)
    into.weights = True
    for kind, name in sorted(set(model.custom)):
        into.add(
            "coreml.custom",
            Severity.HIGH,
            f"The model has a custom {kind} that a class of the application has to implement.",
            location=context.at(f"custom {kind}"),
            evidence=name[:200],
            remedy="Find out which library brings the class, and review it.",
        )
    paths = [path.removeprefix(_HOME) for path in (*model.files, *model.linked)]
    judge_files(context, paths, "coreml.path", "file reference", into)
    if model.linked:
        into.add(
            "coreml.linked",
            Severity.LOW,
            "The model loads another model by name.",
            location=context.at("linkedModel"),
            evidence=", ".join(model.linked[:5])[:200],
            remedy="Examine the other model as well.",
        )
    if model.serialized or model.unknown:
        what = ", ".join(model.serialized[:3]) or f"kind {model.unknown[0]}"
        into.gap(Coverage.PARTIAL, context.at(f"a part of the model is opaque: {what[:200]}"))
    judge_metadata(context, model.metadata, "coreml.payload", "description.metadata", into)


def examine_coreml_weights(context: Context, source: Source, into: Examination) -> None:
    """Examine the weight file of a Core ML package."""
    into.weights = True
    count, problems = read_blobs(source, into.limits)
    into.tensors += count
    for problem in problems:
        into.add(
            problem.code,
            Severity.HIGH,
            problem.message,
            location=context.at(problem.location),
            remedy="Fetch the file again; if it is the same, do not load it.",
        )
