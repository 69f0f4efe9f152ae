# SPDX-License-Identifier: Apache-2.0
"""Finds where fastText, word2vec and CatBoost models end; the numbers in them are stepped over.

Follows the loaders of the projects: ``fasttext.cc`` with ``dictionary.cc`` and ``quantmatrix.cc``,
``word2vec.c``, and the ``CBM1`` container of CatBoost's ``model.cpp``.
"""

from __future__ import annotations

import re
import struct

from msgspec import Struct

from steelyard.artifacts.source import Source, SourceStream
from steelyard.kernel.errors import ArtifactError, LimitExceeded

FASTTEXT_MAGIC = struct.pack("<i", 793_712_314)
_WORDS_MOST = 50_000_000
_WORD_MOST = 4096
_WORD2VEC = re.compile(rb"\A(\d{1,9}) (\d{1,5})\n")
_CENTROIDS = 256
_CATBOOST_TABLES = b"static_provider_v1"


class ClassicModel(Struct, frozen=True):
    """Where the model ends, and how many numbers it holds."""

    end: int
    parameters: int = 0
    tensors: int = 0


def read_fasttext(source: Source) -> ClassicModel:
    """Return the extent of a fastText model.

    Raises:
        ArtifactError: a count is negative, or the version is unknown.
        TruncatedArtifact: the model ends too early.
        LimitExceeded: it has more words than any real one.
    """
    stream = SourceStream(source, 4)
    if _count(stream, "<i") not in (11, 12):
        raise ArtifactError("The version of the fastText model is not known.", offset=4)
    stream.skip(12 * 4 + 8)
    size, words, labels = (_count(stream, "<i") for _ in range(3))
    if words + labels != size:
        raise ArtifactError("Words and labels are not all entries.", offset=stream.tell())
    if size > _WORDS_MOST:
        raise LimitExceeded("The dictionary has too many words.", offset=stream.tell())
    stream.skip(8)
    (pruned,) = struct.unpack("<q", stream.read_exact(8))
    for _ in range(size):
        _word(stream, b"\0")
        stream.skip(9)
    stream.skip(8 * max(pruned, 0))
    quantized = stream.read_exact(1) != b"\0"
    inputs = _matrix(stream, quantized)
    both = stream.read_exact(1) != b"\0"
    outputs = _matrix(stream, quantized and both)
    return ClassicModel(stream.tell(), inputs + outputs, 2)


def _matrix(stream: SourceStream, quantized: bool) -> int:
    """Step over one matrix and return its elements."""
    if not quantized:
        elements = _count(stream, "<q") * _count(stream, "<q")
        stream.skip(4 * elements)
        return elements
    norms = stream.read_exact(1) != b"\0"
    rows, columns = _count(stream, "<q"), _count(stream, "<q")
    stream.skip(_count(stream, "<i"))
    _quantizer(stream)
    if norms:
        stream.skip(rows)
        _quantizer(stream)
    return rows * columns


def _quantizer(stream: SourceStream) -> None:
    dimension = _count(stream, "<i")
    stream.skip(12 + 4 * _CENTROIDS * dimension)


def _count(stream: SourceStream, form: str) -> int:
    (value,) = struct.unpack(form, stream.read_exact(struct.calcsize(form)))
    if value < 0:
        raise ArtifactError("A count is negative.", offset=stream.tell())
    return int(value)


def _word(stream: SourceStream, end: bytes) -> None:
    for _ in range(_WORD_MOST):
        if stream.read_exact(1) == end:
            return
    raise ArtifactError("A word of the dictionary has no end.", offset=stream.tell())


def looks_like_word2vec(source: Source, head: bytes) -> bool:
    """Tell whether the header of a binary word2vec file fits the file's size."""
    found = _WORD2VEC.match(head)
    if found is None:
        return False
    words, width = int(found[1]), int(found[2])
    least = words * (2 + 4 * width)
    return words > 0 and width > 0 and found.end() + least <= source.size


def read_word2vec(source: Source) -> ClassicModel:
    """Return the extent of a binary word2vec file.

    Raises:
        ArtifactError: the header is broken, or a word has no end.
        TruncatedArtifact: it ends too early.
    """
    found = _WORD2VEC.match(source.read_at(0, 32))
    if found is None:
        raise ArtifactError("The word2vec file has no proper header.", offset=0)
    words, width = int(found[1]), int(found[2])
    stream = SourceStream(source, found.end())
    for _ in range(words):
        _word(stream, b" ")
        stream.skip(4 * width)
    end = stream.tell()
    return ClassicModel(end + (source.read_at(end, 1) == b"\n"), words * width, 1)


def read_catboost(source: Source) -> ClassicModel:
    """Return the extent of a CatBoost model; its tables of categories end with the file.

    Raises:
        ArtifactError: the core is no FlatBuffer.
        TruncatedArtifact: it ends inside its core.
    """
    stream = SourceStream(source, 4, 4096)
    size = int.from_bytes(stream.read_exact(4), "little")
    stream.skip(size)
    root = int.from_bytes(source.read_at(8, 4), "little")
    if size < 16 or not 4 <= root <= size - 4:
        raise ArtifactError("The core of the CatBoost model is no FlatBuffer.", offset=8)
    # The list of further parts stands among the first vectors of the core or at its end.
    edges = source.read_at(8, min(size, 65_536)) + source.read_at(max(8, size - 65_528), 65_536)
    return ClassicModel(source.size if _CATBOOST_TABLES in edges else 8 + size)
