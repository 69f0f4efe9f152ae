# SPDX-License-Identifier: Apache-2.0
"""Reads the structure of a Core ML model (``.mlmodel``) and of the weight file beside one.

Field numbers are those of Apple's public ``Model.proto``, ``NeuralNetwork.proto`` and
``MIL.proto``; the layout of ``weight.bin`` is that of the blob storage format in coremltools.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from steelyard.artifacts.problem import Problem
from steelyard.artifacts.protobuf import BYTES, VARINT, Field, WireReader
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

_PIPELINES = {200: True, 201: True, 202: False}
"""Pipeline kinds; True where the pipeline is wrapped once more."""
_NETWORKS = (303, 403, 500)
_PROGRAM, _CUSTOM, _LINKED, _SERIALIZED = 502, 555, 556, 3000
_KINDS = frozenset({
    *_PIPELINES, *_NETWORKS, _PROGRAM, _CUSTOM, _LINKED, _SERIALIZED, 300, 301, 302, 304, 400, 401,
    402, 404, 501, 560, 600, 601, 602, 603, 604, 606, 607, 609, 610, 900, 2000, 2001, 2002, 2003,
    2004, 2005, 2006,
})  # fmt: skip
_KEPT = 10_000
_BLOB_HEADER = 64
_SENTINEL = 0xDEADBEEF


class CoremlModel(Struct):
    """What needs code of an application, or other files, to run."""

    version: int = 0
    kinds: set[int] = field(default_factory=set)
    custom: list[tuple[str, str]] = field(default_factory=list)
    """Kind (``model``, ``layer``, ``operation``) and class name of custom parts."""
    linked: list[str] = field(default_factory=list)
    """Names and search paths of other models."""
    files: set[str] = field(default_factory=set)
    """Names of weight files."""
    serialized: list[str] = field(default_factory=list)
    """Identifiers of opaque serialized models."""
    unknown: list[int] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)


def read_coreml(source: Source, limits: Limits) -> CoremlModel:
    """Return the structure of the model in ``source``.

    Raises:
        ArtifactError: it is no protobuf message or holds no kind of model.
        LimitExceeded: it nests too deep or has more parts than any real model.
    """
    model = CoremlModel()
    _Walker(WireReader(source, limits), model).model(Field(0, BYTES, 0, 0, source.size), 0)
    if not model.kinds and not model.unknown:
        raise ArtifactError("The message holds no Core ML model.")
    return model


class _Walker:
    """Descends into pipelines, networks and programs."""

    def __init__(self, reader: WireReader, model: CoremlModel) -> None:
        self._reader = reader
        self._model = model

    def model(self, message: Field, depth: int) -> None:
        for part in self._reader.inside(message, depth):
            number = part.number
            if number == 1 and part.wire == VARINT:
                self._model.version = self._model.version or part.value
            elif number == 2 and depth == 0:
                self._description(part, depth + 1)
            elif number >= 200 and part.wire == BYTES:
                self._kind(part, depth + 1)

    def _kind(self, part: Field, depth: int) -> None:
        number, model = part.number, self._model
        if number not in _KINDS:
            if len(model.unknown) < 100:
                model.unknown.append(number)
            return
        model.kinds.add(number)
        if number in _PIPELINES:
            self._pipeline(part, depth, _PIPELINES[number])
        elif number in _NETWORKS:
            self._network(part, depth)
        elif number == _PROGRAM:
            self._program(part, depth)
        elif number == _CUSTOM:
            self._custom("model", part, depth)
        elif number == _LINKED:
            for inner in self._reader.inside(part, depth):
                self._linked(inner, depth + 1)
        elif number == _SERIALIZED:
            for inner in self._reader.inside(part, depth):
                if inner.number == 1:
                    self._keep(model.serialized, self._reader.text(inner, 200))

    def _keep(self, into: list[str], text: str) -> None:
        if len(into) >= _KEPT:
            raise LimitExceeded("The model refers to too many other models.")
        into.append(text)

    def _description(self, message: Field, depth: int) -> None:
        for part in self._reader.inside(message, depth):
            if part.number != 100:
                continue
            for entry in self._reader.inside(part, depth + 1):
                if entry.number == 100 and len(self._model.metadata) < _KEPT:
                    pair = {
                        item.number: self._reader.text(item)
                        for item in self._reader.inside(entry, depth + 2)
                        if item.wire == BYTES
                    }
                    self._model.metadata[pair.get(1, "")] = pair.get(2, "")

    def _pipeline(self, message: Field, depth: int, wrapped: bool) -> None:
        for part in self._reader.inside(message, depth):
            if part.number != 1:
                continue
            if wrapped:
                self._pipeline(part, depth + 1, wrapped=False)
            else:
                self.model(part, depth + 1)

    def _network(self, message: Field, depth: int) -> None:
        for layer in self._reader.inside(message, depth):
            if layer.number != 1:
                continue
            for part in self._reader.inside(layer, depth + 1):
                if part.number == 500:
                    self._custom("layer", part, depth + 2)
                elif part.number in (605, 615):
                    # A branch has its networks in fields 1 and 2, a loop in fields 3 and 4.
                    numbers = (1, 2) if part.number == 605 else (3, 4)
                    for inner in self._reader.inside(part, depth + 2):
                        if inner.number in numbers and inner.wire == BYTES:
                            self._network(inner, depth + 3)

    def _custom(self, kind: str, message: Field, depth: int) -> None:
        name = ""
        for part in self._reader.inside(message, depth):
            if part.number == 10:
                name = self._reader.text(part, 200)
        if len(self._model.custom) >= _KEPT:
            raise LimitExceeded("The model has too many custom parts.")
        self._model.custom.append((kind, name))

    def _linked(self, message: Field, depth: int) -> None:
        """Name and search path are parameters whose default value is field 1."""
        for part in self._reader.inside(message, depth):
            for value in self._reader.inside(part, depth + 1):
                if value.number == 1 and value.wire == BYTES:
                    self._keep(self._model.linked, self._reader.text(value))

    def _program(self, message: Field, depth: int) -> None:
        """Functions and their blocks are maps: entries with a key (1) and a value (2)."""
        for function in self._values(message, 2, depth):
            for block in self._values(function, 3, depth + 2):
                self._block(block, depth + 4)

    def _values(self, message: Field, number: int, depth: int) -> Iterator[Field]:
        for entry in self._reader.inside(message, depth):
            if entry.number != number:
                continue
            for part in self._reader.inside(entry, depth + 1):
                if part.number == 2 and part.wire == BYTES:
                    yield part

    def _block(self, message: Field, depth: int) -> None:
        for operation in self._reader.inside(message, depth):
            if operation.number != 3:
                continue
            for part in self._reader.inside(operation, depth + 1):
                if part.number == 1 and self._reader.text(part, 200) == "custom_layer":
                    self._model.custom.append(("operation", "custom_layer"))
                elif part.number == 4:
                    self._block(part, depth + 2)
                elif part.number == 5:
                    self._attribute(part, depth + 2)
                elif part.number == 2:
                    self._input(part, depth + 2)

    def _attribute(self, message: Field, depth: int) -> None:
        for part in self._reader.inside(message, depth):
            if part.number == 2:
                self._value(part, depth + 1)

    def _input(self, message: Field, depth: int) -> None:
        for argument in self._reader.inside(message, depth):
            for binding in self._reader.inside(argument, depth + 1) if argument.number == 2 else ():
                for part in self._reader.inside(binding, depth + 2):
                    if part.number == 2:
                        self._value(part, depth + 3)

    def _value(self, message: Field, depth: int) -> None:
        for part in self._reader.inside(message, depth):
            if part.number != 5:
                continue
            for item in self._reader.inside(part, depth + 1):
                if item.number == 1 and item.wire == BYTES and len(self._model.files) < _KEPT:
                    self._model.files.add(self._reader.text(item))


def looks_like_blobs(head: bytes) -> bool:
    """Tell whether this is how a ``weight.bin`` of Core ML begins."""
    first = int.from_bytes(head[_BLOB_HEADER : _BLOB_HEADER + 4], "little")
    return head[4:8] == b"\2\0\0\0" and first == _SENTINEL


def read_blobs(source: Source, limits: Limits) -> tuple[int, list[Problem]]:
    """Return how many tensors a ``weight.bin`` holds and what does not add up."""
    count = int.from_bytes(source.read_at(0, 4), "little")
    problems: list[Problem] = []
    if count * 64 > source.size:
        text = f"The header claims {count} tensors, more than the file can hold."
        return 0, [Problem("coreml.weights", text, "byte 0")]
    at = _BLOB_HEADER
    for number in range(min(count, limits.gguf_entries)):
        entry = source.read_at(at, 24)
        size = int.from_bytes(entry[8:16], "little")
        start = int.from_bytes(entry[16:24], "little")
        inside = len(entry) == 24 and at < start and start + size <= source.size
        if not inside or int.from_bytes(entry[:4], "little") != _SENTINEL:
            text = f"Tensor {number} lies outside the file or is not described."
            problems.append(Problem("coreml.weights", text, f"byte {at}"))
            break
        at = start + size + (-(start + size) % 64)
    return count, problems
