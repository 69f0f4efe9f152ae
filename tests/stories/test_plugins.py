# SPDX-License-Identifier: Apache-2.0
"""A charter pins a plug-in: it takes part in the assessment, or nothing is decided."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest
from tests.stories.conftest import Ran, Run, use_case

CHARTER = """\
charter: acme
version: "1"
effective: 2026-12-01
owner: A
purpose: P
extends: starter
scanner:
  plugins: [{{name: detect-secrets, version: "{version}"}}]
"""


def assess(run: Run, model: Path, folder: Path, version: str) -> Ran:
    charter = folder / "acme.yaml"
    charter.write_text(CHARTER.format(version=version))
    return run(
        "assess", model, "--use-case", use_case("internal-search"), "--charter", charter,
        "--format", "json",
    )  # fmt: skip


def test_a_plugin_that_cannot_take_part_leaves_everything_undecided(
    run: Run, encoder: Path, tmp_path: Path
) -> None:
    done = assess(run, encoder, tmp_path, "0.0.1")
    assert done.code == 3, done
    assert "The plug-in 'detect-secrets' cannot take part" in done.err
    assert "Install the version that is named" in " ".join(done.err.split())
    assert not done.out


def test_what_a_plugin_finds_counts(run: Run, encoder: Path, tmp_path: Path) -> None:
    pytest.importorskip("detect_secrets", reason="needs steelyard[scanners]")
    (encoder / "notes.txt").write_text(
        "npm: //packages.example.org/:_authToken=" + "a1b2" * 9 + "\n"
    )
    done = assess(run, encoder, tmp_path, importlib.metadata.version("detect-secrets"))
    rules = {finding["rule"] for finding in done.json["findings"]}
    assert "x-detect-secrets.npm-tokens" in rules
