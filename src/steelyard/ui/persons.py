# SPDX-License-Identifier: Apache-2.0
"""Fields that name people: by mail address, with suggestions, or by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy.orm import Session

from steelyard.kernel.errors import FieldErrors
from steelyard.platform.identity import people

if TYPE_CHECKING:
    from steelyard.ui.door import Looking

_SUGGESTED = 100


class Suggestion(NamedTuple):
    """Somebody who can be named: what is typed, and who it is."""

    mail: str
    name: str


def suggestions(viewer: Looking) -> list[Suggestion]:
    """Return people to suggest in a field; nobody to those who may not look people up."""
    if not viewer.may("user.read"):
        return []
    found = viewer.find(lambda session: people.search(session, limit=_SUGGESTED, state="active"))
    return [Suggestion(each.mail, each.name) for each in found if each.mail]


def id_of(session: Session, field: str, typed: str) -> str:
    """Return the id of whom a field names; nothing for an empty one.

    Raises:
        FieldErrors: nobody has that address.
    """
    if not typed or typed.startswith("usr_"):
        return typed
    found = people.by_mail(session, typed)
    if found is None:
        raise FieldErrors([(field, f"Nobody here has the address {typed[:80]!r}.")])
    return found.id
