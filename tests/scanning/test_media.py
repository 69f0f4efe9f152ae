# SPDX-License-Identifier: Apache-2.0
"""What rides behind a picture is examined as what it is."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from tests.artifacts.test_images import MEDIA, gif, jpeg, png
from tests.scanning.test_archives import zipped
from tests.scanning.test_disguise import Calls, examine

from steelyard.kernel.finding import Coverage, FileReport, Verdict

SUFFIX = {"jpeg": "jpg"}
ELF = b"\x7fELF\2\1\1" + bytes(57)


def rules(report: FileReport) -> set[str]:
    return {item.rule for item in report.findings}


@pytest.mark.parametrize("kind", MEDIA)
def test_honest_media_are_clean(tmp_path: Path, kind: str) -> None:
    name = f"a.{SUFFIX.get(kind, kind)}"
    for data in (MEDIA[kind], MEDIA[kind] + bytes(16)):
        report = examine(tmp_path / name, data)
        assert (report.findings, report.coverage) == ((), Coverage.FULL)


def test_a_picture_that_is_none_is_told(tmp_path: Path) -> None:
    report = examine(tmp_path / "a.png", png()[:8] + b"os.system('true')" * 9)
    assert (rules(report), report.verdict) == ({"media.structure"}, Verdict.SUSPICIOUS)


@pytest.mark.parametrize(
    ("name", "data", "rule"),
    [
        ("a.gif", gif() + zipped({"m.pkl": pickle.dumps(Calls())}), "pickle.dangerous-call"),
        ("a.png", png() + ELF, "file.disguised-executable"),
        ("a.jpg", jpeg() + pickle.dumps(Calls()), "pickle.dangerous-call"),
    ],
)
def test_what_follows_a_picture_is_examined(
    tmp_path: Path, name: str, data: bytes, rule: str
) -> None:
    report = examine(tmp_path / name, data)
    assert report.verdict is Verdict.MALICIOUS
    assert {rule, "file.appended"} <= rules(report)


def test_a_second_picture_behind_the_first_is_clean(tmp_path: Path) -> None:
    report = examine(tmp_path / "a.jpg", jpeg() + jpeg())
    assert (report.verdict, rules(report)) == (Verdict.CLEAN, {"file.appended"})
