# SPDX-License-Identifier: Apache-2.0
"""Lists in pages: a limit, a cursor that names the last row seen, and the fields wanted."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from fastapi import Depends, Query
from msgspec import Struct

from steelyard.kernel.errors import InputError

DEFAULT, MOST = 50, 200
"""Rows of a page."""


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


def _listing(
    limit: Annotated[int, Query(ge=1, le=MOST, description="Rows of a page.")] = DEFAULT,
    cursor: Annotated[str | None, Query(max_length=500, description="Where to go on.")] = None,
    fields: Annotated[
        str | None, Query(max_length=500, description="Only these fields, with commas.")
    ] = None,
) -> Listing:
    after = None if cursor is None else read_cursor(cursor)
    wanted = frozenset(part.strip() for part in (fields or "").split(",") if part.strip())
    return Listing(limit, after, wanted)


Asked = Annotated[Listing, Depends(_listing)]


def cursor_of(key: Sequence[Any]) -> str:
    """Return a cursor for a sort key of texts and numbers."""
    return base64.urlsafe_b64encode(msgspec.json.encode(list(key))).rstrip(b"=").decode()


def read_cursor(text: str) -> tuple[Any, ...]:
    """Return the sort key in a cursor.

    Raises:
        InputError: it is not a cursor of this server.
    """
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        key = msgspec.json.decode(data, type=list[str | int])
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise InputError(
            "The cursor is not one of this server.",
            next_step="Use `next` of the page before, unchanged, or leave the cursor out.",
            code="list.cursor",
        ) from error
    return tuple(key)


def page(
    asked: Listing, found: Sequence[Any], key: Callable[[Any], Sequence[Any]]
) -> dict[str, Any]:
    """Return one page of ``found``, which was asked for with one row more than the page holds."""
    rows = list(found[: asked.limit])
    more = len(found) > asked.limit
    return {
        "items": [_slim(row, asked.fields) for row in rows],
        "next": cursor_of(key(rows[-1])) if more else None,
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
