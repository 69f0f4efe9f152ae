# SPDX-License-Identifier: Apache-2.0
"""What happened to a request, a review or a use case, in a few words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from steelyard.kernel.event_words import EVENTS
from steelyard.platform.log.timeline import Happening
from steelyard.ui.texts import mark

if TYPE_CHECKING:
    from steelyard.ui.door import Looking

WORDS: Final = {
    "request.drafted": mark("Written down"),
    "request.changed": mark("Changed"),
    "request.submitted": mark("Sent"),
    "request.staged": mark("Reached the next stage"),
    "request.changes-requested": mark("Sent back: changes are asked for"),
    "request.approved": mark("Approved"),
    "request.rejected": mark("Rejected"),
    "request.withdrawn": mark("Taken back"),
    "request.expired": mark("Expired"),
    "assessment.started": mark("Examination started"),
    "assessment.finished": mark("Examined"),
    "assessment.failed": mark("The examination failed"),
    "assessment.refresh-asked": mark("A new examination was asked for"),
    "review.opened": mark("People are asked"),
    "review.signed": mark("Somebody answered"),
    "review.changes-requested": mark("A reviewer asked for changes"),
    "review.resubmitted": mark("The requester answered"),
    "review.commented": mark("Comment"),
    "review.recused": mark("Somebody stepped aside"),
    "review.reopened": mark("People are asked anew"),
    "review.closed": mark("The review ended"),
    "review.withdrawn": mark("The review ended without an outcome"),
    "decision.made": mark("Decided"),
    "decision.recorded": mark("The decision was signed"),
    "decision.suspended": mark("The decision was suspended"),
    "decision.revoked": mark("The decision was revoked"),
    "decision.reinstated": mark("The decision is in force again"),
    "decision.expired": mark("The decision expired"),
    "use-case.registered": mark("Registered"),
    "use-case.changed": mark("Facts changed"),
    "use-case.expired": mark("Expired"),
    "use-case.retired": mark("Retired"),
}
"""Event → words; others are told as the reference tells them."""
_DETAIL: Final = ("stage", "answer", "role", "outcome", "tier", "verdict")
"""Details that say more, in this order."""


def told(viewer: Looking, happened: Iterable[Happening]) -> list[dict[str, Any]]:
    """Return what a time-line shows of each event."""
    return [
        {
            "at": each.at,
            "text": viewer.say(WORDS.get(each.type) or EVENTS.get(each.type, each.type)),
            "more": [
                viewer.say(str(each.details[name]))
                for name in _DETAIL
                if isinstance(each.details.get(name), str) and each.details[name]
            ],
            "who": each.actor_name,
            "seq": each.position,
            "fields": each.details.get("changed") or (),
        }
        for each in happened
        if each.type != "decision.recorded"
    ]
