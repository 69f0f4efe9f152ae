# SPDX-License-Identifier: Apache-2.0
"""The handbook as one HTML page: no script, no request, light and dark, A4 when printed."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from steelyard.charter.diff import Change, CharterDiff
from steelyard.charter.schema import STAGES, TIERS, Charter
from steelyard.kernel.assessment import CharterIdentity
from steelyard.reporting import charter_diff, chips
from steelyard.reporting.handbook import people, policy, risk
from steelyard.reporting.handbook.book import handbook_of, next_review
from steelyard.reporting.handbook.entries import Handbook
from steelyard.reporting.handbook.flow_svg import Signers, draw_path
from steelyard.reporting.handbook.onboarding import first_weeks
from steelyard.reporting.handbook.vocabulary import VOCABULARY
from steelyard.reporting.handbook.wording import (
    condition_of,
    plain_name,
    sentence_case,
    series,
    titled,
)
from steelyard.reporting.html import stylesheet
from steelyard.reporting.icons import ICONS

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = (
    "page", "parts", "charter", "path", "allowed", "risk", "rights", "tracks", "committees",
    "exceptions", "release", "rules", "controls", "roles", "week", "words", "index",
)  # fmt: skip
ANSWERS: dict[str, chips.Chip] = {
    "allowed": chips.Chip("good", "check", "allowed"),
    "warn": chips.Chip("neutral", "warning", "allowed, with a warning"),
    "condition": chips.Chip("notice", "diamond", "under a condition"),
    "depends": chips.Chip("pending", "question", "depends on the case"),
    "review": chips.Chip("pending", "hourglass", "reviewed"),
    "reject": chips.Chip("bad", "cross", "forbidden"),
}
"""What happens to something, as a chip."""
DIRECTIONS: dict[str, chips.Chip] = {
    "looser": chips.Chip("bad", "warning", "looser"),
    "mixed": chips.Chip("pending", "warning", "looser and stricter"),
    "unclear": chips.Chip("pending", "question", "a person must judge"),
    "stricter": chips.Chip("good", "check", "stricter"),
    "same": chips.Chip("neutral", "dash", "the same meaning"),
}
"""Which way a change goes, as a chip."""


class Letter(NamedTuple):
    """Entries of the index that begin with one letter: what is shown, and where it stands."""

    letter: str
    entries: tuple[tuple[str, str], ...]


def render_handbook(
    charter: Charter,
    identity: CharterIdentity,
    *,
    file: str,
    today: datetime.date,
    since: CharterDiff | None = None,
) -> bytes:
    """Return the handbook of ``charter`` as UTF-8 HTML.

    ``since`` is what changed against an earlier charter; ``today`` tells what is overdue.
    """
    from markupsafe import Markup

    book = handbook_of(charter, identity, file)
    signers = [
        Signers(
            [titled(charter, who) for who in track.sign_offs],
            [titled(charter, who) for who in track.further],
        )
        for track in book.tracks
    ]
    due = next_review(charter)
    environments = people.environments_of(charter)
    text = (
        _environment()
        .get_template("page")
        .render(
            book=book,
            charter=charter,
            identity=identity,
            numbers={chapter.id: number for number, chapter in enumerate(book.chapters, 1)},
            due=due,
            overdue=due is not None and due < today,
            since=since,
            changes=changes_by_direction(since) if since else (),
            drawing=Markup(draw_path(book.tracks, signers)),  # noqa: S704 # escaped where drawn
            topics=policy.TOPICS,
            licenses=policy.license_rows(charter, environments),
            environments=environments,
            tolerance=risk.tolerance_rows(charter),
            matrix=people.approval_matrix(charter),
            rights=people.right_rows(charter),
            raci=people.raci(charter),
            committees=people.committee_rows(charter),
            weeks=first_weeks(charter, file),
            vocabulary=VOCABULARY,
            index=index_of(book),
            tiers=TIERS,
            stages=STAGES,
        )
    )
    return text.encode("utf-8")


class Changes(NamedTuple):
    """Changes of one direction."""

    chip: chips.Chip
    changes: Sequence[Change]


def changes_by_direction(diff: CharterDiff) -> list[Changes]:
    """Return the changes, what a person must look at first; those of the same meaning are last."""
    groups = [
        Changes(DIRECTIONS[direction], [one for one in diff.changes if one.direction == direction])
        for direction in charter_diff.ORDER
    ]
    return [group for group in groups if group.changes]


def index_of(book: Handbook) -> list[Letter]:
    """Return the index: rules, controls, roles, laws and words, by letter."""
    entries: dict[str, str] = {}
    for rule in book.rules:
        entries[rule.id] = rule.anchor
    for control in book.controls:
        entries[control.title] = control.anchor
    for role in book.roles:
        entries[role.title] = role.anchor
    for track in book.tracks:
        entries[f"{sentence_case(track.name)} track"] = track.anchor
    for dimension in book.dimensions:
        entries[f"{dimension.title} (risk)"] = "risk"
    for word, _ in VOCABULARY:
        entries.setdefault(word, f"word-{word.replace(' ', '-')}")
    letters: dict[str, list[tuple[str, str]]] = {}
    for shown, where in sorted(entries.items(), key=lambda item: item[0].lower()):
        letters.setdefault(shown[:1].upper(), []).append((shown, where))
    return [Letter(letter, tuple(found)) for letter, found in letters.items()]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import DictLoader, Environment, StrictUndefined
    from markupsafe import Markup

    folder = resources.files("steelyard.reporting") / "templates" / "handbook"
    texts = {name: (folder / f"{name}.html.j2").read_text(encoding="utf-8") for name in _TEMPLATES}
    engine = Environment(
        loader=DictLoader(texts),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = f"{stylesheet()}\n{(folder / 'handbook.css').read_text(encoding='utf-8')}"
    shared: dict[str, Any] = {
        "css": Markup(css),  # noqa: S704 # our own files, no input
        "icons": ICONS,
        "chip_of": chips.chip_of,
        "effects": chips.EFFECTS,
        "tier_chips": chips.TIERS,
        "answers": ANSWERS,
        "directions": DIRECTIONS,
        "verdicts": charter_diff.VERDICTS,
        "counted": charter_diff.counted,
        "cases_of": charter_diff.cases_of,
        "titled": titled,
        "series": series,
        "plain_name": plain_name,
        "condition_of": condition_of,
        "consequence": policy.consequence_words,
    }
    engine.globals.update(shared)
    engine.filters["capital"] = sentence_case
    engine.filters["chip"] = lambda parts: chips.Chip(*parts)
    return engine
