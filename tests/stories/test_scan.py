# SPDX-License-Identifier: Apache-2.0
"""Scans as people run them: in CI with a baseline, with suppressions, plug-ins, a base model."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.corpus.build import by_global, unknown_call
from tests.scanning.weights.make import floats, nudged, write_safetensors
from tests.simulators.hub import serving
from tests.stories.conftest import Run

from steelyard.bootstrap import utc_now
from steelyard.kernel.digest import sha256_hex


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model with a file a person must look at."""
    folder = tmp_path / "model"
    write_safetensors(folder / "model.safetensors", {"w": ("F32", (16, 16), floats(256, 1))})
    (folder / "old.pkl").write_bytes(unknown_call())
    return folder


def suppressing(path: Path, rule: str, file: str, *, days: int = 30, sha256: str = "") -> Path:
    import datetime

    expires = utc_now().date() + datetime.timedelta(days=days)
    digest = f"\n    sha256: {sha256}" if sha256 else ""
    path.write_text(
        f"suppressions:\n  - rule: {rule}\n    path: '{file}'\n    reason: Reviewed by hand.\n"
        f"    owner: ada@example.org\n    expires: {expires}{digest}\n"
    )
    return path


def test_a_baseline_leaves_only_what_is_new(run: Run, model: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    first = run("scan", model, "--write-baseline", baseline)
    assert first.code == 3
    again = run("scan", model, "--baseline", baseline)
    assert again.code == 0, again
    assert "known from the baseline" in again.out
    (model / "evil.pkl").write_bytes(by_global())
    third = run("scan", model, "--baseline", baseline, "--format", "json")
    assert third.code == 1
    assert third.json["triage"]["compared"] is True
    assert {found["kind"] for found in third.json["triage"]["findings"]} == {"known"}
    verdicts = {file["path"]: file["verdict"] for file in third.json["files"]}
    assert verdicts == {
        "evil.pkl": "malicious", "model.safetensors": "clean", "old.pkl": "clean",
    }  # fmt: skip


def test_a_baseline_written_over_a_baseline_holds_everything(
    run: Run, model: Path, tmp_path: Path
) -> None:
    baseline = tmp_path / "baseline.json"
    run("scan", model, "--write-baseline", baseline)
    kept = baseline.read_bytes()
    done = run("scan", model, "--baseline", baseline, "--write-baseline", baseline)
    assert done.code == 0
    assert baseline.read_bytes() == kept
    assert json.loads(kept)["verdict"] == "suspicious"


def test_critical_findings_of_a_baseline_count_again_when_bytes_change(
    run: Run, model: Path, tmp_path: Path
) -> None:
    baseline = tmp_path / "baseline.json"
    (model / "evil.pkl").write_bytes(by_global())
    run("scan", model, "--write-baseline", baseline)
    assert run("scan", model, "--baseline", baseline).code == 0
    (model / "evil.pkl").write_bytes(by_global() + b"\n")
    assert run("scan", model, "--baseline", baseline).code == 1


def test_a_gap_is_not_taken_out_by_a_baseline(run: Run, model: Path, tmp_path: Path) -> None:
    (model / "blob.bin").write_bytes(bytes(range(1, 256)) * 4)
    baseline = tmp_path / "baseline.json"
    run("scan", model, "--write-baseline", baseline)
    done = run("scan", model, "--baseline", baseline, "--format", "json")
    assert (done.code, done.json["verdict"]) == (3, "unreadable")


def test_a_suppressed_finding_does_not_fail_and_is_told(
    run: Run, model: Path, tmp_path: Path
) -> None:
    rules = [
        found["rule"]
        for file in run("scan", model, "--format", "json").json["files"]
        for found in file["findings"]
        if found["severity"] in ("high", "medium")
    ]
    assert rules == ["pickle.unknown-call"]
    entries = suppressing(tmp_path / "s.yaml", rules[0], "*.pkl")
    done = run("scan", model, "--suppressions", entries)
    assert done.code == 0, done
    assert "suppressed until" in done.out
    assert "ada@example.org: Reviewed by hand." in " ".join(done.out.split())
    sarif = run("scan", model, "--suppressions", entries, "--format", "sarif").json
    marked = [result for result in sarif["runs"][0]["results"] if "suppressions" in result]
    assert [result["ruleId"] for result in marked] == rules


def test_a_critical_finding_is_suppressed_by_digest_only(
    run: Run, model: Path, tmp_path: Path
) -> None:
    evil = model / "evil.pkl"
    evil.write_bytes(by_global())
    (model / "old.pkl").unlink()
    entries = tmp_path / "s.yaml"
    suppressing(entries, "pickle.dangerous-call", "evil.pkl")
    without = run("scan", model, "--suppressions", entries)
    assert without.code == 1
    assert "needs the file's sha256" in " ".join(without.out.split())
    suppressing(entries, "pickle.dangerous-call", "evil.pkl", sha256=sha256_hex(by_global()))
    assert run("scan", model, "--suppressions", entries).code == 0


def test_mistakes_in_options_are_told_before_anything_is_examined(
    run: Run, model: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("[]")
    entries = suppressing(tmp_path / "s.yaml", "pickle.unknown-cal", "*", days=500)
    for arguments, words in (
        (("--baseline", bad), "is not the result of a scan"),
        (("--baseline", tmp_path / "none.json"), "cannot be read"),
        (("--suppressions", bad), "bad.json:1:1: error:"),
        (("--suppressions", tmp_path / "none.yaml"), "cannot be read"),
        (("--suppressions", entries), "s.yaml:2:11: error: There is no rule"),
        (("--known-bad", bad), "bad.json:1:1: error:"),
        (("--plugin", "acme"), "acme"),
        (("--base", bad), "does not hold the tensor prints"),
        (("--base", tmp_path / "none"), "There is nothing at"),
        (("--jobs", "0"), "0"),
        (("--write-baseline", tmp_path / "no" / "b.json"), "cannot be written"),
    ):
        done = run("scan", model, *arguments)
        assert done.code == 2, (arguments, done)
        assert words in done.err, (arguments, done)
        assert not done.out


def test_a_plugin_that_is_missing_leaves_it_undecided(run: Run, model: Path) -> None:
    done = run("scan", model, "--plugin", "no-such-plugin==1.0")
    assert done.code == 3, done
    assert "The plug-in 'no-such-plugin' cannot take part" in done.err
    assert "next:" in done.err
    assert not done.out


def test_known_bad_digests_are_found(run: Run, model: Path, tmp_path: Path) -> None:
    digests = tmp_path / "bad.txt"
    digests.write_text(f"{sha256_hex((model / 'old.pkl').read_bytes())}  seen in March\n")
    done = run("scan", model, "--known-bad", digests)
    assert done.code == 1
    assert "known to be malicious as seen in March" in done.out


def test_junit_has_a_case_a_file(run: Run, model: Path, tmp_path: Path) -> None:
    target = tmp_path / "scan.xml"
    done = run("scan", model, "--format", "junit", "--output", target)
    assert (done.code, done.out) == (3, "")
    (suite,) = ElementTree.fromstring(target.read_text("utf-8"))
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("2", "1")


def test_rules_are_explained_and_listed_without_a_model(run: Run) -> None:
    one = run("scan", "--explain", "pickle.dangerous-call")
    assert one.code == 0
    assert one.out.startswith("pickle.dangerous-call  ✖ critical")
    as_json = run("scan", "--explain", "pickle.dangerous-call", "--format", "json").json
    assert as_json["severity"] == "critical"
    wrong = run("scan", "--explain", "pickle.dangerous-cal")
    assert wrong.code == 2
    assert "Did you mean 'pickle.dangerous-call'?" in wrong.err
    every = run("scan", "--rules")
    assert every.code == 0
    assert "pickle.dangerous-call" in every.out
    listed = run("scan", "--rules", "--format", "json").json
    assert f"{len(listed['items'])} rules." in every.out
    assert listed["schema"] == "steelyard.rules/v1"


def test_weights_are_compared_with_a_base_and_with_its_prints(run: Run, tmp_path: Path) -> None:
    data = {f"layer.{n}": floats(1024, n) for n in range(4)}
    base, tuned = tmp_path / "base", tmp_path / "tuned"
    write_safetensors(
        base / "m.safetensors", {key: ("F32", (32, 32), one) for key, one in data.items()}
    )
    write_safetensors(
        tuned / "m.safetensors",
        {key: ("F32", (32, 32), nudged(one, 9)) for key, one in data.items()},
    )
    prints = tmp_path / "prints.json"
    alone = run("scan", base, "--weights", "--write-prints", prints)
    assert alone.code == 0, alone
    assert "Weights  4 tensors" in alone.out
    relations = []
    for reference in (base, prints):
        done = run("scan", tuned, "--base", reference, "--format", "json")
        assert done.code == 0, done
        relations.append(done.json["weights"]["comparison"]["relation"])
    assert relations == ["derived", "derived"]


def test_a_model_on_a_hub(run: Run, model: Path) -> None:
    files = {path.name: path.read_bytes() for path in model.iterdir()}
    with serving("org/model", files) as hub:
        done = run(
            "scan", "hf:org/model", "--format", "json", HF_ENDPOINT=hub.url,
            HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1",
        )  # fmt: skip
    assert done.code == 3, done
    assert {file["path"] for file in done.json["files"]} == set(files)
    missing = run("scan", "hf:org/other", HF_ENDPOINT="http://127.0.0.1:9")
    assert missing.code == 2
    assert "cannot be fetched" in missing.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-",), "Standard input cannot be scanned"),
        (("org/name",), "write hf:org/name"),
        (("hf:",), "hf:org/name"),
        (("s3:bucket/model",), "cannot be fetched by this version"),
        (("nothing-here",), "There is nothing at"),
    ],
)
def test_references_that_lead_nowhere_are_sentences(
    run: Run, arguments: tuple[str, ...], words: str
) -> None:
    done = run("scan", *arguments)
    assert done.code == 2, done
    assert words in done.err
    assert "next:" in done.err


def test_naming_nothing_shows_how_to_use_it(run: Run) -> None:
    done = run("scan")
    assert done.code == 2
    assert "Usage: " in done.err
    assert "There is nothing to scan. Name a directory" in " ".join(done.err.split())
