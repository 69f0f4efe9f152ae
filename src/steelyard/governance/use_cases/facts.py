# SPDX-License-Identifier: Apache-2.0
"""Reads a use case as its owner wrote it (``use-case.yaml``), with a place for every error."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import structs

from steelyard.charter.document import Document
from steelyard.charter.regulation.answers import answers_of
from steelyard.charter.schema import Term
from steelyard.charter.yaml_nodes import Node
from steelyard.kernel.errors import InputError
from steelyard.kernel.use_case import UseCase

_MAIL = re.compile(r"\A[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_NAME = re.compile(r"\A[a-z0-9]+(-[a-z0-9]+)*\Z")
_REGION = re.compile(r"\A[A-Z]{2}\Z")
_ENVIRONMENT = re.compile(r"\A[a-z][a-z0-9-]*\Z")


def load_use_case(text: str, file: str, terms: tuple[Term, ...] = ()) -> UseCase:
    """Return the use case written in ``text``; ``file`` names it in errors.

    ``terms`` are words of a business unit that the charter explains; what they mean stands in the
    use case that is returned. Whether it has expired is for the caller to say, who knows the date.

    Raises:
        DocumentErrors: the text is not a use case; every error with its line and column.
    """
    document = Document(text, file)
    document.root = _governed(document.root, terms)
    use_case = document.decode(UseCase)
    _check(document, use_case)
    document.raise_errors()
    return use_case


def _governed(root: Node, terms: tuple[Term, ...]) -> Node:
    """Return the use case with a unit's own words replaced by those of the vocabulary."""
    if not isinstance(root.value, dict) or not terms:
        return root
    unit = root.value.get("unit")
    named = unit.value if unit is not None else ""
    meant = {(term.field, term.word): term.means for term in terms if term.unit in ("", named)}

    def spoken(field: str, node: Node) -> Node:
        if isinstance(node.value, list):
            return structs.replace(node, value=[spoken(field, each) for each in node.value])
        means = meant.get((field, node.value)) if isinstance(node.value, str) else None
        return node if means is None else structs.replace(node, value=means, tag="str")

    return structs.replace(
        root, value={name: spoken(name, node) for name, node in root.value.items()}
    )


def check_environment(name: str) -> None:
    """Refuse an environment that no charter would recognize, such as ``Production``.

    Raises:
        InputError: it is not a lower-case word.
    """
    if not _ENVIRONMENT.match(name):
        raise InputError(
            f"The environment must be a lower-case word, not {name!r}.",
            next_step="Write it like sandbox, staging or production.",
            code="environment.name",
        )


def _check(document: Document, use_case: UseCase) -> None:
    for place, message, step in faults(use_case):
        document.error_at(place, message, step)


Fault = tuple[tuple[str | int, ...], str, str]


def faults(use_case: UseCase) -> Iterator[Fault]:
    """Yield what types alone do not refuse: the place, a sentence and a next step."""
    if not _NAME.match(use_case.name):
        yield (
            ("name",),
            f"The name must be lower-case words with dashes, not {use_case.name!r}.",
            "Write it like internal-search.",
        )
    for field in ("owner", "sponsor"):
        address = getattr(use_case, field)
        if address is not None and not _MAIL.match(address):
            yield (
                (field,),
                f"The {field} must be a mail address, not {address!r}.",
                "Decisions and alerts are sent there.",
            )
    if not use_case.purpose.strip():
        yield ("purpose",), "The purpose is empty.", "Say what the model will do."
    if not _ENVIRONMENT.match(use_case.environment):
        yield (
            ("environment",),
            f"The environment must be a lower-case word, not {use_case.environment!r}.",
            "Write it like sandbox, staging or production.",
        )
    if not _NAME.match(use_case.sector):
        yield (
            ("sector",),
            f"The sector must be lower-case words with dashes, not {use_case.sector!r}.",
            "Charters compare it letter by letter: health, finance, public-administration.",
        )
    yield from _regions(use_case)
    yield from _answers(use_case)
    for field in ("monthly_users", "revenue_usd"):
        number = getattr(use_case, field)
        if number is not None and number < 0:
            yield (field,), f"{field!r} cannot be negative.", ""


def _regions(use_case: UseCase) -> Iterator[Fault]:
    if not use_case.regions:
        yield ("regions",), "Name at least one region.", "Write it like [EU, US]."
    for index, region in enumerate(use_case.regions):
        if not _REGION.match(region):
            yield (
                ("regions", index),
                f"A region is an ISO country code of two capitals, or EU, not {region!r}.",
                "",
            )


def _answers(use_case: UseCase) -> Iterator[Fault]:
    for question, answer in (use_case.eu_ai_act or {}).items():
        try:
            answers_of({question: answer})
        except InputError as error:
            yield ("eu_ai_act", question), error.message, error.next_step
