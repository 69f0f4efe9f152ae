# SPDX-License-Identifier: Apache-2.0
"""Verbs of notices: tell people and systems, and mark what was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import update

from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import MissingError
from steelyard.platform.identity import people as directory
from steelyard.platform.jobs.port import OUTSIDE
from steelyard.platform.notify import deliveries
from steelyard.platform.notify.tables import NoticeRow
from steelyard.platform.notify.texts import render
from steelyard.platform.work import Work


def tell(
    work: Work,
    *,
    kind: str,
    subject: str,
    about: str = "",
    roles: Sequence[str] = (),
    people: Sequence[str] = (),
    unit: str = "",
    facts: Mapping[str, Any] | None = None,
    words: Mapping[str, str] | None = None,
) -> int:
    """Tell ``people`` and whoever holds one of ``roles``; return how many there were.

    ``facts`` are ids, states, dates and numbers; they also go to the webhooks that want
    ``notice.<kind>``. ``words`` are names and typed texts; they stay in the inbox and in mail.
    Everybody gets one notice in the inbox and one mail, sent by a job after the commit.
    """
    facts, words = dict(facts or {}), dict(words or {})
    told = _recipients(work, roles, people, unit)
    title, text = render(kind, subject, about, {**facts, **words})
    for person in told:
        row = NoticeRow(
            id=work.id("ntc"),
            person=person.id,
            kind=kind,
            subject=subject,
            about=about,
            title=title,
            text=text,
            mail="waiting",
            at=work.now,
            read_at=None,
        )
        work.session.add(row)
        work.enqueue("mail.send", {"notice": row.id}, priority=OUTSIDE)
    data = {"kind": kind, "about": about, "roles": list(roles), "facts": facts}
    deliveries.announce(work, f"notice.{kind}", subject, msgspec.to_builtins(data))
    return len(told)


def _recipients(
    work: Work, roles: Sequence[str], people: Sequence[str], unit: str
) -> list[directory.Person]:
    found: dict[str, directory.Person] = {}
    for role in roles:
        for person in directory.holders(work.session, role, unit or None, now=work.now):
            found[person.id] = person
    for person_id in people:
        known = directory.person(work.session, person_id)
        if known is not None and known.state in directory.WORKING:
            found[known.id] = known
    return list(found.values())


def mark_read(work: Work, actor: Actor, notice: str) -> None:
    """Note that the actor has read a notice.

    Raises:
        MissingError: it is none of theirs.
    """
    row = work.session.get(NoticeRow, notice)
    if row is None or row.person != actor.id:
        raise MissingError(
            f"There is no notice {notice!r}.",
            next_step="List your notifications to find its id.",
            code="notice.missing",
        )
    row.read_at = row.read_at or work.now


def mark_all_read(work: Work, actor: Actor) -> None:
    """Note that the actor has read everything so far."""
    work.session.execute(
        update(NoticeRow)
        .where(NoticeRow.person == actor.id, NoticeRow.read_at.is_(None))
        .values(read_at=work.now)
    )
