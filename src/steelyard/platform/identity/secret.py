# SPDX-License-Identifier: Apache-2.0
"""Secrets that the house makes: 32 random bytes with a prefix, of which only a digest is kept.

They hold 256 bits, so that a plain SHA-256 of them cannot be guessed back; passwords, which people
choose, are hashed with argon2id instead (see :mod:`steelyard.platform.identity.passwords`).
"""

from __future__ import annotations

import hmac
import re
import secrets

from steelyard.kernel.digest import sha256_hex

TOKEN, SESSION, LINK, PROVISIONING = "sty", "sts", "stl", "stp"
_SECRET = re.compile(r"\A(?:sty|sts|stl|stp)_[A-Za-z0-9_-]{43}\Z")


def new_secret(prefix: str) -> str:
    """Return a new secret such as ``sty_…``."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def digest_of(secret: str, prefix: str) -> str | None:
    """Return the digest to look a secret up by; None if it cannot be one of that kind."""
    if not _SECRET.match(secret) or not secret.startswith(f"{prefix}_"):
        return None
    return sha256_hex(secret.encode())


def same(left: str, right: str) -> bool:
    """Tell whether two digests are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(left.encode(), right.encode())
