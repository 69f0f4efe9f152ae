# SPDX-License-Identifier: Apache-2.0
"""Reads ``keras_metadata.pb``, which Keras 2 puts beside a SavedModel: one JSON text an object.

Messages as in Keras's ``saved_metadata.proto``: ``SavedMetadata.nodes`` is field 1; of a node,
field 4 is its identifier and field 5 its metadata.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from steelyard.artifacts.protobuf import BYTES, WireReader
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

MARK = b"_tf_keras_"
_METADATA_MOST = 16 * 1024 * 1024


class KerasNode(Struct, frozen=True):
    """One object: its path in the model and its metadata, JSON."""

    path: str
    metadata: bytes


def looks_like_keras_metadata(head: bytes) -> bool:
    """Tell whether a protobuf document begins with a node of Keras."""
    return head[:1] == b"\x0a" and MARK in head[:1024]


def read_keras_metadata(source: Source, limits: Limits) -> Iterator[KerasNode]:
    """Yield the nodes of the document.

    Raises:
        ArtifactError: it is no such document.
        LimitExceeded: a node is larger than is read.
    """
    reader = WireReader(source, limits)
    for part in reader.fields(0, source.size):
        if part.number != 1 or part.wire != BYTES:
            raise ArtifactError("The document has fields that Keras does not write.")
        path, metadata = "", b""
        for inner in reader.fields(part.start, part.length, 1):
            if inner.number == 3 and inner.wire == BYTES:
                path = reader.text(inner, 400)
            elif inner.number == 5 and inner.wire == BYTES:
                if inner.length > _METADATA_MOST:
                    raise LimitExceeded("The metadata of an object are too long.")
                metadata = source.read_at(inner.start, inner.length)
        yield KerasNode(path, metadata)
