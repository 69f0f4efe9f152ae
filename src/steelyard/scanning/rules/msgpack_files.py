# SPDX-License-Identifier: Apache-2.0
"""Examines MessagePack documents, above all Flax checkpoints: arrays, and nothing else in them."""

from __future__ import annotations

from steelyard.artifacts.msgpack_files import (
    ARRAY,
    COMPLEX,
    SCALAR,
    TIMESTAMP,
    MsgpackContent,
    read_array,
    walk_msgpack,
)
from steelyard.artifacts.shapes import elements_of
from steelyard.artifacts.source import SliceSource, Source
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.appended import examine_rest
from steelyard.scanning.rules.payloads import judge_metadata

_KNOWN = frozenset({ARRAY, COMPLEX, SCALAR, TIMESTAMP})
_HIDDEN = (b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5", b"PK\3\4", b"\x7fELF", b"MZ", b"#!",
           b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf")  # fmt: skip
_NESTED_MOST = 100


def examine_msgpack(context: Context, source: Source, into: Examination) -> None:
    """Examine one MessagePack document and what follows it."""
    content = walk_msgpack(source, into.limits)
    unknown = sorted(content.extension_kinds - _KNOWN)
    if unknown:
        into.add(
            "msgpack.extension",
            Severity.MEDIUM,
            "The document has values of a private type, which only its reader's own code decodes; "
            "some readers unpickle them.",
            location=context.at(""),
            evidence=", ".join(f"extension {kind}" for kind in unknown[:10]),
            remedy="Ask the publisher which program reads them and how.",
        )
    _examine_arrays(context, source, content, into)
    _examine_binaries(context, source, content, into)
    texts = {f"byte {at}": data.decode("utf-8", "replace") for at, data in content.texts}
    judge_metadata(context, texts, "msgpack.payload", "", into)
    if content.dropped:
        into.gap(Coverage.PARTIAL, context.at(f"{content.dropped} values were not looked into"))
    examine_rest(context, source, content.end, into)


def _examine_arrays(
    context: Context, source: Source, content: MsgpackContent, into: Examination
) -> None:
    for kind, offset, length in content.extensions:
        if kind not in (ARRAY, SCALAR):
            continue
        try:
            array = read_array(source, offset, length)
        except ArtifactError as error:
            into.add(
                "msgpack.array",
                Severity.MEDIUM,
                f"An array is not what Flax writes: {error.message}",
                location=context.at(f"byte {offset}"),
                remedy="Do not load it; fetch the file again.",
            )
            continue
        into.weights = True
        into.tensors += 1
        into.parameters += elements_of(array.shape)
        into.dtypes.add(array.dtype)


def _examine_binaries(
    context: Context, source: Source, content: MsgpackContent, into: Examination
) -> None:
    hidden = [
        (offset, length)
        for offset, length in content.binaries
        if source.read_at(offset, min(length, 8)).startswith(_HIDDEN)
    ]
    for offset, length in hidden[:_NESTED_MOST]:
        if context.examine_nested is not None and context.depth <= into.limits.archive_depth:
            inner = context.nested(f"(value at byte {offset})")
            context.examine_nested(inner, SliceSource(source, offset, length), into)
        else:
            into.gap(Coverage.PARTIAL, context.at("nested too deep"))
    if len(hidden) > _NESTED_MOST:
        into.gap(Coverage.PARTIAL, context.at("too many values look like files of their own"))
