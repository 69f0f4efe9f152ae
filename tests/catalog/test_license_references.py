# SPDX-License-Identifier: Apache-2.0
"""The shipped references are well-formed, cover the catalog, load at once and hold no text."""

from __future__ import annotations

import subprocess
import sys

import pytest

from steelyard.catalog.license_references import (
    FIRST,
    UNKNOWN,
    References,
    character,
    gram,
    load,
    number_of,
)
from steelyard.catalog.licenses import licenses


def test_every_reference_is_within_bounds_and_indexed() -> None:
    references = load()
    for number, reference in enumerate(references.references):
        text = references.text(reference)
        assert len(text) == reference.words
        assert 0 <= reference.core_start < reference.core_end <= reference.words, reference.key
        assert references.source_of(reference)
        grams = {
            gram(text[at : at + 3]) for at in range(len(text) - 2) if text[at] in references.sampled
        }
        assert len(grams) in (reference.samples, 0)
        assert all(number in references.holders(value) for value in list(grams)[:5])


def test_catalog_entries_have_a_reference() -> None:
    keys = {reference.key for reference in load().references}
    assert {entry.key for entry in licenses()} - keys == set()


def test_no_two_licenses_share_their_words() -> None:
    references = load()
    keys: dict[str, set[str]] = {}
    for reference in references.references:
        keys.setdefault(references.text(reference), set()).add(reference.key)
    assert [each for each in keys.values() if len(each) > 1] == []


def test_characters_and_numbers_are_one_to_one() -> None:
    for number in (0, 1, 0xD800 - FIRST - 1, 0xD800 - FIRST, 60_000):
        char = character(number)
        assert number_of(char) == number
        assert not 0xD800 <= ord(char) < 0xE000
        assert ord(char) < UNKNOWN


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="another version"):
        References(b"SYLREF01" + bytes(100))


def test_loading_is_quick_and_small() -> None:
    """Measured in a process of its own: CPU, and memory beyond the bare interpreter's."""
    code = (
        "import time, resource, msgspec; use = lambda: resource.getrusage(resource.RUSAGE_SELF)\n"
        "from steelyard.catalog.license_references import load\n"
        "before, memory = time.process_time(), use().ru_maxrss\n"
        "load()\n"
        "print(time.process_time() - before, (use().ru_maxrss - memory) / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, mebibytes = map(float, done.stdout.split())
    assert seconds < 0.2
    assert mebibytes < 20
