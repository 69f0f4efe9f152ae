# SPDX-License-Identifier: Apache-2.0
"""``steelyard history`` on a clone and on saved answers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.simulators.repository import Repository

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="NO GIT FOUND")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "steelyard", "history", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=90)


def document(*arguments: object) -> tuple[int, dict[str, Any]]:
    done = run(*arguments, "--format", "json")
    assert done.stderr == ""
    parsed: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, parsed


@pytest.fixture
def clone(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "clone")
    for at in range(3):
        made.commit(f"weights {at}", model__safetensors=str(at), README__md=f"# {at}")
    return made


def test_a_clone_that_changes_hands(clone: Repository) -> None:
    recorded = clone.git("rev-parse", "HEAD")
    code, before = document(clone.path, "--since", recorded)
    assert code == 0
    assert before["schema"] == "steelyard.history/v1"
    assert before["since_is_ancestor"] is True
    assert before["facts"]["main_weight_person"] == "Ann <ann@x>"
    clone.git("reset", "-q", "--hard", "HEAD~1")
    clone.commit("again", model__safetensors="again")
    clone.commit("mine now", who="Eve", days=400, model__safetensors="evil")
    code, after = document(clone.path, "--since", recorded)
    assert code == 3
    found = {item["id"]: item for item in after["observations"]}
    assert set(found) >= {"history-rewritten", "new-weight-committer"}
    assert found["new-weight-committer"]["references"] == ["ATLAS:AML.T0109"]
    shown = " ".join(run(clone.path, "--since", recorded).stdout.split())
    assert "Eve <eve@x> brought in weights for the first time, 400 days" in shown


def test_a_license_change_is_told(clone: Repository) -> None:
    clone.commit("a", README__md="---\nlicense: mit\n---\n")
    clone.commit("b", README__md="---\nlicense: cc-by-nc-4.0\n---\n")
    _, found = document(clone.path)
    assert [(c["before"], c["after"], c["direction"]) for c in found["license_changes"]] == [
        (["mit"], ["cc-by-nc-4.0"], "mixed"),
        ([], ["mit"], "unknown"),
    ]


def test_saved_answers_of_a_hub(tmp_path: Path) -> None:
    rows = [{"id": f"{at:040x}", "title": "x", "date": f"2025-01-0{9 - at}T00:00:00Z",
             "authors": [{"user": "ann"}]} for at in range(4)]  # fmt: skip
    commits, accounts = tmp_path / "commits.json", tmp_path / "accounts.json"
    commits.write_text(json.dumps(rows))
    accounts.write_text(json.dumps({"user": "ann", "createdAt": "2025-01-01T00:00:00Z"}))
    activity, advisories = tmp_path / "activity.json", tmp_path / "advisories.json"
    activity.write_text(json.dumps([{"activity_type": "force_push", "ref": "refs/heads/main"}]))
    advisories.write_text(json.dumps([{"ghsa_id": "GHSA-1", "severity": "high"}]))
    code, found = document(
        commits, "--accounts", accounts, "--activity", activity, "--advisories", advisories
    )
    assert code == 3
    assert found["license_changes"] is None
    assert found["facts"]["weight_commits"] is None
    assert {"young-account", "force-push", "open-advisories", "incomplete"} <= {
        item["id"] for item in found["observations"]
    }
    assert "does not say which files changed" in run(commits).stdout


@pytest.mark.parametrize("text", ["", "[]", "{", "[1]", '[{"id": "no"}]', "[" * 100_000])
def test_what_is_no_commit_list_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(text)
    done = run(path)
    assert done.returncode == 2
    assert "next:" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_there_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path / "none")
    assert done.returncode == 2
    assert "no git repository" in done.stderr
