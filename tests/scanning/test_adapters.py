# SPDX-License-Identifier: Apache-2.0
"""The shipped plug-ins run the real packages, inside the real sandbox."""

from __future__ import annotations

import importlib.metadata
import json
import os
from pathlib import Path

import pytest

from steelyard.kernel.errors import UndecidedError
from steelyard.kernel.finding import Coverage, FileReport, Finding, Severity, Verdict
from steelyard.kernel.inspection import Inspection, PluginRef, location_of
from steelyard.kernel.limits import Limits
from steelyard.platform import sandbox


def installed(name: str, *paths: Path) -> PluginRef:
    """Return the plug-in pinned at the version that is here, or skip."""
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{name} is not installed (pip install 'steelyard[scanners]')")
    return PluginRef(
        name=name, version=version, paths=tuple(location_of(os.fsencode(path)) for path in paths)
    )


def inspect(model: Path, plugin: PluginRef, limits: Limits | None = None) -> Inspection:
    return sandbox.inspect(model, plugins=[plugin], limits=limits or Limits())


def theirs(report: FileReport) -> list[Finding]:
    return [finding for finding in report.findings if finding.rule.startswith("x-")]


def test_bandit(tmp_path: Path) -> None:
    plugin = installed("bandit")
    (tmp_path / "a.py").write_text(
        "import hashlib\nimport yaml\n\n\ndef load(text):\n"
        "    yaml.load(text)  # nosec\n    return hashlib.md5(text).hexdigest()\n"
    )
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "clean.py").write_text('"""Nothing."""\n\nX = 1\n')
    (tmp_path / "not_python.txt").write_text("yaml.load(text)\n")
    found = inspect(tmp_path, plugin)
    by_path = {file.path: file for file in found.files}
    severities = {finding.rule: finding.severity for finding in theirs(by_path["a.py"])}
    assert severities["x-bandit.b324"] is Severity.HIGH
    assert severities["x-bandit.b506"] is Severity.MEDIUM
    assert {finding.location for finding in theirs(by_path["a.py"])} == {"line 6", "line 7"}
    assert "Bandit cannot read this Python" in by_path["broken.py"].coverage_reason
    assert not theirs(by_path["clean.py"])
    assert not theirs(by_path["not_python.txt"])
    texts = {rule.id: rule for rule in found.rules}
    assert texts["x-bandit.b324"].references[0][1].startswith("https://bandit.readthedocs.io/")


def test_bandit_says_what_it_did_not_see(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("value = 1\n" * 100)
    (report,) = inspect(tmp_path, installed("bandit"), Limits(text_bytes=60)).files
    assert "Bandit saw only the first 60 bytes" in report.coverage_reason


def test_detect_secrets(tmp_path: Path) -> None:
    plugin = installed("detect-secrets")
    key = "AKIA" + "IOSFODNN7QWERTYU"
    (tmp_path / "notes.txt").write_text(f"first\nkey = {key}\n")
    long_line = "tok " * 40_000 + key + " tok" * 4000
    (tmp_path / "vocab.json").write_text(json.dumps({"vocab": long_line, "again": key}))
    (tmp_path / "clean.md").write_text("# A model\n\nNo secrets here, 7f3a9c2b1d.\n")
    found = {file.path: file for file in inspect(tmp_path, plugin).files}
    (finding,) = theirs(found["notes.txt"])
    assert finding.rule == "x-detect-secrets.aws-access-key"
    assert finding.location == "line 2"
    assert finding.evidence == "AKIA… (20 characters)"
    assert key not in repr(theirs(found["notes.txt"]))
    assert len(theirs(found["vocab.json"])) == 1
    assert found["clean.md"].verdict is Verdict.CLEAN


YARA = """
rule Marker {
    meta:
        severity = "critical"
        description = "The marker of a campaign."
    strings:
        $a = "evil_marker"
    condition: $a
}
rule Plain { strings: $b = { DE AD BE EF } condition: $b }
"""


def test_yara(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.yar").write_text(YARA)
    (rules / "b.YARA").write_text("rule Marker { condition: filesize == 4242 }")
    (rules / "notes.md").write_text("not a rule")
    model = tmp_path / "model"
    model.mkdir()
    (model / "a.txt").write_text("xx evil_marker yy evil_marker")
    (model / "b.txt").write_text("honest")
    (model / "c.txt").write_bytes(b"\n" * 4242)
    found = inspect(model, installed("yara-x", rules))
    by_path = {file.path: file for file in found.files}
    (finding,) = theirs(by_path["a.txt"])
    assert finding.severity is Severity.CRITICAL
    assert finding.message == "The YARA rule Marker matches: The marker of a campaign."
    assert finding.evidence == "$a at byte 3, $a at byte 18"
    assert by_path["a.txt"].verdict is Verdict.MALICIOUS
    assert by_path["b.txt"].verdict is Verdict.CLEAN
    assert theirs(by_path["c.txt"])[0].severity is Severity.MEDIUM
    assert [rule.id for rule in found.rules] == ["x-yara-x.match"]


def test_yara_sees_past_the_edges_of_its_windows(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yar"
    rules.write_text(YARA)
    data = bytearray(5 << 20)
    for place in ((2 << 20) - 4, 5 * (1 << 20) - 11):
        data[place : place + 11] = b"evil_marker"
    model = tmp_path / "model"
    model.mkdir()
    (model / "large.txt").write_bytes(data.replace(b"\0", b" "))
    limits = Limits(member_memory=2 << 20)
    (report,) = inspect(model, installed("yara-x", rules), limits).files
    (finding,) = theirs(report)
    assert finding.location == f"byte {(2 << 20) - 4}"
    assert report.coverage is not Coverage.NONE


@pytest.mark.parametrize(
    ("text", "why"),
    [("rule broken {", "CompileError"), (None, "no .yar or .yara files"), ('include "x"', "")],
)
def test_yara_rules_that_cannot_be_used_stop_the_examination(
    tmp_path: Path, text: str | None, why: str
) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    if text is not None:
        (rules / "a.yar").write_text(text)
    (tmp_path / "model.txt").write_text("x")
    with pytest.raises(UndecidedError, match="yara-x") as caught:
        inspect(tmp_path / "model.txt", installed("yara-x", rules))
    assert why in caught.value.message
