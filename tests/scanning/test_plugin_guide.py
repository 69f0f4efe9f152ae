# SPDX-License-Identifier: Apache-2.0
"""The plug-in of the guide is installed as it is written there, and does what the guide says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from tests.scanning.plugin_samples import install, sandbox_sees

from steelyard.bootstrap import parse_plugin
from steelyard.kernel.errors import UndecidedError
from steelyard.kernel.finding import Verdict
from steelyard.platform import sandbox

GUIDE = (
    Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-a-scanner-plugin.md"
).read_text(encoding="utf-8")


def block(language: str, index: int = 0) -> str:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    return found[index]


def test_the_plugin_of_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads(block("toml"))["project"]
    ((group, points),) = project["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    site = install(
        tmp_path / "site", block("python"), version=project["version"], points="\n".join(lines)
    )
    sandbox_sees(monkeypatch, tmp_path, site)
    model = tmp_path / "model"
    model.mkdir()
    (model / "notes.txt").write_text("About Project Bluebird.")
    (model / "other.txt").write_text("About nothing.")
    named = re.findall(r"--plugin (\S+)", block("sh"))[0]
    found = sandbox.inspect(model, plugins=[parse_plugin(named)])
    notes, other = found.files
    assert notes.verdict is Verdict.SUSPICIOUS
    assert notes.findings[0].location == "byte 6"
    assert other.verdict is Verdict.CLEAN
    assert found.rules[0].id == notes.findings[0].rule
    with pytest.raises(UndecidedError, match="is installed, not 9"):
        sandbox.inspect(model, plugins=[parse_plugin(named.partition("==")[0] + "==9")])
