# SPDX-License-Identifier: Apache-2.0
"""Lists of pages: filters, columns of choice, pages of rows, and the whole list as CSV or JSON.

A room asks for its rows by the same query as the API, one page at a time, with the same cursors::

    table = listed(
        viewer, asked, COLUMNS, FILTERS,
        lambda session, **how: queries.find(session, viewer.actor, **how),
        key=lambda row: (row.id,),
    )
    return viewer.export(table) or viewer.show("requests/list.html", table=table)
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from sqlalchemy.orm import Session
from starlette.responses import Response, StreamingResponse

from steelyard.api.listing import MOST, Listing, page
from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from steelyard.ui.door import Looking

_KEPT = ("columns", "limit")
"""What is kept in the address of the next page beside the filters."""
_EXPORT_MOST = 100_000
"""Rows of an export; a longer list says so in its last line."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Column(NamedTuple):
    """A column. ``kind`` is the block of ``design/table.html`` that shows a cell."""

    name: str
    """Field of the row."""
    word: str
    kind: str = "text"
    """text, name (bold, linked), link, chip:KIND, tier, when, day, person, number, size, code,
    tags, deadline, bool, word, event or alias (these two by ``events`` and ``aliases`` of the
    page)."""
    link: str = ""
    """Address with ``{field}`` of the row; for ``name`` and ``link``."""
    shown: bool = True
    """Whether it is shown before somebody chooses."""


class Filter(NamedTuple):
    """A way to narrow a list: free text without ``options``, else one of them."""

    name: str
    word: str
    options: tuple[tuple[str, str], ...] = ()
    """(value, word) pairs."""
    wide: bool = False


class Table(NamedTuple):
    """A page of a list, ready to be shown."""

    columns: tuple[Column, ...]
    """Those that are shown."""
    all_columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    chosen: dict[str, str]
    """Filter → its value now."""
    rows: list[Any]
    names: dict[str, str]
    """Names of the people who appear."""
    next: str | None
    """Address of the next page."""
    first: str | None
    """Address of the first page, if this is a later one."""
    path: str
    pages: Callable[[], Iterator[list[Any]]]
    """Every page of the list, for an export."""


Find = Callable[..., Sequence[Any]]


def listed(
    viewer: Looking,
    asked: Listing,
    columns: Sequence[Column],
    filters: Sequence[Filter],
    find: Find,
    *,
    key: Callable[[Any], Sequence[Any]],
    fixed: dict[str, Any] | None = None,
) -> Table:
    """Return the page of a list that the address asks for.

    ``find`` takes the session and, by name, ``limit``, ``after`` and the filters that are set.

    Raises:
        InputError: the address names a filter value the list does not have.
    """
    query = viewer.request.query_params
    chosen = {each.name: query.get(each.name, "")[:200] for each in filters}
    for each in filters:
        value = chosen[each.name]
        if value and each.options and value not in {option for option, _ in each.options}:
            raise InputError(
                f"{value!r} is not a choice of {each.word!r}.",
                next_step="Choose one from the list.",
                code="list.filter",
            )
    wanted = {**(fixed or {}), **{name: value for name, value in chosen.items() if value}}

    def read(session: Session, listing: Listing) -> dict[str, Any]:
        found = find(session, limit=listing.limit + 1, after=listing.after, **wanted)
        return page(listing, found, key)

    here = viewer.find(lambda session: read(session, asked))
    rows: list[Any] = here["items"]
    picked = [name for name in query.get("columns", "").split(",") if name]
    shown = [each for each in columns if (each.name in picked if picked else each.shown)]
    kept = {name: query[name] for name in _KEPT if query.get(name)}
    kept.update({name: value for name, value in chosen.items() if value})
    path = viewer.request.url.path

    def pages() -> Iterator[list[Any]]:
        from steelyard.api.listing import read_cursor

        after, most = None, _EXPORT_MOST
        while most > 0:
            listing = msgspec.structs.replace(asked, limit=MOST, after=after)
            found = viewer.find(lambda session, how=listing: read(session, how))  # type: ignore[misc]
            yield found["items"]
            most -= len(found["items"])
            if found["next"] is None:
                return
            after = read_cursor(found["next"], asked.seal)

    people = {
        str(getattr(row, each.name, "")) for row in rows for each in columns
        if each.kind == "person"
    }  # fmt: skip
    return Table(
        columns=tuple(shown or columns),
        all_columns=tuple(columns),
        filters=tuple(filters),
        chosen=chosen,
        rows=rows,
        names=viewer.names(people),
        next=f"{path}?{urlencode({**kept, 'cursor': here['next']})}" if here["next"] else None,
        first=f"{path}?{urlencode(kept)}" if query.get("cursor") else None,
        path=path,
        pages=pages,
    )


def export(viewer: Looking, table: Table) -> Response | None:
    """Return the whole list as a file if the address asks for one by ``format``.

    Raises:
        InputError: it asks for a format we do not write.
    """
    kind = viewer.request.query_params.get("format", "")
    if not kind:
        return None
    if kind not in ("csv", "json"):
        raise InputError(
            f"Lists are not written as {kind!r}.", next_step="Ask for csv or json.",
            code="list.format",
        )  # fmt: skip
    name = table.path.strip("/").replace("/", "-") or "list"
    media = "text/csv; charset=utf-8" if kind == "csv" else "application/json"
    lines = _csv(table) if kind == "csv" else _json(table)
    return StreamingResponse(
        lines, media_type=media,
        headers={
            "content-disposition": f'attachment; filename="{name}.{kind}"',
            "cache-control": "no-store",
        },
    )  # fmt: skip


def _csv(table: Table) -> Iterator[str]:
    """Yield rows of all columns; texts a spreadsheet would take for formulas are quoted."""
    held = io.StringIO()
    write = csv.writer(held)
    write.writerow([each.name for each in table.all_columns])
    for rows in table.pages():
        for row in rows:
            plain = msgspec.to_builtins(row)
            write.writerow([_cell(plain.get(each.name)) for each in table.all_columns])
        yield held.getvalue()
        held.seek(0)
        held.truncate()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _json(table: Table) -> Iterator[bytes]:
    yield b"["
    first = True
    for rows in table.pages():
        for row in rows:
            yield (b"" if first else b",\n") + msgspec.json.encode(row)
            first = False
    yield b"]\n"


def link_of(pattern: str, row: Any) -> str:
    """Return the address of a cell: ``pattern`` with fields of the row in it."""
    from urllib.parse import quote

    class Fields(dict[str, str]):
        def __missing__(self, name: str) -> str:
            return quote(str(getattr(row, name)), safe="")

    return pattern.format_map(Fields())
