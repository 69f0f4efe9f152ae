# SPDX-License-Identifier: Apache-2.0
"""Reads data as a pickle too, where its name does not keep a loader from doing so.

Pickle has no magic number: ``GIF89a`` pushes a number, a line of text can be a constant that is
dropped again, and a header that another format needs can be skipped as a string. So a file may be
a flawless picture, text or safetensors and still run code in ``torch.load`` or ``joblib.load``,
which do not look at magic numbers either. Only a name that no unpickling loader would be given
(``model.safetensors``, ``README.md``) settles which of the readings counts.
"""

from __future__ import annotations

import contextlib
import itertools
import re

from steelyard.artifacts.pickle import (
    EXT1,
    EXT2,
    EXT4,
    GLOBAL,
    INST,
    STACK_GLOBAL,
    STOP,
    OpcodeReader,
)
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination

_TEXTS = frozenset({
    "text", "markdown", "csv", "html", "toml", "xml", "jsonl", "jinja", "shell", "json", "yaml",
    "python", "openvino", "pmml", "tf-text",
})  # fmt: skip
_READ_AGAIN = _TEXTS | {"image", "audio", "safetensors", "gguf", "onnx", "ubjson", "crfsuite",
                        "sentencepiece", "test-virus", "msgpack", "catboost", "r-data", "mat",
                        "lightgbm"}  # fmt: skip
_ROOMY = frozenset({"hdf5", "tar", "tf-checkpoint-data", "coreml-weights", "paddle-parameters",
                    "unknown"})  # fmt: skip
"""Formats that may begin with anything, or hold raw numbers."""
_SETTLED = frozenset({
    "txt", "md", "markdown", "csv", "tsv", "html", "htm", "toml", "xml", "svg", "jsonl", "ndjson",
    "jinja", "j2", "sh", "bat", "ps1", "json", "yaml", "yml", "py", "pyi", "ipynb", "cfg", "ini",
    "png", "jpg", "jpeg", "gif", "webp", "wav", "ogg", "flac", "mp3", "safetensors", "gguf", "onnx",
})  # fmt: skip
"""Extensions of files that few hand to an unpickling loader."""
_FAILS = frozenset({"torch.persistent-id", "pickle.truncated"})
"""Findings at which an unpickler stops: a name like ``Pygments`` asks for a persistent object."""
_MODULE = re.compile(r"[\w.-]+")
_OPCODES_MOST = 100_000
_HARMFUL = frozenset({"pickle.dangerous-call", "pickle.dangerous-import", "pickle.code-object"})
_UNPICKLED = frozenset({
    "pt", "pth", "ckpt", "pkl", "pickle", "pck", "joblib", "dill", "sav",
})  # fmt: skip
"""Extensions of files that loaders unpickle without looking."""


def examine_disguise(context: Context, source: Source, into: Examination) -> None:
    """Examine bytes that were read as data once more as a pickle, unless their name settles it."""
    suffix = context.name.lower().rpartition(".")[2] if "." in context.name else ""
    if context.format not in _READ_AGAIN and context.format not in _ROOMY:
        return
    settled = suffix in _SETTLED or context.format in _ROOMY
    again = Examination(into.limits)
    if _imports(source, into):
        from steelyard.scanning.pickles import examine_pickle

        # What ends as something else has already run what stood before.
        with contextlib.suppress(ArtifactError):
            examine_pickle(context, source, again)
    counts = (Severity.CRITICAL,) if settled else (Severity.CRITICAL, Severity.HIGH)
    grave = [item for item in again.findings if item.severity in counts]
    if settled:
        grave = [item for item in grave if item.rule in _HARMFUL]
    if all(item.rule in _FAILS for item in grave):
        grave = []
    if grave:
        into.executes_on_load = True
        into.load_calls += again.load_calls
        into.add(
            "file.two-readings",
            Severity.CRITICAL
            if any(item.severity is Severity.CRITICAL for item in grave)
            else Severity.HIGH,
            f"The file is {context.format} and at the same time a pickle that calls something.",
            location=context.at(""),
            remedy="Do not load it; report it to the publisher.",
        )
        into.findings += grave
    elif settled:
        return
    elif any(item.rule == "pickle.limit" for item in again.findings):
        into.findings += again.findings
        into.gap(Coverage.PARTIAL, context.at("read as a pickle, it has too many instructions"))
    elif suffix in _UNPICKLED:
        into.add(
            "file.type-mismatch",
            Severity.MEDIUM,
            f"The name says .{suffix}, which loaders unpickle; the content is {context.format}.",
            location=context.at(""),
            remedy="Ask the publisher why; do not load it by its name.",
        )


def _imports(source: Source, into: Examination) -> bool:
    """Tell whether the bytes, read as opcodes, come to an import that could succeed.

    A list of files reads as imports of ``cffi/api.py,sha256=...``; the first of those ends it.
    """
    try:
        opcodes = OpcodeReader(source, 0, into.limits).opcodes()
        for code, argument, _ in itertools.islice(opcodes, _OPCODES_MOST):
            if code in (GLOBAL, INST):
                return _MODULE.fullmatch(argument[0].strip()) is not None
            if code in (STACK_GLOBAL, EXT1, EXT2, EXT4):
                return True
            if code == STOP:
                return False
    except ArtifactError as error:
        return isinstance(error, LimitExceeded)
    return True
