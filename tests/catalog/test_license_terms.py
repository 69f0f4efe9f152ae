# SPDX-License-Identifier: Apache-2.0
"""The written-down terms: well-formed, complete for their code, and quoted from the texts."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest

from steelyard.catalog.license_terms import (
    CODES,
    PURPOSES,
    Term,
    keys_with_terms,
    license_terms,
)
from steelyard.catalog.licenses import by_key

SHARED = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "licences"
NEEDED = {
    "user-cap": ("users",),
    "revenue-cap": ("usd",),
    "territory": ("places",),
    "purpose": ("purposes",),
    "notice-file": ("file",),
    "name-prefix": ("text",),
    "display": ("text",),
    "acceptable-use": ("file",),
}


@cache
def _texts() -> dict[str, str]:
    listed = json.loads((SHARED / "texts.json").read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for item in listed:
        text = (SHARED / "texts" / f"{item['id']}.txt").read_text(encoding="utf-8")
        found[item["key"]] = found.get(item["key"], "") + "\n" + text
    return found


def plain(text: str) -> str:
    """Return a text without line breaks, comment leaders, quotation style and markup."""
    text = text.translate(str.maketrans("“”‘’–—*#>_", "\"\"''--    "))  # noqa: RUF001
    return re.sub(r"[\s/]+", " ", text).casefold()


@pytest.mark.parametrize("key", keys_with_terms())
def test_terms_are_well_formed(key: str) -> None:
    terms = license_terms(key)
    assert terms is not None and terms.key == key and terms.terms
    assert by_key(key) is not None, f"{key} is not in the license catalog"
    for term in terms.terms:
        assert term.code in CODES
        assert term.says.endswith(".") and len(term.says) > 15, term
        assert set(term.purposes) <= PURPOSES
        for name in NEEDED.get(term.code, ()):
            assert getattr(term, name), f"{key}: {term.code} needs {name}"
        assert term.quote or terms.confidence != "text", f"{key}: {term.code} has no quote"
        assert len(term.quote) <= 400, f"{key}: {term.code}: shorten the quote"


@pytest.mark.parametrize("key", keys_with_terms())
def test_reach_and_other_licenses_stand_where_they_mean_something(key: str) -> None:
    terms = license_terms(key)
    assert terms is not None
    for term in terms.terms:
        if term.compatible or term.combines:
            assert term.code == "share-alike", term
        if term.reach != "work":
            assert term.code in {"share-alike", "no-further-restrictions", "disclose-source"}, term
        for other in (*term.compatible, *term.combines):
            assert by_key(other) is not None and other != key, f"{key}: {other}"


@pytest.mark.skipif(not SHARED.is_dir(), reason="NO LICENSE TEXTS BESIDE THE REPOSITORY")
@pytest.mark.parametrize("key", keys_with_terms())
def test_quotes_are_in_the_text(key: str) -> None:
    terms = license_terms(key)
    assert terms is not None
    text = plain(_texts().get(key, ""))
    if not text.strip():
        pytest.skip(f"no text of {key} beside the repository")
    missing = [term for term in terms.terms if term.document == "LICENSE" and not _in(term, text)]
    assert not missing, [(term.code, term.quote) for term in missing]


def _in(term: Term, text: str) -> bool:
    at = 0
    for part in term.quote.split("…"):
        at = text.find(plain(part).strip(), at)
        if at < 0:
            return False
    return True
