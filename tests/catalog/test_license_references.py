# SPDX-License-Identifier: Apache-2.0
"""The shipped fingerprints are well-formed, cover the catalog's common licenses, hold no text."""

from __future__ import annotations

from array import array

from steelyard.catalog.license_references import SAMPLE_STEP, load
from steelyard.catalog.licenses import licenses
from steelyard.licensing.compare import unpack


def test_every_reference_is_sorted_sampled_and_not_empty() -> None:
    for reference in load().references:
        core, sample = unpack(reference.core), unpack(reference.sample)
        assert list(core) == sorted(set(core))
        assert not set(core) & set(unpack(reference.optional))
        everything = set(core) | set(unpack(reference.optional))
        assert set(sample) == {value for value in everything if value % SAMPLE_STEP == 0}
        assert len(core) > 50, reference.key
        assert reference.words >= len(core)
        assert len(reference.digest) == 64
    assert array("I").itemsize == 4


def test_catalog_entries_have_a_reference() -> None:
    keys = {reference.key for reference in load().references}
    missing = {entry.key for entry in licenses()} - keys
    assert missing == set()


def test_two_references_never_share_a_digest() -> None:
    digests = [(reference.digest, reference.key) for reference in load().references]
    by_digest: dict[str, set[str]] = {}
    for digest, key in digests:
        by_digest.setdefault(digest, set()).add(key)
    assert all(len(keys) == 1 for keys in by_digest.values())
