# SPDX-License-Identifier: Apache-2.0
"""``steelyard signature verify`` through the door: words, JSON and exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.provenance.signatures import build

from steelyard.provenance.signatures.attestation import SUMMARY, TEST_RESULT

GOLDEN = build.GOLDEN
KEY = ("--key", GOLDEN / "p256.pub.pem")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the signed model with its signature where one finds it by itself."""
    target = tmp_path / "model"
    shutil.copytree(GOLDEN / "model", target)
    shutil.copy(GOLDEN / "p256.sig", target / "model.sig")
    return target


def run(*arguments: object) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "steelyard", "signature", "verify", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    assert "Traceback" not in done.stderr
    assert "\x1b[" not in done.stdout
    return done.returncode, done.stdout, done.stderr


def told(*arguments: object) -> tuple[int, dict[str, Any]]:
    code, out, _ = run(*arguments, "--format", "json")
    value = json.loads(out)
    assert value["schema"] == "steelyard.signature/v1"
    return code, value


def write_attestation(path: Path, key: build.Private, predicate: Any, digests: list[str]) -> Path:
    statement = build.attestation(TEST_RESULT, predicate, digests)
    path.write_text(json.dumps(build.envelope(key, statement)), encoding="utf-8")
    return path


def test_a_good_signature_beside_the_model(model: Path) -> None:
    code, out, _ = run(model, *KEY)
    assert code == 0
    assert "✓ The signature is good." in out
    assert "a key you named" in out
    assert ".gitattributes" in out


def test_the_json_contract(model: Path) -> None:
    code, value = told(model, *KEY)
    assert (code, value["outcome"], value["standing"]) == (0, "verified", "passes")
    assert value["signer"]["trust"] == "pinned_key"
    assert value["signer"]["fingerprint"] == build.golden_key("p256").fingerprint
    assert (value["differences"], value["not_covered"]) == ([], [".gitattributes"])
    assert (value["signed_files"], value["reason"]) == (4, None)


def test_nobody_named_is_not_a_pass(model: Path) -> None:
    code, out, _ = run(model)
    assert code == 3
    assert "! The signature is not one you trust." in out
    assert run(model, "--key", GOLDEN / "p384.pub.pem")[0] == 3


def test_no_signature(model: Path) -> None:
    (model / "model.sig").unlink()
    code, value = told(model, *KEY)
    assert (code, value["outcome"]) == (3, "unsigned")


@pytest.mark.parametrize(
    ("damage", "kind", "path"),
    [
        (lambda m: (m / "weights.bin").write_bytes(b"\0" * 1024), "changed", "weights.bin"),
        (lambda m: (m / "config.json").unlink(), "missing", "config.json"),
        (lambda m: (m / "evil.py").write_text("import os"), "extra", "evil.py"),
        (lambda m: (m / "link").symlink_to("/etc/passwd"), "refused", "link"),
        (lambda m: os.mkfifo(m / "pipe"), "refused", "pipe"),
    ],
)
def test_a_changed_model_is_named_and_exits_1(
    model: Path, damage: Any, kind: str, path: str
) -> None:
    damage(model)
    code, value = told(model, *KEY)
    assert (code, value["outcome"], value["standing"]) == (1, "invalid", "fails")
    assert [(one["kind"], one["path"]) for one in value["differences"]] == [(kind, path)]
    code, out, _ = run(model, *KEY)
    assert code == 1
    assert "✗ The model is not the one that was signed." in out and path in out


def test_one_file_and_a_named_signature() -> None:
    arguments = (GOLDEN / "model" / "config.json", "--signature", GOLDEN / "single.sig")
    assert told(*arguments, *KEY)[0] == 0
    other = (GOLDEN / "model" / "weights.bin", "--signature", GOLDEN / "single.sig")
    assert told(*other, *KEY)[0] == 1


def test_certificates_and_what_expired(model: Path) -> None:
    root = ("--certificate-root", GOLDEN / "root.pem")
    good = ("--signature", GOLDEN / "certificate.sig", "--certificate-root")
    (model / "model.sig").unlink()
    assert told(model, *good, GOLDEN / "root.pem")[0] == 0
    assert told(model, *good, GOLDEN / "other-root.pem")[0] == 3
    expired = (model, "--signature", GOLDEN / "expired.sig", *root)
    code, value = told(*expired)
    assert (code, value["reason"]["code"]) == (3, "certificate.expired")
    assert told(*expired, "--seen-at", "2026-01-15")[0] == 0
    code, _, error = run(*expired, "--seen-at", "2126-01-15")
    assert code == 2 and "future" in error


def test_attestations_and_what_they_do(model: Path, tmp_path: Path) -> None:
    key, stranger = build.p256(), build.p256()
    trusted = tmp_path / "evaluator.pem"
    trusted.write_bytes(build.pem(key))
    digests = [entry.sha256 for entry in build.manifest(model).files if entry.path != "model.sig"]
    files = {
        (name, word): write_attestation(
            tmp_path / f"{name}-{word}.json", signer, {"result": word}, digests
        )
        for name, signer in (("ours", key), ("theirs", stranger))
        for word in ("PASSED", "FAILED")
    }
    base = (model, *KEY, "--attestation-key", trusted)
    must = ("--blocking", TEST_RESULT)

    def effects(*arguments: object) -> tuple[int, list[str]]:
        code, value = told(*base, *arguments)
        return code, [one["effect"] for one in value["attestations"]]

    assert effects("--attestation", files["ours", "PASSED"]) == (0, ["informs"])
    assert effects("--attestation", files["ours", "FAILED"]) == (0, ["lowers"])
    assert effects("--attestation", files["theirs", "FAILED"]) == (0, ["lowers"])
    assert effects(*must, "--attestation", files["ours", "PASSED"]) == (0, ["satisfies"])
    assert effects(*must, "--attestation", files["ours", "FAILED"]) == (1, ["blocks"])
    assert effects(*must, "--attestation", files["theirs", "PASSED"]) == (3, ["unproven"])
    assert effects(*must) == (3, [])
    code, out, _ = run(
        *base, *must, "--blocking", SUMMARY, "--attestation", files["ours", "FAILED"]
    )
    assert code == 1
    assert "(blocking): blocks" in out and "is demanded and was not given" in out


def test_an_attestation_in_the_model_is_no_extra_file(model: Path) -> None:
    key = build.p256()
    path = write_attestation(model / "att.json", key, {}, ["0" * 64])
    assert told(model, *KEY)[0] == 1
    assert told(model, *KEY, "--attestation", path)[0] == 0


def test_a_good_attestation_does_not_make_up_for_no_signature(model: Path, tmp_path: Path) -> None:
    (model / "model.sig").unlink()
    key = build.p256()
    trusted = tmp_path / "k.pem"
    trusted.write_bytes(build.pem(key))
    digests = [build.manifest(model).digest]
    path = write_attestation(tmp_path / "a.json", key, {"result": "PASSED"}, digests)
    arguments = ("--attestation", path, "--attestation-key", trusted, "--blocking", TEST_RESULT)
    code, value = told(model, *arguments)
    assert (code, value["attestations"][0]["effect"]) == (3, "satisfies")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--key", GOLDEN / "p256.sig"),
        ("--certificate-root", GOLDEN / "p256.pub.pem"),
        ("--identity", "a@example.org"),
        ("--key", GOLDEN / "nothing-here"),
    ],
)
def test_usage_errors_are_sentences(model: Path, arguments: tuple[object, ...]) -> None:
    code, out, error = run(model, *arguments)
    assert code == 2 and out == "" and error.strip()


def test_nothing_there(tmp_path: Path) -> None:
    assert run(tmp_path / "no", *KEY)[0] == 2


def test_hostile_names_do_not_reach_the_terminal(model: Path) -> None:
    (model / "a\x1b[31m\nb").write_text("x")
    code, out, _ = run(model, *KEY)
    assert code == 1 and "a%1B[31m%0Ab is not among the signed files." in out


def test_names_that_are_no_plain_ascii(model: Path) -> None:
    for name in ("two words.txt", "模型.bin", "100%.txt"):
        (model / name).write_text("x", encoding="utf-8")
    code, value = told(model, *KEY)
    assert code == 1
    assert [one["path"] for one in value["differences"]] == [
        "100%.txt",
        "two words.txt",
        "模型.bin",
    ]
