# SPDX-License-Identifier: Apache-2.0
"""``steelyard card``: exit codes, JSON, the skeleton."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "steelyard", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "README.md").write_text(
        "---\nlicense: mit\ndatasets: [good/one, bad/two]\n---\n# M\n\n## Intended use\nSort.\n"
    )
    return tmp_path


def test_missing_topics_are_undecided(model: Path) -> None:
    done = run("card", "check", str(model), "--format", "json")
    document = json.loads(done.stdout)
    assert done.returncode == 3
    assert document["schema"] == "steelyard.card/v1"
    assert document["missing"] == ["objectives", "training_data", "limitations", "performance"]


def test_what_is_required_is_the_users_word(model: Path) -> None:
    assert run("card", "check", str(model), "--require", "intended_use").returncode == 0


def test_forbidden_data_is_a_rejection(model: Path) -> None:
    arguments = ["card", "check", str(model), "--require", "intended_use"]
    assert run(*arguments, "--forbid-data", "bad/*").returncode == 1
    assert run(*arguments, "--permit-data", "good/*").returncode == 3
    assert run(*arguments, "--permit-data", "*").returncode == 0


def test_a_wrong_topic_is_a_usage_error(model: Path) -> None:
    done = run("card", "check", str(model), "--require", "color")
    assert done.returncode == 2 and "no topic 'color'" in done.stderr


def test_a_skeleton_knows_what_the_files_say(tmp_path: Path, model: Path) -> None:
    output = tmp_path / "NEW.md"
    assert run("card", "new", str(model), "--output", str(output)).returncode == 0
    text = output.read_text()
    assert "license: mit" in text and "- good/one" in text and "## Performance guarantees" in text
