# SPDX-License-Identifier: Apache-2.0
"""Changes of license: direction per fact, and whether a decision must be taken again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.catalog.license_terms import keys_with_terms
from steelyard.catalog.licenses import by_key
from steelyard.kernel.license import (
    DeclaredLicense,
    LicenseFile,
    LicenseMatch,
    LicenseVerdict,
)
from steelyard.licensing.term_changes import (
    LicenseChange,
    Papers,
    compare_licenses,
    compare_revisions,
    reopens,
)


def change(old: str | None, new: str | None) -> LicenseChange:
    return compare_licenses([by_key(old) if old else None], [by_key(new) if new else None])


def directions(found: LicenseChange) -> dict[str, str]:
    return {fact.fact: fact.direction for fact in found.facts}


@pytest.mark.parametrize(
    ("old", "new", "fact", "direction"),
    [
        ("mit", "cc-by-nc-4.0", "category", "stricter"),
        ("mit", "cc-by-nc-4.0", "commercial use", "stricter"),
        ("mit", "cc-by-nc-4.0", "no-commercial-use", "stricter"),
        ("cc-by-nc-4.0", "mit", "no-commercial-use", "looser"),
        ("LicenseRef-llama-3", "llama-3.1-license-2024", "no-output-training", "looser"),
        ("LicenseRef-llama-3", "llama-3.1-license-2024", "outputs-training", "looser"),
        ("llama-3.1-license-2024", "llama-3.2-license-2024", "territory", "stricter"),
        ("qwen-2024", "tencent-hunyuan-3d-2.0-cla", "user-cap", "stricter"),
        ("tencent-hunyuan-3d-2.0-cla", "qwen-2024", "user-cap", "looser"),
        ("LicenseRef-hunyuan-large", "LicenseRef-hunyuan-a13b", "territory", "stricter"),
        ("LicenseRef-yi-2.1", "apache-2.0", "registration", "looser"),
        ("mit", None, "terms", "stricter"),
        (None, "mit", "terms", "looser"),
        ("gpl-3.0", "mit", "share-alike", "looser"),
        ("mit", "agpl-3.0", "network-source", "stricter"),
    ],
)
def test_direction_of_one_fact(old: str | None, new: str | None, fact: str, direction: str) -> None:
    assert directions(change(old, new))[fact] == direction


def test_a_stricter_license_reopens_and_a_looser_one_does_not() -> None:
    stricter = change("apache-2.0", "cc-by-nc-4.0")
    assert stricter.direction in ("stricter", "mixed") and reopens(stricter)
    looser = change(None, "mit")
    assert looser.direction == "looser" and reopens(looser) == ()


def test_the_words_of_both_licenses_are_quoted() -> None:
    found = change("LicenseRef-llama-3", "llama-3.1-license-2024")
    (display,) = [fact for fact in found.facts if fact.fact == "display"]
    assert "Built with Meta Llama 3" in display.quote_before
    assert "Built with Llama" in display.quote_after


@given(st.sampled_from(keys_with_terms()))
def test_nothing_changes_from_a_license_to_itself(key: str) -> None:
    found = change(key, key)
    assert found.direction == "same" and found.facts == () and reopens(found) == ()


@given(st.sampled_from(keys_with_terms()), st.sampled_from(keys_with_terms()))
def test_back_is_the_opposite_of_forth(one: str, other: str) -> None:
    opposite = {"stricter": "looser", "looser": "stricter"}
    forth, back = directions(change(one, other)), directions(change(other, one))
    assert {fact: opposite.get(way, way) for fact, way in forth.items()} == back


def paper(path: str, key: str, verdict: LicenseVerdict = LicenseVerdict.EXACT) -> LicenseFile:
    entry = by_key(key)
    assert entry is not None
    match = LicenseMatch(key=key, spdx=entry.spdx, coverage=1.0)
    return LicenseFile(path=path, verdict=verdict, matches=(match,))


def test_revisions_are_compared_by_all_their_papers() -> None:
    old = Papers(files=(paper("LICENSE", "apache-2.0"),), digests={"LICENSE": "1"})
    new = Papers(
        files=(paper("LICENSE", "apache-2.0"), paper("LICENSE-MODEL", "cc-by-nc-4.0")),
        digests={"LICENSE": "1", "LICENSE-MODEL": "2"},
    )
    found = compare_revisions(old, new)
    assert [(file.path, file.change) for file in found.files] == [("LICENSE-MODEL", "added")]
    assert directions(found)["no-commercial-use"] == "stricter"
    assert reopens(found)


def test_an_altered_text_counts_as_unknown_and_reopens() -> None:
    old = Papers(files=(paper("LICENSE", "mit"),), digests={"LICENSE": "1"})
    new = Papers(
        files=(paper("LICENSE", "mit", LicenseVerdict.PLUS_ADDITIONAL_TERMS),),
        digests={"LICENSE": "2"},
    )
    found = compare_revisions(old, new)
    assert directions(found)["category"] == "stricter"
    assert any("LICENSE was changed" in reason for reason in reopens(found))


def test_a_label_that_changes_counts() -> None:
    def labeled(key: str) -> Papers:
        return Papers(
            declared=(DeclaredLicense(source="card", path="README.md", raw=key, key=key),)
        )

    found = compare_revisions(labeled("mit"), labeled("llama-3.1-license-2024"))
    assert found.after == ("llama-3.1-license-2024",)
    assert found.direction in ("stricter", "mixed")


def test_a_reformatted_text_is_a_change_that_reopens_nothing() -> None:
    old = Papers(files=(paper("LICENSE", "mit"),), digests={"LICENSE": "1"})
    new = Papers(files=(paper("LICENSE", "mit"),), digests={"LICENSE": "2"})
    found = compare_revisions(old, new)
    assert found.direction == "different" and [file.change for file in found.files] == ["changed"]
    assert reopens(found) == ()
