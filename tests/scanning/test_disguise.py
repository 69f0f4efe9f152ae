# SPDX-License-Identifier: Apache-2.0
"""A file that is data and a pickle at once is judged as both, unless its name settles it."""

from __future__ import annotations

import os
import pickle
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
     ("vocab", b"N0 is a word\n"),
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
