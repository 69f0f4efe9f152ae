# SPDX-License-Identifier: Apache-2.0
"""The license catalog: every name leads to the right facts or to none."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shared import shared

from steelyard.catalog.licenses import (
    CATEGORY_ORDER,
    by_hub_tag,
    by_key,
    by_spdx,
    candidates,
    licenses,
    most_restrictive_first,
    nearest_names,
    resolve,
    restrictiveness,
)

ROOT = Path(__file__).resolve().parents[2]


def test_every_entry_is_complete_and_found_by_each_of_its_names() -> None:
    assert len(licenses()) == 95
    for entry in licenses():
        assert by_key(entry.key) is entry
        assert by_spdx(entry.spdx) is entry
        assert entry.name and entry.source and entry.as_of == "2026-11-23"
        assert entry.confidence in ("text", "secondary")
        assert all(entry in by_hub_tag(tag) for tag in entry.hub_tags)
        assert all(clause.text for clause in entry.clauses)


def test_spelling_is_american() -> None:
    for entry in licenses():
        text = " ".join([entry.name, entry.category_raw, entry.commercial_use.text])
        text += " ".join(clause.text for clause in entry.clauses)
        assert "licence" not in text.lower()


@pytest.mark.parametrize(
    ("name", "key", "spdx"),
    [
        ("mit", "mit", "MIT"),
        ("MIT License", "mit", "MIT"),
        ("License :: OSI Approved :: MIT License", "mit", "MIT"),
        ("Apache License, Version 2.0", "apache-2.0", "Apache-2.0"),
        ("Apache 2.0", "apache-2.0", "Apache-2.0"),
        ("License :: OSI Approved :: Apache Software License", "apache-2.0", "Apache-2.0"),
        ("Modified BSD", "bsd-new", "BSD-3-Clause"),
        ("GPL-3.0", "gpl-3.0", "GPL-3.0-only"),
        ("GPL-3.0+", "gpl-3.0", "GPL-3.0-or-later"),
        ("GPL-2.0-or-later", "gpl-2.0", "GPL-2.0-or-later"),
        ("AGPL-3.0-or-later", "agpl-3.0", "AGPL-3.0-or-later"),
        ("LGPLv3+", "lgpl-3.0", "LGPL-3.0-or-later"),
        (
            "License :: OSI Approved :: GNU Affero General Public License v3 or later (AGPLv3+)",
            "agpl-3.0",
            "AGPL-3.0-or-later",
        ),
        ("CC BY-NC-SA 4.0", "cc-by-nc-sa-4.0", "CC-BY-NC-SA-4.0"),
        ("cc-by-sa-3.0", "cc-by-sa-3.0", "CC-BY-SA-3.0"),
        ("llama3.1", "llama-3.1-license-2024", "LicenseRef-scancode-llama-3.1-license-2024"),
    ],
)
def test_names_people_write(name: str, key: str, spdx: str) -> None:
    found = resolve(name)
    assert found is not None
    assert (found.key, found.spdx) == (key, spdx)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "other",
        "unknown",
        "wtfpl",
        "MIT (non-commercial use only)",
        "MIT, non-commercial",
        "modified-mit",
        "mit-ish",
        "Apache 2.0 with Commons Clause",
        "Apache-2.0 AND MIT",
        "not MIT",
        "Proprietary",
        "x" * 5000,
    ],
)
def test_what_is_not_quite_a_known_name_resolves_to_nothing(name: str) -> None:
    assert resolve(name) is None
    assert candidates(name) == ()


def test_an_ambiguous_tag_counts_as_its_most_restrictive_meaning() -> None:
    assert {entry.key for entry in candidates("gemma")} == {
        "gemma-tou-2024-04-01",
        "gemma-tou-2025-03-24",
    }
    creative = candidates("cc")
    assert len(creative) == 7
    assert creative[0].category == "non-commercial"
    first = resolve("cc")
    assert first is creative[0]
    assert candidates("lgpl")[0].category == "weak-copyleft"


def test_other_is_resolved_by_its_name() -> None:
    found = resolve("other", "qwen-2024")
    assert found is not None and found.key == "qwen-2024"
    assert resolve("other", "my-license") is None


def test_restrictiveness_puts_the_unknown_above_everything() -> None:
    ranks = [restrictiveness(category) for category in CATEGORY_ORDER]
    assert ranks == sorted(ranks)
    assert restrictiveness("unknown") == restrictiveness("a category nobody defined") == ranks[-1]
    ordered = most_restrictive_first(licenses())
    assert ordered[0].category == "research-only"
    assert ordered[-1].category == "permissive"


def test_commercial_answers_follow_the_table() -> None:
    answers = {entry.key: entry.commercial_use.answer for entry in licenses()}
    assert answers["mit"] == "yes"
    assert answers["gpl-3.0"] == "yes"
    assert answers["cc-by-nc-4.0"] == "no"
    assert answers["flux-1-nc"] == "no"
    assert answers["llama-2-license-2023"] == "conditional"
    assert answers["stable-diffusion-2022-08-22"] == "conditional"
    assert answers["gemma-tou-2025-03-24"] == "unknown"


def test_nearest_names_help_with_a_typing_error() -> None:
    assert "apache-2.0" in nearest_names("apache2.0")
    assert "llama3.1" in nearest_names("llama-3.1")
    assert nearest_names("zzzzzzzzzz") == ()


@given(st.text(max_size=300))
def test_any_text_resolves_or_not_without_failing(text: str) -> None:
    found = candidates(text)
    assert (resolve(text) is None) == (not found) or text.strip().lower() == "other"


@given(st.sampled_from(["mit", "apache-2.0", "MIT License", "bsd-3-clause"]), st.text(min_size=1))
def test_a_known_name_with_more_words_is_another_name(name: str, more: str) -> None:
    restricted = f"{name} {more} noncommercial"
    found = resolve(restricted)
    assert found is None or found.category == "non-commercial"


def test_the_shipped_catalog_is_what_the_table_says(tmp_path: Path) -> None:
    table = shared("facts", "licences.csv")
    script = ROOT / "scripts" / "build_license_catalog.py"
    spec = importlib.util.spec_from_file_location("build_license_catalog", script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    output = tmp_path / "licenses.json"
    assert module.main([str(table), str(output)]) == 0
    shipped = ROOT / "src" / "steelyard" / "catalog" / "data" / "licenses.json"
    assert json.loads(output.read_text()) == json.loads(shipped.read_text())
    with table.open(encoding="utf-8", newline="") as stream:
        assert {row["key"] for row in csv.DictReader(stream)} == {entry.key for entry in licenses()}
