# SPDX-License-Identifier: Apache-2.0
"""What a revision says about itself: model card, configuration, package metadata.

Everything here was read from hostile files inside the sandbox and is a *claim*, never a fact
about the bytes; the sandbox bounds every string.
"""

from __future__ import annotations

from msgspec import Struct


class Section(Struct, frozen=True, kw_only=True):
    """Whether a card states something, where, and its first words (at most 500 characters)."""

    stated: bool = False
    heading: str = ""
    excerpt: str = ""


class EvaluationResult(Struct, frozen=True, kw_only=True):
    """One row of a card's ``model-index``."""

    task: str = ""
    dataset: str = ""
    metric: str = ""
    value: str = ""


class CardQuote(Struct, frozen=True, kw_only=True):
    """A figure or a statement in a card's text, with the sentence it stands in."""

    name: str
    """``parameters · training_tokens · knowledge_cutoff · context_length · compute · emissions ·
    synthetic_data · personal_data · performance``"""
    value: str
    quote: str


class ModelCard(Struct, frozen=True, kw_only=True):
    """A model card (``README.md``): front matter and the sections the charter asks about."""

    path: str
    title: str = ""
    license: tuple[str, ...] = ()
    license_name: str = ""
    license_link: str = ""
    base_models: tuple[str, ...] = ()
    base_model_relation: str = ""
    datasets: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    pipeline_tag: str = ""
    library_name: str = ""
    evaluations: tuple[EvaluationResult, ...] = ()
    training_data: Section = Section()
    intended_use: Section = Section()
    limitations: Section = Section()
    evaluation: Section = Section()
    topics: dict[str, Section] = {}
    """Every topic the card has a heading for, the four above among them."""
    quotes: tuple[CardQuote, ...] = ()
    problems: tuple[str, ...] = ()
    """Sentences about what could not be read (broken front matter …)."""


class ModelConfig(Struct, frozen=True, kw_only=True):
    """What ``config.json`` and its kin say."""

    path: str
    model_type: str = ""
    architectures: tuple[str, ...] = ()
    auto_map: tuple[str, ...] = ()
    library: str = ""
    """Of a pipeline description such as ``modules.json`` or ``model_index.json``."""
    base_models: tuple[str, ...] = ()
    """Of an adapter: the models it is loaded on top of."""
    library_version: str = ""
    """Version of the library that wrote it."""


class PackageMetadata(Struct, frozen=True, kw_only=True):
    """Core metadata of a Python package found in the tree (``METADATA``, ``PKG-INFO``)."""

    path: str
    name: str = ""
    version: str = ""
    summary: str = ""
    license: str = ""
    license_expression: str = ""
    classifiers: tuple[str, ...] = ()
    home_page: str = ""
