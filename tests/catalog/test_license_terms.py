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
from steelyard.catalog.licenses import by_key, licenses

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
ONLY_FOR = {
    "users": ("user-cap", "display"),
    "usd": ("revenue-cap", "display"),
    "reached": ("user-cap", "revenue-cap"),
    "places": ("territory",),
    "purposes": ("purpose",),
    "anywhere": ("name-prefix",),
    "moving": ("acceptable-use",),
    "spares": ("no-output-training",),
    "compatible": ("share-alike",),
}
"""Parameters that mean nothing with any other code."""
MODEL_LICENSES = tuple(
    entry.key
    for entry in licenses()
    if re.search(r"custom|RAIL|research|\(model\)", entry.category_raw)
    or entry.key in ("flux-1-nc", "LicenseRef-coqui-cpml", "LicenseRef-mg-by-nc")
)
ASKS = {"registration", "needs-license", "user-cap", "revenue-cap"}
FORBIDS = {"no-commercial-use", "research-only"}


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


@pytest.mark.parametrize("key", keys_with_terms())
def test_parameters_belong_to_their_code(key: str) -> None:
    terms = license_terms(key)
    assert terms is not None
    families = {found.family for each in keys_with_terms() if (found := license_terms(each))}
    for term in terms.terms:
        for name, codes in ONLY_FOR.items():
            assert term.code in codes or not getattr(term, name), f"{key}: {term.code} has {name}"
        if term.spares:
            assert term.spares in {*families, *keys_with_terms()}, f"{key} spares {term.spares}"
        assert not term.depends.endswith("."), f"{key}: {term.code}: depends is a clause"


@pytest.mark.parametrize("key", MODEL_LICENSES)
def test_model_license_terms_agree_with_the_table(key: str) -> None:
    """Two readings of one text, made apart, say the same about business use."""
    terms, entry = license_terms(key), by_key(key)
    assert terms is not None, f"nobody wrote down the terms of {key}"
    assert entry is not None
    codes = {term.code for term in terms.terms}
    use = entry.commercial_use
    if use.answer == "no":
        assert codes & FORBIDS and "commercial-use" not in codes
    elif use.answer == "conditional" and not use.text.startswith("yes"):
        assert codes & ASKS
    else:
        assert "commercial-use" in codes and not codes & FORBIDS


def test_model_licenses_are_found() -> None:
    assert len(MODEL_LICENSES) >= 52 and "llama-2-license-2023" in MODEL_LICENSES
