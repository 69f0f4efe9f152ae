# SPDX-License-Identifier: Apache-2.0
"""Reads the header of a safetensors file and checks that it tells the truth.

Layout (published by the format's authors): eight bytes little-endian header length, that many bytes
of JSON, then the tensors' bytes. The JSON maps names to ``dtype``, ``shape`` and ``data_offsets``
relative to the end of the header, plus an optional ``__metadata__`` of strings. Tensors must cover
the rest of the file without holes or overlaps. No tensor byte is read here.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from steelyard.artifacts.json_documents import read_json
from steelyard.artifacts.problem import Problem
from steelyard.artifacts.shapes import elements_of
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import Limits

BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F4": 4,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "F6_E2M3": 6, "F6_E3M2": 6, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32,
    "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64,
}  # fmt: skip
"""Bits of one element by data type name."""


_PROBLEMS_KEPT = 200


class TensorInfo(Struct, frozen=True):
    """One tensor; ``start`` and ``end`` are bytes after the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def elements(self) -> int:
        """Number of elements."""
        return elements_of(self.shape)


class SafetensorsHeader(Struct, frozen=True):
    """A header that could be read; ``problems`` say where it lies.

    ``missing`` counts the bytes at the end of an otherwise truthful file that are not there: a
    download that broke off. ``padding`` counts white space after the JSON.
    """

    header_size: int
    tensors: tuple[TensorInfo, ...]
    metadata: dict[str, str]
    problems: tuple[Problem, ...]
    missing: int = 0
    padding: int = 0


def read_safetensors(source: Source, limits: Limits) -> SafetensorsHeader:
    """Return the header of ``source``.

    Raises:
        TruncatedArtifact: the file ends inside its header.
        LimitExceeded: the header is longer than the format allows; checked before reading it.
        ArtifactError: the header is not the JSON it has to be.
    """
    prefix = source.read_at(0, 8)
    if len(prefix) < 8:
        raise TruncatedArtifact("The file ends inside its first eight bytes.", offset=0)
    length = int.from_bytes(prefix, "little")
    if length > limits.safetensors_header:
        raise LimitExceeded(
            f"The header claims {length} bytes; the format allows {limits.safetensors_header}.",
            offset=0,
            code="safetensors.header-length",
        )
    if length > source.size - 8:
        raise TruncatedArtifact(
            f"The header claims {length} bytes, but the file has only {source.size - 8} more.",
            offset=0,
        )
    raw = source.read_at(8, length)
    if not raw.startswith(b"{"):
        raise ArtifactError("The header does not begin with an opening brace.", offset=8)
    document = read_json(raw, limits)
    if not isinstance(document.value, dict):
        raise ArtifactError("The header is not a JSON object.", offset=8)
    padding = len(raw) - len(raw.rstrip())
    problems = [
        Problem("safetensors.duplicate-key", f"The header names {key!r} twice.", "header")
        for key in document.duplicates
    ]
    return _check(source, (length, padding), document.value, problems, limits)


def _check(
    source: Source,
    header: tuple[int, int],
    entries: dict[str, Any],
    problems: list[Problem],
    limits: Limits,
) -> SafetensorsHeader:
    length, padding = header
    metadata = entries.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        problems.append(
            Problem("safetensors.metadata", "The metadata are not a map of strings.", "header")
        )
        metadata = {}
    if len(entries) > limits.safetensors_tensors:
        raise LimitExceeded(f"The header names {len(entries)} tensors.", offset=8)
    tensors = [_tensor(name, entry, problems) for name, entry in entries.items()]
    known = [tensor for tensor in tensors if tensor is not None]
    missing = _check_layout(known, source.size - 8 - length, problems)
    return SafetensorsHeader(length, tuple(known), metadata, tuple(problems), missing, padding)


def _tensor(name: str, entry: Any, problems: list[Problem]) -> TensorInfo | None:
    def bad(code: str, text: str) -> None:
        if len(problems) >= _PROBLEMS_KEPT:
            return
        problems.append(Problem(f"safetensors.{code}", f"Tensor {name[:80]!r} {text}.", "header"))

    if not isinstance(entry, dict):
        bad("entry", "is not described by an object")
        return None
    shape, offsets = _naturals(entry.get("shape")), _naturals(entry.get("data_offsets"))
    if shape is None or offsets is None or len(offsets) != 2:
        bad("entry", "has no proper shape or offsets")
        return None
    tensor = TensorInfo(name, str(entry.get("dtype"))[:32], shape, offsets[0], offsets[1])
    if set(entry) - {"dtype", "shape", "data_offsets"}:
        bad("fields", "carries fields the format does not know")
    bits = BITS.get(tensor.dtype)
    if bits is None:
        bad("dtype", f"has the unknown data type {tensor.dtype!r}")
    elif (tensor.elements * bits + 7) // 8 != tensor.end - tensor.start:
        bad("size", "does not have the number of bytes its shape and data type need")
    return tensor


def _naturals(value: Any) -> tuple[int, ...] | None:
    if isinstance(value, list) and all(type(item) is int and 0 <= item < 2**63 for item in value):
        return tuple(value)
    return None


def _check_layout(tensors: list[TensorInfo], data: int, problems: list[Problem]) -> int:
    """Report overlaps, holes, tensors outside the file and bytes that belong to no tensor.

    Returns the bytes missing at the end where nothing else is wrong: that is a broken download, not
    a lie.
    """
    end = 0
    found: dict[str, str] = {}
    honest = not problems
    for tensor in sorted(tensors, key=lambda tensor: (tensor.start, tensor.end)):
        name = repr(tensor.name[:80])
        if tensor.end < tensor.start:
            found.setdefault("out-of-bounds", f"Tensor {name} ends before it begins.")
            continue
        if tensor.end > data:
            found.setdefault("out-of-bounds", f"Tensor {name} lies outside the file.")
        if tensor.start < end:
            found.setdefault("overlap", f"Tensor {name} shares bytes with another tensor.")
        elif tensor.start > end:
            gap = tensor.start - end
            found.setdefault("hole", f"{gap} bytes before tensor {name} belong to no tensor.")
        end = max(end, tensor.end)
    if end < data:
        found["trailing"] = f"{data - end} bytes after the last tensor belong to no tensor."
    if honest and end > data and set(found) == {"out-of-bounds"}:
        return end - data
    problems += [Problem(f"safetensors.{key}", text, "header") for key, text in found.items()]
    return 0
