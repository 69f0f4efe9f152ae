# SPDX-License-Identifier: Apache-2.0
"""Which examiner looks at which format. Modules are imported only when their format turns up."""

from __future__ import annotations

import functools
import importlib
import sys
from typing import cast

from steelyard.kernel.inspection import RuleInfo
from steelyard.scanning.interface import Examiner

_PICKLES = "steelyard.scanning.pickles"
_ARCHIVES = "steelyard.scanning.archives"
_RULES = "steelyard.scanning.rules"

EXAMINERS: dict[str, tuple[str, str]] = {
    "pickle": (_PICKLES, "examine_pickle"),
    "joblib": (_PICKLES, "examine_pickle"),
    "torch-legacy": (_PICKLES, "examine_pickle"),
    "torch-zip": (_PICKLES, "examine_torch_zip"),
    "torchscript": (_PICKLES, "examine_torch_zip"),
    "npy": (_PICKLES, "examine_npy"),
    "npz": (_ARCHIVES, "examine_zip"),
    "zip": (_ARCHIVES, "examine_zip"),
    "keras": (_ARCHIVES, "examine_zip"),
    "tar": (_ARCHIVES, "examine_tar"),
    "gzip": (_ARCHIVES, "examine_compressed"),
    "zlib": (_ARCHIVES, "examine_compressed"),
    "bzip2": (_ARCHIVES, "examine_compressed"),
    "xz": (_ARCHIVES, "examine_compressed"),
    "safetensors": (f"{_RULES}.safetensors", "examine_safetensors"),
    "onnx": (f"{_RULES}.onnx", "examine_onnx"),
    "gguf": (f"{_RULES}.gguf", "examine_gguf"),
    "json": (f"{_RULES}.json_files", "examine_json"),
    "yaml": (f"{_RULES}.yaml_files", "examine_yaml"),
    "python": (f"{_RULES}.python_files", "examine_python"),
    "elf": (f"{_RULES}.executables", "examine_executable"),
    "pe": (f"{_RULES}.executables", "examine_executable"),
    "macho": (f"{_RULES}.executables", "examine_executable"),
    "wasm": (f"{_RULES}.executables", "examine_executable"),
    "java-class": (f"{_RULES}.executables", "examine_executable"),
} | dict.fromkeys(
    ("text", "markdown", "csv", "html", "toml", "xml", "jsonl", "jinja", "shell"),
    (f"{_RULES}.text_files", "examine_text"),
)
"""Format to module and function."""

INERT = frozenset({"empty", "image", "audio"})
"""Formats that hold nothing a loader would follow; their bytes are hashed."""

UNREAD: dict[str, str] = {
    "hdf5": "HDF5 files are recognized but not read yet",
    "saved-model": "TensorFlow SavedModel files are recognized but not read yet",
    "tflite": "TensorFlow Lite files are recognized but not read yet",
    "lz4": "LZ4 data are recognized but not expanded",
    "zstd": "Zstandard data are recognized but not expanded",
    "7z": "7z archives are recognized but not opened",
    "rar": "RAR archives are recognized but not opened",
    "pdf": "PDF documents are recognized but not read",
    "sqlite": "SQLite databases are recognized but not read",
    "unknown": "the format was not recognized",
}
"""Formats nobody looks into yet, and the reason a report gives."""

RUNNER_RULES: dict[str, tuple[str, str]] = {
    "file.type-mismatch": ("The content is not what the name says", "medium"),
    "file.malformed": ("The file cannot be read as its format", "medium"),
    "file.truncated": ("The file ends before its headers say", "medium"),
    "file.limit": ("A hard limit was reached", "medium"),
    "file.more-findings": ("More findings than are listed", "medium"),
    "file.two-readings": ("A data file is also a pickle that calls something", "critical"),
    "path.symlink-escape": ("A link leads out of the model", "critical"),
    "path.symlink": ("A link cannot be followed", "medium"),
    "path.special-file": ("A pipe, device or socket in the model", "high"),
    "path.odd-name": ("A name hides what it is", "medium"),
    "path.version-control": ("A version-control folder was left out", "info"),
    "path.collision": ("Names differ only in case", "low"),
}


@functools.cache
def examiner_for(kind: str) -> Examiner | None:
    """Return the examiner of a format, imported now, or None if there is none."""
    place = EXAMINERS.get(kind)
    if place is None:
        return None
    module, function = place
    return cast("Examiner", getattr(importlib.import_module(module), function))


def rule_infos(used: set[str]) -> tuple[RuleInfo, ...]:
    """Return what is known about the rules in ``used``; their modules are loaded by then."""
    known = dict(RUNNER_RULES)
    for name in sorted(sys.modules):
        if name.startswith("steelyard.scanning."):
            known |= getattr(sys.modules[name], "RULES", {})
    return tuple(
        RuleInfo(id=rule, title=known[rule][0], severity=known[rule][1])
        for rule in sorted(used & set(known))
    )
