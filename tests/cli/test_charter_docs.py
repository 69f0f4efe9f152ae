# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter docs``: files written, data printed, and what happens without Chromium."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.reporting.handbook.test_handbook import BANK

from steelyard.cli.charter import command
from steelyard.kernel.errors import InputError
from steelyard.platform.browser import find_browser


def run(*arguments: str | Path) -> Result:
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(command, words, standalone_mode=False)


def test_it_writes_the_page_and_prints_the_data(tmp_path: Path) -> None:
    page = tmp_path / "h.html"
    result = run("docs", BANK, "--output", page, "--since", "standard", "--format", "json")
    assert result.return_value == 0
    document = json.loads(result.stdout)
    assert document["schema"] == "steelyard.handbook/v1"
    assert document["output"] == str(page)
    assert [chapter["id"] for chapter in document["chapters"]][:2] == ["charter", "path"]
    assert len(document["rules"]) > 20
    assert document["controls"][0]["tasks"]
    assert document["charter"]["version"] == "7"
    text = page.read_text("utf-8")
    assert "What changed since standard 1" in text
    again = run("docs", BANK, "--output", page)
    assert again.stdout == f"Wrote the handbook of northwind-bank 7 to {page}.\n"
    assert "What changed since" not in page.read_text("utf-8")


def test_shipped_charters_have_handbooks(tmp_path: Path) -> None:
    assert run("docs", "regulated", "--output", tmp_path / "h.html").return_value == 0


def test_a_broken_charter_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(BANK.read_text("utf-8").replace("use_case", "usecase").replace("risk.", "rsk."))
    result = run("docs", file, "--output", tmp_path / "h.html")
    assert isinstance(result.exception, InputError)
    assert not (tmp_path / "h.html").exists()


def test_without_chromium_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser() is None
    result = run("docs", BANK, "--output", tmp_path / "h.html", "--pdf", tmp_path / "h.pdf")
    assert isinstance(result.exception, InputError)
    assert result.exception.code == "browser.missing"
    assert "print it" in result.exception.next_step
    assert list(tmp_path.iterdir()) == []


def test_a_browser_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    result = run("docs", BANK, "--output", tmp_path / "h.html", "--pdf", tmp_path / "h.pdf")
    assert isinstance(result.exception, InputError)
    assert result.exception.code == "browser.failed"
    assert "broken" in result.exception.message
    assert list(tmp_path.iterdir()) == [fake]


@pytest.mark.browser
@pytest.mark.skipif(
    not any(map(shutil.which, ("chromium", "chromium-browser"))),
    reason="NO CHROMIUM FOUND: the handbook was not printed",
)
def test_it_prints_a4(tmp_path: Path) -> None:
    pdf = tmp_path / "h.pdf"
    result = run("docs", "starter", "--output", tmp_path / "h.html", "--pdf", pdf)
    assert result.return_value == 0
    data = pdf.read_bytes()
    assert data.startswith(b"%PDF-")
    assert b"/MediaBox [0 0 594.95" in data or b"/MediaBox [0 0 595" in data
