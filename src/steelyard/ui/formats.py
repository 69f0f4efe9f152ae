# SPDX-License-Identifier: Apache-2.0
"""Dates, spans and numbers as the reader's language and time zone write them."""

from __future__ import annotations

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent

from steelyard.ui import texts
from steelyard.ui.texts import mark

_NOW = dt.timedelta(seconds=10)
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def zone_of(name: str) -> dt.tzinfo:
    """Return the time zone of that name; UTC for one nobody knows."""
    if name not in _known_zones():
        return dt.UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        return dt.UTC


class Formats:
    """How one reader writes dates and numbers."""

    def __init__(self, language: str, zone: str) -> None:
        self._code = language
        self._language = "en_GB" if language == "en" else language
        self._zone = zone_of(zone)

    def moment(self, moment: dt.datetime) -> str:
        """Return date and time to the minute, with the zone."""
        there = moment.astimezone(self._zone)
        shown = format_datetime(there, "d MMM y, HH:mm", locale=self._language)
        return f"{shown} {there.tzname() or ''}".rstrip()

    def day(self, day: dt.date | dt.datetime) -> str:
        """Return a date."""
        if isinstance(day, dt.datetime):
            day = day.astimezone(self._zone).date()
        return format_date(day, "d MMM y", locale=self._language)

    def ago(self, span: dt.timedelta) -> str:
        """Return how long ago, or in how long, in the largest unit that fits."""
        if abs(span) < _NOW:
            return texts.of(self._code).gettext(mark("just now"))
        return format_timedelta(span, add_direction=True, threshold=1.5, locale=self._language)

    def span(self, span: dt.timedelta) -> str:
        """Return a length of time."""
        return format_timedelta(span, threshold=1.5, locale=self._language)

    def number(self, value: float) -> str:
        """Return a number with its thousands marked."""
        return format_decimal(value, locale=self._language)

    def percent(self, value: float) -> str:
        """Return a share, given as 0 to 1, in percent."""
        return format_percent(value, locale=self._language)

    def size(self, value: int) -> str:
        """Return a number of bytes in the unit that fits."""
        rest, unit = float(value), _UNITS[0]
        for unit in _UNITS:
            if rest < 1024 or unit == _UNITS[-1]:
                break
            rest /= 1024
        digits = "#,##0" if unit == "B" or rest >= 100 else "#,##0.0"
        return f"{format_decimal(rest, digits, locale=self._language)} {unit}"
