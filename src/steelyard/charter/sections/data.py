# SPDX-License-Identifier: Apache-2.0
"""Rules for permissible data: what a model was trained on, and what it will be used on."""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.charter.schema import DataSection, Rule, TrainingSection, UseDataSection
from steelyard.charter.sections.writing import is_one_of


def data_rules(section: DataSection, prefix: str) -> Iterator[Rule]:
    """Yield the rules of a section about data."""
    if section.training is not None:
        yield from _training(section.training, prefix)
    if section.use is not None:
        yield from _use(section.use, prefix)


def _training(training: TrainingSection, prefix: str) -> Iterator[Rule]:
    if training.forbid:
        yield Rule(
            id=f"{prefix}data.training.forbid",
            why="The charter does not accept models trained on this data.",
            require=f"!model.datasets.exists(d, {is_one_of('d', training.forbid)})",
            otherwise=training.otherwise,
            condition="The owner shows that the forbidden data has no part in this use.",
            remedy="Choose a model trained on other data.",
        )
    if training.allow:
        yield Rule(
            id=f"{prefix}data.training.listed",
            why="The charter has not said what it thinks of all the data this was trained on.",
            require=f"model.datasets.all(d, {is_one_of('d', (*training.allow, *training.forbid))})",
            otherwise=training.unlisted,
            condition="The owner records why the data is permissible before the model is used.",
            remedy="Have the datasets reviewed and listed in the charter.",
        )
    yield Rule(
        id=f"{prefix}data.training.unknown",
        why="Without named training data nobody can tell whether it was permissible.",
        require="provenance.datasets_stated || card.training_data.stated",
        otherwise=training.unknown,
        condition="The owner records where the training data came from before the model is used.",
        remedy="Ask the publisher to name the training data in the model card.",
    )


def _use(use: UseDataSection, prefix: str) -> Iterator[Rule]:
    named = "has(use_case.data_sources) && size(use_case.data_sources) > 0"
    if use.forbid:
        yield Rule(
            id=f"{prefix}data.use.forbid",
            why="The charter does not let this data be used with models from outside.",
            applies=named,
            require=f"!use_case.data_sources.exists(d, {is_one_of('d', use.forbid)})",
            otherwise=use.otherwise,
            condition="The owner keeps the forbidden data away from the model.",
            remedy="Take other data, or ask for the charter to change.",
        )
    if use.allow:
        every = (*use.allow, *use.forbid)
        yield Rule(
            id=f"{prefix}data.use.listed",
            why="The charter has not said what it thinks of all the data this will be used on.",
            applies=named,
            require=f"use_case.data_sources.all(d, {is_one_of('d', every)})",
            otherwise=use.unlisted,
            condition="The owner records why the data may be used before the model is used on it.",
            remedy="Have the sources reviewed and listed in the charter.",
        )
    yield Rule(
        id=f"{prefix}data.use.unknown",
        why="Nobody can tell whether data may be used that nobody names.",
        require=named,
        otherwise=use.unknown,
        condition="The owner names the sources of the data before the model is used on it.",
        remedy="Name the sources in `data_sources` of the use case.",
    )
