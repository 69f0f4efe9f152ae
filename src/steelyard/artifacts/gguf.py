# SPDX-License-Identifier: Apache-2.0
"""Reads the metadata and tensor table of a GGUF file (versions 1 to 3, either byte order).

Layout as the ggml project publishes it: magic, version, tensor count, metadata count, metadata
key-value pairs, tensor infos, then the tensors' bytes at aligned offsets one after another. Version
1 counts in 32 bits. Counts are checked against what the file could hold before anything is read,
and long arrays are counted, not kept.
"""

from __future__ import annotations

import struct
from typing import Any

from msgspec import Struct

from steelyard.artifacts.problem import Problem
from steelyard.artifacts.shapes import MANY, elements_of
from steelyard.artifacts.source import Source, SourceStream
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import Limits

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q",
            12: "d"}  # fmt: skip
_STRING, _ARRAY = 8, 9
_KEPT = 64
"""Items kept of an array."""
_KEY_MOST = 65_535
_NAME_MOST = 1024
_DIMENSIONS_MOST = 4
_PROBLEMS_KEPT = 100
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    9: (32, 40), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
    15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18),
    21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8),
    28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
    40: (64, 36), 41: (128, 18),
}  # fmt: skip
"""Elements and bytes of one block by tensor type; other types are checked by offset only."""
TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1",
         10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS",
         17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S",
         23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M",
         30: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4", 41: "Q1_0"}  # fmt: skip


class GgufTensor(Struct, frozen=True):
    """One tensor of the table; ``kind`` is ggml's numeric type, ``offset`` counts from the data."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int


class GgufFile(Struct, frozen=True):
    """Metadata (strings as text, arrays cut to their first items) and tensors.

    ``missing`` counts the bytes at the end of an otherwise truthful file that are not there: a
    download that broke off.
    """

    version: int
    metadata: dict[str, Any]
    tensors: tuple[GgufTensor, ...]
    problems: tuple[Problem, ...]
    missing: int = 0


def read_gguf(source: Source, limits: Limits) -> GgufFile:
    """Return the structure of ``source``.

    Raises:
        LimitExceeded: a count or length no file of this size could hold.
        TruncatedArtifact: the file ends inside its table.
        ArtifactError: magic, version or a type is unknown.
    """
    return _Reader(source, limits).read()


class _Reader:
    """Reads one file; keeps budgets, as many lawful strings are as bad as one huge one."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._stream = SourceStream(source)
        self._limits = limits
        self._bytes = 4 * limits.gguf_string
        self._items = 10 * limits.gguf_entries
        self._order = "<"
        self._wide = "Q"
        self._problems: list[Problem] = []

    def read(self) -> GgufFile:
        if self._stream.read_exact(4) != b"GGUF":
            raise ArtifactError("This is not a GGUF file.", offset=0)
        version = self._version(self._stream.read_exact(4))
        tensor_count, pair_count = self._unpack(2 * self._wide)
        least_tensor, least_pair = (20, 9) if version == 1 else (24, 13)
        for what, count, least in (
            ("tensors", tensor_count, least_tensor),
            ("metadata entries", pair_count, least_pair),
        ):
            if count > self._limits.gguf_entries or count * least > self._source.size:
                raise LimitExceeded(
                    f"The header claims {count} {what}, more than the file can hold.",
                    offset=8,
                    code="gguf.count",
                )
        metadata: dict[str, Any] = {}
        for _ in range(pair_count):
            key = self._string(_KEY_MOST)
            (kind,) = self._unpack("I")
            value = self._value(kind, 0)
            if key in metadata:
                self._note("gguf.duplicate-key", f"The key {key[:80]!r} stands twice.")
            metadata[key] = value
        tensors = [self._tensor() for _ in range(tensor_count)]
        layout = _Layout(tensors, self._alignment(metadata), self._stream.tell(), self._source.size)
        self._problems += layout.check()[:_PROBLEMS_KEPT]
        return GgufFile(version, metadata, tuple(tensors), tuple(self._problems), layout.missing)

    def _version(self, data: bytes) -> int:
        version = int.from_bytes(data, "little")
        if version > 0xFFFF:
            self._order = ">"
            version = int.from_bytes(data, "big")
        if version not in (1, 2, 3):
            raise ArtifactError(f"The GGUF version {version} is not known.", offset=4)
        self._wide = "I" if version == 1 else "Q"
        return version

    def _note(self, code: str, message: str) -> None:
        if len(self._problems) < _PROBLEMS_KEPT:
            self._problems.append(Problem(code, message))

    def _unpack(self, form: str) -> tuple[Any, ...]:
        form = self._order + form
        return struct.unpack(form, self._stream.read_exact(struct.calcsize(form)))

    def _string(self, most: int) -> str:
        (length,) = self._unpack(self._wide)
        if length > most:
            at = self._stream.tell()
            raise LimitExceeded(f"A string claims {length} bytes.", offset=at, code="gguf.string")
        return self._stream.read_exact(length).decode("utf-8", "backslashreplace")

    def _value(self, kind: int, depth: int) -> Any:
        if kind == _STRING:
            text = self._string(self._limits.gguf_string)
            self._bytes -= len(text)
            if self._bytes < 0:
                raise LimitExceeded(
                    "The metadata hold too much text.",
                    offset=self._stream.tell(),
                    code="gguf.string",
                )
            return text
        if kind == _ARRAY:
            return self._array(depth)
        form = _SCALARS.get(kind)
        if form is None:
            at = self._stream.tell()
            raise ArtifactError(f"The value type {kind} is not known.", offset=at)
        return self._unpack(form)[0]

    def _array(self, depth: int) -> list[Any]:
        kind, count = self._unpack("I" + self._wide)
        at = self._stream.tell()
        if depth >= 4:
            raise LimitExceeded("Arrays are nested too deep.", offset=at)
        form = _SCALARS.get(kind)
        kept = min(count, _KEPT)
        if form is not None:
            width = struct.calcsize(form)
            if count * width > self._source.size:
                raise TruncatedArtifact(f"An array claims {count} items.", offset=at)
            values = list(self._unpack(f"{kept}{form}"))
            self._stream.skip((count - kept) * width)
            return values
        self._items -= count
        if self._items < 0 or count * 4 > self._source.size:
            raise LimitExceeded(
                f"An array claims {count} items, more than the file can hold.",
                offset=at,
                code="gguf.count",
            )
        items = [self._value(kind, depth + 1) for _ in range(kept)]
        if kind == _STRING:
            self._skip_strings(count - kept)
        else:
            for _ in range(count - kept):
                self._value(kind, depth + 1)
        return items

    def _skip_strings(self, count: int) -> None:
        """Step over the words of a vocabulary, which are many."""
        width = struct.calcsize(self._wide)
        order = "little" if self._order == "<" else "big"
        read, skip, most = self._stream.read_exact, self._stream.skip, self._limits.gguf_string
        for _ in range(count):
            length = int.from_bytes(read(width), order)  # type: ignore[arg-type]
            if length > most:
                raise LimitExceeded(
                    f"A string claims {length} bytes.",
                    offset=self._stream.tell(),
                    code="gguf.string",
                )
            skip(length)

    def _tensor(self) -> GgufTensor:
        name = self._string(_NAME_MOST)
        (dimensions,) = self._unpack("I")
        if dimensions > _DIMENSIONS_MOST:
            raise LimitExceeded(
                f"A tensor claims {dimensions} dimensions; the format has {_DIMENSIONS_MOST}.",
                offset=self._stream.tell(),
                code="gguf.dimensions",
            )
        shape = self._unpack(f"{dimensions}{self._wide}")
        kind, offset = self._unpack("IQ")
        return GgufTensor(name, shape, kind, offset)

    def _alignment(self, metadata: dict[str, Any]) -> int:
        alignment = metadata.get("general.alignment", 32)
        sensible = isinstance(alignment, int) and 0 < alignment <= 1 << 20
        if not sensible or alignment & (alignment - 1):
            self._note("gguf.alignment", "The alignment is not a sensible number.")
            return 32
        return int(alignment)


class _Layout:
    """Where the tensors lie: each at an aligned offset, one behind the other, inside the file."""

    def __init__(
        self, tensors: list[GgufTensor], alignment: int, table_end: int, size: int
    ) -> None:
        self._tensors = tensors
        self._alignment = alignment
        self._data = table_end + (-table_end % alignment)
        self._size = size
        self.missing = 0
        self._problems: dict[str, Problem] = {}

    def check(self) -> list[Problem]:
        """Return one problem of each kind; ``missing`` is set where only the end is not there."""
        names: set[str] = set()
        for tensor in self._tensors:
            if tensor.name in names:
                self._note("duplicate-tensor", tensor, "stands twice")
            names.add(tensor.name)
        end = self._walk()
        room = self._size - self._data
        if end > room:
            gaps = {"gguf.overlap", "gguf.hole", "gguf.dimensions", "gguf.tensor"}
            if not gaps & set(self._problems):
                self.missing = end - max(room, 0)
        elif self._padded(end) < room and "gguf.type" not in self._problems:
            self._problems["gguf.trailing"] = Problem(
                "gguf.trailing", f"{room - end} bytes after the last tensor belong to no tensor."
            )
        return list(self._problems.values())

    def _walk(self) -> int:
        """Return where the last tensor ends, counted from the first."""
        room = self._size - self._data
        end, exact = 0, True
        for tensor in sorted(self._tensors, key=lambda tensor: tensor.offset):
            size = self._size_of(tensor)
            if tensor.offset % self._alignment:
                self._note("alignment", tensor, "does not begin at an aligned byte")
            if tensor.offset < end:
                self._note("overlap", tensor, "shares bytes with another tensor")
            elif exact and tensor.offset > self._padded(end):
                self._note("hole", tensor, "leaves bytes before it that belong to no tensor")
                if tensor.offset > room:
                    self._note("tensor", tensor, "lies outside the file")
            exact = size is not None
            end = max(end, tensor.offset + (size or 0))
        return end

    def _size_of(self, tensor: GgufTensor) -> int | None:
        """Return the tensor's bytes, None where its type is not known."""
        elements = elements_of(tensor.shape)
        if elements >= MANY or any(item >= MANY for item in tensor.shape):
            self._note("dimensions", tensor, "has more elements than a number can count")
            return 0
        block = _BLOCKS.get(tensor.kind)
        if block is None:
            self._note("type", tensor, f"has the unknown type {tensor.kind}")
            return None
        if tensor.shape and tensor.shape[0] % block[0]:
            self._note("row", tensor, "has rows that do not fill whole blocks of its type")
        return -(-elements // block[0]) * block[1]

    def _padded(self, end: int) -> int:
        return end + (-end % self._alignment)

    def _note(self, code: str, tensor: GgufTensor, text: str) -> None:
        code = f"gguf.{code}"
        if code not in self._problems:
            self._problems[code] = Problem(code, f"Tensor {tensor.name[:80]!r} {text}.")
