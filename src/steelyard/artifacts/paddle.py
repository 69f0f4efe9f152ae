# SPDX-License-Identifier: Apache-2.0
"""Reads PaddlePaddle programs (``__model__``, ``*.pdmodel``) and combined parameters.

Field numbers are those of Paddle's public ``framework.proto``; parameters are the stream of
``LoDTensor`` records that ``save_combine`` writes.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, field

from steelyard.artifacts.protobuf import BYTES, Field, WireReader
from steelyard.artifacts.shapes import elements_of
from steelyard.artifacts.source import BytesSource, Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import Limits

TYPES = {0: ("BOOL", 1), 1: ("I16", 2), 2: ("I32", 4), 3: ("I64", 8), 4: ("F16", 2),
         5: ("F32", 4), 6: ("F64", 8), 20: ("U8", 1), 21: ("I8", 1), 22: ("BF16", 2),
         23: ("C64", 8), 24: ("C128", 16)}  # fmt: skip
_KEPT = 10_000
_STRINGS_KEPT = 32
_DESCRIPTION_MOST = 1024


class PaddleProgram(Struct):
    """Operators by type, and the strings of the first operator of each type."""

    ops: Counter[str] = field(default_factory=Counter)
    strings: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    blocks: int = 0


def read_program(source: Source, limits: Limits, wanted: frozenset[str]) -> PaddleProgram:
    """Return the operators of the program in ``source``; strings are kept of ``wanted`` types.

    Raises:
        ArtifactError: it is no protobuf message or holds no block.
        LimitExceeded: it nests too deep or uses too many different operators.
    """
    reader = WireReader(source, limits)
    program = PaddleProgram()
    for block in reader.fields(0, source.size):
        if block.number != 1 or block.wire != BYTES:
            continue
        numbers: set[int] = set()
        for part in reader.inside(block, 1):
            numbers.add(part.number)
            if part.number == 4 and part.wire == BYTES:
                _operator(reader, part, program, wanted)
        if not {1, 2} <= numbers:
            raise ArtifactError("A block of the program has no number.", offset=block.start)
        program.blocks += 1
    if not program.blocks:
        raise ArtifactError("The message holds no PaddlePaddle program.")
    return program


def _operator(
    reader: WireReader, message: Field, program: PaddleProgram, wanted: frozenset[str]
) -> None:
    kind = ""
    attributes: list[Field] = []
    for part in reader.inside(message, 2):
        if part.number == 3:
            kind = reader.text(part, 200)
        elif part.number == 4:
            attributes.append(part)
    if kind not in program.ops and len(program.ops) >= _KEPT:
        raise LimitExceeded("The program uses too many different operators.")
    program.ops[kind] += 1
    if kind not in wanted:
        return
    kept = program.strings.setdefault(kind, {})
    for attribute in attributes:
        name = ""
        for part in reader.inside(attribute, 3):
            if part.number == 1:
                name = reader.text(part, 200)
            elif part.number in (5, 8) and part.wire == BYTES:
                values = kept.setdefault(name, [])
                if len(values) < _STRINGS_KEPT:
                    values.append(reader.text(part))


class PaddleParameters(Struct):
    """What a stream of parameters holds."""

    tensors: int = 0
    parameters: int = 0
    dtypes: set[str] = field(default_factory=set)


def looks_like_parameters(head: bytes) -> bool:
    """Tell whether this is how a stream of parameters begins."""
    # Version 0, no levels of detail, version 0, a short description that begins with the data type.
    length = int.from_bytes(head[16:20], "little")
    return len(head) > 24 and not any(head[:16]) and 2 < length < 256 and head[20] == 8


def read_parameters(source: Source, limits: Limits) -> PaddleParameters:
    """Walk the tensors of a parameter file; their bytes are stepped over.

    Raises:
        TruncatedArtifact: a tensor is longer than the file.
        ArtifactError: a record is broken.
        LimitExceeded: there are too many of them.
    """
    found = PaddleParameters()
    at = 0
    while at < source.size:
        head = source.read_at(at, 12)
        levels = int.from_bytes(head[4:12], "little")
        if len(head) < 12 or any(head[:4]) or levels > 64:
            raise ArtifactError("A record does not begin like a tensor.", offset=at)
        at += 12
        for _ in range(levels):
            at += 8 + int.from_bytes(source.read_at(at, 8), "little")
        head = source.read_at(at, 8)
        length = int.from_bytes(head[4:8], "little")
        if len(head) < 8 or any(head[:4]) or not 0 < length <= _DESCRIPTION_MOST:
            raise ArtifactError("A tensor has no proper description.", offset=at)
        description = source.read_at(at + 8, length)
        at += 8 + length
        kind, shape = _description(description, limits)
        if kind not in TYPES:
            raise ArtifactError(f"The tensor type {kind} is not known.", offset=at)
        dtype, width = TYPES[kind]
        elements = elements_of(shape)
        at += elements * width
        if at > source.size:
            raise TruncatedArtifact("A tensor is longer than the file.", offset=at)
        found.tensors += 1
        if found.tensors > limits.gguf_entries:
            raise LimitExceeded("The file holds too many tensors.", offset=at)
        found.parameters += elements
        found.dtypes.add(dtype)
    return found


def _description(data: bytes, limits: Limits) -> tuple[int, list[int]]:
    reader = WireReader(BytesSource(data), limits)
    kind, shape = -1, []
    for part in reader.fields(0, len(data)):
        if part.number == 1:
            kind = part.value
        elif part.number == 2:
            shape += reader.varints(part)
    return kind, [size if size < 2**63 else 0 for size in shape]
