# SPDX-License-Identifier: Apache-2.0
"""A file whose digest is known is malicious whatever else it shows."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from steelyard.kernel.errors import InputError, PositionedError
from steelyard.kernel.finding import Severity, Verdict
from steelyard.platform import known_bad, sandbox
from steelyard.platform.known_bad import read_known_bad

DIGEST = hashlib.sha256(b"known").hexdigest()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"known")
    (folder / "b.txt").write_bytes(b"other")
    return folder


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "bad.txt"
    path.write_text(text)
    return path


def test_a_file_on_an_own_list_is_malicious(model: Path, tmp_path: Path) -> None:
    listed = read_known_bad(
        own(tmp_path, f"# ours\n\n{DIGEST.upper()}  Evil 7  # seen in May\n{'0' * 64}\n")
    )
    found = sandbox.inspect(model, known_bad=listed)
    first, second = found.files
    assert first.verdict is Verdict.MALICIOUS
    assert second.verdict is Verdict.CLEAN
    (finding,) = first.findings
    assert finding.rule == "digest.known-malicious"
    assert finding.severity is Severity.CRITICAL
    assert "as Evil 7 (the list bad.txt)" in finding.message
    assert DIGEST in finding.evidence
    plain = sandbox.inspect(model)
    assert {file.verdict for file in plain.files} == {Verdict.CLEAN}
    assert plain.scanner.rules_digest != found.scanner.rules_digest


def test_a_file_on_the_shipped_list_is_malicious(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        f'[[file]]\nsha256 = "{DIGEST}"\nname = "Evil 8"\nsource = "Acme Labs"\n'
        "as_of = 2026-11-01\n"
    )
    monkeypatch.setattr(known_bad, "_shipped_bytes", lambda: text.encode())
    for cached in (known_bad._shipped_digests, known_bad._shipped):
        cached.cache_clear()
    try:
        first, second = sandbox.inspect(model).files
    finally:
        for cached in (known_bad._shipped_digests, known_bad._shipped):
            cached.cache_clear()
    assert "as Evil 8 (Acme Labs, as of 2026-11-01)" in first.findings[0].message
    assert first.verdict is Verdict.MALICIOUS
    assert second.verdict is Verdict.CLEAN


def test_the_shipped_list_can_be_read() -> None:
    assert set(known_bad._shipped()) <= known_bad._shipped_digests()


@pytest.mark.parametrize("line", ["abc", "0" * 63, "0" * 65, "g" * 64, f"x {'0' * 64}"])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = own(tmp_path, f"# fine\n{'0' * 64}\n  {line}\n")
    with pytest.raises(PositionedError) as caught:
        read_known_bad(path)
    assert (caught.value.line, caught.value.column) == (3, 3)
    assert str(caught.value).startswith(f"{path}:3:3: error:")


def test_a_list_that_cannot_be_read_is_an_input_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_known_bad(tmp_path / "missing")
    monkeypatch.setattr(known_bad, "_LIST_MOST", 3)
    with pytest.raises(InputError, match="too large"):
        read_known_bad(own(tmp_path, "#   \n"))


def test_the_shipped_list_names_the_test_virus_in_its_published_forms() -> None:
    virus = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    known = known_bad._shipped_digests()
    assert {hashlib.sha256(virus + end).hexdigest() for end in (b"", b"\n", b"\r\n")} <= known
    assert all(entry["source"] and entry["as_of"] for entry in known_bad._shipped().values())
