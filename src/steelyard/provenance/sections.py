# SPDX-License-Identifier: Apache-2.0
"""Finds the sections of a model card that state training data, use, limits and evaluation.

Headings are recognized by the words people really use for them; a section counts as *stated* only
when something remains after placeholders such as ``[More Information Needed]`` are taken away.
"""

from __future__ import annotations

import re
from itertools import pairwise

from msgspec import Struct

from steelyard.kernel.card import Section

_MAX_BODY = 1_000_000
_MAX_EXCERPT = 500
_MAX_HEADINGS = 2_000
_TOPICS = {
    "training_data": re.compile(
        r"\b(?:pre ?)?train(?:ing)? (?:data|datasets?|corpus|corpora|set|details|procedure)\b"
        r"|\bdata ?sources?\b|^(?:the )?(?:data|datasets?|training|pre ?training|data set)$"
        r"|\bfine ?tuning data\b|\bdata (?:used|collection|overview)\b"
    ),
    "intended_use": re.compile(
        r"\bintended (?:use|uses|usage|purpose|users?)\b|^(?:direct |primary |downstream )?uses?$"
        r"|\buse ?cases?\b|\bintended for\b|\bpurpose\b|^direct use\b|\bdownstream use\b"
    ),
    "limitations": re.compile(
        r"\blimit(?:ation|ations|s)?\b|\bbias(?:es)?\b|\brisks?\b|\bethical\b|\bcaveats?\b"
        r"|\bout of scope\b|\bknown issues\b|\bsafety\b|\bresponsible (?:use|ai)\b|\bmisuse\b"
    ),
    "evaluation": re.compile(
        r"\bevaluations?\b|\bbenchmarks?\b|^(?:model )?performance\b|\beval(?:uation)? results?\b"
        r"|^(?:results?|metrics|accuracy|test results|quantitative analys[ei]s)$"
    ),
}
_MORE_TOPICS = {
    "objectives": re.compile(
        r"\bobjectives?\b|\bgoals?\b|^(?:model )?(?:description|summary|overview|introduction)$"
        r"|^about(?: the| this)?(?: model)?$|\bpurpose\b|\bmodel (?:details|description)\b"
    ),
    "out_of_scope": re.compile(
        r"\bout of scope\b|\bmisuse\b|\bprohibited use\b|\bunintended\b|\bnot (?:intended|suited)\b"
        r"|\brestricted uses?\b"
    ),
    "training_procedure": re.compile(
        r"\b(?:pre ?)?training (?:procedure|process|details|method\w*|hyperparameters)\b"
        r"|\btraining (?:setup|recipe)\b|\bhyperparameters\b|^training$"
        r"|\bfine ?tuning(?: procedure| details)?$"
    ),
    "performance": re.compile(
        r"\bperformance\b|\bguarantees?\b|\bevaluation\b|\bbenchmarks?\b|\baccuracy\b"
        r"|^(?:results?|metrics)$|\bquantitative analys[ei]s\b"
    ),
    "fairness": re.compile(r"\bbias(?:es)?\b|\bfairness\b|\bethic(?:al|s)\b|\bdemographic\b"),
    "personal_data": re.compile(r"\bpersonal (?:data|information)\b|\bprivacy\b|\bpii\b"),
    "how_to_use": re.compile(
        r"\bhow to (?:use|get started|run|load)\b|\bgetting started\b|\bquick ?start\b"
        r"|\bget started\b|^usage$|\binference\b|^how to$"
    ),
    "environment": re.compile(r"\benvironmental\b|\bcarbon\b|\bemissions?\b|\benergy\b"),
    "maintenance": re.compile(
        r"\bmaint(?:enance|ainers?|ained)\b|\bsupport\b|\bupdates?\b|\brelease notes\b"
        r"|\bversions?\b|\bchange ?log\b"
    ),
    "contact": re.compile(
        r"\bcontacts?\b|\bauthors?\b|\bdevelop(?:er|ed by)\b|\bfeedback\b|\bteam\b"
    ),
    "license_terms": re.compile(r"\blicen[cs]e\b|\blicensing\b|\bterms of use\b"),
}
TOPICS: tuple[str, ...] = (*_TOPICS, *_MORE_TOPICS)
"""Every topic looked for. The headings are those of the Hub's card template and of published
cards; objectives, training data, limitations and performance are what a review always asks for."""
_PLACEHOLDER = re.compile(
    r"\[?\s*more information needed\s*\]?(?:\([^)]*\))?|\b(?:todo|tbd|tba|fixme|n/a)\b"
    r"|\bto be (?:added|announced|completed|done|written|determined|filled(?: in)?)\b"
    r"|\bcoming soon\b|\bwork in progress\b|\bnot (?:available|applicable)(?: yet)?\b"
    r"|\bmore information (?:will|to) [a-z ]{0,30}|\badd (?:details|description) here\b",
    re.IGNORECASE,
)
_EMPTY_WORDS = frozenset({"none", "na", "unknown", "wip", "soon", "here", "yet", "null"})
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,500}(?:\s[^()]{0,100})?\)")


class Sections(Struct, frozen=True, kw_only=True):
    """The sections found and the card's title."""

    title: str = ""
    training_data: Section = Section()
    intended_use: Section = Section()
    limitations: Section = Section()
    evaluation: Section = Section()
    topics: dict[str, Section] = {}
    """Every topic of :data:`TOPICS` for which there is a heading."""


class _Heading(Struct, frozen=True):
    level: int
    text: str
    first: int
    """Line of the heading."""
    after: int
    """First line after it."""


def read_sections(markdown: str, problems: list[str]) -> Sections:
    """Return the sections of a card's Markdown; text past a limit is reported, not read."""
    if len(markdown) > _MAX_BODY:
        problems.append(f"Only the first {_MAX_BODY} characters of the text were read.")
        markdown = markdown[:_MAX_BODY]
    lines = markdown.replace("\r\n", "\n").split("\n")
    headings = _headings("\n".join(lines), problems)
    if len(headings) > _MAX_HEADINGS:
        problems.append(f"Only the first {_MAX_HEADINGS} headings were read.")
        # What stands below the unread headings must not count as text of the last one read.
        lines = lines[: headings[_MAX_HEADINGS].first]
        headings = headings[:_MAX_HEADINGS]
    title = next((heading.text for heading in headings if heading.level == 1), "")
    named = [(heading, _normal(heading.text)) for heading in headings]
    found = {topic: _section(topic, named, lines) for topic in TOPICS}
    return Sections(
        title=title[:_MAX_EXCERPT],
        topics={topic: section for topic, section in found.items() if section.heading},
        **{topic: found[topic] for topic in _TOPICS},
    )


def _headings(markdown: str, problems: list[str]) -> list[_Heading]:
    """Return all headings (``#`` and underlined), none of those inside code."""
    from markdown_it import MarkdownIt

    # Block structure only: what stands inside a line does not make a heading.
    parser = MarkdownIt("zero", {"maxNesting": 20}).enable(
        ["heading", "lheading", "fence", "code", "blockquote", "list", "hr", "html_block"]
    )
    try:
        tokens = parser.parse(markdown)
    except (RecursionError, IndexError, ValueError) as error:
        problems.append(f"The text cannot be read as Markdown: {type(error).__name__}.")
        return []
    return [
        _Heading(int(token.tag[1:]), _plain(inline.content), token.map[0], token.map[1])
        for token, inline in pairwise(tokens)
        if token.type == "heading_open" and token.map is not None
    ]


def _section(topic: str, named: list[tuple[_Heading, str]], lines: list[str]) -> Section:
    """Return the first section on a topic that states something, else the first one there is."""
    pattern = _TOPICS.get(topic) or _MORE_TOPICS[topic]
    first: Section | None = None
    for number, (heading, name) in enumerate(named):
        if not pattern.search(name):
            continue
        rest = [later for later, _ in named[number + 1 :]]
        end = next((later.first for later in rest if later.level <= heading.level), len(lines))
        inner = [later for later in rest if later.first < end]
        skip = {line for later in inner for line in range(later.first, later.after)}
        text = "\n".join(lines[at] for at in range(heading.after, end) if at not in skip)
        excerpt = _plain(text)
        section = Section(
            stated=_states(excerpt), heading=heading.text[:200], excerpt=excerpt[:_MAX_EXCERPT]
        )
        if section.stated:
            return section
        first = first or section
    return first or Section()


def _states(text: str) -> bool:
    """Tell whether anything is said once placeholders are gone."""
    rest = re.findall(r"[^\W_]+", _PLACEHOLDER.sub(" ", text))
    return any(word.lower() not in _EMPTY_WORDS for word in rest)


def _plain(text: str) -> str:
    """Return Markdown as running text, roughly."""
    text = _LINK.sub(r"\1", _TAG.sub(" ", _COMMENT.sub(" ", text)))
    return " ".join(text.replace("*", "").replace("`", "").split())


def _normal(heading: str) -> str:
    """Return a heading's words: no case, numbering, emoji or punctuation."""
    words = re.findall(r"[a-z]+", heading.lower())
    return " ".join(words)
