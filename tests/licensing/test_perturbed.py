# SPDX-License-Identifier: Apache-2.0
"""Copies and alterations that no reference was made from: clean stays clean, altered never is.

The changes come from :mod:`tests.licensing.perturb`, whose seed can be any number; the floors are a
little below what several seeds gave over all texts.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest
from tests.licensing.perturb import cases, joined, scanned
from tests.shared import shared

from steelyard.kernel.license import LicenseVerdict
from steelyard.licensing.detect import detect_text

CLEAN = {LicenseVerdict.EXACT, LicenseVerdict.SAME_WORDING}
ALTERED = {LicenseVerdict.VARIANT_OF, LicenseVerdict.PLUS_ADDITIONAL_TERMS}
SEED = 20261127


@pytest.fixture(scope="module")
def listed() -> dict[str, tuple[str, str]]:
    """Give key and text of every listed license by its id."""
    items = json.loads(shared("corpus", "licences", "texts.json").read_text(encoding="utf-8"))
    folder = shared("corpus", "licences", "texts")
    return {
        item["id"]: (item["key"], (folder / f"{item['id']}.txt").read_text(encoding="utf-8"))
        for item in items
    }


def test_copies_stay_clean_and_alterations_show(listed: dict[str, tuple[str, str]]) -> None:
    texts = {name: text for name, (_, text) in sorted(listed.items())[::5]}
    counts: Counter[str] = Counter()
    for case in cases(texts, SEED):
        file = detect_text("LICENSE", case.text)
        key = file.matches[0].key if file.matches else ""
        right = key == listed[case.base][0]
        clean = file.verdict in CLEAN
        kind = "altered" if case.altered else "harmless"
        counts[kind] += 1
        counts[f"{kind} clean"] += clean and (right or not case.altered)
        counts[f"{kind} named"] += right
    assert counts["harmless clean"] >= 0.98 * counts["harmless"], counts
    assert counts["harmless named"] >= 0.99 * counts["harmless"], counts
    assert counts["altered clean"] <= 0.01 * counts["altered"], counts
    assert counts["altered named"] >= 0.96 * counts["altered"], counts


def test_all_licenses_of_a_joined_text_are_found(listed: dict[str, tuple[str, str]]) -> None:
    texts = {name: text for name, (_, text) in listed.items()}
    found = 0
    for names, text in joined(texts, SEED, 40):
        keys = {match.key for match in detect_text("LICENSE", text).matches}
        found += keys >= {listed[name][0] for name in names}
    assert found >= 38


def test_scans_are_named_and_mostly_clean(listed: dict[str, tuple[str, str]]) -> None:
    from random import Random

    chance = Random(SEED)
    clean = named = 0
    for key, text in listed.values():
        file = detect_text("LICENSE", scanned(text, chance))
        named += bool(file.matches) and file.matches[0].key == key
        clean += file.verdict in CLEAN
    assert named >= 0.98 * len(listed)
    assert clean >= 0.7 * len(listed)


NEIGHBORS = (
    ("llama-3", "llama-3.1"), ("llama-3.1", "llama-3.2"), ("llama-3.2", "llama-3.3"),
    ("gemma-tou-2024-04-01", "gemma-tou-2025-03-24"), ("OpenMDW-1.0", "openmdw-1.1"),
    ("hunyuan-large", "hunyuan-a13b"), ("hunyuan-a13b", "tencent-hunyuan-3d-2.0-cla"),
    ("bigscience-openrail-m", "creativeml-openrail-m"), ("openrail++-m", "sdxl-1.0-openrail++"),
    ("bigscience-openrail-m", "bigscience-bloom-rail-1.0"), ("sdxl-0.9-research", "deepfloyd-if"),
    ("BSD-2-Clause", "BSD-3-Clause"), ("BSD-3-Clause", "BSD-3-Clause-Clear"),
    ("GPL-2.0-only", "GPL-3.0-only"), ("GPL-3.0-only", "AGPL-3.0-only"),
    ("LGPL-2.1-only", "LGPL-3.0-only"), ("CC-BY-4.0", "CC-BY-SA-4.0"),
    ("CC-BY-NC-4.0", "CC-BY-NC-SA-4.0"), ("CC-BY-NC-ND-4.0", "CC-BY-ND-4.0"),
    ("MIT", "kimi-k2-modified-mit"), ("yi-2.0", "yi-2.1"), ("Apache-2.0", "ECL-2.0"),
    ("tongyi-qianwen", "qwen-2024"), ("minimax-01", "minimax-m2.5"), ("EPL-2.0", "MPL-2.0"),
)  # fmt: skip


@pytest.mark.parametrize("pair", NEIGHBORS, ids="/".join)
def test_neighbors_are_told_apart(
    pair: tuple[str, str], listed: dict[str, tuple[str, str]]
) -> None:
    """Each is named itself, as it is and with one sentence added, and never its neighbor."""
    for name in pair:
        key, text = listed[name]
        file = detect_text("LICENSE", text)
        assert (file.verdict in CLEAN, file.matches[0].key) == (True, key)
        place = text.find("\n\n", len(text) // 2)
        added = f"{text[:place]}\n\nYou may not use it on Sundays.{text[place:]}"
        file = detect_text("LICENSE", added)
        assert file.verdict in ALTERED
        assert file.matches[0].key == key


def test_offsets_are_exact(listed: dict[str, tuple[str, str]]) -> None:
    """Each serious change that is there is quoted from where it stands, also in odd characters."""
    texts = {name: text for name, (_, text) in sorted(listed.items())[::12]}
    seen = 0
    for case in cases(texts, SEED + 1):
        file = detect_text("LICENSE", case.text)
        for span in (span for match in file.matches for span in match.changed):
            if span.kind != "removed":
                assert case.text[span.start : span.end][:400] == span.text
                seen += 1
        for terms in file.additional_terms:
            assert case.text[terms.start : terms.end][:2000] == terms.text
            seen += 1
    assert seen > 50
