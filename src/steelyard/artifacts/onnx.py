# SPDX-License-Identifier: Apache-2.0
"""Reads an ONNX model's structure from the wire format: operators, external data, sizes.

Field numbers are those of the public ``onnx.proto3``. Tensor bytes are stepped over.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from steelyard.artifacts.protobuf import BYTES, Field, WireReader
from steelyard.artifacts.shapes import elements_of
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

TYPES = {1: "F32", 2: "U8", 3: "I8", 4: "U16", 5: "I16", 6: "I32", 7: "I64", 8: "STRING",
         9: "BOOL", 10: "F16", 11: "F64", 12: "U32", 13: "U64", 14: "C64", 15: "C128",
         16: "BF16", 17: "F8_E4M3", 18: "F8_E4M3FNUZ", 19: "F8_E5M2", 20: "F8_E5M2FNUZ", 21: "U4",
         22: "I4", 23: "F4", 24: "F8_E8M0", 25: "U2", 26: "I2"}  # fmt: skip
STANDARD = ("", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training")
"""Domains of the operators the ONNX standard defines."""
_NUMBER = re.compile(r"[0-9]{1,18}\Z")
_KEPT = 10_000
"""Different operators, functions, files and metadata entries kept."""
_DIMENSIONS_KEPT = 64


@dataclass(slots=True)
class OnnxModel:
    """Structure of one model; counts cover subgraphs and functions as well."""

    ir_version: int = 0
    producer: str = ""
    opsets: dict[str, int] = field(default_factory=dict)
    """Imported operator sets: domain (empty: the standard one) to version."""
    operators: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Nodes by (domain, operator)."""
    functions: set[tuple[str, str]] = field(default_factory=set)
    """Model-local functions by (domain, name)."""
    external: list[str] = field(default_factory=list)
    """Different locations of external tensor data."""
    ranges: list[str] = field(default_factory=list)
    """Offsets and lengths into external data that are no sensible numbers; the first few."""
    foreign: dict[tuple[str, str], str] = field(default_factory=dict)
    """Strings of the first node of each operator outside the standard domains."""
    metadata: dict[str, str] = field(default_factory=dict)
    tensors: int = 0
    parameters: int = 0
    dtypes: set[str] = field(default_factory=set)
    has_graph: bool = False


def read_onnx(source: Source, limits: Limits) -> OnnxModel:
    """Return the structure of the model in ``source``.

    Raises:
        ArtifactError: it is not a protobuf message with an ONNX graph, or breaks a limit.
    """
    reader = WireReader(source, limits)
    model = OnnxModel()
    walker = _Walker(reader, model)
    for part in reader.fields(0, source.size):
        if part.number == 1:
            model.ir_version = part.value
        elif part.number == 2 and part.wire == BYTES:
            model.producer = reader.text(part, 200)
        elif part.number == 7 and part.wire == BYTES:
            model.has_graph = True
            walker.graph(part, 1)
        elif part.number == 8 and part.wire == BYTES:
            walker.opset(part)
        elif part.number == 14 and part.wire == BYTES:
            walker.metadata(part)
        elif part.number == 20 and part.wire == BYTES:
            for graph in reader.inside(part, 1):
                if graph.number in (1, 2) and graph.wire == BYTES:
                    walker.graph(graph, 2)
        elif part.number == 25 and part.wire == BYTES:
            walker.function(part)
    if not model.has_graph:
        raise ArtifactError("The message holds no ONNX graph.")
    return model


class _Walker:
    """Descends into graphs, nodes, attributes and tensors; depth is bounded by the wire reader."""

    def __init__(self, reader: WireReader, model: OnnxModel) -> None:
        self._reader = reader
        self._model = model
        self._locations: set[str] = set()

    def graph(self, message: Field, depth: int) -> None:
        for part in self._reader.fields(message.start, message.length, depth):
            if part.wire != BYTES:
                continue
            if part.number == 1:
                self._node(part, depth + 1)
            elif part.number == 5:
                self._tensor(part, depth + 1)
            elif part.number == 15:
                self._sparse(part, depth + 1)

    def opset(self, message: Field) -> None:
        domain, version = "", 0
        for part in self._reader.fields(message.start, message.length, 1):
            if part.number == 1 and part.wire == BYTES:
                domain = self._reader.text(part, 200)
            elif part.number == 2:
                version = part.value
        if len(self._model.opsets) < _KEPT:
            self._model.opsets[domain] = version

    def metadata(self, message: Field) -> None:
        texts = self._texts(message, 1)
        if len(self._model.metadata) < _KEPT:
            self._model.metadata[texts.get(1, "")] = texts.get(2, "")

    def function(self, message: Field) -> None:
        name = domain = ""
        for part in self._reader.fields(message.start, message.length, 1):
            if part.wire != BYTES:
                continue
            if part.number == 1:
                name = self._reader.text(part, 200)
            elif part.number == 10:
                domain = self._reader.text(part, 200)
            elif part.number == 7:
                self._node(part, 2)
            elif part.number == 11:
                self._attribute(part, 2)
        if len(self._model.functions) < _KEPT:
            self._model.functions.add((domain, name))

    def _node(self, message: Field, depth: int) -> None:
        operator = domain = ""
        texts: list[str] = []
        for part in self._reader.fields(message.start, message.length, depth):
            if part.wire != BYTES:
                continue
            if part.number == 4:
                operator = self._reader.text(part, 200)
            elif part.number == 7:
                domain = self._reader.text(part, 200)
            elif part.number == 5:
                texts += self._attribute(part, depth + 1)
        operators = self._model.operators
        if (domain, operator) not in operators and len(operators) >= _KEPT:
            raise LimitExceeded("The model uses too many different operators.")
        operators[domain, operator] += 1
        if domain not in STANDARD and (domain, operator) not in self._model.foreign:
            self._model.foreign[domain, operator] = " ".join(texts)[:500]

    def _attribute(self, message: Field, depth: int) -> list[str]:
        """Walk what an attribute holds and return its strings."""
        texts: list[str] = []
        for part in self._reader.fields(message.start, message.length, depth):
            if part.wire != BYTES:
                continue
            if part.number in (5, 10):
                self._tensor(part, depth + 1)
            elif part.number in (6, 11):
                self.graph(part, depth + 1)
            elif part.number in (22, 23):
                self._sparse(part, depth + 1)
            elif part.number in (4, 9) and len(texts) < _DIMENSIONS_KEPT:
                texts.append(self._reader.text(part, 200))
        return texts

    def _sparse(self, message: Field, depth: int) -> None:
        for part in self._reader.fields(message.start, message.length, depth):
            if part.number in (1, 2) and part.wire == BYTES:
                self._tensor(part, depth + 1)

    def _tensor(self, message: Field, depth: int) -> None:
        shape: list[int] = []
        for part in self._reader.fields(message.start, message.length, depth):
            if part.number == 1:
                if len(shape) < _DIMENSIONS_KEPT:
                    shape.extend(self._reader.varints(part))
            elif part.number == 2:
                self._model.dtypes.add(TYPES.get(part.value, "unknown"))
            elif part.number == 13 and part.wire == BYTES:
                texts = self._texts(part, depth + 1)
                if texts.get(1) == "location":
                    self._external(texts.get(2, ""))
                elif texts.get(1) in ("offset", "length"):
                    self._range(texts.get(1, ""), texts.get(2, ""))
        self._model.tensors += 1
        self._model.parameters += min(elements_of(shape), 2**53)

    def _external(self, location: str) -> None:
        """Note a file tensors lie in; most models name the same one many times."""
        if location in self._locations:
            return
        if len(self._locations) >= _KEPT:
            raise LimitExceeded("The model refers to too many different files.")
        self._locations.add(location)
        self._model.external.append(location)

    def _range(self, key: str, value: str) -> None:
        if not _NUMBER.match(value) and len(self._model.ranges) < _DIMENSIONS_KEPT:
            self._model.ranges.append(f"{key} {value[:40]}")

    def _texts(self, message: Field, depth: int) -> dict[int, str]:
        return {
            part.number: self._reader.text(part)
            for part in self._reader.fields(message.start, message.length, depth)
            if part.wire == BYTES and part.number <= 2
        }
