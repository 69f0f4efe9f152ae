# SPDX-License-Identifier: Apache-2.0
"""Fingerprints of reference license texts: what a copy must contain to be that license.

The texts themselves are not shipped; ``scripts/build_license_references.py`` turns a directory of
texts into hashes. Several references may share a key, because publishers spell one license in more
than one harmless way.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct

SAMPLE_STEP = 8
"""One shingle in this many is in a reference's sample, chosen by its hash."""


class Reference(Struct, frozen=True, kw_only=True, gc=False):
    """One reference text. The byte fields are little-endian 32-bit hashes, sorted.

    ``core`` are the shingles every full copy has; ``optional`` those of titles, copyright lines
    and instructions after the terms, which copies often leave out; ``sample`` the few used to find
    likely references quickly.
    """

    key: str
    spdx: str
    digest: str
    words: int
    core: bytes
    optional: bytes
    sample: bytes
    source: str


class References(Struct, frozen=True, kw_only=True):
    """All references and the hashes of every single word in them (to tell a typo from a word)."""

    references: tuple[Reference, ...]
    vocabulary: bytes


@cache
def load() -> References:
    """Return the shipped references (about 1 MB, read once)."""
    data = resources.files("steelyard.catalog").joinpath("data", "license_references.msgpack")
    return msgspec.msgpack.decode(data.read_bytes(), type=References)
