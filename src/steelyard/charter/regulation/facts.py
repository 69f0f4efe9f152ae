# SPDX-License-Identifier: Apache-2.0
"""What a charter's rules may know of a classification."""

import datetime
from collections.abc import Mapping

from steelyard.charter.facts import RegulationFacts
from steelyard.charter.regulation.answers import answers_of
from steelyard.charter.regulation.classify import classify
from steelyard.charter.regulation.prefill import answers_with, prefill
from steelyard.charter.regulation.result import Classification
from steelyard.kernel.use_case import UseCase


def eu_facts(result: Classification) -> RegulationFacts:
    """Return the facts of a classification."""
    return RegulationFacts(
        eu_class=result.eu_class,
        eu_roles=tuple(role.id for role in result.roles),
        gpai=result.gpai,
        eu_obligations=tuple(item.id for item in result.obligations if item.in_force),
        eu_open=result.open_questions,
    )


def classify_use_case(
    answers: Mapping[str, object], on: datetime.date, use_case: UseCase | None = None
) -> Classification:
    """Return the classification of the answers a use case carries (``eu_ai_act: {answers: …}``).

    With ``use_case`` its fields fill in what the answers leave out.

    Raises:
        InputError: a question or an answer is unknown.
    """
    given, reasons = answers_with(answers_of(answers), prefill(use_case))
    return classify(given, on, prefilled=reasons)
