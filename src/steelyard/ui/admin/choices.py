# SPDX-License-Identifier: Apache-2.0
"""What forms of the administration offer to choose from, and how they read days."""

from __future__ import annotations

import datetime as dt

from steelyard.api.identity.roles import roles_of
from steelyard.kernel.errors import FieldErrors
from steelyard.platform.identity import people, units
from steelyard.ui.door import Form, Looking

MOST = 500
"""Choices a list to choose from holds."""


def role_choices(viewer: Looking) -> list[tuple[str, str, str]]:
    """Return (name, word, explanation) of every role people can hold."""
    today = viewer.house.clock().date()
    found = viewer.find(lambda session: roles_of(session, today))
    return [(each.name, viewer.say(each.name), viewer.say(each.description)) for each in found]


def unit_choices(viewer: Looking) -> list[tuple[str, str]]:
    """Return (name, title) of the units."""
    found = viewer.find(lambda session: units.find(session, limit=MOST))
    return [(each.name, f"{each.title} ({each.name})") for each in found]


def unit_boxes(viewer: Looking) -> list[tuple[str, str, str]]:
    """Return (name, title, name) of the units, for boxes to tick."""
    found = viewer.find(lambda session: units.find(session, limit=MOST))
    return [(each.name, each.title, each.name) for each in found]


def people_choices(viewer: Looking) -> list[tuple[str, str]]:
    """Return (id, name) of people with an account that works."""
    found = viewer.find(lambda session: people.search(session, limit=MOST, state="active"))
    named = [(each.id, each.name or each.mail) for each in found]
    return sorted(named, key=lambda each: each[1].casefold())


def day_of(viewer: Looking, form: Form, name: str) -> dt.date | None:
    """Return the day in a field; None if it is empty.

    Raises:
        FieldErrors: it is not a day.
    """
    stated = form[name]
    if not stated:
        return None
    try:
        return dt.date.fromisoformat(stated)
    except ValueError as error:
        said = viewer.say("Write a day as 2027-01-31.")
        raise FieldErrors([(name, said)]) from error


def end_of(day: dt.date | None) -> dt.datetime | None:
    """Return the last moment of a day, in UTC."""
    return None if day is None else dt.datetime.combine(day, dt.time(23, 59, 59), dt.UTC)
