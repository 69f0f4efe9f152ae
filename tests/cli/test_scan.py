# SPDX-License-Identifier: Apache-2.0
"""``steelyard scan`` through its door: the frozen document, exit codes, text for people."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from tests.corpus.build import by_global, hostile, safetensors, unknown_call

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "reference" / "scan.schema.json").read_text())
FILE_KEYS = {
    "path", "format", "size", "sha256", "verdict", "coverage", "coverage_reason", "findings",
}  # fmt: skip
FINDING_KEYS = {"rule", "severity", "message", "location", "evidence", "remedy"}


def scan(*arguments: str | Path, **kwargs: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "steelyard", "scan", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        **kwargs,  # type: ignore[call-overload] # only cwd
    )
    assert isinstance(done, subprocess.CompletedProcess)
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "model.safetensors").write_bytes(safetensors())
    (tmp_path / "sub" / "evil.pkl").write_bytes(by_global())
    return tmp_path


def test_the_frozen_document(tree: Path) -> None:
    done = scan(tree, "--format", "json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    jsonschema.validate(document, SCHEMA)
    assert list(document)[:4] == ["schema", "scanner", "verdict", "files"]
    assert document["schema"] == "steelyard.scan/v1"
    assert set(document["scanner"]) == {"version", "rules_digest"}
    assert document["verdict"] == "malicious"
    by_path = {file["path"]: file for file in document["files"]}
    assert set(by_path) == {"model.safetensors", "sub/evil.pkl"}
    assert all(set(file) >= FILE_KEYS for file in document["files"])
    assert by_path["model.safetensors"]["verdict"] == "clean"
    assert all(set(f) == FINDING_KEYS for f in by_path["sub/evil.pkl"]["findings"])


@pytest.mark.parametrize(
    ("data", "code", "verdict"),
    [
        (safetensors(), 0, "clean"),
        (by_global(), 1, "malicious"),
        (unknown_call(), 3, "suspicious"),
        (bytes(range(1, 256)) * 4, 3, "unreadable"),
    ],
)
def test_exit_codes_follow_the_verdict(
    tmp_path: Path, data: bytes, code: int, verdict: str
) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(data)
    done = scan(path, "--format", "json")
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (code, verdict)


def test_people_see_the_verdict_the_proof_and_what_to_do(tree: Path) -> None:
    done = scan(tree)
    assert done.returncode == 1
    assert "MALICIOUS" in done.stdout
    assert "os.system" in done.stdout
    assert "      next   Ask the publisher" in done.stdout
    assert "\x1b[" not in done.stdout, "no colors where nobody sees them"


def test_what_was_not_examined_is_listed(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(bytes(range(1, 256)) * 4)
    done = scan(tmp_path)
    assert done.returncode == 3
    assert "Not fully examined  1 file · 1.02 kB" in done.stdout
    assert "weights.bin (1.02 kB, not at all): the format was not recognized" in done.stdout


def test_sarif_names_files_rules_and_gaps(tree: Path) -> None:
    done = scan(tree, "--format", "sarif")
    assert done.returncode == 1
    (run,) = json.loads(done.stdout)["runs"]
    assert {result["ruleId"] for result in run["results"]} >= {"pickle.dangerous-call"}
    assert run["tool"]["driver"]["name"].lower() == "steelyard"


def test_output_goes_to_a_file_and_not_half(tree: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "scan.json"
    missing = scan(tree / "model.safetensors", "--format", "json", "--output", target)
    assert missing.returncode == 2
    assert not target.exists()
    target.parent.mkdir()
    written = scan(tree / "model.safetensors", "--format", "json", "--output", target)
    assert written.returncode == 0, written
    assert json.loads(target.read_text())["verdict"] == "clean"
    assert [path.name for path in target.parent.iterdir()] == ["scan.json"]


def test_several_paths_are_one_scan(tree: Path) -> None:
    done = scan(tree / "model.safetensors", tree / "sub", "--format", "json")
    paths = [file["path"] for file in json.loads(done.stdout)["files"]]
    assert len(paths) == 2
    assert done.returncode == 1


def test_hostile_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31mred.txt").write_text("x")
    (tmp_path / "[bold]markup.txt").write_text("x")
    done = scan(tmp_path)
    assert "\x1b" not in done.stdout
    assert "[bold]markup.txt" in done.stdout


def test_every_hostile_sample_in_one_directory(tmp_path: Path) -> None:
    for sample in hostile():
        (tmp_path / sample.name).write_bytes(sample.data)
    done = scan(tmp_path, "--format", "json")
    assert done.returncode == 1
    verdicts = {file["path"]: file["verdict"] for file in json.loads(done.stdout)["files"]}
    assert verdicts == {sample.name: sample.verdict for sample in hostile()}
