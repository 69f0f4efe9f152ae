# SPDX-License-Identifier: Apache-2.0
"""SHA-256 digests in lower-case hexadecimal, the only digest Steelyard names bytes by."""

from __future__ import annotations

import re

SHA256_HEX = re.compile(r"\A[0-9a-f]{64}\Z")
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""Digest of no bytes."""


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of ``data`` as 64 lower-case hexadecimal characters."""
    import hashlib  # loads a large library, which a process that only compares does not need

    return hashlib.sha256(data).hexdigest()


def is_sha256(text: str) -> bool:
    """Tell whether ``text`` is a well-formed lower-case SHA-256."""
    return SHA256_HEX.match(text) is not None
