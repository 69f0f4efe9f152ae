# SPDX-License-Identifier: Apache-2.0
"""The places of the application, in the order of the menu, for those who may go there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from steelyard.ui.texts import mark

if TYPE_CHECKING:
    from steelyard.ui.door import Looking


class Place(NamedTuple):
    """One line of the menu."""

    path: str
    word: str
    icon: str
    right: str


class Group(NamedTuple):
    """Lines of the menu that belong together."""

    word: str
    places: tuple[Place, ...]


GROUPS: Final = (
    Group(
        mark("Work"),
        (
            Place("/", mark("Home"), "home", "notification.own"),
            Place("/requests", mark("Requests"), "inbox", "request.read"),
            Place("/reviews", mark("Reviews"), "gavel", "review.read"),
            Place("/actions", mark("Actions"), "checklist", "action.read"),
            Place("/clocks", mark("Clocks"), "clock", "clock.read"),
        ),
    ),
    Group(
        mark("Inventory"),
        (
            Place("/models", mark("Models"), "box", "model.read"),
            Place("/use-cases", mark("Use cases"), "briefcase", "use-case.read"),
            Place("/suppliers", mark("Suppliers"), "building", "supplier.read"),
            Place("/evidence", mark("Evidence"), "paperclip", "evidence.read"),
        ),
    ),
    Group(
        mark("Decisions"),
        (
            Place("/decisions", mark("Decisions"), "stamp", "decision.read"),
            Place("/exceptions", mark("Exceptions"), "shield-off", "exception.read"),
            Place("/emergencies", mark("Break-glass"), "siren", "emergency.read"),
            Place("/risks", mark("Risks"), "flame", "risk.read"),
        ),
    ),
    Group(
        mark("Rules and proof"),
        (
            Place("/charter", mark("Charter"), "book", "charter.read"),
            Place("/controls", mark("Controls"), "sliders", "charter.read"),
            Place("/ledger", mark("Ledger"), "link", "ledger.read"),
        ),
    ),
    Group(
        mark("Administration"),
        (
            Place("/admin/people", mark("People"), "users", "identity.read"),
            Place("/admin/teams", mark("Teams"), "sitemap", "unit.manage"),
            Place("/admin/robots", mark("Robots"), "robot", "robot.read"),
            Place("/admin/webhooks", mark("Webhooks"), "webhook", "webhook.read"),
            Place("/admin/sign-in", mark("Sign-in"), "key", "identity.read"),
            Place("/admin/jobs", mark("Jobs"), "activity", "job.read"),
        ),
    ),
)


def menu_of(viewer: Looking) -> list[tuple[str, list[Place]]]:
    """Return the menu of whoever looks; groups without a place they may see are left out."""
    found = [
        (group.word, [place for place in group.places if viewer.may(place.right)])
        for group in GROUPS
    ]
    return [(word, places) for word, places in found if places]
