# SPDX-License-Identifier: Apache-2.0
"""``steelyard verify`` and ``steelyard ledger`` through the door: words, JSON and exit codes."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.ledger.build import MODEL, OTHER, TIME, assessment, documents

from steelyard.cli.ledger import _print_entries
from steelyard.ledger.evidence import evidence_files
from steelyard.ledger.signing import PublicKey
from steelyard.platform.file_ledger import FileLedger, write_bundle
from steelyard.platform.keys import load_or_create


class Desk:
    """A machine with a key, a ledger, a bundle and the model it is about."""

    def __init__(self, root: Path) -> None:
        from steelyard.ledger.evidence import seal

        self.root = root
        self.bundle = root / "bundle"
        self.ledger = root / "steelyard" / "ledger"
        self.model = root / "model"
        signer = load_or_create(root / "steelyard" / "key.pem")
        self.fingerprint = signer.public.fingerprint
        ledger = FileLedger(self.ledger, signer)
        ledger.append(b'{"event":"else"}')
        made = seal(assessment(), documents(assessment()), signer, ledger.key, recorded_at=TIME)
        write_bundle(self.bundle, evidence_files(made, ledger.append(made.entry)))
        for name, data in MODEL.items():
            (self.model / name).parent.mkdir(parents=True, exist_ok=True)
            (self.model / name).write_bytes(data)

    def run(self, *arguments: object, data: Path | None = None) -> tuple[int, str, str]:
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith("STEELYARD_")
        }
        environ |= {"XDG_DATA_HOME": str(data or self.root), "COLUMNS": "200"}
        done = subprocess.run(
            [sys.executable, "-m", "steelyard", *map(str, arguments)],
            capture_output=True,
            text=True,
            env=environ,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    def json(self, *arguments: object, data: Path | None = None) -> tuple[int, dict[str, Any]]:
        code, out, _ = self.run(*arguments, "--format", "json", data=data)
        told = json.loads(out)
        assert isinstance(told, dict)
        return code, told


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("desk"))


def test_a_good_bundle(desk: Desk) -> None:
    code, out, _ = desk.run("verify", desk.bundle, desk.model)
    assert code == 0
    assert "✓ This bundle verifies." in out
    assert "approved with conditions for production, valid until 2027-05-24" in out
    assert "your key" in out
    assert desk.fingerprint in out
    assert "entry 1 of 2" in out
    assert "\x1b[" not in out


def test_the_json_contract(desk: Desk) -> None:
    code, told = desk.json("verify", desk.bundle)
    assert code == 0
    assert told["schema"] == "steelyard.verification/v1"
    assert (told["ok"], told["problems"]) == (True, [])
    assert told["signer"]["fingerprint"] == desk.fingerprint
    assert told["signer"]["trust"] == "own"


def test_a_stranger_verifies_with_and_without_a_pin(desk: Desk, tmp_path: Path) -> None:
    bundle = shutil.copytree(desk.bundle, tmp_path / "bundle")
    code, told = desk.json("verify", bundle, data=tmp_path)
    assert (code, told["signer"]["trust"]) == (0, "not_pinned")
    for key in (desk.fingerprint, desk.bundle / "key.pub"):
        code, told = desk.json("verify", bundle, "--key", key, data=tmp_path)
        assert (code, told["signer"]["trust"]) == (0, "pinned")
    code, told = desk.json("verify", bundle, "--key", OTHER.public.fingerprint, data=tmp_path)
    assert code == 1
    assert [problem["code"] for problem in told["problems"]] == ["key.untrusted"]
    code, _, err = desk.run("verify", bundle, "--key", "local", data=tmp_path)
    assert code == 2
    assert "no local key" in err
    assert not (tmp_path / "steelyard").exists()


def test_a_changed_file_is_named(desk: Desk, tmp_path: Path) -> None:
    bundle = shutil.copytree(desk.bundle, tmp_path / "bundle")
    report = bundle / "report.html"
    report.write_bytes(report.read_bytes().replace(b"Report", b"Resort"))
    code, out, _ = desk.run("verify", bundle)
    assert code == 1
    assert "✗ 1 file does not verify." in out
    assert "report.html was changed" in out
    code, told = desk.json("verify", bundle, desk.model)
    assert code == 1
    assert [(one["file"], one["code"]) for one in told["problems"]] == [
        ("report.html", "content.changed")
    ]
    assert told["model_files"] is None


def test_a_link_in_a_bundle_is_not_followed(desk: Desk, tmp_path: Path) -> None:
    bundle = shutil.copytree(desk.bundle, tmp_path / "bundle")
    (bundle / "report.html").rename(tmp_path / "report.html")
    (bundle / "report.html").symlink_to(tmp_path / "report.html")
    (bundle / "\x1b[31mred").write_bytes(b"")
    code, out, _ = desk.run("verify", bundle)
    assert code == 1
    assert "is a link or device" in out
    assert "\x1b" not in out


def test_a_changed_model_is_named(desk: Desk, tmp_path: Path) -> None:
    model = shutil.copytree(desk.model, tmp_path / "model")
    (model / "README.md").write_bytes(b"# A nodel\n")
    (model / "more.bin").write_bytes(b"")
    code, told = desk.json("verify", desk.bundle, model)
    assert code == 1
    assert [(one["file"], one["code"]) for one in told["problems"]] == [
        ("README.md", "model.changed"),
        ("more.bin", "model.extra"),
    ]
    assert told["model_files"] == 2


@pytest.mark.parametrize("what", [["verify"], ["ledger", "verify"], ["ledger", "show"]])
def test_what_is_neither_is_an_input_error(desk: Desk, tmp_path: Path, what: list[str]) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        code, out, err = desk.run(*what, path)
        assert (code, out) == (2, "")
        assert err.startswith("steelyard: ")
        assert "next:" in err


def test_the_local_ledger(desk: Desk) -> None:
    code, out, _ = desk.run("ledger", "verify", "--key", "local")
    assert code == 0
    assert "✓ This ledger verifies." in out
    code, told = desk.json("ledger", "verify", "--checkpoint", desk.bundle / "checkpoint")
    assert (code, told["kind"], told["checkpoint"]["size"]) == (0, "ledger", 2)
    code, told = desk.json("ledger", "show")
    assert code == 0
    assert [row["index"] for row in told["entries"]] == [0, 1]
    assert told["entries"][1]["entry"]["outcome"] == "approved_with_conditions"
    code, out, _ = desk.run("ledger", "show", desk.ledger)
    assert code == 0
    assert "approved with conditions" in out


def test_ledger_rows_fit_eighty_columns_uncut(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    entry: dict[str, object] = {
        "time": "2026-11-24T03:35:36Z",
        "outcome": "approved_with_conditions",
        "environment": "production",
        "decision_sha256": "0c509f31e86f" + "0" * 52,
        "manifest_sha256": "b3a4e0191204" + "0" * 52,
    }
    monkeypatch.setenv("COLUMNS", "80")
    file = io.StringIO()
    monkeypatch.setattr(sys, "stdout", file)
    _print_entries([entry])
    _, row = file.getvalue().splitlines()
    assert row.split("  ")[0].strip().startswith("0")
    for word in ("2026-11-24 03:35", "approved with conditions", "production", "0c509f31"):
        assert word in row


def test_before_the_first_decision_there_is_no_ledger(desk: Desk, tmp_path: Path) -> None:
    for verb in ("verify", "show"):
        code, _, said = desk.run("ledger", verb, data=tmp_path / "new")
        assert code == 2
        assert "There is no ledger yet" in said
        assert "next: Record a decision" in said


def test_a_terminal_without_unicode_is_told_the_same(desk: Desk) -> None:
    for words in (["verify", desk.bundle], ["ledger", "verify", desk.ledger]):
        done = subprocess.run(
            [sys.executable, "-m", "steelyard", *map(str, words)],
            capture_output=True,
            env=os.environ | {"PYTHONIOENCODING": "ascii", "XDG_DATA_HOME": str(desk.root)},
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.isascii()
        assert b"verifies." in done.stdout


def test_a_changed_ledger_is_named_and_not_shown(desk: Desk, tmp_path: Path) -> None:
    ledger = shutil.copytree(desk.ledger, tmp_path / "ledger")
    entries = ledger / "tile/entries/000.p/2"
    entries.write_bytes(entries.read_bytes().replace(b"production", b"prodUction"))
    for verb in ("verify", "show"):
        code, told = desk.json("ledger", verb, ledger)
        assert code == 1
        assert [(one["file"], one["message"]) for one in told["problems"]] == [
            ("tile/entries/000.p/2", "Entry 1 was changed.")
        ]


def test_a_ledger_that_was_cut_short_is_found_with_the_checkpoint_of_a_bundle(
    desk: Desk, tmp_path: Path
) -> None:
    signer = load_or_create(desk.root / "steelyard" / "key.pem")
    FileLedger(tmp_path / "other", signer).append(b"{}")
    arguments = ("ledger", "verify", tmp_path / "other", "--checkpoint")
    code, told = desk.json(*arguments, desk.bundle / "checkpoint")
    assert code == 1
    assert told["problems"][0]["code"] == "ledger.earlier"


def test_nothing_is_written_by_verifying(desk: Desk) -> None:
    def seen() -> list[tuple[str, int]]:
        return [
            (str(path), path.stat().st_mtime_ns)
            for path in sorted(desk.root.rglob("*"))
            if path.is_file()
        ]

    before = seen()
    desk.run("verify", desk.bundle, desk.model)
    desk.run("ledger", "verify")
    assert seen() == before


def test_openssl_reads_the_key_of_a_bundle(desk: Desk) -> None:
    data = (desk.bundle / "key.pub").read_bytes()
    pem = data[data.index(b"-----BEGIN") :]
    assert PublicKey.from_pem(pem).fingerprint == desk.fingerprint
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    command = [openssl, "pkey", "-pubin", "-noout", "-text"]
    done = subprocess.run(command, input=pem, capture_output=True, check=True)
    assert b"ED25519" in done.stdout.upper()
