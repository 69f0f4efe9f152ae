# SPDX-License-Identifier: Apache-2.0
"""Lengths of time as people write them: ``12 months``, ``90 days``, ``5 business days``."""

from __future__ import annotations

import calendar
import datetime


def add_duration(start: datetime.date, length: str) -> datetime.date:
    """Return the date ``length`` after ``start``; months end on their last day at the latest.

    Business days are Monday to Friday; public holidays are not known here.
    """
    count, unit = _read(length)
    if unit == "business day":
        day = start
        while count:
            day += datetime.timedelta(days=1)
            count -= day.weekday() < 5
        return day
    if unit in ("day", "week"):
        return start + datetime.timedelta(days=count * (7 if unit == "week" else 1))
    months = start.month - 1 + count * (12 if unit == "year" else 1)
    year, month = start.year + months // 12, months % 12 + 1
    return datetime.date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


def is_longer(one: str, other: str) -> bool:
    """Tell whether ``one`` is a longer time than ``other``, months counted as 30.44 days."""
    return _days(one) > _days(other)


def _days(length: str) -> float:
    count, unit = _read(length)
    days = {"day": 1.0, "week": 7.0, "month": 30.44, "year": 365.25, "business day": 1.4}
    return count * days[unit]


def _read(length: str) -> tuple[int, str]:
    number, _, unit = length.partition(" ")
    unit = unit.removesuffix("s")
    # "business week" and longer say nothing more than the plain unit does.
    return int(number), unit if unit == "business day" else unit.removeprefix("business ")


def whole_days(length: str) -> int:
    """Return a length in days, rounded down; a month counts as 30.44 days."""
    return int(_days(length))
