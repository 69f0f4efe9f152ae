# SPDX-License-Identifier: Apache-2.0
"""The first script a newcomer runs says in a sentence what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a clone as the script needs, without an environment."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "prepare.py", tmp_path / "scripts")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


def prepare(
    checkout: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    env = {
        key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON"))
    }
    script = str(checkout / "scripts" / "prepare.py")
    return subprocess.run(
        [sys.executable, script, *arguments],
        capture_output=True,
        text=True,
        env=env | environment,
        timeout=120,
    )


def is_a_sentence_with_a_next_step(done: subprocess.CompletedProcess[str], about: str) -> bool:
    lines = done.stderr.splitlines()
    return (
        done.returncode == 2
        and len(lines) == 2
        and about in lines[0]
        and lines[1].startswith("  next: ")
    )


def test_without_the_venv_module(checkout: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "venv"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('no venv here')\n")
    done = prepare(checkout, "run", PYTHONPATH=str(broken.parent))
    assert is_a_sentence_with_a_next_step(done, "cannot create virtual environments"), done
    assert "python3-venv" in done.stderr
    assert not (checkout / ".venv").exists()


def test_without_a_network(checkout: Path) -> None:
    # Port 9 of this machine answers nobody; the configuration of the machine is kept out.
    done = prepare(
        checkout,
        "run",
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL="http://127.0.0.1:9",
        PIP_RETRIES="0",
        PIP_NO_CACHE_DIR="1",
    )
    assert is_a_sentence_with_a_next_step(done, "the package index cannot be reached"), done
    assert not (checkout / ".venv" / ".ready-run").exists()


def test_without_a_word_what_for(checkout: Path) -> None:
    assert is_a_sentence_with_a_next_step(prepare(checkout), "name what to prepare for")
