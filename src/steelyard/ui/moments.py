# SPDX-License-Identifier: Apache-2.0
"""Days and times as forms send them: in the reader's own time zone."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from steelyard.kernel.errors import FieldErrors
from steelyard.ui.formats import zone_of

if TYPE_CHECKING:
    from steelyard.ui.door import Looking


def day_of(viewer: Looking, field: str, typed: str) -> dt.date:
    """Return the day a field names.

    Raises:
        FieldErrors: it names none.
    """
    try:
        return dt.date.fromisoformat(typed)
    except ValueError as error:
        raise FieldErrors([(field, viewer.say("Give a day, such as 2027-01-31."))]) from error


def moment_of(
    viewer: Looking, field: str, typed: str, *, end: dt.time = dt.time(0, 0)
) -> dt.datetime:
    """Return the moment a field names, in UTC; a day alone is meant at ``end``.

    Raises:
        FieldErrors: it names none.
    """
    try:
        found = dt.datetime.fromisoformat(typed)
    except ValueError as error:
        said = viewer.say("Give a day and a time, such as 2027-01-31T14:00.")
        raise FieldErrors([(field, said)]) from error
    if len(typed) == len("2027-01-31"):
        found = dt.datetime.combine(found.date(), end)
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone_of(viewer.look.zone))
    return found.astimezone(dt.UTC)
