# SPDX-License-Identifier: Apache-2.0
"""The main job, through the command line: the same bytes, judged for different purposes."""

from __future__ import annotations

import json
import random
from pathlib import Path

import jsonschema
import pytest
from tests.stories.conftest import ROOT, Run, use_case

SCHEMA = ROOT / "docs" / "reference" / "assessment.schema.json"
BUNDLE = {
    "assessment.json", "report.html", "bom.cdx.json", "findings.sarif", "manifest.json",
    "charter.json", "decision.dsse.json", "bundle.json",
}  # fmt: skip


def test_an_internal_pilot_of_a_clean_model_is_approved_by_itself(run: Run, encoder: Path) -> None:
    done = run(
        "assess", encoder, "--use-case", use_case("internal-search"), "--charter", "starter",
        "--format", "json",
    )  # fmt: skip
    assert done.code == 0, done
    found = done.json
    assert found["schema"] == "steelyard.assessment/v1"
    assert found["decision"]["outcome"] == "approved"
    assert found["risk"]["tier"] == "low"
    assert found["review"]["track"] == "fast"
    assert found["review"]["sign_offs_required"] == []
    assert found["decision"]["valid_until"]
    assert found["coverage"]["level"] == "full"
    assert found["license"]["declared"] == "apache-2.0"
    assert any("MIT" in str(conflict) for conflict in found["license"]["conflicts"])
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))


def test_the_same_bytes_for_patients_need_named_people(run: Run, encoder: Path) -> None:
    done = run(
        "assess", encoder, "--use-case", use_case("public-medical"), "--charter", "regulated",
        "--format", "json",
    )  # fmt: skip
    assert done.code == 3, done
    found = done.json
    assert found["decision"]["outcome"] == "review_required"
    assert found["decision"]["valid_until"] is None
    assert found["review"]["track"] == "deep"
    assert len({item["role"] for item in found["review"]["sign_offs_required"]}) >= 3
    assert found["risk"]["drivers"]
    assert all(control["why"] for control in found["controls"])


def test_a_pickle_in_production_is_rejected_with_the_opcode(
    run: Run, classifier: Path, tmp_path: Path
) -> None:
    production = tmp_path / "production.yaml"
    text = use_case("internal-search").read_text()
    production.write_text(text.replace("environment: sandbox", "environment: production"))
    done = run(
        "assess", classifier, "--use-case", production, "--charter", "standard", "--format", "json"
    )
    assert done.code == 1, done
    found = done.json
    assert found["decision"]["outcome"] == "rejected"
    reasons = {reason["rule"]: reason for reason in found["decision"]["reasons"]}
    reason = reasons["no-code-execution-on-load"]
    assert reason["remedy"]
    assert any("byte " in line and " calls " in line for line in reason["evidence"]), reason
    shown = run("assess", classifier, "--use-case", production, "--charter", "standard")
    assert shown.code == 1
    assert "no-code-execution-on-load" in shown.out


def test_the_environment_on_the_command_line_wins(run: Run, classifier: Path) -> None:
    arguments = ("assess", classifier, "--use-case", use_case("internal-search"))
    sandbox = run(*arguments, "--charter", "standard", "--format", "json").json
    production = run(
        *arguments, "--charter", "standard", "--environment", "production", "--format", "json"
    ).json
    assert sandbox["environment"] == "sandbox"
    assert sandbox["decision"]["outcome"] != "rejected"
    assert production["environment"] == "production"
    assert production["decision"]["outcome"] == "rejected"


def test_a_bundle_is_whole_verifies_offline_and_names_what_was_changed(
    run: Run, encoder: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / "evidence"
    done = run(
        "assess", encoder, "--use-case", use_case("internal-search"), "--charter", "starter",
        "--output", bundle,
    )  # fmt: skip
    assert done.code == 0, done
    names = {path.name for path in bundle.iterdir()}
    assert names >= BUNDLE
    assert run("verify", bundle).code == 0
    assert run("verify", bundle, encoder).code == 0
    ledger = tmp_path / "home" / ".local" / "share" / "steelyard" / "ledger"
    assert run("ledger", "verify", ledger).code == 0
    generator = random.Random(20261124)
    for name in sorted(names):
        path = bundle / name
        original = path.read_bytes()
        if not original:
            continue
        changed = bytearray(original)
        at = generator.randrange(len(changed))
        changed[at] ^= 1 << generator.randrange(8)
        path.write_bytes(changed)
        broken = run("verify", bundle)
        assert broken.code == 1, (name, at, broken)
        assert name in broken.out + broken.err, (name, at, broken)
        path.write_bytes(original)
    assert run("verify", bundle).code == 0
    (encoder / "config.json").write_text("{}")
    moved = run("verify", bundle, encoder)
    assert moved.code == 1
    assert "config.json" in moved.out + moved.err


def test_nothing_is_recorded_without_output(run: Run, encoder: Path, tmp_path: Path) -> None:
    done = run("assess", encoder, "--use-case", use_case("internal-search"), "--charter", "starter")
    assert done.code == 0
    assert "Not recorded" in done.out
    assert not (tmp_path / "home" / ".local").exists()


def test_explain_tells_every_rule_and_what_would_change(
    run: Run, encoder: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / "evidence"
    run(
        "assess", encoder, "--use-case", use_case("public-medical"), "--charter", "regulated",
        "--output", bundle,
    )  # fmt: skip
    explained = run("charter", "explain", bundle, "--format", "json")
    assert explained.code == 0, explained
    assert run("charter", "explain", bundle).out.strip()


@pytest.mark.parametrize("charter", ["starter", "standard", "regulated"])
def test_a_malicious_model_is_rejected_whatever_the_charter(
    run: Run, encoder: Path, charter: str
) -> None:
    (encoder / "extra.bin").write_bytes(b"\x80\x04cos\nsystem\n(X\x04\x00\x00\x00truetR.")
    done = run(
        "assess", encoder, "--use-case", use_case("internal-search"), "--charter", charter,
        "--format", "json",
    )  # fmt: skip
    assert done.code == 1, done
    assert done.json["verdict"] == "malicious"


def test_a_file_nobody_can_read_is_never_approved(run: Run, encoder: Path) -> None:
    (encoder / "weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    done = run(
        "assess", encoder, "--use-case", use_case("internal-search"), "--charter", "starter",
        "--format", "json",
    )  # fmt: skip
    assert done.code in (1, 3), done
    assert [gap["path"] for gap in done.json["coverage"]["gaps"]] == ["weights.h5"]
