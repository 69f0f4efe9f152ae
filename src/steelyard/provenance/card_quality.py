# SPDX-License-Identifier: Apache-2.0
"""How much a model card really says, what is missing, and whether its data may be used.

A heading is not a statement: what the Hub's template leaves behind counts as a template. The score
is the share of the required topics that hold content, so it can be read back from its rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from steelyard.kernel.card import CardQuote, ModelCard, Section
from steelyard.kernel.errors import InputError
from steelyard.provenance.sections import TOPICS

REQUIRED = ("objectives", "intended_use", "training_data", "limitations", "performance")
"""What a review asks of every card when nobody says otherwise."""
FIELDS = ("license", "datasets", "base_model", "pipeline_tag", "language", "library_name")
"""Front matter that can be required besides the topics."""

State = Literal["stated", "template", "absent"]
DataState = Literal["permitted", "forbidden", "unlisted"]

ASKS: dict[str, str] = {
    "objectives": "Say what the model was made to do and how that is measured.",
    "intended_use": "Say for what uses and users the model is meant.",
    "out_of_scope": "Name the uses the model is not fit for.",
    "training_data": "Name the training data, where it comes from and until when it reaches.",
    "training_procedure": "Say how the model was trained, with its main settings.",
    "limitations": "Say where the model fails and what its known risks are.",
    "fairness": "Say for which groups it was measured and what differed.",
    "evaluation": "Give results with data set, metric and setting.",
    "performance": "Give the performance users can rely on, with data set and metric.",
    "personal_data": "Say whether personal data was used and how it was treated.",
    "how_to_use": "Show how to load and call the model.",
    "environment": "Give hardware, hours and emissions of training.",
    "maintenance": "Say who maintains the model, how changes are announced and until when.",
    "contact": "Say whom to write to.",
    "license_terms": "Say under which license the weights are and what it asks.",
    "license": "Name the license in the front matter.",
    "datasets": "List the training data sets in the front matter.",
    "base_model": "Name the base model in the front matter, or that there is none.",
    "pipeline_tag": "Name the task in the front matter.",
    "language": "List the languages in the front matter.",
    "library_name": "Name the library in the front matter.",
}
"""What to write, by topic or field."""


class CardRow(Struct, frozen=True, kw_only=True):
    """One topic: whether it holds content, under which heading, and its first words."""

    topic: str
    required: bool
    state: State
    heading: str = ""
    quote: str = ""
    ask: str = ""
    """What to write; empty where something is said."""


class DataUse(Struct, frozen=True, kw_only=True):
    """A data set the card names against the sources that are permitted and forbidden."""

    name: str
    state: DataState
    pattern: str = ""
    """The pattern that decided."""


class CardQuality(Struct, frozen=True, kw_only=True):
    """What a card is worth to a reviewer. ``score`` is 0 to 100."""

    path: str
    score: int
    rows: tuple[CardRow, ...]
    missing: tuple[str, ...]
    quotes: tuple[CardQuote, ...]
    datasets: tuple[DataUse, ...]
    problems: tuple[str, ...]
    schema: str = "steelyard.card/v1"


def card_quality(
    card: ModelCard | None,
    required: Sequence[str] = REQUIRED,
    *,
    permitted: Sequence[str] = (),
    forbidden: Sequence[str] = (),
) -> CardQuality:
    """Return what ``card`` says of ``required`` and every other topic. No card says nothing.

    ``permitted`` and ``forbidden`` are patterns of data set names, as :func:`data_use` reads them.

    Raises:
        InputError: a required word is neither a topic nor a field.
    """
    known = (*TOPICS, *FIELDS)
    for word in required:
        if word not in known:
            raise InputError(
                f"A model card has no topic {word!r}.",
                next_step=f"Known are {', '.join(known)}.",
                code="card.topic",
            )
    wanted = tuple(dict.fromkeys(required))
    others = [topic for topic in TOPICS if topic not in wanted]
    rows = tuple(_row(card, topic, topic in wanted) for topic in (*wanted, *others))
    missing = tuple(row.topic for row in rows if row.required and row.state != "stated")
    return CardQuality(
        path=card.path if card else "",
        score=round(100 * (len(wanted) - len(missing)) / len(wanted)) if wanted else 100,
        rows=rows,
        missing=missing,
        quotes=card.quotes if card else (),
        datasets=tuple(
            data_use(name, permitted, forbidden) for name in (card.datasets if card else ())
        ),
        problems=card.problems if card else ("There is no model card.",),
    )


def data_use(name: str, permitted: Sequence[str], forbidden: Sequence[str]) -> DataUse:
    """Say whether a data set may be used. Forbidden beats permitted; with neither it is unlisted.

    Patterns are names with ``*`` and ``?``, compared without case: ``wikimedia/*``.
    """
    for state, patterns in (("forbidden", forbidden), ("permitted", permitted)):
        for pattern in patterns:
            if _matcher(pattern.lower()).match(name.lower()):
                return DataUse(name=name, state=state, pattern=pattern)  # type: ignore[arg-type]
    return DataUse(name=name, state="unlisted")


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


def _row(card: ModelCard | None, topic: str, required: bool) -> CardRow:
    ask = ASKS[topic]
    if card is None:
        return CardRow(topic=topic, required=required, state="absent", ask=ask)
    if topic in FIELDS:
        return _field(card, topic, required)
    section = card.topics.get(topic, Section())
    if section.stated:
        return CardRow(
            topic=topic,
            required=required,
            state="stated",
            heading=section.heading,
            quote=section.excerpt,
        )
    if topic in ("performance", "evaluation") and card.evaluations:
        first = card.evaluations[0]
        words = " ".join(filter(None, (first.dataset, first.metric, first.value)))
        return CardRow(
            topic=topic, required=required, state="stated", heading="model-index", quote=words
        )
    state: State = "template" if section.heading else "absent"
    return CardRow(topic=topic, required=required, state=state, heading=section.heading, ask=ask)


def _field(card: ModelCard, name: str, required: bool) -> CardRow:
    values: dict[str, Sequence[str]] = {
        "license": card.license,
        "datasets": card.datasets,
        "base_model": card.base_models,
        "pipeline_tag": [card.pipeline_tag] if card.pipeline_tag else [],
        "language": card.languages,
        "library_name": [card.library_name] if card.library_name else [],
    }
    said = ", ".join(values[name])
    return CardRow(
        topic=name,
        required=required,
        state="stated" if said else "absent",
        heading="front matter" if said else "",
        quote=said[:500],
        ask="" if said else ASKS[name],
    )
