# SPDX-License-Identifier: Apache-2.0
"""Examines classic model formats that hold data only: UBJSON, SentencePiece, CRFsuite; and EICAR.

Each is walked from end to end, so that nothing else can ride along unnoticed.
"""

from __future__ import annotations

import struct

from steelyard.artifacts.apple_double import apple_double_end
from steelyard.artifacts.protobuf import WireReader
from steelyard.artifacts.source import Source
from steelyard.artifacts.ubjson import walk_ubjson
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.appended import examine_rest

_CRF_CHUNKS = (b"FEAT", b"CQDB", b"CQDB", b"LFRF", b"AFRF")


def examine_ubjson(context: Context, source: Source, into: Examination) -> None:
    """Examine an XGBoost model in Universal Binary JSON."""
    into.weights = True
    examine_rest(context, source, walk_ubjson(source, into.limits), into)


def examine_sentencepiece(context: Context, source: Source, into: Examination) -> None:
    """Examine a SentencePiece vocabulary: the ModelProto message of its public schema."""
    for field in WireReader(source, into.limits).fields(0, source.size):
        if field.number > 5 and field.number < 200:
            into.gap(Coverage.PARTIAL, context.at(f"field {field.number} is not in the schema"))


def examine_crfsuite(context: Context, source: Source, into: Examination) -> None:
    """Examine a CRFsuite model: its header, and that its five chunks are where it says."""
    into.weights = True
    head = source.read_at(0, 48)
    if len(head) < 48 or head[8:12] != b"FOMC":
        raise ArtifactError("This is no CRFsuite model of a known type.", offset=8)
    size = struct.unpack_from("<I", head, 4)[0]
    for tag, at in zip(_CRF_CHUNKS, struct.unpack_from("<5I", head, 28), strict=True):
        if source.read_at(at, 4) != tag:
            raise ArtifactError(
                f"The chunk {tag.decode()} is not where the header says.", offset=at
            )
    examine_rest(context, source, size, into)


def examine_apple_double(context: Context, source: Source, into: Examination) -> None:
    """Examine the notes that macOS keeps beside a file; no loader reads them."""
    examine_rest(context, source, apple_double_end(source), into)


def examine_test_virus(context: Context, _source: Source, into: Examination) -> None:
    """Report the EICAR test file, which every malware scanner is expected to name."""
    into.add(
        "file.known-malicious",
        Severity.CRITICAL,
        "The file is the EICAR test file, which stands for malware.",
        location=context.at("byte 0"),
        remedy="Remove it; it harms nobody, but malware scanners will stop the whole model.",
    )
