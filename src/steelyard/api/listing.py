# SPDX-License-Identifier: Apache-2.0
"""Lists in pages: a limit, a cursor that names the last row seen, and the fields wanted."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from fastapi import Depends, Query, Request
from msgspec import Struct

from steelyard.kernel.errors import InputError

DEFAULT, MOST = 50, 200
"""Rows of a page."""
_MARK = 12
"""Bytes of a cursor that prove where it comes from."""


T = TypeVar("T")


class PageOf(Struct, Generic[T], frozen=True):
    """One page of a list; ``next`` is the cursor of the page after it."""

    items: list[T]
    next: str | None


class Listing(Struct, frozen=True):
    """How a list is asked for."""

    limit: int
    after: tuple[Any, ...] | None
    """Sort key of the last row of the page before."""
    fields: frozenset[str]
    seal: bytes = b""
    """Key of the cursors of this list, at this address."""


def _listing(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Rows of a page.")] = DEFAULT,
    cursor: Annotated[str | None, Query(max_length=500, description="Where to go on.")] = None,
    fields: Annotated[
        str | None, Query(max_length=500, description="Only these fields, with commas.")
    ] = None,
) -> Listing:
    seal = _seal(request)
    after = None if cursor is None else read_cursor(cursor, seal)
    wanted = frozenset(part.strip() for part in (fields or "").split(",") if part.strip())
    return Listing(limit, after, wanted, seal)


Asked = Annotated[Listing, Depends(_listing)]


def _seal(request: Request) -> bytes:
    """Return the key that tells cursors of this list from made-up ones: rooms trust what a cursor
    holds to be what they put into it."""
    state = request.app.state
    if not hasattr(state, "cursor_key"):
        state.cursor_key = sha256(state.house.keys.first().sign(b"steelyard/cursors/v1")).digest()
    return hmac.digest(state.cursor_key, request.scope["route"].path.encode(), "sha256")


def cursor_of(key: Sequence[Any], seal: bytes) -> str:
    """Return a cursor for a sort key of texts and numbers."""
    data = msgspec.json.encode(list(key))
    return base64.urlsafe_b64encode(_mark(data, seal) + data).rstrip(b"=").decode()


def read_cursor(text: str, seal: bytes) -> tuple[Any, ...]:
    """Return the sort key in a cursor.

    Raises:
        InputError: it is not a cursor of this list.
    """
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        mark, data = sealed[:_MARK], sealed[_MARK:]
        if not hmac.compare_digest(mark, _mark(data, seal)):
            raise ValueError("made up")
        key = msgspec.json.decode(data, type=list[str | int])
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise InputError(
            "The cursor is not one of this list.",
            next_step="Use `next` of the page before, unchanged, or leave the cursor out.",
            code="list.cursor",
        ) from error
    return tuple(key)


def _mark(data: bytes, seal: bytes) -> bytes:
    return hmac.digest(seal, data, "sha256")[:_MARK]


def page(
    asked: Listing, found: Sequence[Any], key: Callable[[Any], Sequence[Any]]
) -> dict[str, Any]:
    """Return one page of ``found``, which was asked for with one row more than the page holds."""
    rows = list(found[: asked.limit])
    more = len(found) > asked.limit
    return {
        "items": [_slim(row, asked.fields) for row in rows],
        "next": cursor_of(key(rows[-1]), asked.seal) if more else None,
    }


def _slim(row: Any, fields: frozenset[str]) -> Any:
    if not fields:
        return row
    plain = msgspec.to_builtins(row)
    unknown = fields - plain.keys()
    if unknown:
        raise InputError(
            f"The rows of this list have no field {min(unknown)!r}.",
            next_step=f"They have: {', '.join(sorted(plain))}.",
            code="list.fields",
        )
    return {name: value for name, value in plain.items() if name in fields}
