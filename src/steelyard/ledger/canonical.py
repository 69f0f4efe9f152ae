# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON (RFC 8785): one value, one sequence of bytes, so a digest can name a value.

Everything that is signed or logged is written in this form. Reading is strict in the same way: a
document that is valid JSON but not the canonical spelling of its own value was changed by somebody.
"""

from __future__ import annotations

import json
from typing import Any

from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import InputError, IntegrityError

_ENCODER = json.JSONEncoder(
    ensure_ascii=False,
    check_circular=False,
    allow_nan=False,
    sort_keys=True,
    separators=(",", ":"),
)
_SAFE = 2**53 - 1


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 form of ``value`` (dicts with string keys, lists, strings, numbers).

    Raises:
        InputError: ``value`` holds something RFC 8785 cannot express: an integer beyond 2**53 - 1,
            NaN, a lone surrogate, a key that is not a string.
    """
    try:
        if _plain(value):
            return _ENCODER.encode(value).encode("utf-8")
        import rfc8785

        return rfc8785.dumps(value)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"The value has no canonical JSON form: {error}.", code="ledger.canonical"
        ) from error


def _plain(value: Any) -> bool:
    """Tell whether the standard library writes ``value`` in the canonical form, much faster.

    It escapes strings as RFC 8785 does. It differs in fractions, in the order of keys beyond ASCII,
    and in what it lets pass: integers nobody else reads, keys and values of other types.
    """
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        return bool(-_SAFE <= value <= _SAFE)
    if kind is dict:
        return all(
            type(key) is str and key.isascii() and (type(each) is str or _plain(each))
            for key, each in value.items()
        )
    if kind is list:
        return all(type(each) is str or _plain(each) for each in value)
    return False


def sha256_of(value: Any) -> str:
    """Return the SHA-256 of the canonical form of ``value``."""
    return sha256_hex(canonical(value))


def parse(data: bytes) -> Any:
    """Return the value of any JSON document, canonical or not.

    Raises:
        IntegrityError: the bytes are not UTF-8 JSON, or nest too deeply.
    """
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(
            f"This is not a JSON document: {error}.", code="json.invalid"
        ) from error


def parse_canonical(data: bytes) -> Any:
    """Return the value of ``data``, which must be the canonical spelling of that value.

    Raises:
        IntegrityError: the bytes are not JSON, or are another spelling of the same value.
    """
    value = parse(data)
    try:
        same = canonical(value) == data
    except InputError as error:
        raise IntegrityError(error.message, code="json.not-canonical") from error
    if not same:
        raise IntegrityError(
            "The document is not in canonical form; somebody rewrote it.", code="json.not-canonical"
        )
    return value


def _refuse(word: str) -> Any:
    message = f"{word} is not JSON"
    raise ValueError(message)
