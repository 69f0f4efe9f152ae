# SPDX-License-Identifier: Apache-2.0
"""The compiled machine says about every stream, byte for byte, what the pure one says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import steelyard

_ROOT = Path(steelyard.__file__).parent
_MODULES = ("interpreter.py", "memory.py", "data.py", "values.py")
_TELL = r"""
import pickle, random, sys
from steelyard.artifacts.pickle import NAMES, OpcodeReader
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.limits import DEFAULT_LIMITS
from steelyard.scanning.pickles import interpreter

assert interpreter.__file__.endswith(sys.argv[1]), interpreter.__file__
chance = random.Random(20)
CODES = sorted(NAMES)
HEADS = (b"", b"\x80\x04](",
         b"\x80\x04cos\nsystem\n\x94]\x94(", b"\x80\x02]q\x00(X\x01\0\0\0aq\x01")

def piece():
    code = bytes([chance.choice(CODES)])
    return chance.choice((
        code, code + chance.randbytes(chance.randrange(6)), b"K\x07", b"\x8c\x02os\x94", b"h\x00",
        b"]\x94", b"}\x94(", b"N", b"u", b"e", b"a", b"\x86\x94", b"R", b"0", b"r\x05\0\0\0",
        b"\x8c\x03" + chance.randbytes(3) + b"\x94", b"\x93", b")", b"(", b"t\x94", b"j\x01\0\0\0",
    ))

def streams():
    for _ in range(4000):
        body = b"".join(piece() for _ in range(chance.randrange(1, 400)))
        yield chance.choice(HEADS) + body + b"."
    words = [f"w{index}" for index in range(520_000)]
    yield pickle.dumps([words, words[-300:]], 4)

for data in streams():
    machine, calls = interpreter.Machine(DEFAULT_LIMITS, None, None), []
    machine._on_call = lambda call: calls.append((call.target.dotted, call.offset, call.opcode))
    try:
        machine.run(OpcodeReader(BytesSource(data), 0, DEFAULT_LIMITS))
        said = ""
    except ArtifactError as error:
        said = f"{type(error).__name__} {error.message} {error.offset}"
    names = [(n.dotted, n.offset, n.called, n.created, n.call_offset)
             for n in machine.names.values()]
    print(said, machine.opcodes, names, calls, machine.unresolved, len(machine.blobs),
          [(at, code, n and n.dotted) for at, code, n in machine.blind_calls],
          machine.extensions, len(machine.persistent), machine.duplicates, machine.forgotten,
          machine.shared)
"""


def _tell(place: Path, ending: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _TELL, ending],
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        cwd=place,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler: nothing can be compiled")
def test_compiled_machine_says_the_same(tmp_path: Path) -> None:
    pytest.importorskip("mypyc", reason="mypyc is missing: nothing can be compiled")
    pure = tmp_path / "pure"
    for place in (pure, tmp_path):
        shutil.copytree(_ROOT, place / "steelyard", ignore=shutil.ignore_patterns("*.so"))
    built = subprocess.run(
        [str(Path(sys.executable).with_name("mypyc")), "--ignore-missing-imports",
         *(f"steelyard/scanning/pickles/{name}" for name in _MODULES)],
        cwd=tmp_path, capture_output=True, text=True, timeout=600,
        env={**os.environ, "MYPYC_OPT_LEVEL": "1"},
    )  # fmt: skip
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    said = _tell(pure, ".py")
    assert said.count("\n") > 4000
    assert _tell(tmp_path, ".so") == said
