# SPDX-License-Identifier: Apache-2.0
"""JSON from strangers, bounded before it is parsed and refused where readers could disagree.

Size, nesting and the number of values are counted over the raw bytes in one linear pass, so the
parser never meets a document that could exhaust it. Two members of one name are an error: a signer
could have meant the one and a verifier read the other.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from steelyard.kernel.errors import IntegrityError
from steelyard.kernel.limits import MIB

MAX_BUNDLE = 64 * MIB
"""Bytes of one signature or attestation file: a statement names each file of a model."""
_MAX_DEPTH = 64
_MAX_VALUES = 2_000_000
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]|,', re.DOTALL)
"""What matters for counting; a string that never ends is one token too, so the pass is linear."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def malformed(message: str, code: str = "signature.malformed") -> IntegrityError:
    """Return the error every reader here raises."""
    return IntegrityError(message, code=code)


def read_json(data: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object in ``data``; ``what`` names it in errors.

    Raises:
        IntegrityError: it is too large, nests too deeply, is no JSON object, or names a member
            twice.
    """
    _bound(data, what)
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_once,
            parse_constant=_refuse,
            parse_int=_small,
            parse_float=_short,
        )
        if _SURROGATE.search(data):
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # fails on half a character
    except (ValueError, RecursionError) as error:
        raise malformed(f"The {what} is not well-formed JSON: {_short_text(error)}.") from error
    if not isinstance(value, dict):
        raise malformed(f"The {what} is not a JSON object.")
    return value


def decode_base64(text: object, what: str) -> bytes:
    """Return the bytes of standard base64 with padding, in its one spelling.

    Raises:
        IntegrityError: ``text`` is no string or another spelling.
    """
    if isinstance(text, str):
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise malformed(f"The base64 of the {what} is misspelled.") from error
        if base64.b64encode(data).decode("ascii") == text:
            return data
    raise malformed(f"The base64 of the {what} is misspelled.")


def member(value: dict[str, Any], name: str, kind: type, what: str) -> Any:
    """Return ``value[name]``, which must be there and of ``kind``.

    Raises:
        IntegrityError: it is not.
    """
    found = value.get(name)
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        raise malformed(f"The {what} has no usable {name!r}.")
    return found


def _bound(data: bytes, what: str) -> None:
    if len(data) > MAX_BUNDLE:
        raise malformed(f"The {what} is larger than {MAX_BUNDLE // MIB} MiB.")
    depth = values = 0
    for token in _TOKEN.finditer(data):
        first = data[token.start()]
        if first in b"[{":
            depth += 1
            values += 1
            if depth > _MAX_DEPTH:
                raise malformed(f"The {what} nests deeper than {_MAX_DEPTH} levels.")
        elif first in b"]}":
            depth -= 1
        elif first == ord(","):
            values += 1
            if values > _MAX_VALUES:
                raise malformed(f"The {what} holds too many values.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a member stands twice in one object"
        raise ValueError(message)
    return found


def _refuse(word: str) -> Any:
    message = f"{word} is not JSON"
    raise ValueError(message)


def _small(digits: str) -> int:
    if len(digits) > 20:
        message = "a number has too many digits"
        raise ValueError(message)
    return int(digits)


def _short(digits: str) -> float:
    if len(digits) > 64:
        message = "a number has too many digits"
        raise ValueError(message)
    return float(digits)


def _short_text(error: Exception) -> str:
    return str(error).encode("unicode_escape").decode("ascii")[:160]
