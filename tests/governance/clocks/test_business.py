# SPDX-License-Identifier: Apache-2.0
"""Business time: holidays, joined places, zones, pausing, and what is no length at all."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.governance.clocks.business import (
    Calendar,
    after,
    before,
    left,
    read_calendar,
    read_length,
)
from steelyard.kernel.errors import InputError

WEDNESDAY = dt.datetime(2026, 11, 25, 12, 0, tzinfo=dt.UTC)
PLAIN = Calendar()


def due(start: str, length: str, calendar: str = "") -> str:
    moment = dt.datetime.fromisoformat(start)
    return after(moment, read_length(length), read_calendar(calendar)).isoformat()


@pytest.mark.parametrize(
    ("start", "length", "calendar", "until"),
    [
        ("2026-11-25T12:00+00:00", "5 business days", "", "2026-12-02T23:59:59+00:00"),
        # Thanksgiving does not count in the United States; the day after it does.
        ("2026-11-25T12:00+00:00", "1 business day", "US", "2026-11-27T23:59:59+00:00"),
        ("2026-11-25T12:00+00:00", "1 business day", "DE-BY", "2026-11-26T23:59:59+00:00"),
        ("2026-11-25T12:00+00:00", "1 business day", "DE-BY+US", "2026-11-27T23:59:59+00:00"),
        # Epiphany is a holiday in Bavaria, not in Berlin.
        ("2026-01-05T09:00+00:00", "1 business day", "DE-BY", "2026-01-07T23:59:59+00:00"),
        ("2026-01-05T09:00+00:00", "1 business day", "DE-BE", "2026-01-06T23:59:59+00:00"),
        # Boxing Day falls on a Saturday and is made up for on Monday, in England.
        ("2026-12-24T09:00+00:00", "1 business day", "GB-ENG", "2026-12-29T23:59:59+00:00"),
        # A Sunday on which people in China work.
        ("2026-01-03T04:00+00:00", "1 business day", "CN", "2026-01-04T23:59:59+00:00"),
        # It is Thursday already in Tokyo, and the day ends there when it is 15:00 in UTC.
        ("2026-11-25T16:00+00:00", "1 business day", "JP@Asia/Tokyo", "2026-11-27T14:59:59+00:00"),
        # The clocks go back between these two days.
        ("2026-10-23T12:00+00:00", "1 business day", "@Europe/Berlin", "2026-10-26T22:59:59+00:00"),
        ("2026-11-25T12:00+00:00", "10 days", "", "2026-12-05T23:59:59+00:00"),
        ("2026-11-30T12:00+00:00", "3 months", "", "2027-02-28T23:59:59+00:00"),
        ("2026-11-25T12:00+00:00", "1 week", "", "2026-12-02T23:59:59+00:00"),
        ("2026-11-25T12:00+00:00", "4 hours", "US", "2026-11-25T16:00:00+00:00"),
    ],
)
def test_when_time_is_over(start: str, length: str, calendar: str, until: str) -> None:
    assert due(start, length, calendar) == until


def test_a_reminder_goes_out_in_the_morning() -> None:
    end = after(WEDNESDAY, read_length("5 business days"), PLAIN)
    assert before(end, read_length("1 business day"), PLAIN).isoformat() == (
        "2026-12-01T08:00:00+00:00"
    )
    assert before(end, read_length("3 days"), PLAIN).isoformat() == "2026-11-29T08:00:00+00:00"


@given(
    st.integers(1, 60),
    st.integers(0, 120),
    st.integers(0, 200),
    st.sampled_from(["", "US", "DE-BY+US@Europe/Berlin", "AE@Asia/Dubai"]),
)
def test_a_pause_takes_no_business_time(count: int, ran: int, paused: int, place: str) -> None:
    calendar = read_calendar(place)
    length = read_length(f"{count} business days")
    end = after(WEDNESDAY, length, calendar)
    stopped = min(WEDNESDAY + dt.timedelta(days=ran), end)
    rest = left(stopped, end, length, calendar)
    assert rest.count <= count
    again = stopped + dt.timedelta(days=paused)
    later = after(again, rest, calendar)
    assert later >= end
    assert left(again, later, length, calendar).count == (
        rest.count or (0 if calendar.works(calendar.local(again)) else 1)
    )


@given(st.integers(1, 400), st.sampled_from(["", "DE-BY", "GB-ENG+US", "IL"]))
def test_the_last_day_is_a_business_day(count: int, place: str) -> None:
    calendar = read_calendar(place)
    end = after(WEDNESDAY, read_length(f"{count} business days"), calendar)
    assert calendar.works(end.date())


@pytest.mark.parametrize(
    "text", ["", "soon", "5", "-1 days", "1.5 days", "1 fortnight", "30 years"]
)
def test_what_is_no_length(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_length(text)
    assert caught.value.code == "clock.length"


@pytest.mark.parametrize(
    "text",
    ["XX", "DE-QQ", "de-by", "DE/BY", "DE@Europe/Nowhere", "@../../etc/passwd", "@" + "x" * 99],
)
def test_what_is_no_calendar(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_calendar(text)
    assert caught.value.code == "clock.calendar"
    assert caught.value.next_step


def test_a_calendar_reads_as_it_is_written() -> None:
    for text in ("", "US", "DE-BY+US@Europe/Berlin", "@Asia/Tokyo"):
        assert str(read_calendar(text)) == text


def test_zones_are_known_where_the_system_has_none() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    server = project["optional-dependencies"]["server"]
    assert [each for each in server if each.startswith("tzdata")], "slim images have no zones"
    code = (
        "from steelyard.governance.clocks.business import read_calendar;"
        "print(read_calendar('DE-BY@Europe/Berlin').zone)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout.strip(), done.stderr) == ("Europe/Berlin", "")
