# SPDX-License-Identifier: Apache-2.0
"""Turns the short sections of a charter (models, data, licenses) into ordinary rules.

Each generated rule has a fixed id such as ``licenses.forbid``, so that reports and explanations
show it like any other. Every guard is written so that what is not known never passes: a list of
forbidden values comes with a second rule for models that do not say.
"""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.charter.schema import (
    CharterDocument,
    DataSection,
    LicensesSection,
    ModelsSection,
    Rule,
    Selection,
)

_FACTS = {
    "tasks": ("model.task", "task"),
    "publishers": ("model.publisher", "publisher"),
    "libraries": ("model.library", "library"),
    "model_types": ("model.model_type", "model type"),
    "names": ("model.name", "name"),
}


def section_rules(document: CharterDocument, prefix: str = "") -> tuple[Rule, ...]:
    """Return the rules the sections of ``document`` stand for; ``prefix`` goes before each id."""
    rules: list[Rule] = []
    if document.models is not None:
        rules += _models(document.models, prefix)
    if document.data_sources is not None:
        rules += _data(document.data_sources, prefix)
    if document.licenses is not None:
        rules += _licenses(document.licenses, prefix)
    return tuple(rules)


def listed(words: tuple[str, ...]) -> str:
    """Return ``words`` as a list in the rule language."""
    return "[" + ", ".join(_quoted(word) for word in words) + "]"


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def _models(section: ModelsSection, prefix: str) -> Iterator[Rule]:
    asked = []
    for name, (fact, word) in _FACTS.items():
        allowed: tuple[str, ...] = getattr(section.allow, name)
        forbidden: tuple[str, ...] = getattr(section.forbid, name)
        known = None if fact == "model.name" else f"has({fact})"
        if allowed:
            yield Rule(
                id=f"{prefix}models.allow.{_dashed(name)}",
                why=f"The charter allows only models whose {word} it lists.",
                applies=known,
                require=f"{fact} in {listed(allowed)}",
                otherwise="reject",
                remedy=f"Choose a model whose {word} is listed, or ask for the charter to change.",
            )
        if forbidden:
            yield Rule(
                id=f"{prefix}models.forbid.{_dashed(name)}",
                why=f"The charter forbids models with this {word}.",
                applies=known,
                require=f"!({fact} in {listed(forbidden)})",
                otherwise="reject",
                remedy="Choose another model.",
            )
        if known and (allowed or forbidden):
            asked.append((name, fact, word))
    yield from _formats(section.allow, section.forbid, prefix)
    for name, fact, word in asked:
        yield Rule(
            id=f"{prefix}models.unknown.{_dashed(name)}",
            why=f"The charter judges models by {word}, and this model states none.",
            require=f"has({fact})",
            otherwise=section.unknown,
            condition=f"The owner states the model's {word} before it is used.",
            remedy=f"Ask the publisher to state the {word} in the model card.",
        )


def _formats(allow: Selection, forbid: Selection, prefix: str) -> Iterator[Rule]:
    if allow.formats:
        yield Rule(
            id=f"{prefix}models.allow.formats",
            why="The charter allows only weight formats it lists.",
            require=f"artifacts.weight_formats.all(f, f in {listed(allow.formats)})",
            otherwise="reject",
            remedy="Use weights in a listed format.",
        )
    if forbid.formats:
        yield Rule(
            id=f"{prefix}models.forbid.formats",
            why="The charter forbids this weight format.",
            require=f"!artifacts.weight_formats.exists(f, f in {listed(forbid.formats)})",
            otherwise="reject",
            remedy="Use weights in another format.",
        )


def _data(section: DataSection, prefix: str) -> Iterator[Rule]:
    training = section.training
    if training.forbid:
        yield Rule(
            id=f"{prefix}data.training.forbid",
            why="The charter does not accept models trained on this data.",
            require=f"!model.datasets.exists(d, d in {listed(training.forbid)})",
            otherwise="reject",
            remedy="Choose a model trained on other data.",
        )
    yield Rule(
        id=f"{prefix}data.training.unknown",
        why="Without named training data nobody can tell whether it was permissible.",
        require="provenance.datasets_stated || card.training_data.stated",
        otherwise=training.unknown,
        condition="The owner records where the training data came from before the model is used.",
        remedy="Ask the publisher to name the training data in the model card.",
    )


def _licenses(section: LicensesSection, prefix: str) -> Iterator[Rule]:
    review = f"review({', '.join(section.reviewers)})"
    yield Rule(
        id=f"{prefix}licenses.known",
        why="Without a known license there is no permission to use the model.",
        require="license.known",
        otherwise=review,
        remedy="Ask the publisher to state a license and include its text.",
    )
    if section.forbid:
        yield Rule(
            id=f"{prefix}licenses.forbid",
            why="The charter forbids this license.",
            require=_in_none(section.forbid),
            otherwise="reject",
            remedy="Choose a model under another license, or obtain one from the rights holder.",
        )
    if section.review:
        yield Rule(
            id=f"{prefix}licenses.review",
            why="This kind of license carries terms that a lawyer must weigh for the use case.",
            require=_in_none(section.review),
            otherwise=review,
            remedy="Have the license reviewed, or choose a permissively licensed model.",
        )
    if section.allow:
        every = (*section.allow, *section.review, *section.forbid)
        yield Rule(
            id=f"{prefix}licenses.listed",
            why="The charter has not said what it thinks of this license.",
            applies="license.known",
            require=f"license.category in {listed(every)}"
            f" || (size(license.keys) > 0 && license.keys.all(k, k in {listed(every)}))",
            otherwise=review,
            remedy="Have the license reviewed and listed in the charter.",
        )


def _in_none(words: tuple[str, ...]) -> str:
    # An unknown category is the business of the rule `licenses.known`; known keys count regardless.
    return (
        f"!(has(license.category) && license.category in {listed(words)})"
        f" && !license.keys.exists(k, k in {listed(words)})"
    )


def _dashed(name: str) -> str:
    return name.replace("_", "-")
