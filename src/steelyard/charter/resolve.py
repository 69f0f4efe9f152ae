# SPDX-License-Identifier: Apache-2.0
"""The resolved charter as bytes: its one spelling, the digest that names it, and the way back."""

from __future__ import annotations

from typing import Any

import msgspec

from steelyard.charter.schema import Charter
from steelyard.kernel.assessment import CharterIdentity
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import InputError


def resolved_json(charter: Charter) -> bytes:
    """Return the canonical JSON (RFC 8785) of a resolved charter."""
    import rfc8785

    document: Any = msgspec.to_builtins(charter)
    if charter.scanner is None:
        # Added later: a charter that does not use it is the same charter as before.
        del document["scanner"]
    return rfc8785.dumps(document)


def charter_sha256(charter: Charter) -> str:
    """Return the digest that names a charter: SHA-256 of :func:`resolved_json`."""
    return sha256_hex(resolved_json(charter))


def identity_of(charter: Charter) -> CharterIdentity:
    """Return how an assessment names a charter."""
    return CharterIdentity(
        name=charter.name, version=charter.version, sha256=charter_sha256(charter)
    )


def from_resolved(data: bytes) -> Charter:
    """Return the charter whose canonical JSON is ``data``, such as a bundle's ``charter.json``.

    Raises:
        InputError: ``data`` is not a resolved charter of a version known here.
    """
    try:
        return msgspec.json.decode(data, type=Charter)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InputError(
            f"This is not a resolved charter: {error}.",
            next_step="Give charter.json of an evidence bundle, unchanged.",
            code="charter.resolved",
        ) from error
