# SPDX-License-Identifier: Apache-2.0
"""Examines safetensors: the format runs no code, so what is left is lies in its header."""

from __future__ import annotations

import re

from steelyard.artifacts.safetensors import SafetensorsHeader, read_safetensors
from steelyard.artifacts.source import Source
from steelyard.catalog.rules import scanner_rule
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.finding import Coverage, Severity
from steelyard.kernel.limits import GIB
from steelyard.scanning.interface import Context, Examination, Header
from steelyard.scanning.rules.payloads import judge_metadata
from steelyard.scanning.rules.places import note_missing

_STRANGE = re.compile("[\\x00-\\x1f\\x7f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff]")
_PADDING_MOST = 64 * 1024
_REMEDY = "Write the file again with the safetensors library, or do not use it."


def examine_safetensors(context: Context, source: Source, into: Examination) -> None:
    """Examine one safetensors file."""
    into.weights = True
    try:
        header = read_safetensors(source, into.limits)
    except (LimitExceeded, TruncatedArtifact) as error:
        _note_length(context, source, error, into)
        return
    except ArtifactError as error:
        into.add(
            "safetensors.header",
            Severity.CRITICAL if _begins(source) else Severity.MEDIUM,
            f"The header is not what the format requires, and no writer of the format makes such "
            f"a one: {error.message}",
            location=context.at(f"byte {max(error.offset, 8)}"),
            evidence=repr(source.read_at(8, 60)),
            remedy=_REMEDY,
        )
        into.gap(Coverage.PARTIAL, "the header cannot be read")
        return
    _note_shape(context, header, into)
    for problem in header.problems:
        usual = scanner_rule(problem.code)
        into.add(
            problem.code,
            usual.severity if usual else Severity.MEDIUM,
            problem.message,
            location=context.at(problem.location),
            remedy=_REMEDY,
        )
    into.tensors += len(header.tensors)
    origin = safetensors_header(header)
    into.parameters += sum(origin.dtypes.values())
    into.dtypes |= set(origin.dtypes)
    judge_metadata(context, header.metadata, "safetensors.payload", "header", into)
    if not context.depth:
        into.header = origin


def safetensors_header(header: SafetensorsHeader) -> Header:
    """Return what the header says about where the weights come from."""
    dtypes: dict[str, int] = {}
    for tensor in header.tensors:
        dtypes[tensor.dtype] = dtypes.get(tensor.dtype, 0) + min(tensor.elements, 2**53)
    names = [tensor.name for tensor in header.tensors]
    return Header("safetensors", header.metadata, names, dtypes)


def _begins(source: Source) -> bool:
    """Tell whether this is a header at all and not merely something under the name of one."""
    return source.read_at(8, 1) == b"{"


def _note_shape(context: Context, header: SafetensorsHeader, into: Examination) -> None:
    """Tell a download that broke off, padding, and names that do not show what they are."""
    note_missing(context, header.missing, into)
    if header.padding > _PADDING_MOST:
        into.add(
            "safetensors.padding",
            Severity.LOW,
            f"The header ends in {header.padding} bytes of white space.",
            location=context.at("header"),
            remedy=_REMEDY,
        )
    strange = [tensor.name for tensor in header.tensors if _STRANGE.search(tensor.name)]
    if strange:
        into.add(
            "safetensors.name",
            Severity.MEDIUM,
            "A tensor's name holds characters that do not show or that turn the line around.",
            location=context.at("header"),
            evidence=ascii(strange[0][:80]),
            remedy=_REMEDY,
        )


def _note_length(context: Context, source: Source, error: ArtifactError, into: Examination) -> None:
    """A length just beyond the file is a broken download; an absurd one attacks the reader, and so
    does nesting that no header needs."""
    claimed = int.from_bytes(source.read_at(0, 8), "little")
    nested = claimed <= min(source.size - 8, into.limits.json_bytes)
    absurd = isinstance(error, LimitExceeded) and (claimed > source.size + GIB or nested)
    into.add(
        "safetensors.header-length" if isinstance(error, LimitExceeded) else "file.truncated",
        Severity.CRITICAL if absurd and _begins(source) else Severity.MEDIUM,
        error.message,
        location=context.at("byte 0"),
        evidence=f"header length {claimed}, file size {source.size}",
        remedy="Fetch the file again; if it is the same, do not load it.",
    )
    into.gap(Coverage.PARTIAL, "the header cannot be read")
