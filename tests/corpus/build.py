# SPDX-License-Identifier: Apache-2.0
"""Generates hostile model files with harmless payloads, and honest ones beside them.

Nothing here is ever loaded: pickles are written opcode by opcode, and what they would run is
``true``. Every sample says what a scan has to make of it. ``python -m tests.corpus.build DIR``
writes them all, for looking at with other tools.
"""

from __future__ import annotations

import functools
import io
import json
import os
import pickle
import random
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HARMLESS = "true"


@dataclass(frozen=True)
class Sample:
    """One file: its name, its bytes, the verdict it deserves and a rule that must fire."""

    name: str
    data: bytes
    verdict: str
    rule: str = ""


def _text(text: str) -> bytes:
    raw = text.encode()
    return b"\x8c" + bytes([len(raw)]) + raw


def by_global() -> bytes:
    """``os.system`` by GLOBAL and REDUCE, protocol 2."""
    return b"\x80\x02cos\nsystem\n(X\x04\x00\x00\x00truetR."


def by_stack_global(module: str = "os", name: str = "system") -> bytes:
    """A call by STACK_GLOBAL, protocol 4."""
    return b"\x80\x04" + _text(module) + _text(name) + b"\x93" + _text(HARMLESS) + b"\x85R."


def by_memo() -> bytes:
    """The two names travel through the memo before STACK_GLOBAL takes them."""
    return (
        b"\x80\x04" + _text("system") + b"\x940" + _text("os") + b"\x940h\x01h\x00\x93"
        + _text(HARMLESS) + b"\x85R."
    )  # fmt: skip


def by_inst() -> bytes:
    """Protocol 0 INST."""
    return b"(S'true'\nios\nsystem\n."


def by_obj() -> bytes:
    """Protocol 1 OBJ."""
    return b"(cos\nsystem\nS'true'\no."


def by_escapes() -> bytes:
    """Names spelled with escapes, protocol 0."""
    return b"V\\u006fs\nVsy\\u0073tem\n\x93(Vtrue\ntR."


def by_nested_loads() -> bytes:
    """A pickle that unpickles another one."""
    inner = by_stack_global()
    return (
        b"\x80\x04" + _text("pickle") + _text("loads") + b"\x93C" + bytes([len(inner)]) + inner
        + b"\x85R."
    )  # fmt: skip


def after_stop() -> bytes:
    """An honest pickle, and a second stream behind its STOP."""
    return pickle.dumps([1, 2, 3]) + by_stack_global()


def broken_after_call() -> bytes:
    """The call has run when the stream breaks off."""
    return by_stack_global()[:-1] + b"\xff\xff"


def unknown_call() -> bytes:
    """A library nobody has heard of."""
    return by_stack_global("somelibrary.models", "Estimator")


def deep_pickle(depth: int = 300_000) -> bytes:
    """Marks without end."""
    return b"\x80\x04" + b"(" * depth + b"."


def torch_zip(program: bytes, *, storages: int = 1) -> bytes:
    """A torch archive, laid out as torch.save writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", program)
        archive.writestr("archive/byteorder", "little")
        for index in range(storages):
            archive.writestr(f"archive/data/{index}", bytes(64))
        archive.writestr("archive/version", "3\n")
    return buffer.getvalue()


def joblib_file(after: bytes = b"") -> bytes:
    """A joblib file with a raw array, written by the real library; ``after`` follows the array."""
    import joblib
    import numpy as np

    buffer = io.BytesIO()
    joblib.dump([np.arange(100.0)], buffer)
    data = buffer.getvalue()
    # The list is closed by APPEND and STOP; a payload before them is read after the array.
    return data[:-2] + after + data[-2:] if after else data


def object_array() -> bytes:
    """A NumPy array of objects, whose pickle calls ``os.system``."""
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + by_stack_global()


def safetensors(**changes: object) -> bytes:
    """A safetensors file with one tensor; ``changes`` are put into its entry."""
    entry: dict[str, object] = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    header = json.dumps({"w": entry | changes}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(16)


def zip_of(*members: tuple[str, bytes]) -> bytes:
    """A zip archive with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def tar_of(name: str, *, link: str = "") -> bytes:
    """A tar archive with one member, or one link."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo(name)
        if link:
            info.type, info.linkname = tarfile.SYMTYPE, link
            archive.addfile(info)
        else:
            info.size = 1
            archive.addfile(info, io.BytesIO(b"x"))
    return buffer.getvalue()


def bomb(megabytes: int = 80) -> bytes:
    """A zip member that expands a thousandfold."""
    return zip_of(("zeros.txt", bytes(megabytes * 1024 * 1024)))


def gguf(template: str = "", *, tensors: int = 0, entries: int | None = None) -> bytes:
    """A GGUF file with a chat template; counts may lie."""

    def string(text: str) -> bytes:
        raw = text.encode()
        return struct.pack("<Q", len(raw)) + raw

    pairs = [string("general.architecture") + struct.pack("<I", 8) + string("llama")]
    if template:
        pairs.append(string("tokenizer.chat_template") + struct.pack("<I", 8) + string(template))
    count = len(pairs) if entries is None else entries
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, count) + b"".join(pairs)


def onnx(location: str = "") -> bytes:
    """An ONNX model with one initializer, whose data may lie elsewhere."""

    def field(number: int, body: bytes) -> bytes:
        return bytes([number << 3 | 2, len(body)]) + body

    external = field(13, field(1, b"location") + field(2, location.encode())) if location else b""
    tensor = b"\x08\x04\x10\x01" + field(8, b"w") + external
    graph = field(1, field(4, b"Relu")) + field(2, b"g") + field(5, tensor)
    return b"\x08\x08" + field(2, b"pytest") + field(7, graph) + field(8, b"\x10\x11")


def config(**entries: object) -> bytes:
    """A JSON configuration."""
    return json.dumps({"model_type": "bert", **entries}).encode()


def token() -> bytes:
    """A made-up access token, put together at run time so that no scanner trips over this file."""
    generator = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return b"hf" + b"_" + "".join(generator.choice(letters) for _ in range(34)).encode()


EVIL_TEMPLATE = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
GOOD_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "{{ raise_exception('system first') }}{% endif %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] | trim }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


@functools.cache
def hostile() -> list[Sample]:
    """Return every hostile sample."""
    private_key = b"-----BEGIN " + b"PRIVATE KEY-----\nMIIB\n"
    call = "pickle.dangerous-call"
    return [
        Sample("global.pkl", by_global(), "malicious", call),
        Sample("stack_global.pkl", by_stack_global(), "malicious", call),
        Sample("memo.pkl", by_memo(), "malicious", call),
        Sample("inst.pkl", by_inst(), "malicious", call),
        Sample("obj.pkl", by_obj(), "malicious", call),
        Sample("escapes.pkl", by_escapes(), "malicious", call),
        Sample("nested.pkl", by_nested_loads(), "malicious", call),
        Sample("after_stop.pkl", after_stop(), "malicious", call),
        Sample("broken.pkl", broken_after_call(), "malicious", call),
        Sample("renamed.safetensors", by_stack_global(), "malicious", "file.type-mismatch"),
        Sample("renamed.json", by_stack_global(), "malicious", call),
        Sample("unknown.pkl", unknown_call(), "suspicious", "pickle.unknown-call"),
        Sample("deep.pkl", deep_pickle(), "malicious", "pickle.limit"),
        Sample("evil.pt", torch_zip(by_stack_global()), "malicious", call),
        Sample("after_array.joblib", joblib_file(by_stack_global()[2:-1]), "malicious", call),
        Sample("objects.npy", object_array(), "malicious", call),
        Sample("packed.gz", zlib.compress(by_stack_global()), "malicious", call),
        Sample("slip.zip", zip_of(("../../evil.txt", b"x")), "malicious", "archive.traversal"),
        Sample("slip.tar", tar_of("../evil.txt"), "malicious", "archive.traversal"),
        Sample("link.tar", tar_of("a", link="/etc/passwd"), "malicious", "archive.link"),
        Sample("bomb.zip", bomb(), "malicious", "archive.bomb"),
        Sample("pickle.zip", zip_of(("a/b.txt", by_stack_global())), "malicious", call),
        Sample(
            "overlap.safetensors",
            safetensors(data_offsets=[0, 99]),
            "malicious",
            "safetensors.out-of-bounds",
        ),
        Sample("short.safetensors", safetensors()[:20], "suspicious", "file.truncated"),
        Sample(
            "length.safetensors",
            struct.pack("<Q", 2**31) + b'{"w":1}' + bytes(32),
            "malicious",
            "safetensors.header-length",
        ),
        Sample("count.gguf", gguf(entries=2**60), "malicious", "gguf.count"),
        Sample("template.gguf", gguf(EVIL_TEMPLATE), "malicious", "template.code"),
        Sample("outside.onnx", onnx("../../etc/passwd"), "malicious", "onnx.external-path"),
        Sample("deep.json", b"[" * 100_000 + b"]" * 100_000, "suspicious", "config.depth"),
        Sample(
            "tokenizer_config.json",
            config(chat_template=EVIL_TEMPLATE),
            "malicious",
            "template.code",
        ),
        Sample(
            "config.json",
            config(auto_map={"AutoModel": "modeling_x.Model"}),
            "suspicious",
            "code.auto-map",
        ),
        Sample(
            "adapter_config.json",
            config(auto_map={"AutoModel": "other/repository--modeling.Model"}),
            "malicious",
            "code.other-repository",
        ),
        Sample("modeling.py", b"import os\nos.system('true')\n", "malicious", "code.executes"),
        Sample(
            "handler.py",
            b"from os import system as s\ndef handle(x):\n    return s('true')\n",
            "suspicious",
            "code.starts-program",
        ),
        Sample(
            "tag.yaml",
            b"a: !!python/object/apply:os.system ['true']\n",
            "malicious",
            "yaml.python-tag",
        ),
        Sample("target.yaml", b"x:\n  _target_: os.system\n", "malicious", "config.target"),
        Sample("tool", b"\x7fELF\x02\x01\x01" + bytes(60), "suspicious", "file.executable"),
        Sample(
            "weights.bin",
            b"\x7fELF\x02\x01\x01" + bytes(60),
            "malicious",
            "file.disguised-executable",
        ),
        Sample("notes.txt", b"token: " + token() + b"\n", "suspicious", "secret.token"),
        Sample("id.txt", private_key, "suspicious", "secret.private-key"),
        Sample(
            "requirements.txt",
            b"torch\n--extra-index-url http://packages.example.org\n",
            "malicious",
            "requirements.source",
        ),
        Sample(
            "entity.xml",
            b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a/>',
            "malicious",
            "xml.entity",
        ),
        Sample("strange.bin", bytes(range(1, 256)) * 8, "unreadable"),
    ]


@functools.cache
def honest() -> list[Sample]:
    """Return samples that must come out clean."""
    plain = pickle.dumps({"a": [1, 2.0, "x", None, True], "b": (b"y", {1, 2})}, protocol=4)
    return [
        Sample("plain.pkl", plain, "clean"),
        Sample("weights.joblib", joblib_file(), "clean"),
        Sample("weights.pt", torch_zip(pickle.dumps({"w": 1}, protocol=2)), "clean"),
        Sample("model.safetensors", safetensors(), "clean"),
        Sample("model.gguf", gguf(GOOD_TEMPLATE), "clean"),
        Sample("model.onnx", onnx(), "clean"),
        Sample("beside.onnx", onnx("model.onnx.data"), "clean"),
        Sample("tokenizer_config.json", config(chat_template=GOOD_TEMPLATE), "clean"),
        Sample("config.json", config(hidden_size=4), "clean"),
        Sample("vocab.txt", b"cat\ndog\nRabbit\n.\n", "clean"),
        Sample("README.md", b"# Model\n\nIt does things.\n", "clean"),
        Sample("data.zip", zip_of(("a/notes.txt", b"x"), ("b.json", b"{}")), "clean"),
        Sample("settings.yaml", b"model:\n  _target_: torch.nn.Linear\n", "clean"),
        Sample("requirements.txt", b"torch>=2\nnumpy\n", "clean"),
        Sample("empty.txt", b"", "clean"),
    ]


def odd_tree(directory: Path) -> None:
    """Fill ``directory`` with what no repository holds: a pipe, an escaping link, a hiding name."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "ok.txt").write_text("x")
    os.mkfifo(directory / "pipe")
    (directory / "escape").symlink_to("/etc/passwd")
    Path(os.fsdecode(os.fsencode(directory) + b"/not-utf8-\xff")).write_text("x")
    (directory / "gnp\u202eexe.txt").write_text("x")


def build_all(directory: Path) -> dict[str, Path]:
    """Write every sample below ``directory`` and return the paths by ``kind/name``."""
    written: dict[str, Path] = {}
    kinds: dict[str, Callable[[], list[Sample]]] = {"hostile": hostile, "honest": honest}
    for kind, samples in kinds.items():
        for sample in samples():
            path = directory / kind / sample.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sample.data)
            written[f"{kind}/{sample.name}"] = path
    odd_tree(directory / "odd")
    return written


if __name__ == "__main__":
    for name in build_all(Path(sys.argv[1])):
        print(name)
