# SPDX-License-Identifier: Apache-2.0
"""Business units: what rows belong to, whose holidays count, and where a question goes first."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from zoneinfo import available_timezones

import holidays
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, MissingError
from steelyard.kernel.event import Event
from steelyard.platform.identity.tables import UnitRow
from steelyard.platform.identity.unique import flush
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

_NAME = re.compile(r"\A[a-z0-9](?:[a-z0-9-]{0,33}[a-z0-9])?\Z")


class UnitView(Struct, frozen=True, kw_only=True):
    """A business unit."""

    name: str
    title: str
    parent: str
    calendar: str
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int


def create(
    work: Work, actor: Actor, name: str, *, title: str = "", parent: str = "", calendar: str = ""
) -> UnitView:
    """Make a unit.

    Raises:
        FieldErrors: a field cannot be used.
        ConflictError: there is one of that name.
    """
    faults = []
    if not _NAME.match(name):
        faults.append(("name", "At most 35 small letters, digits and hyphens, such as fraud-desk."))
    _check(work.session, faults, name, title, parent, calendar)
    if work.session.get(UnitRow, name) is not None:
        raise _taken(name)
    row = UnitRow(
        name=name, title=title.strip() or name, parent=parent, calendar=calendar,
        created_at=work.now, updated_at=work.now, version=1,
    )  # fmt: skip
    work.session.add(row)
    flush(work.session, _taken(name))
    work.record(actor, _event("unit.created", row))
    return view(row)


def change(
    work: Work,
    actor: Actor,
    name: str,
    expected: int | None,
    *,
    title: str | None = None,
    parent: str | None = None,
    calendar: str | None = None,
) -> UnitView:
    """Change title, parent or calendar.

    Raises:
        MissingError, StaleError, FieldErrors
    """
    row = work.session.get(UnitRow, name, with_for_update=True)
    if row is None:
        raise _missing(name)
    check_version(row.version, expected, view(row))
    new = (
        row.title if title is None else title,
        row.parent if parent is None else parent,
        row.calendar if calendar is None else calendar,
    )
    _check(work.session, [], name, *new)
    row.title, row.parent, row.calendar = new
    row.updated_at, row.version = work.now, row.version + 1
    work.record(actor, _event("unit.changed", row))
    return view(row)


def get(session: Session, name: str) -> UnitView:
    """Return one unit.

    Raises:
        MissingError: there is none.
    """
    row = session.get(UnitRow, name)
    if row is None:
        raise _missing(name)
    return view(row)


def find(session: Session, *, limit: int, after: tuple[Any, ...] | None = None) -> list[UnitView]:
    """Return up to ``limit`` units by name."""
    query = select(UnitRow).order_by(UnitRow.name).limit(limit)
    if after is not None:
        query = query.where(UnitRow.name > str(after[0]))
    return [view(row) for row in session.scalars(query)]


def view(row: UnitRow) -> UnitView:
    """Return what is shown of a row."""
    return UnitView(
        name=row.name, title=row.title, parent=row.parent, calendar=row.calendar,
        created_at=row.created_at, updated_at=row.updated_at, version=row.version,
    )  # fmt: skip


def known_calendar(code: str) -> bool:
    """Tell whether there are calendars of holidays for countries or parts of them, and the zone.

    Written ``DE-BY``, ``DE-BY+US`` or ``DE-BY+US@Europe/Berlin``.
    """
    places, at, zone = code.partition("@")
    supported = holidays.list_supported_countries(include_aliases=False)
    for place in places.split("+"):
        country, _, part = place.partition("-")
        if country not in supported or (part and part not in supported[country]):
            return False
    return not at or zone in available_timezones()


def _check(
    session: Session,
    faults: list[tuple[str, str]],
    name: str,
    title: str,
    parent: str,
    calendar: str,
) -> None:
    if len(title) > 200 or not (title == "" or title.isprintable()):
        faults.append(("title", "A title has at most 200 printable characters."))
    if calendar and not known_calendar(calendar):
        faults.append(
            (
                "calendar",
                f"There is no calendar {calendar[:20]!r}; write DE-BY or DE-BY+US@Europe/Berlin.",
            )
        )
    above, seen = parent, {name}
    while above:
        if above in seen:
            faults.append(("parent", "A unit cannot stand above itself."))
            break
        seen.add(above)
        row = session.get(UnitRow, above)
        if row is None:
            faults.append(("parent", f"There is no unit {above[:60]!r}."))
            break
        above = row.parent
    if faults:
        raise FieldErrors(faults)


def _event(kind: str, row: UnitRow) -> Event:
    return Event(
        type=kind,
        subject=f"unit_{row.name}",
        details={"calendar": row.calendar, "version": row.version},
        body={"name": row.name, "title": row.title, "parent": row.parent},
    )


def _missing(name: str) -> MissingError:
    return MissingError(
        f"There is no unit {name[:60]!r}.",
        next_step="List the units to find its name.",
        code="identity.unit-missing",
    )


def _taken(name: str) -> ConflictError:
    return ConflictError(
        f"There is a unit {name!r} already.",
        next_step="Change that one, or choose another name.",
        code="identity.unit-taken",
    )
