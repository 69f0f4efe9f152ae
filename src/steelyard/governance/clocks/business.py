# SPDX-License-Identifier: Apache-2.0
"""Business time: when a length such as ``5 business days`` is over, where people work.

The rules, which every deadline of the house follows:

* A calendar is one or more jurisdictions, ``DE-BY`` or ``DE-BY+US``, and a time zone,
  ``DE-BY+US@Europe/Berlin``. A day counts as a business day only where *all* of them work: a unit
  with people in two countries is not asked to decide while half of it is on holiday. Without a
  jurisdiction Monday to Friday count; without a zone days end in UTC.
* A deadline is the last second of a day in that zone. Working hours are not modelled. The day on
  which a clock starts does not count: ``1 business day`` from any hour of a Monday ends on Tuesday.
* Days, weeks, months and years end on the day they end, be it a holiday. Hours are exact.
* A clock that is paused keeps what was left of it, in its own measure. A day is used up when the
  clock ran at its end.
* A reminder goes out at eight in the morning of the day that lies so long before the deadline.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from msgspec import Struct

from steelyard.charter.durations import add_duration
from steelyard.kernel.errors import InputError

Unit = Literal["second", "hour", "day", "week", "month", "year", "business day"]
_LENGTH = re.compile(r"\A(\d{1,9}) (second|hour|(?:business )?(?:day|week|month|year))s?\Z")
_PLACE = re.compile(r"\A[A-Z]{2}(-[A-Z0-9]{1,5})?\Z")
_END = dt.time(23, 59, 59)
_MORNING = dt.time(8, 0)
_LONGEST = 20 * 366
"""Days any length may reach; a clock that rings later is a mistake."""


class Length(Struct, frozen=True):
    """A length of time in its own measure."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


class Calendar(Struct, frozen=True):
    """Where people work, and when their day ends."""

    places: tuple[str, ...] = ()
    zone: str = "UTC"

    def __str__(self) -> str:
        return "+".join(self.places) + ("" if self.zone == "UTC" else f"@{self.zone}")

    def works(self, day: dt.date) -> bool:
        """Tell whether ``day`` is a business day in every place."""
        if not self.places:
            return day.weekday() < 5
        return all(day in _working_days(place, day.year) for place in self.places)

    def local(self, moment: dt.datetime) -> dt.date:
        """Return the date that ``moment`` has here."""
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def at(self, day: dt.date, time: dt.time) -> dt.datetime:
        """Return a time of ``day`` here, in UTC."""
        return dt.datetime.combine(day, time, ZoneInfo(self.zone)).astimezone(dt.UTC)


def read_length(text: str) -> Length:
    """Return the length written in ``text``.

    Raises:
        InputError: it is not a length, or reaches beyond any calendar.
    """
    found = _LENGTH.match(text)
    if found is None:
        raise InputError(
            f"{text[:60]!r} is not a length of time.",
            next_step="Write it like 5 business days, 10 days, 3 months or 24 hours.",
            code="clock.length",
        )
    unit = found[2] if found[2] == "business day" else found[2].removeprefix("business ")
    length = Length(int(found[1]), cast("Unit", unit))
    days = {"second": 1 / 86400, "hour": 1 / 24, "day": 1, "business day": 2, "week": 7,
            "month": 31, "year": 366}  # fmt: skip
    if length.count * days[length.unit] > _LONGEST:
        raise InputError(f"{text!r} is more than twenty years.", code="clock.length")
    return length


@lru_cache(maxsize=256)
def read_calendar(text: str) -> Calendar:
    """Return the calendar written in ``text``; an empty one is Monday to Friday in UTC.

    Raises:
        InputError: a jurisdiction or the zone is not known.
    """
    stated, _, zone = text.partition("@")
    places = tuple(dict.fromkeys(part for part in stated.split("+") if part))
    for place in places:
        if not _PLACE.match(place) or not _known(place):
            raise InputError(
                f"No holidays are known for {place[:20]!r}.",
                next_step="Write a country and a subdivision in ISO 3166 codes, such as DE-BY, US "
                "or GB-ENG.",
                code="clock.calendar",
            )
    if zone:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InputError(
                f"There is no time zone {zone[:60]!r}.",
                next_step="Write a name of the IANA database, such as Europe/Berlin.",
                code="clock.calendar",
            ) from error
    return Calendar(places, zone or "UTC")


def after(start: dt.datetime, length: Length, calendar: Calendar) -> dt.datetime:
    """Return the moment ``length`` after ``start`` is over."""
    if length.unit in ("second", "hour"):
        return start + dt.timedelta(seconds=length.count * (3600 if length.unit == "hour" else 1))
    day = calendar.local(start)
    if length.unit == "business day":
        return calendar.at(_step(day, length.count, calendar, 1), _END)
    return calendar.at(add_duration(day, str(length)) if length.count else day, _END)


def before(due: dt.datetime, length: Length, calendar: Calendar) -> dt.datetime:
    """Return when to remind people ``length`` before ``due``."""
    if length.unit in ("second", "hour"):
        return due - dt.timedelta(seconds=length.count * (3600 if length.unit == "hour" else 1))
    day = calendar.local(due)
    if length.unit == "business day":
        return calendar.at(_step(day, length.count, calendar, -1), _MORNING)
    span = add_duration(day, str(length)) - day if length.count else dt.timedelta(0)
    return calendar.at(day - span, _MORNING)


def left(now: dt.datetime, due: dt.datetime, length: Length, calendar: Calendar) -> Length:
    """Return what is left until ``due``, in the measure of ``length``; nothing if it is past."""
    if length.unit in ("second", "hour"):
        return Length(max(0, int((due - now).total_seconds())), "second")
    today, last = calendar.local(now), calendar.local(due)
    days = max(0, (last - today).days)
    if length.unit != "business day":
        return Length(days, "day")
    ahead = (today + dt.timedelta(days=number) for number in range(1, days + 1))
    return Length(sum(calendar.works(day) for day in ahead), "business day")


def _step(day: dt.date, count: int, calendar: Calendar, direction: int) -> dt.date:
    """Return the ``count``-th business day from ``day``; with 0 that day, or the next one."""
    one = dt.timedelta(days=direction)
    if not count:
        while not calendar.works(day):
            day += one
    while count:
        day += one
        count -= calendar.works(day)
    return day


def _known(place: str) -> bool:
    country, _, part = place.partition("-")
    try:
        holidays.country_holidays(country, part or None, years=2026, expand=False)
    except (NotImplementedError, KeyError):
        return False
    return True


@lru_cache(maxsize=1024)
def _working_days(place: str, year: int) -> frozenset[dt.date]:
    """Return the business days of a year, with holidays and moved working days of the place."""
    country, _, part = place.partition("-")
    known = holidays.country_holidays(country, part or None, years=year, expand=False)
    first = dt.date(year, 1, 1)
    days = (first + dt.timedelta(days=number) for number in range(366))
    return frozenset(day for day in days if day.year == year and known.is_working_day(day))
