# SPDX-License-Identifier: Apache-2.0
"""Reads the structure of a TensorFlow Lite model: operators, tensors and where their bytes lie.

Field numbers are those of TensorFlow Lite's public ``schema.fbs`` (file identifier ``TFL3``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from steelyard.artifacts.flatbuffers import FlatBuffer, Table
from steelyard.artifacts.problem import Problem
from steelyard.artifacts.shapes import elements_of
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

TYPES = {0: "F32", 1: "F16", 2: "I32", 3: "U8", 4: "I64", 5: "STRING", 6: "BOOL", 7: "I16",
         8: "C64", 9: "I8", 10: "F64", 11: "C128", 12: "U64", 13: "RESOURCE", 14: "VARIANT",
         15: "U32", 16: "U16", 17: "I4", 18: "BF16", 19: "I2", 20: "U4"}  # fmt: skip
LAST_BUILTIN = 209
"""The last operator the schema of TensorFlow 2.21 numbers."""
_CUSTOM = 32
_PLACEHOLDER = 127
_PROBLEMS_KEPT = 50
_KEPT = 100_000
_INDICES_MOST = 65_536


@dataclass(slots=True)
class TfliteModel:
    """What one model holds; ``custom`` counts the nodes of each custom operator."""

    version: int = 0
    builtin: Counter[int] = field(default_factory=Counter)
    custom: Counter[str] = field(default_factory=Counter)
    external: list[str] = field(default_factory=list)
    """Names of files tensors lie in."""
    metadata: list[str] = field(default_factory=list)
    """Names of metadata entries."""
    end: int = 0
    """Where the last tensor that lies behind the tables ends; 0 if there is none."""
    problems: list[Problem] = field(default_factory=list)
    tensors: int = 0
    parameters: int = 0
    dtypes: set[str] = field(default_factory=set)


def read_tflite(source: Source, limits: Limits) -> TfliteModel:
    """Return the structure of the model in ``source``.

    Raises:
        ArtifactError: an offset or table is broken.
        LimitExceeded: it has more parts than any real model.
    """
    buffer = FlatBuffer(source, limits)
    if buffer.bytes(4, 4) != b"TFL3":
        raise ArtifactError("This is not a TensorFlow Lite model.", offset=4)
    return _Walker(buffer.root(), source.size).walk()


class _Walker:
    """Walks the tables of one model."""

    def __init__(self, root: Table, size: int) -> None:
        self._root = root
        self._size = size
        self._model = TfliteModel(version=root.number(0, 4))
        self._codes: list[str | int] = []
        self._filled: list[bool] = []

    def walk(self) -> TfliteModel:
        model = self._model
        for code in self._root.tables(1):
            self._code(code)
        for number, buffer in enumerate(self._root.tables(4)):
            self._buffer(number, buffer)
        for graph in self._root.tables(2):
            self._graph(graph)
        entries = zip(range(1000), self._root.tables(6), strict=False)
        model.metadata = [entry.text(0) for _, entry in entries]
        groups = zip(range(1000), self._root.tables(8), strict=False)
        model.external = [group.text(0) for _, group in groups]
        return model

    def _note(self, text: str, place: str) -> None:
        if len(self._model.problems) < _PROBLEMS_KEPT:
            self._model.problems.append(Problem("tflite.out-of-bounds", text, place))

    def _code(self, table: Table) -> None:
        if len(self._codes) >= _KEPT:
            raise LimitExceeded("The model declares too many operators.")
        # Old files hold the number in one byte; newer ones say 127 there and use the second field.
        old, new = table.number(0, 1), table.number(3, 4)
        code = max(old, new) if old <= _PLACEHOLDER else new
        self._codes.append(table.text(1) if code == _CUSTOM else code)

    def _buffer(self, number: int, table: Table) -> None:
        _, inside = table.vector(0, 1)
        offset, size = table.number(1, 8), table.number(2, 8)
        # Large models keep tensors behind the tables; offsets 0 and 1 mean that they do not.
        outside = offset > 1 and size > 0
        if outside:
            if offset + size > self._size:
                self._note("A tensor's bytes lie outside the file.", f"buffer {number}")
            self._model.end = max(self._model.end, offset + size)
        if len(self._filled) >= 10 * _KEPT:
            raise LimitExceeded("The model has too many buffers.")
        self._filled.append(bool(inside) or outside)

    def _graph(self, table: Table) -> None:
        tensors = 0
        for tensor in table.tables(0):
            tensors += 1
            self._tensor(tensor)
        for number, operator in enumerate(table.tables(3)):
            self._operator(number, operator, tensors)
        for field_number in (1, 2):
            self._indices(table, field_number, tensors, "subgraph")

    def _tensor(self, table: Table) -> None:
        buffer = table.number(2, 4)
        if buffer >= max(len(self._filled), 1):
            self._note("A tensor names a buffer that does not exist.", f"buffer {buffer}")
            return
        if not self._filled or not self._filled[buffer]:
            return
        model = self._model
        model.tensors += 1
        shape = table.numbers(0, 4, 64)
        model.parameters += min(elements_of([max(item, 0) for item in shape]), 2**53)
        model.dtypes.add(TYPES.get(table.number(1, 1), "unknown"))

    def _operator(self, number: int, table: Table, tensors: int) -> None:
        index = table.number(0, 4)
        if index >= len(self._codes):
            self._note("A node names an operator that does not exist.", f"node {number}")
            return
        code = self._codes[index]
        if isinstance(code, str):
            self._model.custom[code] += 1
        else:
            self._model.builtin[code] += 1
        for field_number in (1, 2, 8):
            self._indices(table, field_number, tensors, f"node {number}")
        offset, size = table.number(9, 8), table.number(10, 8)
        if offset > 1 and offset + size > self._size:
            self._note("An operator's options lie outside the file.", f"node {number}")

    def _indices(self, table: Table, field_number: int, tensors: int, place: str) -> None:
        """Check indices of tensors; -1 stands for an optional one that is left out."""
        indices = table.numbers(field_number, 4, _INDICES_MOST)
        if any(not -1 <= index < tensors for index in indices):
            self._note("A node names a tensor that does not exist.", place)
