# SPDX-License-Identifier: Apache-2.0
"""The manifest's canonical form and its digest."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.errors import InputError
from steelyard.kernel.manifest import FileEntry, manifest_of

SHA = "0123456789abcdef" * 4
part = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=8
).filter(lambda text: text not in (".", ".."))
paths = st.lists(part, min_size=1, max_size=3).map("/".join)


@given(st.lists(st.tuples(paths, st.integers(0, 2**53 - 1)), unique_by=lambda row: row[0]))
def test_the_canonical_form_is_rfc_8785_whatever_the_order(rows: list[tuple[str, int]]) -> None:
    entries = [FileEntry(path, size, SHA) for path, size in rows]
    manifest = manifest_of(entries)
    assert manifest == manifest_of(reversed(entries))
    ordered = sorted(rows, key=lambda row: row[0].encode())
    document: Any = {
        "schema": "steelyard.manifest/v1",
        "files": [{"path": path, "size": size, "sha256": SHA} for path, size in ordered],
    }
    assert manifest.canonical() == rfc8785.dumps(document)
    assert manifest.digest == hashlib.sha256(rfc8785.dumps(document)).hexdigest()


def test_the_digest_of_a_known_manifest_never_changes() -> None:
    manifest = manifest_of([FileEntry("b/ü.bin", 2, SHA), FileEntry("a", 1, SHA)])
    assert manifest.digest == "564dac2a4350e53a1410c7f3b1d2713a45bb8bfea0091320c59bb649eceead6e"


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", "../a", "a/./b", "a\0b", "a\udcff"])
def test_paths_that_are_not_inside_the_model_are_refused(path: str) -> None:
    with pytest.raises(InputError):
        manifest_of([FileEntry(path, 1, SHA)])


@pytest.mark.parametrize(
    "entry",
    [FileEntry("a", -1, SHA), FileEntry("a", 2**53, SHA), FileEntry("a", 1, SHA.upper())],
)
def test_bad_sizes_and_digests_are_refused(entry: FileEntry) -> None:
    with pytest.raises(InputError):
        manifest_of([entry])


def test_the_same_path_twice_is_refused() -> None:
    with pytest.raises(InputError, match="twice"):
        manifest_of([FileEntry("a", 1, SHA), FileEntry("a", 2, SHA)])
