# SPDX-License-Identifier: Apache-2.0
"""Reads the operators of a model in ONNX Runtime's own format (``.ort``, identifier ``ORTM``).

Field numbers are those of ONNX Runtime's public ``ort.fbs``.
"""

from __future__ import annotations

from steelyard.artifacts.flatbuffers import FlatBuffer, Table
from steelyard.artifacts.onnx import STANDARD, TYPES, OnnxModel
from steelyard.artifacts.shapes import elements_of
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

_KEPT = 10_000
_DEPTH = 32


def read_ort(source: Source, limits: Limits) -> OnnxModel:
    """Return the structure of the model in ``source`` in the terms of ONNX.

    Raises:
        ArtifactError: an offset or table is broken, or it holds no graph.
        LimitExceeded: it has more parts than any real model, or nests too deep.
    """
    buffer = FlatBuffer(source, limits)
    if buffer.bytes(4, 4) != b"ORTM":
        raise ArtifactError("This is not a model of ONNX Runtime.", offset=4)
    table = buffer.root().table(1)
    graph = table.table(7) if table else None
    if table is None or graph is None:
        raise ArtifactError("The file holds no graph.")
    model = OnnxModel(ir_version=table.number(0, 8), producer=table.text(2), has_graph=True)
    for _, entry in zip(range(_KEPT), table.tables(9), strict=False):
        model.metadata[entry.text(0)] = entry.text(1)
    _graph(graph, model, 0)
    return model


def _graph(table: Table, model: OnnxModel, depth: int) -> None:
    if depth > _DEPTH:
        raise LimitExceeded("The graphs are nested too deep.")
    for tensor in table.tables(0):
        _tensor(tensor, model)
    for node in table.tables(2):
        _node(node, model, depth)
    for sparse in table.tables(7):
        for number in (0, 1):
            inner = sparse.table(number)
            if inner is not None:
                _tensor(inner, model)


def _node(table: Table, model: OnnxModel, depth: int) -> None:
    key = (table.text(2), table.text(5))
    if key not in model.operators and len(model.operators) >= _KEPT:
        raise LimitExceeded("The model uses too many different operators.")
    model.operators[key] += 1
    texts: list[str] = []
    for attribute in table.tables(10):
        texts += [text for text in (attribute.text(5), *attribute.texts(10, 16)) if text]
        inner = attribute.table(7)
        graphs = [inner] if inner is not None else []
        for graph in (*graphs, *attribute.tables(12)):
            _graph(graph, model, depth + 1)
    if key[0] not in STANDARD and key not in model.foreign:
        model.foreign[key] = " ".join(texts)[:500]


def _tensor(table: Table, model: OnnxModel) -> None:
    model.tensors += 1
    model.parameters += min(elements_of([max(item, 0) for item in table.numbers(2, 8, 64)]), 2**53)
    model.dtypes.add(TYPES.get(table.number(3, 4), "unknown"))
