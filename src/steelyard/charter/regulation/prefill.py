# SPDX-License-Identifier: Apache-2.0
"""Answers that follow from what is already written down. They are suggestions and shown as such.

A suggestion leans to the strict side: it may say that something applies, and that it does not only
where the use case states so (no personal data, no place in the Union).
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from steelyard.charter.regulation.machine import Answer
from steelyard.kernel.lineage_answer import GpaiFacts
from steelyard.kernel.use_case import UseCase

_MEMBERS = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
UNION = frozenset({"EU", "IS", "LI", "NO"}.union(_MEMBERS.split(" ")))
"""The Union, its Member States, and the three other states of the European Economic Area."""

_AREAS = {
    "education": "education",
    "employment": "employment",
    "human-resources": "employment",
    "recruiting": "employment",
    "finance": "essential-services",
    "bank": "essential-services",
    "banking": "essential-services",
    "insurance": "essential-services",
    "health": "essential-services",
    "public-administration": "essential-services",
    "law-enforcement": "law-enforcement",
    "police": "law-enforcement",
    "migration": "migration",
    "justice": "justice",
}
_GENERATES = ("text-generation", "text-to-", "image-to-", "any-to-any", "summarization")
_GENERATES_TOO = ("image-text-to-text", "text2text-generation", "translation")


class Suggestion(Struct, frozen=True):
    """A suggested answer and where it comes from."""

    answer: Answer
    why: str


def prefill(
    use_case: UseCase | None = None,
    *,
    task: str | None = None,
    gpai: GpaiFacts | None = None,
) -> dict[str, Suggestion]:
    """Return suggested answers by question.

    ``task`` is the model's pipeline tag; ``gpai`` what license and lineage say
    (:mod:`steelyard.licensing.gpai`).
    """
    found: dict[str, Suggestion] = {}
    if use_case is not None:
        found |= _place(use_case) | _use(use_case)
    if task is not None and (task.startswith(_GENERATES) or task in _GENERATES_TOO):
        found["transparency.synthetic"] = Suggestion(("yes",), f"the model's task is {task}")
    if gpai is not None:
        found |= _gpai(gpai)
    return found


def answers_with(
    given: Mapping[str, Answer], suggested: Mapping[str, Suggestion]
) -> tuple[dict[str, Answer], dict[str, str]]:
    """Return all answers, given ones first, and where the suggested ones among them come from."""
    reasons = {name: each.why for name, each in suggested.items() if name not in given}
    return {**{name: each.answer for name, each in suggested.items()}, **given}, reasons


def _place(use_case: UseCase) -> dict[str, Suggestion]:
    regions = {region.upper() for region in use_case.regions}
    stated = use_case.establishment
    home = {part.strip().upper() for part in stated.split(",") if part.strip()} if stated else set()
    inside = sorted((regions | home) & UNION)
    if inside:
        chosen = ("offered", "used") if use_case.redistributes else ("used",)
        return {"scope.eu": Suggestion(chosen, f"the use case names {', '.join(inside)}")}
    if home:
        why = f"the use case names {', '.join(sorted(regions | home))} only"
        return {"scope.eu": Suggestion(("none",), why)}
    return {}


def _use(use_case: UseCase) -> dict[str, Suggestion]:
    found = {
        "scope.ai": Suggestion(("yes",), "a machine-learning model is used"),
        "roles": Suggestion(
            ("downstream-provider", "deployer"),
            "you build on an open-weight model and use the result",
        ),
    }
    area = _AREAS.get(use_case.sector)
    if area is not None:
        found["annex3.areas"] = Suggestion((area,), f"the sector is {use_case.sector}")
    if use_case.personal_data == "none":
        found["annex3.profiling"] = Suggestion(("no",), "there are no personal data")
    if use_case.exposure == "public" and use_case.autonomy != "assistive":
        found["transparency.interacts"] = Suggestion(("yes",), "the public can reach it")
    if use_case.people_affected == "staff":
        found["high-risk.workplace"] = Suggestion(("yes",), "staff are affected")
    if use_case.sector in ("public-administration", "law-enforcement", "police", "justice"):
        found["high-risk.public-body"] = Suggestion(
            ("authority",), f"the sector is {use_case.sector}"
        )
    return found


def _gpai(facts: GpaiFacts) -> dict[str, Suggestion]:
    found = {}
    for name, fact in (
        ("gpai.open-source", facts.open_source_exemption),
        ("gpai.modification", facts.modifier_becomes_provider),
    ):
        if fact.answer != "unknown":
            found[name] = Suggestion((fact.answer,), " ".join(fact.reasons))
    return found
