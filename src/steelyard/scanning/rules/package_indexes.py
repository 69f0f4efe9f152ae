# SPDX-License-Identifier: Apache-2.0
"""Tells the package indexes and mirrors that publishers of models commonly name.

They are kept as digests of their host names: what is shipped here points at no registry, and nobody
who copies from it installs from one by accident. The list was reviewed in November 2026; a host
that is not on it is a reason to look, nothing more.
"""

from __future__ import annotations

_KNOWN = frozenset({
    "0171bffe69a8b75b", "03e390c8d8a6f2cf", "0dc11026ac75c015", "15bdb44dafa6843b",
    "3710b66b715bff42", "3da3cbd1c932274d", "4db460c55b85212e", "51fffb5fb49ba3a2",
    "67855217519deda9", "6efb893d658a4950", "76b00a5b8d4501b4", "7f298d87fd857a88",
    "81cb2c6b00812985", "83ebc76e70e6df34", "9495278a74715c7e", "a4aa2ac280bb8d1a",
    "a8448be9ad56ab37", "bd848f96e7140691", "c73c6f9ee787b0b7", "c899567ee9068517",
    "d6d7019ca9fcbf07", "dafb3977781d522a", "df62e3961d508122", "df8ab3acb3324531",
    "e1d0d697d8c6be06", "f193773c6d912377",
})  # fmt: skip
"""The first 16 hexadecimal digits of the SHA-256 of every host name in lower case."""


def is_known_index(host: str) -> bool:
    """Tell whether ``host`` is a well-known index, mirror or store of package files."""
    import hashlib

    return hashlib.sha256(host.lower().encode()).hexdigest()[:16] in _KNOWN
