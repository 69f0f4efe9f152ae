# SPDX-License-Identifier: Apache-2.0
"""Tells a file's format by its content. The name only breaks ties between kinds of text.

An extension is a claim by whoever uploaded the file; loaders often ignore it. When the claim and
the content disagree, :class:`Sniffed` carries a sentence about it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from steelyard.artifacts.keras_metadata import looks_like_keras_metadata
from steelyard.artifacts.pickle import probe_pickle
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from steelyard.artifacts.zips import ZipArchive

HEAD = 4096
TORCH_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""LONG1 0x1950a86a20f9469cfc6c STOP: how a legacy torch file begins, after its PROTO opcode."""

_EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!"
"""Joined here from two parts, or malware scanners would stop this very file."""

_PIECE = re.compile(rb"\n[\x04-\x7f]\n[\x00-\x7b]", re.DOTALL)
"""How a SentencePiece model begins: field 1, a message whose field 1 is the piece's text."""

_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
"""The headers zlib writes; the check of the format alone also fits text such as ``x = 1``."""
_LZMA = re.compile(rb"\x5d\0\0[\0-\xff]{2}(?:\xff{8}|[\0-\xff]{5}\0{3})\0", re.DOTALL)
"""The old LZMA format, which joblib writes: properties, dictionary size, size or unknown, and the
range coder's first byte, which is always zero."""

_MAGICS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"PK\x03\x04", "zip"), (0, b"PK\x05\x06", "zip"), (0, b"GGUF", "gguf"),
    (4, b"ORTM", "ort"), (0, b"lmgg", "ggml-legacy"), (0, b"fmgg", "ggml-legacy"),
    (0, b"tjgg", "ggml-legacy"), (0, b"algg", "ggml-legacy"),
    (0, b"\x12\x01\0\0\0\0\0\0", "mxnet"), (0, b"7767517\n", "ncnn"),
    (0, b"\x93NUMPY", "npy"), (0, b"\x89HDF\r\n\x1a\n", "hdf5"), (0, b"\x1f\x8b", "gzip"),
    (0, b"BZh", "bzip2"), (0, b"\xfd7zXZ\0", "xz"), (0, b"\x04\x22\x4d\x18", "lz4"),
    (0, b"\x02\x21\x4c\x18", "lz4"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"), (0, b"7z\xbc\xaf\x27\x1c", "7z"), (0, b"Rar!\x1a\x07", "rar"),
    (0, b"\x7fELF", "elf"), (0, b"\xfe\xed\xfa\xce", "macho"), (0, b"\xfe\xed\xfa\xcf", "macho"),
    (0, b"\xce\xfa\xed\xfe", "macho"), (0, b"\xcf\xfa\xed\xfe", "macho"), (0, b"\0asm", "wasm"),
    (4, b"TFL3", "tflite"), (0, b"SQLite format 3\0", "sqlite"), (0, b"%PDF-", "pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image"), (0, b"\xff\xd8\xff", "image"), (0, b"GIF8", "image"),
    (8, b"WEBP", "image"), (0, b"lCRF", "crfsuite"), (0, _EICAR, "test-virus"),
    (0, b"MSCF\0\0\0\0", "other-archive"), (0, b"!<arch>\n", "other-archive"),
    (0, b"\xed\xab\xee\xdb", "other-archive"), (0, b"070701", "other-archive"),
    (0, b"070702", "other-archive"), (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (0, b"{L\0\0\0\0\0\0\0", "ubjson"), (0, b"{i\x07learner", "ubjson"),
    (0, b"dex\n03", "dex"), (0, b"dex\n04", "dex"), (0, b"ITSF\3\0\0\0", "chm"),
    (0, b"L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0F", "lnk"),
    (0, b"\xba\x16O/", "fasttext"), (0, b"CBM1", "catboost"),
    (0, b"tree\nversion=v", "lightgbm"),
    (0, b"PAR1", "parquet"), (0, b"PARE", "parquet"), (0, b"ARROW1\0\0", "arrow"),
    (0, b"FEA1", "arrow"),
    (0, b"\0\5\x16\7\0\2\0\0", "apple-double"),
    (0, b"RIFF", "audio"), (0, b"OggS", "audio"), (0, b"fLaC", "audio"), (0, b"ID3", "audio"),
)  # fmt: skip

_EXTENSIONS: dict[str, tuple[str, ...]] = {
    "safetensors": ("safetensors",), "gguf": ("gguf",), "npy": ("npy",), "npz": ("npz", "zip"),
    "onnx": ("onnx",), "json": ("json", "jsonl"),
    "txt": ("text", "csv", "json", "jsonl", "lightgbm"),
    "md": ("markdown", "text", "html"), "yaml": ("yaml", "text"), "yml": ("yaml", "text"),
    "h5": ("hdf5",), "hdf5": ("hdf5",), "keras": ("keras", "zip", "hdf5"), "tflite": ("tflite",),
    "png": ("image",), "jpg": ("image",), "jpeg": ("image",), "gif": ("image",), "py": ("python",),
    "csv": ("csv", "text"), "pdf": ("pdf",), "wav": ("audio",), "jinja": ("jinja", "text"),
}  # fmt: skip
"""Formats an extension stands for; extensions that stand for several (``.bin``) are left out."""

_SHARD = re.compile(r"\.data-\d{5}-of-\d{5}\Z")
"""How TensorFlow names the data files of a checkpoint, which hold raw tensors and nothing else."""
_TABLE_MAGIC = bytes.fromhex("57fb808b247547db")
"""How a sorted string table ends: the index of a TensorFlow checkpoint."""
_CLAIMED = {"onnx": "onnx", "pdmodel": "paddle", "mlmodel": "coreml",
            "safetensors": "safetensors"}  # fmt: skip
"""Formats without a magic number whose loader believes the name, for what nothing else tells."""

_ZIPS = frozenset({"zip", "npz", "torch-zip", "torchscript", "keras", "tflite", "ape"})
"""Formats whose examiners find the archive at the end themselves."""
_PICKLE_SUFFIXES = frozenset({"pkl", "pickle", "pck", "joblib", "pt", "pth", "ckpt", "dill"})

_BY_NAME = {
    "json": "json", "jsonl": "jsonl", "yaml": "yaml", "yml": "yaml", "toml": "toml", "xml": "xml",
    "md": "markdown", "html": "html", "htm": "html", "jinja": "jinja", "j2": "jinja",
    "py": "python", "csv": "csv", "tsv": "csv", "sh": "shell", "bat": "shell", "ps1": "shell",
    "svg": "xml", "pmml": "xml", "ipynb": "json", "pyi": "python", "ndjson": "jsonl",
}  # fmt: skip
EXECUTES = frozenset(
    {"pickle", "joblib", "torch-legacy", "torch-zip", "torchscript", "elf", "pe", "macho", "python",
     "shell", "java-class", "wasm", "zip", "keras", "npz", "ape", "pyc", "dex", "chm", "lnk"}
)  # fmt: skip
"""Formats that can run code or carry files that do: the worst to hide under another name."""


class Sniffed(Struct, frozen=True):
    """The format, and a sentence if the name or a second format contradicts it."""

    format: str
    mismatch: str = ""


def sniff(source: Source, name: str) -> Sniffed:
    """Return the format of the bytes in ``source``; ``name`` is the base name of the file."""
    if source.size == 0:
        return Sniffed("empty")
    head = source.read_at(0, HEAD)
    if _SHARD.search(name) and not _announces_code(head):
        return Sniffed("tf-checkpoint-data")
    kind = _binary(source, head) or _text(source, head, name)
    if kind == "unknown" or name.lower().endswith((".h5", ".hdf5", ".keras", ".hdf", ".he5")):
        kind = _hdf5_inside(source, kind)
    if kind == "unknown":
        kind = _by_end_or_name(source, name)
    if kind == "pickle" and name.lower().endswith((".py", ".pyi")) and _printable(head):
        kind = "python"  # "()." is a pickle too, but nobody unpickles by this name
    if kind in ("text", "unknown") and name.lower().rpartition(".")[2] in _PICKLE_SUFFIXES:
        # Whatever it is, a loader that trusts the name will unpickle it.
        kind = "pickle"
    if kind not in _ZIPS:
        hidden = _hidden_zip(source, kind)
        if hidden and kind == "unknown":
            return Sniffed(_zip_kind(source), hidden)
        if hidden:
            return Sniffed(kind, hidden)
    return Sniffed(kind, _mismatch(kind, name))


def _hdf5_inside(source: Source, kind: str) -> str:
    """An HDF5 file may have a block of anything in front, which its readers step over."""
    if kind == "hdf5" or kind.endswith("zip") or kind in ("keras", "npz"):
        return kind
    from steelyard.artifacts.hdf5.blocks import find_superblock

    return "hdf5" if find_superblock(source) > 0 else kind


def _binary(source: Source, head: bytes) -> str:
    if looks_like_keras_metadata(head):
        return "keras-metadata"
    if _is_safetensors(source, head):
        return "safetensors"
    for offset, magic, kind in _MAGICS:
        if head[offset : offset + len(magic)] == magic:
            if source.size == len(magic) and kind == "npy":
                return "empty"  # the bare magic number holds nothing
            return _zip_kind(source) if kind == "zip" else kind
    if head[:1] == b"\x80" and probe_pickle(head, whole=len(head) == source.size):
        return _pickle_kind(head)
    from steelyard.artifacts.programs import program_kind
    from steelyard.artifacts.r_data import looks_like_r
    from steelyard.artifacts.tars import looks_like_tar

    if looks_like_r(head):
        return "r-data"
    if program := program_kind(source, head):
        return program
    if probe_pickle(head, whole=len(head) == source.size):
        return _pickle_kind(head)
    if looks_like_tar(head):
        return "tar"
    return _by_structure(source, head)


def _by_structure(source: Source, head: bytes) -> str:
    """Tell formats without a magic number by how their first fields fit together."""
    if head[:2] in _ZLIB and len(head) > 2:
        return "zlib"
    if _LZMA.match(head):
        return "lzma"
    from steelyard.artifacts.classic_models import looks_like_word2vec
    from steelyard.artifacts.coreml import looks_like_blobs
    from steelyard.artifacts.mat_files import looks_like_mat
    from steelyard.artifacts.msgpack_files import looks_like_msgpack
    from steelyard.artifacts.paddle import looks_like_parameters
    from steelyard.artifacts.protobuf_kinds import protobuf_kind
    from steelyard.artifacts.tables import looks_like_arrow_stream

    if looks_like_mat(head):
        return "mat"
    if looks_like_arrow_stream(head):
        return "arrow"
    if looks_like_word2vec(source, head) and not _printable(head):
        return "word2vec"
    if looks_like_msgpack(head):
        return "msgpack"
    if looks_like_blobs(head):
        return "coreml-weights"
    if looks_like_parameters(head):
        return "paddle-parameters"
    if _PIECE.match(head) and head[4 + head[3] : 5 + head[3]] == b"\x15":
        return "sentencepiece"
    return protobuf_kind(source) if len(head) > 7 else ""


def _announces_code(head: bytes) -> bool:
    """Raw numbers may look like many formats; only those whose magic is long count."""
    if head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return probe_pickle(head, whole=len(head) < HEAD)
    return any(len(magic) > 3 and head[at : at + len(magic)] == magic for at, magic, _ in _MAGICS)


def _by_end_or_name(source: Source, name: str) -> str:
    """Tell what only its end or its name tells."""
    if source.read_at(max(0, source.size - 8), 8) == _TABLE_MAGIC:
        return "tf-checkpoint-index"
    return _CLAIMED.get(name.lower().rpartition(".")[2], "unknown")


def _is_safetensors(source: Source, head: bytes) -> bool:
    if len(head) < 9 or head[8:9] != b"{":
        return False
    if _printable(head[:8]):
        return False  # text that happens to open a brace in its ninth column
    length = int.from_bytes(head[:8], "little")
    if length <= source.size - 8:
        return length > 1
    # A header length that lies is still a safetensors file if its JSON begins like one.
    return head[9:].lstrip()[:1] in (b'"', b"}", b"")


def _zip_kind(source: Source) -> str:
    from steelyard.artifacts.zips import read_zip

    try:
        archive = read_zip(source, DEFAULT_LIMITS)
    except ArtifactError:
        return "zip"
    return zip_flavor(archive)


def zip_flavor(archive: ZipArchive) -> str:
    """Return which kind of zip this is by the names of its members."""
    names = [member.name for member in archive.members]
    tops = {name.partition("/")[2] if "/" in name else name for name in names}
    if "data.pkl" in tops or "data.pkl" in names:
        # This member is what makes torch.load hand the file to the TorchScript reader.
        return "torchscript" if "constants.pkl" in tops else "torch-zip"
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    if "config.json" in names and any(name.endswith(".weights.h5") for name in names):
        return "keras"
    return "zip"


def _pickle_kind(head: bytes) -> str:
    if TORCH_MAGIC in head[:16]:
        return "torch-legacy"
    return "joblib" if b"joblib.numpy_pickle" in head else "pickle"


def _text(source: Source, head: bytes, name: str) -> str:
    if not _printable(head):
        return "unknown"
    lowered = name.lower()
    suffix = lowered.rsplit(".", 1)[-1] if "." in lowered else ""
    body = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"#!"):
        first = head.split(b"\n", 1)[0]
        return "python" if b"python" in first else "shell"
    by_name = _BY_NAME.get(suffix, "")
    if by_name in ("json", "jsonl") and body[:1] not in (b"{", b"[", b'"'):
        return "json" if re.match(rb"[-0-9tfn]", body) and source.size < 64 else "text"
    if suffix == "pbtxt" or (suffix == "textproto" and b"node" in head):
        return "tf-text"
    if by_name == "xml" or body[:5].lower() == b"<?xml" or suffix == "pmml":
        return _xml_kind(head)
    if by_name:
        return by_name
    if lowered == "pipfile":
        return "toml"
    if body[:1] in (b"{", b"[") and re.match(rb'[{\[]\s*(?:["{\[\d\]}tfn-]|$)', body):
        return "json"
    if re.match(rb"<(?:!doctype html|html)", body, re.IGNORECASE):
        return "html"
    return "text"


def _xml_kind(head: bytes) -> str:
    if re.search(rb"<(?:\w+:)?PMML[\s>]", head):
        return "pmml"
    return "openvino" if re.search(rb"<net\s[^<>]*\bversion\s*=", head) else "xml"


def _printable(data: bytes) -> bool:
    if b"\0" in data:
        return False
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(data) - 4:
            control = sum(byte < 9 or 13 < byte < 32 for byte in data)
            return control == 0 and len(data) > 32
        text = data[: error.start].decode("utf-8")
    return sum(ord(char) < 32 and char not in "\t\n\r\f\x1b" for char in text) == 0


def _mismatch(kind: str, name: str) -> str:
    suffix = name.lower().rsplit(".", 1)[-1] if "." in name else ""
    expected = _EXTENSIONS.get(suffix)
    if expected is None or kind in expected or kind in ("empty", "unknown"):
        return ""
    return f"The name says .{suffix}, the content is {kind}."


def _hidden_zip(source: Source, kind: str) -> str:
    tail = source.read_at(max(0, source.size - 65_557), 65_557)  # the longest comment and the end
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        return ""
    size = int.from_bytes(tail[at + 12 : at + 16], "little")
    start = max(0, source.size - len(tail) + at - size)
    if source.read_at(start, 4) == b"PK\x01\x02":
        begins = "something else" if kind == "unknown" else kind
        return f"The file begins as {begins} and ends as a zip archive: two readers see two files."
    return ""
