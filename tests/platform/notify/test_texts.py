# SPDX-License-Identifier: Apache-2.0
"""Every kind of notice that is sent has a text, and every text says what to do next."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import steelyard
from steelyard.platform.notify.texts import TEXTS, render

SENDERS = {"tell", "inform", "_inform", "tell_condition", "_evidence"}
"""Functions whose arguments name the kind of a notice."""
KIND = re.compile(r"[a-z]+\.[a-z-]+")
MADE = {
    "decision": "decision/told.py",
    "supplier": "assessment/notices.py",
    "upstream": "assessment/notices.py",
}
"""Beginnings of kinds that are put together from a state, and where."""
HEARD = {
    "assigned": ("review.waiting", "action.waiting", "condition.assigned"),
    "mentioned": ("review.mentioned",),
    "changes requested": ("review.changes",),
    "resubmitted": ("review.resubmitted",),
    "asked anew, or no more": ("review.reopened", "review.ended"),
    "decided": ("request.decided", "review.closed"),
    "condition": ("condition.due", "condition.overdue", "condition.reported", "condition.binding"),
    "exception": ("exception.waiting", "exception.granted", "exception.ending", "exception.ended",
                  "exception.changed"),
    "escalation": ("clock.due",),
    "consumers": ("decision.suspended", "decision.revoked", "decision.reinstated",
                  "decision.expired", "revision.retiring", "revision.retired"),
    "emergency": ("emergency.asked", "emergency.opened", "emergency.closed", "emergency.lapsed"),
    "delegation": ("delegation.made", "delegation.revoked"),
    "evidence": ("evidence.expiring", "evidence.expired", "evidence.held"),
    "risk": ("risk.review-due", "risk.review-overdue"),
    "charter": ("charter.proposed", "charter.voted", "charter.adopted"),
}  # fmt: skip
"""What people should hear of, and the notices that say it."""


def sent() -> set[str]:
    """Return the kinds of notices the program sends, read from its source."""
    found: set[str] = set()
    for path in Path(steelyard.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in SENDERS:
                given = [*node.args, *(word.value for word in node.keywords if word.arg == "kind")]
                found |= {
                    each.value
                    for argument in given
                    for each in ast.walk(argument)
                    if isinstance(each, ast.Constant)
                    and isinstance(each.value, str)
                    and KIND.fullmatch(each.value)
                }
    return found


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def test_every_kind_that_is_sent_has_a_text() -> None:
    kinds = sent()
    assert len(kinds) > 40
    assert kinds <= TEXTS.keys()


def test_no_text_is_for_nothing() -> None:
    made = {kind for kind in TEXTS if kind.partition(".")[0] in MADE}
    assert TEXTS.keys() - made <= sent()
    for word, place in MADE.items():
        source = Path(steelyard.__file__).parent / "governance" / place
        assert f'f"{word}.{{' in source.read_text(encoding="utf-8")


def test_people_hear_of_everything_they_should() -> None:
    kinds = sent() | {kind for kind in TEXTS if kind.partition(".")[0] in MADE}
    for what, notices in HEARD.items():
        assert set(notices) <= kinds, what


def test_a_text_says_what_happened_and_what_to_do_next() -> None:
    assert list(TEXTS) == sorted(TEXTS)
    for kind, (title, text) in TEXTS.items():
        assert 10 < len(title) < 90, kind
        assert len(re.findall(r"[.:](?= |$)", text)) >= 2, f"{kind} is one sentence"
        shown, said = render(kind, "sub_1", "abt_1", {})
        assert "{" not in shown + said, kind
        assert "sub_1" in said or "abt_1" in said or "{supplier}" in text, kind
