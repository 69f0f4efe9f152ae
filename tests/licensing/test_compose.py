# SPDX-License-Identifier: Apache-2.0
"""Composition: the most restrictive governs, the unknown permits nothing, conflicts are said."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.catalog.licenses import by_key, licenses, resolve, restrictiveness
from steelyard.kernel.license import (
    AdditionalTerms,
    ChangedSpan,
    DeclaredLicense,
    LicenseFile,
    LicenseMatch,
    LicenseSummary,
    LicenseVerdict,
)
from steelyard.licensing.compose import summarize

Source = Literal["card", "package", "config", "header", "user"]


def declared(raw: str, path: str = "README.md", source: Source = "card") -> DeclaredLicense:
    known = resolve(raw)
    return DeclaredLicense(
        source=source,
        path=path,
        raw=raw,
        key=known.key if known else "",
        spdx=known.spdx if known else "",
    )


def text(
    key: str, path: str = "LICENSE", verdict: LicenseVerdict = LicenseVerdict.EXACT
) -> LicenseFile:
    entry = by_key(key)
    assert entry is not None
    changed = (ChangedSpan("replaced", 0, 3, "not", "high"),)
    return LicenseFile(
        path=path,
        verdict=verdict,
        matches=(
            LicenseMatch(
                key=key,
                spdx=entry.spdx,
                coverage=1.0,
                changed=changed if verdict is LicenseVerdict.VARIANT_OF else (),
            ),
        ),
    )


def kinds(summary: LicenseSummary) -> list[str]:
    return [conflict.kind for conflict in summary.conflicts]


def test_label_and_text_agree() -> None:
    summary = summarize([declared("apache-2.0")], [text("apache-2.0")])
    assert (summary.declared, summary.expression, summary.category, summary.commercial_use) == (
        "apache-2.0",
        "Apache-2.0",
        "permissive",
        "yes",
    )
    assert summary.conflicts == ()
    assert {owed.license for owed in summary.obligations} == {"Apache-2.0"}


def test_two_permissive_labels_that_differ() -> None:
    summary = summarize(
        [declared("MIT", "METADATA", "package"), declared("apache-2.0")], [text("mit")]
    )
    assert kinds(summary) == ["declared-differs"]
    (conflict,) = summary.conflicts
    assert set(conflict.sources) == {"README.md: apache-2.0", "METADATA: MIT"}
    assert all(source in conflict.message for source in conflict.sources)
    assert summary.declared == "apache-2.0"
    assert summary.expression == "Apache-2.0 AND MIT"
    assert summary.category == "permissive"


def test_a_stricter_text_than_its_label_governs() -> None:
    summary = summarize([declared("MIT", "METADATA", "package")], [text("agpl-3.0")])
    assert kinds(summary) == ["text-differs"]
    assert "LICENSE: AGPL-3.0-only" in summary.conflicts[0].message
    assert "METADATA: MIT" in summary.conflicts[0].message
    assert summary.category == "strong-copyleft"


def test_a_restrictive_text_under_a_permissive_label() -> None:
    summary = summarize([declared("mit")], [text("llama-3.1-license-2024")])
    assert kinds(summary) == ["relabeled-restrictive"]
    assert (summary.category, summary.commercial_use) == ("community", "conditional")
    assert "naming" in {owed.kind for owed in summary.obligations}


@pytest.mark.parametrize("verdict", [LicenseVerdict.VARIANT_OF, LicenseVerdict.UNKNOWN])
def test_an_altered_or_unknown_text_permits_nothing(verdict: LicenseVerdict) -> None:
    summary = summarize([declared("mit")], [text("mit", verdict=verdict)])
    assert (summary.category, summary.commercial_use) == ("unknown", "unknown")
    assert summary.expression is None
    assert kinds(summary) in (["text-differs"], ["unknown-license"])


def test_additional_terms_make_a_license_unknown() -> None:
    extra = LicenseFile(
        path="LICENSE",
        verdict=LicenseVerdict.PLUS_ADDITIONAL_TERMS,
        matches=(LicenseMatch(key="mit", spdx="MIT", coverage=1.0),),
        additional_terms=(AdditionalTerms(0, 5, "never"),),
    )
    assert summarize([declared("mit")], [extra]).category == "unknown"


def test_an_unknown_label_is_said_with_the_nearest_names() -> None:
    summary = summarize([declared("apache-2")], [])
    assert summary.category == "permissive"
    summary = summarize([declared("lama3.1")], [])
    assert kinds(summary) == ["unknown-license", "no-license-text"]
    assert "llama3.1" in summary.conflicts[0].message
    assert summary.category == "unknown"


def test_nothing_at_all_is_no_permission() -> None:
    summary = summarize([], [])
    assert (summary.declared, summary.expression, summary.category) == (None, None, "unknown")
    assert kinds(summary) == ["unknown-license"]
    nothing = LicenseFile(path="NOTICE", verdict=LicenseVerdict.NONE)
    assert summarize([], [nothing]).category == "unknown"


def test_an_expression_counts_every_license_in_it() -> None:
    raw = "MIT OR GPL-3.0-or-later"
    summary = summarize([declared(raw, "METADATA", "package")], [text("mit")])
    assert summary.category == "strong-copyleft"
    assert summary.expression == "GPL-3.0-or-later AND MIT"
    assert summarize([declared("MIT AND unheard-of")], []).category == "unknown"
    assert summarize([declared("MIT AND (")], []).category == "unknown"


def test_or_later_absorbs_the_text_that_cannot_say_it() -> None:
    summary = summarize([declared("GPL-3.0-or-later")], [text("gpl-3.0")])
    assert summary.expression == "GPL-3.0-or-later"
    assert summary.conflicts == ()


_DECLARED = st.sampled_from([entry.spdx for entry in licenses()] + ["nobody-knows", "gemma"])
_SOURCES: st.SearchStrategy[Source] = st.sampled_from(["card", "package", "header"])
_DECLARATIONS = st.builds(declared, _DECLARED, st.sampled_from(["README.md", "METADATA"]), _SOURCES)
_FILES = st.builds(
    text,
    st.sampled_from([entry.key for entry in licenses()]),
    st.sampled_from(["LICENSE", "NOTICE", "a/LICENSE"]),
    st.sampled_from([LicenseVerdict.EXACT, LicenseVerdict.VARIANT_OF, LicenseVerdict.UNKNOWN]),
)
_UNKNOWN = LicenseFile(path="TERMS", verdict=LicenseVerdict.UNKNOWN)
_ANSWERS = ("yes", "conditional", "unknown", "no")


@given(st.lists(_DECLARATIONS, max_size=4), st.lists(_FILES, max_size=4), _FILES, _DECLARATIONS)
def test_adding_anything_to_something_never_permits_more(
    said: list[DeclaredLicense],
    files: list[LicenseFile],
    more: LicenseFile,
    also: DeclaredLicense,
) -> None:
    before = summarize(said, files)
    for after in (summarize(said, [*files, more]), summarize([*said, also], files)):
        if said or files:
            assert restrictiveness(after.category) >= restrictiveness(before.category)
            rank = _ANSWERS.index(after.commercial_use)
            assert rank >= _ANSWERS.index(before.commercial_use)
    assert summarize(said, [*files, _UNKNOWN]).category == "unknown"


@given(st.lists(_DECLARATIONS, max_size=3), st.lists(_FILES, max_size=3))
def test_every_conflict_is_a_sentence_that_names_its_sources(
    said: list[DeclaredLicense], files: list[LicenseFile]
) -> None:
    for conflict in summarize(said, files).conflicts:
        assert conflict.message.rstrip().endswith((".", ";"))
        assert conflict.kind in {
            "declared-differs",
            "text-differs",
            "unknown-license",
            "no-license-text",
            "relabeled-restrictive",
        }
        for source in conflict.sources:
            assert source.split(": ")[0] in conflict.message
