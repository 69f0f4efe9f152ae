# SPDX-License-Identifier: Apache-2.0
"""What somebody typed while their session ended: sealed, carried through the login, shown again.

The browser keeps it; we keep nothing of people we do not know. Nobody but this house can read or
change it, and after an hour it is worth nothing.
"""

from __future__ import annotations

import base64

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from fastapi import Request
from msgspec import Struct

from steelyard.ui.flash import key_of

_SECONDS = 3600
_MOST = 512 * 1024
_LEFT_OUT = frozenset({"password", "old_password", "code", "link"})


class Kept(Struct, frozen=True):
    """Where a form was sent, and what it held."""

    path: str
    pairs: list[tuple[str, str]]


def seal(request: Request, path: str, pairs: list[tuple[str, str]]) -> str:
    """Return what was typed as a text for a hidden field; empty if it is too much to carry."""
    kept = Kept(path, [(name, value) for name, value in pairs if name not in _LEFT_OUT])
    data = msgspec.json.encode(kept)
    return "" if len(data) > _MOST else _box(request).encrypt(data).decode()


def unseal(request: Request, text: str) -> Kept | None:
    """Return what was typed; None if it is not ours, was changed, or is too old."""
    try:
        data = _box(request).decrypt(text.encode("ascii", "replace"), ttl=_SECONDS)
        return msgspec.json.decode(data, type=Kept)
    except (InvalidToken, msgspec.DecodeError, msgspec.ValidationError):
        return None


def _box(request: Request) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key_of(request, b"steelyard/typed/v1")))
