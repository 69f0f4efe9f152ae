# SPDX-License-Identifier: Apache-2.0
"""Package metadata: each license named once, the precise field first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.errors import LimitExceeded
from steelyard.provenance.package import is_package_path, read_package


def declared(*headers: str) -> list[tuple[str, str]]:
    text = "\n".join(["Metadata-Version: 2.4", "Name: x", *headers]) + "\n\nLicense: GPL-3.0\n"
    return [(each.raw, each.key) for each in read_package("METADATA", text)[1]]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["License-Expression: MIT"], [("MIT", "mit")]),
        (["License: MIT", "Classifier: License :: OSI Approved :: MIT License"], [("MIT", "mit")]),
        (["License: UNKNOWN"], []),
        ([], []),
        (["Classifier: License :: OSI Approved"], []),
        (["License: Modified BSD"], [("Modified BSD", "bsd-new")]),
        (["License: Our own"], [("Our own", "")]),
        (
            [
                "License: MIT",
                "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)",
            ],
            [("MIT", "mit"), ("GNU General Public License v3 (GPLv3)", "gpl-3.0")],
        ),
        (["License-Expression: MIT OR Apache-2.0"], [("MIT OR Apache-2.0", "")]),
    ],
)
def test_declared_licenses(headers: list[str], expected: list[tuple[str, str]]) -> None:
    assert declared(*headers) == expected


def test_fields() -> None:
    text = "Name: a\nVersion: 1.0\nSummary: Two\n  lines\nProject-URL: Homepage, https://example.org\n\nBody"
    metadata, _ = read_package("x.dist-info/METADATA", text)
    assert (metadata.name, metadata.version, metadata.summary, metadata.home_page) == (
        "a",
        "1.0",
        "Two lines",
        "https://example.org",
    )


def test_names_and_limits() -> None:
    assert is_package_path("a/PKG-INFO") and not is_package_path("a/METADATA.json")
    with pytest.raises(LimitExceeded):
        read_package("METADATA", "x" * 9_000_000)


@given(st.text(max_size=500))
def test_any_text(text: str) -> None:
    metadata, found = read_package("METADATA", text)
    assert metadata.path == "METADATA"
    assert all(each.raw for each in found)
