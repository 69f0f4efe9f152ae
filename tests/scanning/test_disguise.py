# SPDX-License-Identifier: Apache-2.0
"""A file that is data and a pickle at once is judged as both, unless its name settles it."""

from __future__ import annotations

import io
import lzma
import os
import pickle
import zipfile
from pathlib import Path

import pytest
from tests.artifacts.test_images import png
from tests.corpus.build import safetensors

from steelyard.kernel.finding import Coverage, FileReport, Verdict
from steelyard.kernel.inspection import InspectionRequest, TreeFile
from steelyard.kernel.limits import Limits
from steelyard.scanning.runner import Runner

CALL = b"cos\nsystem\n(S'true'\ntR."
PNG = png()


class Calls:
    """Pickled, this asks the loader for a call."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def examine(path: Path, data: bytes) -> FileReport:
    path.write_bytes(data)
    file = TreeFile(path.name, str(path), len(data))
    (report,) = Runner(InspectionRequest(files=(file,))).reports()
    return report


@pytest.mark.parametrize("name", ["weights.bin", "model.pkl", "model", "model.sav"])
@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a\0\0\0" + pickle.dumps(Calls(), 2)[2:],
        b"\x80\x02U\x08AAAAWEBP0" + CALL,
        b"I1\n0" * 2000 + CALL,
        b"S'a line of text'\n0" * 500 + CALL,
    ],
    ids=["gif", "webp", "numbers", "text"],
)
def test_data_that_is_a_pickle_too_is_malicious(tmp_path: Path, name: str, data: bytes) -> None:
    report = examine(tmp_path / name, data)
    assert report.verdict is Verdict.MALICIOUS, report
    assert report.traits.executes_on_load


@pytest.mark.parametrize(
    "name",
    ["README.md", "vocab.txt", "config.json", "model.onnx", "model.safetensors",
     "variables.data-00000-of-00001"],
)  # fmt: skip
@pytest.mark.parametrize("cover", [b"F1.5\n0" * 2000, b"S'a line of text'\n0" * 500])
def test_no_name_makes_a_call_clean(tmp_path: Path, name: str, cover: bytes) -> None:
    report = examine(tmp_path / name, cover + CALL)
    assert report.verdict is Verdict.MALICIOUS, report


def test_a_pickle_in_front_of_hdf5_is_malicious(tmp_path: Path) -> None:
    data = CALL.ljust(512, b"\0") + b"\x89HDF\r\n\x1a\n" + bytes(200)
    assert examine(tmp_path / "model.h5", data).verdict is Verdict.MALICIOUS


@pytest.mark.parametrize(
    ("weight", "verdict"), [(b"\x3f\x80\0\1" * 20, Verdict.CLEAN), (CALL, Verdict.MALICIOUS)]
)
def test_raw_weights_of_exported_programs(tmp_path: Path, weight: bytes, verdict: Verdict) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("m/archive_format", "pt2")
        archive.writestr("m/data/weights/weight_0", weight)
    assert examine(tmp_path / "m.pt2", packed.getvalue()).verdict is verdict


@pytest.mark.parametrize("form", [lzma.FORMAT_XZ, lzma.FORMAT_ALONE])
def test_both_containers_of_lzma_are_opened(tmp_path: Path, form: int) -> None:
    report = examine(tmp_path / "model.joblib", lzma.compress(CALL, form))
    assert report.verdict is Verdict.MALICIOUS, report


@pytest.mark.parametrize("name", ["model.bin", "notes.txt", "tool.py"])
def test_a_zip_archive_behind_text_is_examined(tmp_path: Path, name: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("archive/data.pkl", CALL)
    report = examine(tmp_path / name, b"print('hello')\n" * 4 + packed.getvalue())
    assert report.verdict is Verdict.MALICIOUS, report


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("protoc-3.13.0.0", Verdict.SUSPICIOUS), ("tool", Verdict.SUSPICIOUS),
     ("lib.so.1.2", Verdict.SUSPICIOUS), ("model.bin", Verdict.MALICIOUS)],
)  # fmt: skip
def test_only_a_data_name_disguises_a_program(tmp_path: Path, name: str, verdict: Verdict) -> None:
    data = b"\x7fELF\x02\x01\x01" + bytes(60)
    assert examine(tmp_path / name, data).verdict is verdict


def test_a_list_of_files_is_no_pickle(tmp_path: Path) -> None:
    lines = b"cffi/pickle/os.py,sha256=AAAA,12\ncffi/subprocess.py,sha256=BBBB,7\n)R" * 9
    assert examine(tmp_path / "RECORD", lines).verdict is Verdict.CLEAN


@pytest.mark.parametrize("data", [PNG, safetensors()])
def test_a_name_that_is_unpickled_with_other_content_is_for_a_person(
    tmp_path: Path, data: bytes
) -> None:
    report = examine(tmp_path / "model.pt", data)
    assert report.verdict is Verdict.SUSPICIOUS, report
    assert {finding.rule for finding in report.findings} == {"file.type-mismatch"}


@pytest.mark.parametrize("name", ["model.h5", "model.keras"])
def test_a_picture_under_the_name_of_a_model_is_not_clean(tmp_path: Path, name: str) -> None:
    assert examine(tmp_path / name, PNG).verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("name", "data"),
    [("logo.png", PNG), ("logo.bin", PNG),
     ("model.bin", safetensors()), ("LICENSE", b"Apache License\n"),
     ("vocab", b"N0 is a word\n"), ("AUTHORS", b"Pygments is written by many.\n\nNobody else.\n"),
     ("state.pxd", b"cimport numpy as np\ncdef class Os:\n"),
     ("model.safetensors", safetensors())],
)  # fmt: skip
def test_honest_names_stay_clean(tmp_path: Path, name: str, data: bytes) -> None:
    report = examine(tmp_path / name, data)
    assert report.verdict is Verdict.CLEAN, report


def test_a_reading_that_reaches_a_limit_is_not_clean(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"N0" * 5000 + CALL)
    file = TreeFile(path.name, str(path), path.stat().st_size)
    limits = Limits(pickle_opcodes=1000)
    (report,) = Runner(InspectionRequest(files=(file,), limits=limits)).reports()
    assert report.coverage is Coverage.PARTIAL
    assert report.verdict is not Verdict.CLEAN
