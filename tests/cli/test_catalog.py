# SPDX-License-Identifier: Apache-2.0
"""``steelyard catalog`` from the outside: documents, tables, pages, errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

PARTS = ["frameworks", "controls", "licenses", "duties", "playbooks"]
PAGE = """\
Try the exit
supplier-exit-test

topic           supplier
stage           operation
called for      risk.tier in ['high', 'critical'] && environment == 'production'

Objective ----------------------------------------------------------------------
  The use case ran on the alternative, and quality, time and cost of the change
  are measured, not guessed.

Why ----------------------------------------------------------------------------
  A replacement that was never run is a hope. Prompts, tools and thresholds
  rarely survive a change of model untouched.

Tasks --------------------------------------------------------------------------
- Run the acceptance evaluation on the alternative.
  Done when: The record compares quality, time and cost with the plan, and the
  plan was corrected.
  Evidence: exit test record (exit-test-record, valid for 24 months)

Mappings, each with where it comes from ----------------------------------------
Our judgement.
  - ISO-42001:A.10.3  Suppliers
  - NIST-AI-RMF:MANAGE-2.3  Procedures are followed to respond to and recover
    from a previously unknown risk when it is identified.
  - NIST-AI-RMF:GOVERN-6.2  Contingency processes are in place to handle
    failures or incidents in third-party data or AI systems deemed to be
    high-risk.

source          own work
as of           2026-11-27
checked         text
"""


def run(*arguments: str, columns: int = 80, encoding: str = "utf-8") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "steelyard", "catalog", *arguments],
        capture_output=True,
        timeout=60,
        env={**os.environ, "COLUMNS": str(columns), "PYTHONIOENCODING": encoding},
    )
    out, err = done.stdout.decode(encoding), done.stderr.decode(encoding)
    return done.returncode, "\n".join(line.rstrip() for line in out.split("\n")), err


def document(*arguments: str) -> list[dict[str, Any]]:
    code, out, err = run(*arguments, "--format", "json")
    assert (code, err) == (0, "")
    parsed = json.loads(out)
    assert parsed["schema"] == "steelyard.catalog/v1"
    items: list[dict[str, Any]] = parsed["items"]
    return items


@pytest.mark.parametrize("part", PARTS)
def test_every_part_is_a_document_and_a_text(part: str) -> None:
    items = document(part)
    assert items
    for item in items:
        assert {"id", "title", "source", "as_of", "confidence"} <= set(item)
    for columns in (40, 80, 160):
        code, out, _ = run(part, columns=columns)
        assert code == 0
        assert max(len(line) for line in out.splitlines()) <= columns
        assert all(item["id"] in out for item in items)


def test_items_of_a_framework() -> None:
    items = document("frameworks", "--framework", "ISO-42001", "--kind", "control")
    assert len(items) == 38
    assert items[0] == {
        **items[0],
        "id": "ISO-42001:A.2.2",
        "title": "AI policy",
        "framework": "ISO-42001",
        "version": "2023",
        "confidence": "secondary",
    }
    code, out, _ = run("frameworks", "--framework", "ISO-42001", "--kind", "control")
    assert code == 0
    assert "38 items." in out


def test_controls_of_a_framework() -> None:
    items = document("controls", "--framework", "EU-AI-Act")
    assert len(items) > 40
    for item in items:
        assert any(each["ref"].startswith("EU-AI-Act:") for each in item["mappings"])
        assert all(each["basis"] for each in item["mappings"])


def test_the_page_of_a_control() -> None:
    code, out, _ = run("controls", "supplier-exit-test", encoding="ascii")
    assert code == 0
    assert out == PAGE
    (item,) = document("controls", "supplier-exit-test")
    assert item["tasks"][0]["evidence"] == "exit-test-record"


def test_a_dropped_id_says_what_stands_today() -> None:
    (item,) = document("frameworks", "ATLAS:AML.T0019")
    assert item["standing"] == "removed"
    assert item["removed_in"] == "2026.07"
    assert item["replaced_by"] == ["ATLAS:AML.T0115.000"]
    _, out, _ = run("frameworks", "OWASP-LLM-2025:LLM07")
    assert "superseded" in out
    assert "OWASP-LLM-2026:LLM08" in out


def test_pages_of_duties_playbooks_and_licenses() -> None:
    _, out, _ = run("duties", "gdpr-33-1")
    assert "72 hours" in out
    assert "Not legal advice." in out
    _, out, _ = run("playbooks", "personal-data-leak")
    for words in ("In the first hour", "minute of awareness", "gdpr-33-1: 72 hours, to Superv"):
        assert words in out
    (item,) = document("licenses", "Apache-2.0")
    assert item["id"] == "apache-2.0"
    assert item["terms"]["terms"]
    _, out, _ = run("licenses", "Apache-2.0")
    assert "Permits" in out


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (("controls", "human-oversigt"), "no 'human-oversigt' among", "'human-oversight'"),
        (("controls", "--framework", "GPDR"), "no framework 'GPDR'", "'GDPR'"),
        (("controls", "--topic", "love"), "no topic 'love'", "privacy"),
        (("frameworks", "GDPR:Art-350"), "no 'GDPR:Art-350' among", "'GDPR:Art-35'"),
        (("frameworks", "--kind", "control"), "--kind needs --framework", "ISO-42001"),
        (("duties", "gdpr"), "no 'gdpr' among", "gdpr"),
        (("playbooks", "drfit"), "no 'drfit' among", "'drift'"),
        (("licenses", "no such license at all"), "no license", "steelyard license list"),
    ],
)
def test_errors_are_sentences_with_a_next_step(
    arguments: tuple[str, ...], said: str, hint: str
) -> None:
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert said in err
    assert hint in err
    assert "Traceback" not in err


def test_a_part_without_entries_of_a_framework_says_so() -> None:
    code, out, _ = run("licenses", "--framework", "GDPR")
    assert code == 0
    assert "no license" in out
    assert document("licenses", "--framework", "GDPR") == []
