# SPDX-License-Identifier: Apache-2.0
"""Addresses a revision states: links of its card, of its package URL, and files it holds.

No address is made up. A hub's address appears only where the package URL or the card writes it;
what is not plainly an http address is left out, because both standards want valid ones.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import quote

from msgspec import Struct

from steelyard.kernel.license import LicenseVerdict
from steelyard.reporting.bom.revision import Revision

AddressKind = Literal["model-card", "license", "distribution", "vcs"]

_CHARACTER = r"(?:[A-Za-z0-9\-._~:@!$&'()*+,;=/]|%[0-9A-Fa-f]{2})"
_WEB = re.compile(
    r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(?::[0-9]{1,5})?"
    rf"(?:/{_CHARACTER}*)?(?:\?(?:{_CHARACTER}|\?)*)?(?:\#(?:{_CHARACTER}|\?)*)?"
)
_QUALIFIERS: tuple[tuple[str, AddressKind], ...] = (
    ("download_url", "distribution"),
    ("repository_url", "distribution"),
    ("vcs_url", "vcs"),
)


class Address(Struct, frozen=True, kw_only=True):
    """An address, what it leads to, and who states it. ``path`` is set for a file at hand."""

    kind: AddressKind
    url: str
    stated_by: str
    path: str = ""


def web_address(text: str) -> str | None:
    """Return ``text`` if it is plainly an http address, else None."""
    return text if _WEB.fullmatch(text) else None


def addresses_of(revision: Revision) -> list[Address]:
    """Return every address ``revision`` states, each once."""
    found: dict[tuple[str, str], Address] = {}

    def add(address: Address | None) -> None:
        if address is not None:
            found.setdefault((address.kind, address.url), address)

    paths = {file.path for file in revision.files}
    card = revision.card
    if card is not None:
        if card.path in paths:
            add(_file("model-card", card.path, "the revision's files"))
        add(_license_link(card.license_link, card.path, paths))
    for text in revision.license.files:
        if text.matches and text.verdict is not LicenseVerdict.NONE and text.path in paths:
            add(_file("license", text.path, "the revision's files"))
    for kind, url in _of_purl(revision.subject.purl):
        add(Address(kind=kind, url=url, stated_by="the package URL"))
    return list(found.values())


def unplaced_license_link(revision: Revision) -> str:
    """Return the license link of the card where it is neither an address nor a file at hand."""
    card = revision.card
    if card is None or not card.license_link:
        return ""
    paths = {file.path for file in revision.files}
    placed = _license_link(card.license_link, card.path, paths)
    return "" if placed else card.license_link


def _license_link(link: str, stated_by: str, paths: set[str]) -> Address | None:
    if url := web_address(link):
        return Address(kind="license", url=url, stated_by=stated_by)
    name = link.removeprefix("./")
    return _file("license", name, stated_by) if name in paths else None


def _file(kind: AddressKind, path: str, stated_by: str) -> Address:
    return Address(kind=kind, url=quote(path, safe="/"), stated_by=stated_by, path=path)


def _of_purl(purl: str) -> list[tuple[AddressKind, str]]:
    from packageurl import PackageURL

    try:
        parts = PackageURL.from_string(purl).to_dict(empty={})
    except ValueError:
        return []
    qualifiers = parts["qualifiers"]
    return [
        (kind, url)
        for name, kind in _QUALIFIERS
        if (url := web_address(str(qualifiers.get(name, "")).removeprefix("git+")))
    ]
