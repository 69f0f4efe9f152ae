# SPDX-License-Identifier: Apache-2.0
"""Rows of tables as lines of JSON, the same whatever database they come from or go to."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Date, LargeBinary, Table

from steelyard.kernel.errors import IntegrityError
from steelyard.platform.database.base import Moment

Turn = Callable[[Any], Any]


def columns_of(table: Table) -> list[str]:
    """Return the names of a table's columns, in their order."""
    return [column.name for column in table.columns]


def encode_rows(rows: Sequence[Sequence[Any]]) -> bytes:
    """Return rows as lines, bytes in base64 and times as RFC 3339."""
    return b"".join(msgspec.json.encode([_plain(value) for value in row]) + b"\n" for row in rows)


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def decode_rows(table: Table, names: Sequence[str], data: bytes) -> list[dict[str, Any]]:
    """Return the rows in ``data``, whose values are in the order of ``names``, as what the columns
    of ``table`` take.

    Raises:
        IntegrityError: a line is not a row of that table.
    """
    turns = [_turn(table.columns[name].type) for name in names]
    found = []
    try:
        for line in data.splitlines():
            values = msgspec.json.decode(line, type=list[Any])
            found.append(
                {
                    name: None if value is None else turn(value)
                    for name, turn, value in zip(names, turns, values, strict=True)
                }
            )
    except (msgspec.DecodeError, ValueError, TypeError, binascii.Error) as error:
        raise IntegrityError(
            f"The backup's rows of {table.name} cannot be read: {error}.", code="backup.rows"
        ) from error
    return found


def _turn(kind: object) -> Turn:
    if isinstance(kind, LargeBinary):
        return lambda value: base64.b64decode(value, validate=True)
    if isinstance(kind, Moment):
        return dt.datetime.fromisoformat
    if isinstance(kind, Date):
        return dt.date.fromisoformat
    return lambda value: value
