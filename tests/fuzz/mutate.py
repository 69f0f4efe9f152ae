# SPDX-License-Identifier: Apache-2.0
"""Changes honest and hostile files a little, the same way for the same number.

Every input is a function of its number and the seeds, so that a crash can be made again from one
line of output. Changes are those that break parsers: lengths and counts at their limits, pieces cut
out, doubled or taken from another file, and single bits.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
          0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF)  # fmt: skip
_FORMS = ("<B", "<H", "<I", "<Q", ">H", ">I", ">Q")
_TOKENS = (b"{{", b"}}", b"{%", b"[" * 50, b"{" * 50, b"(" * 50, b"\x80\x04", b"cos\nsystem\n",
           b"PK\x03\x04", b"PK\x05\x06", b"__class__", b"../", b"\0" * 64, b"\xff" * 64,
           b"!!python/", b"&a *a ", b"\x94", b"2" * 40, b"0" * 40, b"R" * 40,
           b'"' * 20, b"\\u0000", b"(dp0\n",
           b"lambda: ", b"if 1:\n ", b"#" * 64, b"\n" * 64)  # fmt: skip
_SIZE_MOST = 256 * 1024
_NAMES = ("model.pkl", "model.bin", "pytorch_model.bin", "model.safetensors", "config.json",
          "tokenizer_config.json", "chat_template.jinja", "model.onnx", "model.gguf", "model.h5",
          "model.keras", "saved_model.pb", "model.tflite", "README.md", "requirements.txt",
          "a.yaml", "a.py", "a.zip", "a.tar", "a.npy", "a.npz", "a.joblib",
          "schema.json", "MLmodel", "a.xml",
          "a.ipynb", "a.pt", "a.pth", "a", "flax_model.msgpack", "a.rds", "a.7z", "a.lz4", "m.ubj",
          "keras_metadata.pb", "LICENSE", "model_index.json", "a.mlmodel", "a.pdmodel", "a.dill",
          "a.cbm", "a.mat", "a.parquet", "a.sqlite", "a.pdf", "a.png", "a.gif",
          "a.rar", "a.zst")  # fmt: skip


def mutated(number: int, seeds: Sequence[tuple[str, bytes]]) -> tuple[str, bytes]:
    """Return name and bytes of input ``number``."""
    source = random.Random(number)
    name, data = seeds[source.randrange(len(seeds))]
    out = bytearray(data[:_SIZE_MOST])
    for _ in range(source.choice((1, 1, 1, 2, 3, 5, 8))):
        _change(out, source, seeds)
    if source.random() < 0.15:
        name = source.choice(_NAMES)
    return name, bytes(out[:_SIZE_MOST])


def _change(out: bytearray, source: random.Random, seeds: Sequence[tuple[str, bytes]]) -> None:
    size = len(out)
    at = source.randrange(size + 1)
    kind = source.randrange(9)
    if kind == 0 and at < size:
        out[at] ^= 1 << source.randrange(8)
    elif kind == 1 and at < size:
        out[at] = source.randrange(256)
    elif kind == 2:
        form = source.choice(_FORMS)
        width = struct.calcsize(form)
        value = source.choice(_EDGES) + source.choice((-1, 0, 0, 0, 1))
        out[at : at + width] = struct.pack(form, value % (1 << 8 * width))
    elif kind == 3:
        del out[at : at + source.choice((1, 2, 4, 8, 100, 5000))]
    elif kind == 4:
        length = source.choice((1, 4, 16, 200))
        out[at:at] = out[at : at + length] * source.choice((1, 2, 50))
    elif kind == 5:
        _, other = seeds[source.randrange(len(seeds))]
        start = source.randrange(len(other) + 1)
        piece = other[start : start + source.choice((4, 32, 300, 4000))]
        out[at : at + (len(piece) if source.random() < 0.5 else 0)] = piece
    elif kind == 6:
        del out[at:]
    elif kind == 7:
        token = source.choice(_TOKENS) * source.choice((1, 1, 20))
        out[at : at + (len(token) if source.random() < 0.5 else 0)] = token
    else:
        # Near the beginning and the end, where headers and directories lie.
        near = source.randrange(min(size, 64) + 1)
        place = near if source.random() < 0.5 else size - near
        out[place : place + 1] = bytes([source.choice((0, 1, 0x7F, 0x80, 0xFF))])
