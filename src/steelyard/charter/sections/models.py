# SPDX-License-Identifier: Apache-2.0
"""Rules for which models may come in: by task, publisher, format, size, age and the like."""

from __future__ import annotations

import re
from collections.abc import Iterator

from steelyard.charter.durations import whole_days
from steelyard.charter.schema import ModelsSection, Rule, Selection
from steelyard.charter.sections.writing import dashed, is_one_of, listed

_FACTS = {
    "tasks": ("model.task", "task"),
    "publishers": ("model.publisher", "publisher"),
    "libraries": ("model.library", "library"),
    "model_types": ("model.model_type", "model type"),
    "names": ("model.name", "name"),
}
_LISTS = {
    "formats": ("artifacts.weight_formats", "weight format", False),
    "modalities": ("model.modalities", "modality", True),
    "architectures": ("model.architectures", "architecture", False),
}
"""Facts that are lists, the word for one entry, and whether the whole list may be unknown."""


def model_rules(section: ModelsSection, prefix: str) -> Iterator[Rule]:
    """Yield the rules of a section about models."""
    asked: list[tuple[str, str, str]] = []
    for name, (fact, word) in _FACTS.items():
        yield from _one(section, prefix, name, fact, word)
        if fact != "model.name" and _used(section, name):
            asked.append((name, f"has({fact})", word))
    for name, (fact, word, optional) in _LISTS.items():
        yield from _several(section, prefix, name, fact, word, optional)
        if name != "formats" and _used(section, name):
            known = f"has({fact})" if optional else f"size({fact}) > 0"
            asked.append((name, known, word))
    if section.allow.origins or section.forbid.origins:
        yield from _origins(section, prefix)
    if section.most_parameters is not None:
        asked.append(("parameters", "has(model.parameters)", "number of parameters"))
    if section.oldest is not None or section.settled_for is not None:
        asked.append(("published", "has(model.published)", "day of publication"))
    for name, known, word in asked:
        yield Rule(
            id=f"{prefix}models.unknown.{dashed(name)}",
            why=f"The charter judges models by {word}, and this model states none.",
            require=known,
            otherwise=section.unknown,
            condition=f"The owner states the model's {word} before it is used.",
            remedy=f"Ask the publisher to state the {word} in the model card.",
        )
    yield from _size_and_age(section, prefix)


def _used(section: ModelsSection, name: str) -> bool:
    return bool(getattr(section.allow, name) or getattr(section.forbid, name))


def _one(section: ModelsSection, prefix: str, name: str, fact: str, word: str) -> Iterator[Rule]:
    allowed, forbidden = _words(section.allow, name), _words(section.forbid, name)
    known = None if fact == "model.name" else f"has({fact})"
    if allowed:
        yield Rule(
            id=f"{prefix}models.allow.{dashed(name)}",
            why=f"The charter allows only models whose {word} it lists.",
            applies=known,
            require=is_one_of(fact, allowed),
            otherwise="reject",
            remedy=f"Choose a model whose {word} is listed, or ask for the charter to change.",
        )
    if forbidden:
        yield Rule(
            id=f"{prefix}models.forbid.{dashed(name)}",
            why=f"The charter forbids models with this {word}.",
            applies=known,
            require=f"!({is_one_of(fact, forbidden)})",
            otherwise="reject",
            remedy="Choose another model.",
        )


def _several(
    section: ModelsSection, prefix: str, name: str, fact: str, word: str, optional: bool
) -> Iterator[Rule]:
    allowed, forbidden = _words(section.allow, name), _words(section.forbid, name)
    known = f"has({fact})" if optional else None
    if allowed:
        yield Rule(
            id=f"{prefix}models.allow.{dashed(name)}",
            why=f"The charter allows only a {word} it lists.",
            applies=known,
            require=f"{fact}.all(x, {is_one_of('x', allowed)})",
            otherwise="reject",
            remedy=f"Use a model with a listed {word}.",
        )
    if forbidden:
        yield Rule(
            id=f"{prefix}models.forbid.{dashed(name)}",
            why=f"The charter forbids this {word}.",
            applies=known,
            require=f"!{fact}.exists(x, {is_one_of('x', forbidden)})",
            otherwise="reject",
            remedy=f"Use a model with another {word}.",
        )


def _words(selection: Selection, name: str) -> tuple[str, ...]:
    words: tuple[str, ...] = getattr(selection, name)
    return words


def _origins(section: ModelsSection, prefix: str) -> Iterator[Rule]:
    """Origins are the organization's own table, so they become lists of publishers."""
    table = section.publishers
    for verb, wanted in (("allow", section.allow.origins), ("forbid", section.forbid.origins)):
        if not wanted:
            continue
        found = [name for name, terms in table.items() if terms.origin in wanted]
        inside = f"model.publisher in {listed(found)}"
        # A publisher that is not in the table is the business of the rule about unknown origins.
        listed_one = f"has(model.publisher) && model.publisher in {listed(table)}"
        yield Rule(
            id=f"{prefix}models.{verb}.origins",
            why=f"The charter {verb}s publishers by where they are: {', '.join(wanted)}.",
            applies=listed_one,
            require=inside if verb == "allow" else f"!({inside})",
            otherwise="reject",
            remedy="Choose a model of another publisher.",
        )
    yield Rule(
        id=f"{prefix}models.unknown.origins",
        why="The charter judges publishers by where they are, and does not know this one.",
        require=f"has(model.publisher) && model.publisher in {listed(table)}",
        otherwise=section.unknown,
        condition="The owner records where the publisher is before the model is used.",
        remedy="Find out where the publisher is, and add it to the charter's table of publishers.",
    )


def _size_and_age(section: ModelsSection, prefix: str) -> Iterator[Rule]:
    limits = (
        ("most-parameters", "model.parameters", "model.parameters <= {}",
         section.most_parameters, "more parameters than the charter accepts",
         "Choose a smaller model."),
        ("most-bytes", None, "model.size_bytes <= {}",
         section.most_bytes, "larger files than the charter accepts",
         "Choose a smaller model, or a quantized one."),
        ("oldest", "model.published", "days_since(model.published) <= {}",
         _days(section.oldest), "an age the charter does not accept",
         "Choose a revision that is maintained."),
        ("settled-for", "model.published", "days_since(model.published) >= {}",
         _days(section.settled_for), "not been public long enough",
         "Wait, or take an earlier revision: most poisoned uploads are found within days."),
    )  # fmt: skip
    for name, fact, require, limit, words, remedy in limits:
        if limit is None:
            continue
        yield Rule(
            id=f"{prefix}models.{name}",
            why=f"The model has {words} (limit: {_shown(name, limit)}).",
            applies=fact and f"has({fact})",
            require=require.format(limit),
            otherwise=section.otherwise,
            condition="The owner records why this model is used in spite of its size or age.",
            remedy=remedy,
        )


def _days(length: str | None) -> int | None:
    return None if length is None else whole_days(length)


def _shown(name: str, limit: int) -> str:
    unit = {"most-parameters": "parameters", "most-bytes": "bytes"}.get(name, "days")
    return re.sub(r"(?<=\d)(?=(\d{3})+$)", ",", str(limit)) + f" {unit}"
