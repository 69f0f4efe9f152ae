# SPDX-License-Identifier: Apache-2.0
"""Examines models written in XML: OpenVINO's intermediate representation and PMML.

Entities and credentials are judged as in any XML. Then every layer of a network, or every function
a PMML document applies, is looked at: in both formats a name can stand for a class or library of
the application.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from msgspec import structs

from steelyard.artifacts.source import SliceSource, Source
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.payloads import judge_metadata
from steelyard.scanning.rules.tensorflow_ops import speaks_of_code
from steelyard.scanning.rules.text_files import examine_text

_CHUNK = 1024 * 1024
_TAG_MOST = 64 * 1024
_BYTES_MOST = 4 * 1024 * 1024 * 1024
_LAYER = re.compile(rb"<layer\s([^<>]{0,4000})>|<data\s([^<>]{0,4000})>")
_ATTRIBUTE = re.compile(rb"(?<![\w:.-])([\w:.-]++)\s*+=\s*(?:\"([^\"]*)\"|'([^']*)')")
_STANDARD = re.compile(r"opset\d{1,2}\Z|ie_internal_opset\Z|experimental\Z|extension_internal\Z")
_NUMBER = re.compile(r"\d{1,18}\Z")
_TOKENIZERS = re.compile(
    r"StringTensor\w+|Ragged\w+|\w*Tokenizer|RegexNormalization|RegexSplit|BytesToChars"
    r"|CharsToBytes|CaseFold|NormalizeUnicode|CombineSegments|VocabDecoder|VocabEncoder|ByteFallback"
    r"|FuzeRagged|SpecialTokensSplit|Truncate|EqualStr|UTF8Validate|CharsMapNormalization"
    r"|SentencepieceDe\w+|StringToHashBucket|TrieTokenizer"
)
"""Operations of the published openvino-tokenizers extension."""
_PMML = re.compile(rb"<(?:\w+:)?(Apply|DefineFunction|Extension)\s([^<>]{0,60000})>")
_KEPT = 10_000


def examine_openvino(context: Context, source: Source, into: Examination) -> None:
    """Examine the network description of an OpenVINO model."""
    _examine_prolog(context, source, into)
    layers: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    for found in _matches(context, _LAYER, source, into):
        if found[1] is not None:
            names = _attributes(found[1])
            if len(layers) < _KEPT:
                layers[names.get("type", ""), names.get("version", "")] += 1
        else:
            names = _attributes(found[2])
            for key in ("offset", "size"):
                if key in names and not _NUMBER.match(names[key]) and len(wrong) < 5:
                    wrong.append(f"{key}={names[key][:40]}")
    into.weights = into.weights or bool(layers)
    for (kind, version), count in sorted(layers.items()):
        if _STANDARD.match(version) or not version:
            continue
        published = bool(_TOKENIZERS.fullmatch(kind))
        grave = Severity.HIGH if speaks_of_code(kind) else Severity.MEDIUM
        into.add(
            "openvino.custom-layer",
            Severity.LOW if published else grave,
            f"The layer type {kind[:80]!r} of {version[:40]!r} needs an extension library.",
            location=context.at(f"{count} layer{'s' if count != 1 else ''}"),
            evidence=f"{version[:40]}::{kind[:80]}",
            remedy="Find out which extension implements it, and review that library.",
        )
    if wrong:
        into.add(
            "openvino.range",
            Severity.CRITICAL,
            "The place of a constant in the weight file is not a number a file could have.",
            location=context.at("data"),
            evidence=", ".join(wrong),
            remedy="Do not load it; the numbers attack the reader.",
        )


def examine_pmml(context: Context, source: Source, into: Examination) -> None:
    """Examine a PMML document."""
    _examine_prolog(context, source, into)
    applied: Counter[str] = Counter()
    defined: set[str] = set()
    notes: dict[str, str] = {}
    for found in _matches(context, _PMML, source, into):
        names = _attributes(found[2])
        if found[1] == b"Apply" and len(applied) < _KEPT:
            applied[names.get("function", "")] += 1
        elif found[1] == b"DefineFunction" and len(defined) < _KEPT:
            defined.add(names.get("name", ""))
        elif found[1] == b"Extension" and len(notes) < _KEPT:
            notes[names.get("name", "")] = names.get("value", "")
    for function, count in sorted(applied.items()):
        if "." not in function or function in defined:
            continue
        into.add(
            "pmml.function",
            Severity.HIGH,
            f"The document applies {function[:100]!r}: evaluators load a Java class of that name.",
            location=context.at(f"{count} time{'s' if count != 1 else ''}"),
            evidence=function[:200],
            remedy="Find out which library brings the class, and review it.",
        )
    judge_metadata(context, notes, "pmml.extension", "Extension", into)


def _examine_prolog(context: Context, source: Source, into: Examination) -> None:
    """Entities are declared before the first element: the first bytes show them all."""
    head = SliceSource(source, 0, into.limits.text_bytes)
    examine_text(structs.replace(context, format="xml"), head, into)


def _matches(
    context: Context, pattern: re.Pattern[bytes], source: Source, into: Examination
) -> Iterator[re.Match[bytes]]:
    """Yield the tags of a document of any size, read in chunks that overlap by one tag."""
    size = min(source.size, _BYTES_MOST)
    if size < source.size:
        into.gap(Coverage.PARTIAL, context.at(f"only the first {size} bytes were read"))
    rest, at = b"", 0
    while at < size:
        data = rest + source.read_at(at, min(_CHUNK, size - at))
        at += _CHUNK
        cut = data.rfind(b"<") if at < size else len(data)
        if cut <= 0 or len(data) - cut > _TAG_MOST:
            cut = len(data)
        yield from pattern.finditer(data[:cut])
        rest = data[cut:]


def _attributes(data: bytes) -> dict[str, str]:
    return {
        found[1].decode("ascii", "replace"): (found[2] or found[3] or b"").decode(
            "utf-8", "replace"
        )
        for found in _ATTRIBUTE.finditer(data)
    }
