# SPDX-License-Identifier: Apache-2.0
"""Reads a JSON document with bounds: bytes, depth, duplicate keys; never a recursion error."""

from __future__ import annotations

import json
import re
from typing import Any

from msgspec import Struct

from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

# An unterminated string matches to the end, so that hostile quotes cannot make this quadratic.
_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_DUPLICATES_KEPT = 20


class JsonDocument(Struct, frozen=True):
    """A decoded document and the keys that stood twice in one object (at most 20)."""

    value: Any
    duplicates: tuple[str, ...] = ()


def read_json(data: bytes, limits: Limits) -> JsonDocument:
    """Return ``data`` decoded.

    Raises:
        LimitExceeded: it is larger or nested deeper than the limits allow.
        ArtifactError: it is not JSON.
    """
    if len(data) > limits.json_bytes:
        raise LimitExceeded(f"The JSON document has {len(data)} bytes.")
    _check_depth(data, limits.json_depth)
    duplicates: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs) and len(duplicates) < _DUPLICATES_KEPT:
            seen: set[str] = set()
            for key, _ in pairs:
                full = len(duplicates) >= _DUPLICATES_KEPT
                if key in seen and not full and key[:200] not in duplicates:
                    duplicates.append(key[:200])
                seen.add(key)
        return result

    try:
        # Loaders read UTF-8; guessing other encodings would let two readers see two documents.
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=collect)
    except MemoryError as error:
        raise LimitExceeded("The JSON document needs more memory than is allowed.") from error
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"This is not JSON: {error}.") from error
    return JsonDocument(value, tuple(duplicates[:_DUPLICATES_KEPT]))


def _check_depth(data: bytes, most: int) -> None:
    if data.count(b"[") + data.count(b"{") <= most:
        return
    depth = 0
    for token in _STRUCTURE.finditer(data):
        first = data[token.start()]
        if first in b"[{":
            depth += 1
            if depth > most:
                raise LimitExceeded(
                    f"The JSON document is nested deeper than {most} levels.", offset=token.start()
                )
        elif first in b"]}":
            depth -= 1
