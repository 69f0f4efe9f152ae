# SPDX-License-Identifier: Apache-2.0
"""Charters are adopted: signed, in the ledger, verifiable offline down to the byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.charter.writing import ALONE, HEAD

from steelyard.bootstrap import load_policy
from steelyard.cli.charter import command
from steelyard.cli.verify import command as verify
from steelyard.kernel.errors import DocumentErrors, InputError
from steelyard.ledger.entry import parse_charter_entry
from steelyard.ledger.verify import verify_bundle
from steelyard.platform import durable


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_KEY", str(tmp_path / "key.pem"))
    monkeypatch.setenv("STEELYARD_LEDGER", str(tmp_path / "ledger"))
    monkeypatch.chdir(tmp_path)


def adopt(*words: str) -> Result:
    return CliRunner().invoke(command, ["adopt", *words], standalone_mode=False)


def written(version: str = "1") -> Path:
    Path("group.yaml").write_text(ALONE, encoding="utf-8")
    text = HEAD.replace("acme", "unit").replace("version: 1", f"version: {version}")
    file = Path("unit.yaml")
    file.write_text(text + "extends: ./group.yaml\n", encoding="utf-8")
    return file


def test_a_bundle_names_the_charter_decisions_name() -> None:
    file = written()
    result = adopt(str(file), "--output", "one", "--format", "json")
    said = json.loads(result.stdout)
    assert said["charter"]["sha256"] == load_policy(str(file)).identity.sha256
    assert said["ledger"]["index"] == 0
    checked = verify_bundle(durable.reader(Path("one")), durable.list_files(Path("one")))
    assert checked.ok
    assert checked.charter is not None
    assert (checked.charter.name, checked.charter.version) == ("unit", "1")
    assert Path("one/source-1.yaml").read_text(encoding="utf-8") == ALONE
    shown = CliRunner().invoke(verify, ["one"], standalone_mode=False)
    assert shown.return_value == 0
    assert "unit 1" in shown.stdout


def test_one_takes_the_place_of_another() -> None:
    adopt(str(written()), "--output", "one")
    again = adopt(str(written()), "--output", "two", "--previous", "one")
    assert isinstance(again.exception, InputError)
    assert "adopted already" in str(again.exception)
    Path("unit.yaml").write_text(
        Path("unit.yaml").read_text(encoding="utf-8").replace("To test", "To try"), encoding="utf-8"
    )
    same = adopt("unit.yaml", "--output", "two", "--previous", "one")
    assert "Raise `version`" in str(getattr(same.exception, "next_step", ""))
    assert not Path("two").exists()
    adopt(str(written("2")), "--output", "two", "--previous", "one")
    reader = durable.reader(Path("two"))
    checked = verify_bundle(reader, durable.list_files(Path("two")))
    assert checked.charter is not None
    one = verify_bundle(durable.reader(Path("one")), durable.list_files(Path("one"))).charter
    assert one is not None
    assert checked.charter.previous_sha256 == one.sha256


def test_every_changed_file_is_named() -> None:
    adopt(str(written()), "--output", "one")
    for name in durable.list_files(Path("one")):
        path = Path("one") / name
        data = path.read_bytes()
        for at in {0, len(data) // 2, len(data) - 1}:
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            checked = verify_bundle(durable.reader(Path("one")), durable.list_files(Path("one")))
            assert not checked.ok, (name, at)
            assert name in {problem.file for problem in checked.problems}, (name, at)
        path.unlink()
        checked = verify_bundle(durable.reader(Path("one")), durable.list_files(Path("one")))
        assert not checked.ok
        path.write_bytes(data)


def test_statements_of_two_adoptions_cannot_be_mixed() -> None:
    adopt(str(written()), "--output", "one")
    adopt(str(written("2")), "--output", "two")
    for name in ("charter.dsse.json", "charter.json", "proof.tlog-proof", "bundle.json"):
        kept = Path("one", name).read_bytes()
        Path("one", name).write_bytes(Path("two", name).read_bytes())
        checked = verify_bundle(durable.reader(Path("one")), durable.list_files(Path("one")))
        assert not checked.ok, name
        Path("one", name).write_bytes(kept)


def test_a_charter_with_errors_is_not_recorded() -> None:
    file = written()
    file.write_text(file.read_text(encoding="utf-8") + "rulez: []\n", encoding="utf-8")
    result = adopt(str(file), "--output", "one")
    assert isinstance(result.exception, DocumentErrors)
    assert not Path("one").exists()


def test_a_charter_that_is_over_is_refused() -> None:
    file = written()
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "until: 2026-02-01\n", encoding="utf-8")
    assert "only until 2026-02-01" in str(adopt(str(file), "--output", "one").exception)


def test_a_decision_is_no_previous_charter(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = adopt(str(written()), "--output", "one", "--previous", "empty")
    assert isinstance(result.exception, InputError)


def test_entries_of_other_events_are_refused() -> None:
    with pytest.raises(Exception, match="not the adoption"):
        parse_charter_entry(b'{"event":"decision.recorded"}')
