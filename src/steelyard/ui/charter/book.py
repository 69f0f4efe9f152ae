# SPDX-License-Identifier: Apache-2.0
"""What the handbook of a charter shows: gathered once for each charter, then kept."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from markupsafe import Markup

from steelyard.charter.resolve import from_resolved
from steelyard.charter.schema import STAGES, Charter
from steelyard.governance.charters.facts import Policy
from steelyard.kernel.assessment import CharterIdentity
from steelyard.reporting.handbook import people, policy, risk
from steelyard.reporting.handbook.book import handbook_of, next_review
from steelyard.reporting.handbook.flow_svg import Signers, draw_path
from steelyard.reporting.handbook.vocabulary import VOCABULARY
from steelyard.reporting.handbook.wording import condition_of, plain_name, sentence_case, titled
from steelyard.ui.texts import mark


class Part(NamedTuple):
    """Chapters for one kind of reader: (anchor, title) pairs under a word for who they are."""

    audience: str
    chapters: tuple[tuple[str, str], ...]


PARTS: tuple[Part, ...] = (
    Part(
        mark("For everybody"),
        (("path", mark("How a model gets in")), ("allowed", mark("Allowed, reviewed, forbidden")),
         ("words", mark("Words"))),
    ),
    Part(
        mark("If you ask"),
        (("risk", mark("How risk is worked out")), ("rules", mark("Every rule"))),
    ),
    Part(
        mark("If you decide"),
        (("rights", mark("Who decides")), ("tracks", mark("Tracks and deadlines")),
         ("committees", mark("Committees")), ("exceptions", mark("Exceptions and findings"))),
    ),
    Part(
        mark("If you run models"),
        (("release", mark("Release and gates")), ("controls", mark("Controls")),
         ("roles", mark("Roles"))),
    ),
)  # fmt: skip
"""The handbook in order, by who reads it."""


def shown(found: Policy) -> dict[str, Any]:
    """Return what the templates of the handbook need to show a charter."""
    return _gathered(found.canonical, found.identity.sha256)


@lru_cache(maxsize=8)
def _gathered(canonical: bytes, sha256: str) -> dict[str, Any]:
    charter = from_resolved(canonical)
    identity = CharterIdentity(name=charter.name, version=charter.version, sha256=sha256)
    book = handbook_of(charter, identity, "")
    environments = people.environments_of(charter)
    return {
        "charter": charter,
        "book": book,
        "review_due": next_review(charter),
        "drawing": Markup(_drawn(charter)),  # noqa: S704 # escaped where it is drawn
        "environments": environments,
        "licenses": policy.license_rows(charter, environments),
        "topics": policy.TOPICS,
        "tolerance": risk.tolerance_rows(charter),
        "matrix": people.approval_matrix(charter),
        "rights": people.right_rows(charter),
        "raci": people.raci(charter),
        "committees": people.committee_rows(charter),
        "vocabulary": VOCABULARY,
        "stages": STAGES,
        "condition_of": condition_of,
        "plain_name": plain_name,
        "sentence_case": sentence_case,
        "titled": lambda who: titled(charter, who),
    }


def _drawn(charter: Charter) -> str:
    tracks = people.track_entries(charter)
    signers = [
        Signers(
            [titled(charter, who) for who in track.sign_offs],
            [titled(charter, who) for who in track.further],
        )
        for track in tracks
    ]
    return draw_path(tracks, signers)
