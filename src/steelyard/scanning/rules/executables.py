# SPDX-License-Identifier: Apache-2.0
"""Examines native executables and bytecode: no model needs one, and none may hide as data."""

from __future__ import annotations

from steelyard.artifacts.source import Source
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.archives import examine_zip
from steelyard.scanning.interface import Context, Examination

_DATA = frozenset({
    "bin", "pt", "pth", "ckpt", "pkl", "pickle", "joblib", "sav", "dill", "safetensors", "gguf",
    "ggml", "onnx", "ort", "h5", "hdf5", "keras", "pb", "pbtxt", "tflite", "npy", "npz", "model",
    "mlmodel", "mar", "nemo", "params", "pdparams", "pdmodel", "weights", "dat", "data", "db",
    "vocab", "spm", "json", "jsonl", "yaml", "yml", "toml", "ini", "cfg", "txt", "md", "rst", "csv",
    "tsv", "xml", "html", "pdf", "png", "jpg", "jpeg", "gif", "webp", "svg", "wav", "mp3", "flac",
    "ogg", "mp4", "zip", "gz", "tar", "tgz", "bz2", "xz", "7z", "py", "ipynb", "jinja",
    "parquet", "arrow", "msgpack", "rds", "rdata", "docx", "xlsx", "log", "index", "meta",
})  # fmt: skip
"""Extensions that promise data, so that a program behind them hides."""
_LIBRARIES = ("so", "dll", "dylib", "pyd", "node", "wasm", "lib", "o", "a", "obj")
"""Extensions of code that something else must load; a Python package brings many of them."""
_INSTALLERS = ("msi", "msp", "mst")
_DOCUMENTS = ("doc", "xls", "ppt", "msg", "dot", "xlt", "pps", "db", "vsd")
_MACROS = tuple(word.encode("utf-16-le") for word in ("_VBA_PROJECT", "Macros", "_VBA_PROJECT_CUR"))
_OLE_LOOK = 16 * 1024 * 1024
_KINDS = {
    "elf": "Linux program code", "pe": "Windows program code", "macho": "macOS program code",
    "wasm": "WebAssembly program code", "java-class": "Java bytecode", "dex": "Android bytecode",
    "pyc": "compiled Python that nobody can review", "lnk": "a Windows shortcut, which starts what "
    "it names", "chm": "a Windows help file, which can run script",
    "ape": "a program for every system (Actually Portable Executable)",
}  # fmt: skip


def examine_executable(context: Context, source: Source, into: Examination) -> None:
    """Examine one executable; its machine code is not analyzed, which is said."""
    into.executes_on_load = True
    honest, library = _named(context)
    kind = _KINDS.get(context.format, "native program code")
    rule, severity = "file.executable", Severity.HIGH
    message = f"This is {kind}."
    if not honest:
        rule, severity = "file.disguised-executable", Severity.CRITICAL
        message = f"This is {kind}, named or placed as if it were data: {context.name[:200]!r}."
    elif library:
        rule, severity = "file.native-library", Severity.MEDIUM
        message = f"This is {kind}: a library that runs with all rights once something loads it."
    into.add(
        rule,
        severity,
        message,
        location=context.at(""),
        evidence=source.read_at(0, 16).hex(),
        remedy="Remove it, or build it from its sources; weights need no program beside them.",
    )
    into.gap(Coverage.PARTIAL, context.at("machine code was not analyzed"))


def examine_portable(context: Context, source: Source, into: Examination) -> None:
    """Examine an Actually Portable Executable, such as a llamafile, and the zip archive in it."""
    examine_executable(context, source, into)
    into.add(
        "file.llamafile",
        Severity.HIGH,
        "The program carries its model in a zip archive inside itself (as llamafile does): to use "
        "the weights, one runs whatever the publisher compiled.",
        location=context.at("byte 0"),
        remedy="Take the weights out as a GGUF file and load that with a runtime of your own.",
    )
    examine_zip(context, source, into)


def examine_ole(context: Context, source: Source, into: Examination) -> None:
    """Examine an OLE container: an installer, or a document that may bring macros."""
    suffix = context.name.lower().rpartition(".")[2]
    if suffix in _INSTALLERS:
        into.add(
            "file.executable",
            Severity.HIGH,
            "This is a Windows installer, which runs what it contains.",
            location=context.at(""),
            remedy="Remove it; weights need no program beside them.",
        )
    elif suffix not in _DOCUMENTS:
        into.add(
            "file.disguised-executable",
            Severity.HIGH,
            "This is an OLE container (a Windows installer or a document with macros), named as if "
            f"it were something else: {context.name[:200]!r}.",
            location=context.at(""),
            remedy="Remove it, or ask the publisher what it is.",
        )
    elif any(mark in source.read_at(0, _OLE_LOOK) for mark in _MACROS):
        into.add(
            "file.macros",
            Severity.HIGH,
            "The document brings macros, which an office program may run.",
            location=context.at(""),
            remedy="Ask the publisher for the document without macros.",
        )
    into.gap(Coverage.PARTIAL, context.at("the OLE container was not opened"))


def _named(context: Context) -> tuple[bool, bool]:
    """Tell whether the name admits program code, and whether it is that of a library."""
    name = context.name.lower()
    if name.startswith("("):  # found behind or inside other data
        return name == "(expanded)", False
    suffix = name.rpartition(".")[2] if "." in name.lstrip(".") else ""
    versioned = ".so." in name and all(
        part.isdigit() for part in name.partition(".so.")[2].split(".")
    )
    if suffix in _LIBRARIES or versioned:
        return True, True
    return suffix not in _DATA, False
