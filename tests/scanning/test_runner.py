# SPDX-License-Identifier: Apache-2.0
"""Every generated sample gets the verdict it deserves, for the reason it deserves it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.corpus.build import Sample, honest, hostile, safetensors

from steelyard.kernel.finding import Coverage, FileReport, Severity
from steelyard.kernel.inspection import InspectionRequest, TreeFile
from steelyard.scanning import registry, runner
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.runner import Runner


def examine(path: Path) -> FileReport:
    file = TreeFile(path.name, str(path), path.stat().st_size)
    (report,) = Runner(InspectionRequest(files=(file,))).reports()
    return report


def write(folder: Path, sample: Sample) -> Path:
    path = folder / sample.name
    path.write_bytes(sample.data)
    return path


@pytest.mark.parametrize("sample", hostile(), ids=lambda sample: sample.name)
def test_hostile_samples(sample: Sample, tmp_path: Path) -> None:
    report = examine(write(tmp_path, sample))
    assert report.verdict == sample.verdict, report
    if sample.rule:
        assert sample.rule in {finding.rule for finding in report.findings}, report
    assert "examiner failed" not in report.coverage_reason
    assert all(finding.message.endswith((".", "…")) for finding in report.findings), report


@pytest.mark.parametrize("sample", honest(), ids=lambda sample: sample.name)
def test_honest_samples(sample: Sample, tmp_path: Path) -> None:
    report = examine(write(tmp_path, sample))
    assert report.verdict == "clean", report
    assert report.coverage is Coverage.FULL


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    sample = next(sample for sample in hostile() if sample.rule == "secret.token")
    report = examine(write(tmp_path, sample))
    secret = sample.data.split()[1].decode()
    assert secret not in repr(report)
    assert secret[:4] in repr(report)


def test_an_examiner_that_breaks_lowers_coverage_and_keeps_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(context: Context, source: object, into: Examination) -> None:
        into.add("test.rule", Severity.LOW, "Seen before the crash.")
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(runner, "examiner_for", lambda kind: breaks)
    path = tmp_path / "a.json"
    path.write_text("{}")
    report = examine(path)
    assert report.coverage is Coverage.PARTIAL
    assert "ZeroDivisionError" in report.coverage_reason
    assert [finding.rule for finding in report.findings] == ["test.rule"]
    assert report.verdict != "clean"


def test_running_out_of_memory_or_depth_is_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}")
    for error in (MemoryError, RecursionError):

        def breaks(*_: object, error: type[BaseException] = error) -> None:
            raise error

        monkeypatch.setattr(runner, "examiner_for", lambda kind, breaks=breaks: breaks)
        assert examine(path).verdict == "unreadable"


def test_every_format_has_an_examiner_or_a_reason() -> None:
    for place in registry.EXAMINERS:
        assert callable(registry.examiner_for(place))
    assert not set(registry.EXAMINERS) & (registry.INERT | set(registry.UNREAD))


def test_findings_are_bounded_and_the_rest_is_counted(tmp_path: Path) -> None:
    lines = [f"a{index}: !!python/name:os.system{index}" for index in range(5)]
    path = tmp_path / "many.yaml"
    path.write_text("\n".join(lines))
    request = InspectionRequest(
        files=(TreeFile("many.yaml", str(path), path.stat().st_size),),
        limits=type(InspectionRequest(files=()).limits)(findings_per_file=2),
    )
    (report,) = Runner(request).reports()
    assert report.findings[-1].rule == "file.more-findings"
    assert report.verdict == "malicious"


def test_large_files_are_hashed_beside_the_examination(tmp_path: Path) -> None:
    import hashlib
    import json
    import struct

    size = 5 * 1024 * 1024
    entry = {"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}
    header = json.dumps(entry).encode()
    data = struct.pack("<Q", len(header)) + header + os.urandom(size)
    paths = [tmp_path / f"{index}.safetensors" for index in range(4)]
    for path in paths:
        path.write_bytes(data)
    files = tuple(TreeFile(path.name, str(path), len(data)) for path in paths)
    reports = list(Runner(InspectionRequest(files=files)).reports())
    assert [report.path for report in reports] == [path.name for path in paths]
    assert {report.sha256 for report in reports} == {hashlib.sha256(data).hexdigest()}
    assert all(report.traits.parameters == size for report in reports)


@pytest.mark.parametrize("change", [lambda p: p.write_bytes(b"x" * 99), lambda p: p.unlink()])
def test_a_file_that_changed_since_the_walk_is_not_examined(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors())
    file = TreeFile(path.name, str(path), path.stat().st_size)
    change(path)
    (report,) = Runner(InspectionRequest(files=(file,))).reports()
    assert report.coverage is Coverage.NONE
    assert report.sha256 == ""


def test_the_rules_digest_is_stable_and_covers_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    assert runner.rules_digest() == runner.rules_digest()
    assert len(runner.rules_digest()) == 64
