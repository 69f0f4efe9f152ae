# SPDX-License-Identifier: Apache-2.0
"""The commands around charters: what they write, where they point, how they end."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from tests.charter.samples import JOBLIB, PRODUCTION, TODAY, facts

from steelyard.catalog.charters import charter_text
from steelyard.charter.evaluate import evaluate
from steelyard.charter.facts import facts_document
from steelyard.charter.load import shipped
from steelyard.charter.resolve import identity_of
from steelyard.cli.charter import command
from steelyard.kernel.assessment import Assessment, CoverageSummary, Model, Subject
from steelyard.kernel.errors import InputError
from steelyard.kernel.finding import Verdict
from steelyard.kernel.inspection import Scanner
from steelyard.kernel.license import LicenseSummary


def run(*arguments: str | Path) -> Result:
    words = [str(argument) for argument in arguments]
    return CliRunner(env={"COLUMNS": "100"}).invoke(command, words, standalone_mode=False)


def assessment() -> Assessment:
    """Weigh a pickle for production, as the real evaluation does it."""
    charter = shipped("standard")
    lines = {"artifacts.executes_on_load": ["model.joblib byte 57 REDUCE"]}
    result = evaluate(charter, facts(**PRODUCTION, **JOBLIB), lines, TODAY)
    digest = "0" * 64
    return Assessment(
        subject=Subject(
            purl="pkg:generic/m", name="m", commit=None, manifest_sha256=digest, files=1, size=1
        ),
        use_case={},
        environment="production",
        charter=identity_of(charter),
        risk=result.risk,
        license=LicenseSummary(),
        findings=(),
        coverage=CoverageSummary(level="full", files=1, full=1, partial=0, none=0),
        controls=result.controls,
        review=result.review,
        decision=result.decision,
        model=Model(),
        card=None,
        verdict=Verdict.CLEAN,
        files=(),
        rules=result.rules,
        facts=facts_document(result.facts),
        scanner=Scanner(version="0", rules_digest=digest),
        isolation=(),
        assessed_at="2026-11-24T00:00:00Z",
    )


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "assessment.json").write_bytes(msgspec.json.encode(assessment()))
    return tmp_path


@pytest.mark.parametrize("profile", ["starter", "standard", "regulated"])
def test_init_writes_a_sound_charter_once(profile: str, tmp_path: Path) -> None:
    file = tmp_path / "charter.yaml"
    assert run("init", "--profile", profile, "--output", file).return_value == 0
    assert file.read_text("utf-8") == charter_text(profile)
    checked = run("check", file)
    assert checked.return_value == 0
    assert checked.stdout.count("\n") == 1
    assert f"charter {profile} 1 is sound" in checked.stdout
    again = run("init", "--profile", profile, "--output", file)
    assert isinstance(again.exception, InputError)
    assert "exists already" in str(again.exception)


def test_check_points_at_every_error(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    text = charter_text("starter").replace("license.conflict", "license.conflit")
    file.write_text(text.replace("longest: 90 days", "longest: 90"), encoding="utf-8")
    result = run("check", file)
    assert result.return_value == 2
    carets = [len(line) for line in result.stdout.splitlines() if line.strip() == "^"]
    lines = result.stderr.splitlines()
    assert len(carets) == len(lines) > 0
    assert all(line.startswith(f"{file}:") and ": error: " in line for line in lines)
    file.write_text(text, encoding="utf-8")
    result = run("check", file, "--format", "json")
    document = json.loads(result.stdout)
    assert document["valid"] is False
    assert document["errors"][0]["next_step"] == "Did you mean 'conflict'?"
    line = text[: text.index("conflit")].count("\n") + 1
    assert document["errors"][0]["line"] == line


def test_check_of_a_missing_or_binary_file(tmp_path: Path) -> None:
    assert isinstance(run("check", tmp_path / "none.yaml").exception, InputError)
    (tmp_path / "bin.yaml").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in str(run("check", tmp_path / "bin.yaml").exception)


GOLDEN = """\
m: rejected
charter standard 1 (DIGEST)
risk moderate, score 27. The tier's condition holds: risk.score >= 20 (risk.score is 27).

✗ fired  no-code-execution-on-load (reject)
    A pickle runs code when it is loaded; one bad file is a breach.
    applies: environment != 'sandbox' && has(artifacts.executes_on_load) is true
    requires: !artifacts.executes_on_load is false
      environment = production
      artifacts.executes_on_load = true
    If artifacts.executes_on_load were false, this rule would hold.
"""


def test_explain_one_rule(bundle: Path) -> None:
    result = run("explain", bundle, "--rule", "no-code-execution-on-load")
    assert result.return_value == 0
    digest = identity_of(shipped("standard")).sha256[:12]
    assert result.stdout == GOLDEN.replace("DIGEST", digest)


def test_explain_all_rules(bundle: Path) -> None:
    text = run("explain", bundle / "assessment.json").stdout
    assert text.index("✗ fired") < text.index("✓ held") < text.index("· did not apply")
    document: dict[str, Any] = json.loads(run("explain", bundle, "--format", "json").stdout)
    assert document["outcome"] == "rejected"
    assert len(document["rules"]) == len(shipped("standard").rules)
    states = {rule["state"] for rule in document["rules"]}
    assert states == {"fired", "held", "did not apply", "unknown"}


def test_explain_starts_with_what_decided(bundle: Path) -> None:
    text = run("explain", bundle).stdout
    effects = re.findall(r"fired .* \((\w+)\)", text)
    assert effects == sorted(effects, key=["reject", "review", "condition", "warn"].index)
    assert len(set(effects)) > 1


def test_explain_keeps_its_margin(bundle: Path) -> None:
    lines = run("explain", bundle).stdout.splitlines()
    rules = lines[next(i for i, line in enumerate(lines) if "fired" in line) :]
    assert all(line[:4].isspace() or line[:1] in "✗?✓·" for line in rules if line)


def test_what_explains_speaks_ascii_where_nothing_else_is_read(bundle: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "steelyard", "charter", "explain", str(bundle)],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0, done.stderr
    assert b"x fired" in done.stdout
    assert done.stdout.isascii()


def test_errors_name_a_next_step(tmp_path: Path) -> None:
    commands: tuple[tuple[str | Path, ...], ...] = (
        ("init", "--output", tmp_path / "no" / "c.yaml"),
        ("explain", tmp_path),
    )
    for words in commands:
        error = run(*words).exception
        assert isinstance(error, InputError)
        assert error.next_step


def test_explain_says_what_it_cannot_read(bundle: Path) -> None:
    error = run("explain", bundle, "--rule", "no-code-execution").exception
    assert isinstance(error, InputError)
    assert "Did you mean 'no-code-execution-on-load'?" in str(error)
    (bundle / "assessment.json").write_text("{}")
    assert "is not an assessment" in str(run("explain", bundle).exception)
