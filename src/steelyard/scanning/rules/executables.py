# SPDX-License-Identifier: Apache-2.0
"""Examines native executables and bytecode: no model needs one, and none may hide as data."""

from __future__ import annotations

from steelyard.artifacts.source import Source
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination

_DATA = frozenset({
    "bin", "pt", "pth", "ckpt", "pkl", "pickle", "joblib", "sav", "dill", "safetensors", "gguf",
    "ggml", "onnx", "ort", "h5", "hdf5", "keras", "pb", "pbtxt", "tflite", "npy", "npz", "model",
    "mlmodel", "mar", "nemo", "params", "pdparams", "pdmodel", "weights", "dat", "data", "db",
    "vocab", "spm", "json", "jsonl", "yaml", "yml", "toml", "ini", "cfg", "txt", "md", "rst", "csv",
    "tsv", "xml", "html", "pdf", "png", "jpg", "jpeg", "gif", "webp", "svg", "wav", "mp3", "flac",
    "ogg", "mp4", "zip", "gz", "tar", "tgz", "bz2", "xz", "7z", "py", "pyc", "ipynb", "jinja",
    "parquet", "arrow", "msgpack", "rds", "rdata", "docx", "xlsx", "log", "index", "meta",
})  # fmt: skip
"""Extensions that promise data, so that a program behind them hides."""
_KINDS = {"elf": "Linux", "pe": "Windows", "macho": "macOS", "wasm": "WebAssembly",
          "java-class": "Java"}  # fmt: skip


def examine_executable(context: Context, source: Source, into: Examination) -> None:
    """Examine one executable; its machine code is not analyzed, which is said."""
    into.executes_on_load = True
    name = context.name.lower()
    suffix = name.rpartition(".")[2] if "." in name else ""
    honest = suffix not in _DATA
    kind = _KINDS.get(context.format, "native")
    into.add(
        "file.executable" if honest else "file.disguised-executable",
        Severity.HIGH if honest else Severity.CRITICAL,
        f"This is {kind} program code" + ("." if honest else f", named as if it were .{suffix}."),
        location=context.at(""),
        evidence=source.read_at(0, 16).hex(),
        remedy="Remove it; weights need no program beside them.",
    )
    into.gap(Coverage.PARTIAL, "machine code was not analyzed")
