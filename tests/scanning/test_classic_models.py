# SPDX-License-Identifier: Apache-2.0
"""Classic models are clean when they are whole; what follows or does not fit is told."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scanning.test_disguise import examine

from steelyard.artifacts.classic_models import read_catboost, read_fasttext, read_word2vec
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Verdict


def fasttext(quantized: bool = False) -> bytes:
    head = struct.pack("<ii12id", 793712314, 12, *([2] * 12), 0.1)
    words = b"".join(word + b"\0" + struct.pack("<qb", 1, 0) for word in (b"hello", b"label"))
    dictionary = struct.pack("<iiiqq", 2, 1, 1, 9, -1) + words
    dense = struct.pack("<qq", 2, 2) + bytes(16)
    if not quantized:
        return head + dictionary + b"\0" + dense + b"\0" + dense
    quantizer = struct.pack("<iiii", 1, 1, 1, 1) + bytes(1024)
    packed = b"\1" + struct.pack("<qqi", 2, 2, 4) + bytes(4) + quantizer + bytes(2) + quantizer
    return head + dictionary + b"\1" + packed + b"\0" + dense


def word2vec() -> bytes:
    return b"2 3\n" + b"".join(word + b" " + b"\0\1\2\xff" * 3 for word in (b"one", b"two"))


def catboost() -> bytes:
    return b"CBM1" + struct.pack("<II", 64, 16) + bytes(60)


LIGHTGBM = b"""tree
version=v4
num_class=1
feature_infos=[0:1]

Tree=0
num_leaves=2
threshold=0.5 1e-35

end of trees

feature_importances:
Column_0=3

parameters:
[boosting: gbdt]
end of parameters

pandas_categorical:[]
"""
MODELS = {
    "fasttext": ("m.bin", fasttext()),
    "fasttext-small": ("m.ftz", fasttext(quantized=True)),
    "word2vec": ("w.bin", word2vec()),
    "catboost": ("m.cbm", catboost()),
    "lightgbm": ("m.txt", LIGHTGBM),
}


@pytest.mark.parametrize("kind", MODELS)
def test_honest_models_are_clean(tmp_path: Path, kind: str) -> None:
    name, data = MODELS[kind]
    report = examine(tmp_path / name, data)
    assert report.format == kind.partition("-")[0]
    assert (report.verdict, report.findings) == (Verdict.CLEAN, ())


@pytest.mark.parametrize("kind", sorted(set(MODELS) - {"lightgbm"}))
def test_what_follows_is_examined_and_what_is_missing_told(tmp_path: Path, kind: str) -> None:
    name, data = MODELS[kind]
    assert examine(tmp_path / name, data + b"\x7fELF" + bytes(60)).verdict is Verdict.MALICIOUS
    assert examine(tmp_path / name, data[:-2]).verdict is not Verdict.CLEAN


def test_a_line_that_lightgbm_does_not_write(tmp_path: Path) -> None:
    data = LIGHTGBM.replace(b"Tree=0", b"import os; os.system('true')\nTree=0")
    report = examine(tmp_path / "m.txt", data)
    assert [item.rule for item in report.findings] == ["lightgbm.line"]


@given(st.integers(0, 200), st.binary(min_size=1, max_size=8))
def test_mutations_raise_artifact_errors_only(at: int, junk: bytes) -> None:
    for read, data in ((read_fasttext, fasttext()), (read_word2vec, word2vec()),
                       (read_catboost, catboost())):  # fmt: skip
        with contextlib.suppress(ArtifactError):
            read(BytesSource(data[:at] + junk + data[at + len(junk) :]))
