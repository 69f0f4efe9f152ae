# SPDX-License-Identifier: Apache-2.0
"""The verb of talking: a comment on a line of evidence, with mentions."""

from __future__ import annotations

import re

from steelyard.governance.review import queries
from steelyard.governance.review.keep import check_texts, inform, told
from steelyard.governance.review.tables import CommentRow
from steelyard.governance.review.views import CommentView
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import FieldErrors
from steelyard.platform.identity import people
from steelyard.platform.work import Work

_MENTION = re.compile(r"(?<![\w@])@(usr_[0-9a-z]{26}|[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+)")
MOST = 20
"""Mentions of one comment that count."""


def comment(work: Work, actor: Actor, review_id: str, text: str, evidence: str = "") -> CommentView:
    """Say something about a review, or about one line of its evidence.

    ``@mail@address`` or ``@usr_…`` mentions somebody, who is told.

    Raises:
        MissingError: there is no such review.
        FieldErrors: there is no text.
    """
    if not text.strip():
        raise FieldErrors([("text", "Say something.")])
    check_texts(text=text)
    row = queries.row_of(work.session, actor, review_id)
    remark = CommentRow(
        id=work.id("cmt"), review=row.id, round=row.round, author=actor.id, kind="comment",
        evidence=evidence[:200], text=text, mentions=_mentioned(work, text), at=work.now,
    )  # fmt: skip
    work.session.add(remark)
    event = told(
        row, "review.commented", {"text": text, "evidence": evidence}, comment=remark.id,
        mentions=remark.mentions,
    )  # fmt: skip
    work.record(actor, event)
    seen = [each for each in remark.mentions if each != actor.id]
    inform(work, row, "review.mentioned", persons=seen)
    return queries.comment_view(remark)


def _mentioned(work: Work, text: str) -> list[str]:
    """Return the ids of people a text mentions, in its order."""
    found: dict[str, None] = {}
    for word in list(dict.fromkeys(_MENTION.findall(text)))[:MOST]:
        known = (
            people.person(work.session, word)
            if word.startswith("usr_")
            else people.by_mail(work.session, word.rstrip("."))
        )
        if known is not None:
            found[known.id] = None
    return list(found)
