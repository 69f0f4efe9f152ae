# SPDX-License-Identifier: Apache-2.0
"""Examines ``keras_metadata.pb``: the layers that Keras 2 rebuilds from beside a SavedModel."""

from __future__ import annotations

from steelyard.artifacts.json_documents import read_json
from steelyard.artifacts.keras_metadata import read_keras_metadata
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.keras import judge_keras


def examine_keras_metadata(context: Context, source: Source, into: Examination) -> None:
    """Examine one metadata file."""
    for node in read_keras_metadata(source, into.limits):
        if not node.metadata:
            continue
        try:
            value = read_json(node.metadata, into.limits).value
        except ArtifactError as error:
            into.add(
                "keras.unreadable",
                Severity.MEDIUM,
                f"The metadata of {node.path[:120]!r} cannot be read: {error.message}",
                location=context.at(node.path[:120]),
                remedy="Fetch the file again; if it is the same, do not load it.",
            )
            into.gap(Coverage.PARTIAL, context.at(f"{node.path[:120]} cannot be read"))
            continue
        judge_keras(context, value, into, node.path[:120])
