# SPDX-License-Identifier: Apache-2.0
"""What asking would lead to, before anybody asks: tier, track, who must agree, what is open.

A model nobody has examined is judged twice: by what is known, where everything unknown counts
against it as it always does, and as if its examination found nothing wrong. The truth lies between
the two, and the requester sees both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from steelyard.charter.facts import (
    ArtifactFacts,
    CardFacts,
    CardSectionFacts,
    Facts,
    LicenseFacts,
    ModelFacts,
    ProvenanceFacts,
    RegulationFacts,
    ScanFacts,
    use_case_facts,
)
from steelyard.kernel.assessment import Driver, Outcome, SignOff, Tier, Track
from steelyard.kernel.use_case import UseCase

if TYPE_CHECKING:
    from steelyard.charter.evaluate import Evaluation
    from steelyard.charter.schema import Charter

T = TypeVar("T", bound=Struct)


class Likely(Struct, frozen=True, kw_only=True):
    """One answer of the charter."""

    outcome: Outcome
    tier: Tier
    tier_reason: str
    """Which condition of the charter set the tier, with the facts it read."""
    drivers: tuple[Driver, ...]
    """What the score is made of, most first."""
    track: Track
    decided_by: str
    within: str
    sign_offs: tuple[SignOff, ...]
    conditions: tuple[str, ...]


class Open(Struct, frozen=True, kw_only=True):
    """A rule that is not satisfied, or that could not be asked."""

    rule: str
    effect: str
    message: str
    remedy: str
    unknown: tuple[str, ...]
    """Facts that nobody knows yet; empty for a rule that is broken for sure."""


class Preview(Struct, frozen=True, kw_only=True):
    """What asking would lead to."""

    environment: str
    charter: str
    charter_sha256: str
    examined: bool
    """The revision was examined before, so that only the use case is new."""
    now: Likely
    """By what is known."""
    at_best: Likely
    """If the examination finds nothing that counts against it."""
    open: tuple[Open, ...]


def preview(
    charter: Charter,
    sha256: str,
    use_case: UseCase,
    environment: str,
    today: dt.date,
    known: Mapping[str, Any] | None = None,
    name: str = "",
) -> Preview:
    """Return what ``charter`` would say; ``known`` are facts of the revision by path, if any.

    The ``name`` of a model is known before it is examined, and can give its purpose away.

    With facts of an examination there is one answer; what depends on license and use case together
    is asked again when the request is made.
    """
    from steelyard.charter.evaluate import evaluate

    stated = {"model.name": name} if name else {}
    facts = _facts(use_case, environment, today, {**stated, **(known or {})})
    now = evaluate(charter, facts, {}, today)
    best = now
    if known is None:
        best = evaluate(charter, _best(facts), {}, today)
    traces = {trace.rule: trace for trace in now.rules}
    return Preview(
        environment=environment,
        charter=f"{charter.name} {charter.version}",
        charter_sha256=sha256,
        examined=known is not None,
        now=_likely(now),
        at_best=_likely(best),
        open=tuple(
            Open(
                rule=reason.rule,
                effect=reason.effect,
                message=reason.message,
                remedy=reason.remedy,
                unknown=traces[reason.rule].unknown,
            )
            for reason in now.decision.reasons
        ),
    )


def _likely(found: Evaluation) -> Likely:
    return Likely(
        outcome=found.decision.outcome,
        tier=found.risk.tier,
        tier_reason=found.risk.tier_reason,
        drivers=found.risk.drivers,
        track=found.review.track,
        decided_by=found.review.decided_by,
        within=found.review.within,
        sign_offs=found.review.sign_offs_required,
        conditions=tuple(condition.text for condition in found.decision.conditions),
    )


def _facts(use_case: UseCase, environment: str, today: dt.date, known: Mapping[str, Any]) -> Facts:
    """Return the facts of a use case; those of the revision are unknown unless they are known."""
    from steelyard.charter.regulation.facts import classify_use_case, eu_facts

    regulation = RegulationFacts()
    if use_case.eu_ai_act is not None:
        regulation = eu_facts(classify_use_case(use_case.eu_ai_act, today, use_case))
    return Facts(
        environment=environment,
        today=today,
        use_case=use_case_facts(use_case),
        model=_group(ModelFacts, "model", known),
        artifacts=_group(ArtifactFacts, "artifacts", known),
        scan=_group(ScanFacts, "scan", known),
        license=_group(LicenseFacts, "license", known),
        card=_group(CardFacts, "card", known),
        provenance=_group(ProvenanceFacts, "provenance", known),
        regulation=regulation,
    )


def _group(kind: type[T], path: str, known: Mapping[str, Any]) -> T:
    """Return a group of facts in which everything that is not known is None, whatever its default:
    a count of findings is not zero before somebody looked."""
    values: dict[str, Any] = {}
    for name in kind.__struct_fields__:
        inner = f"{path}.{name}"
        if kind is CardFacts and any(key.startswith(f"{inner}.") for key in known):
            values[name] = _group(CardSectionFacts, inner, known)
        else:
            values[name] = known.get(inner)
    return kind(**values)


def _best(facts: Facts) -> Facts:
    """Return ``facts`` as an examination without a blemish would make them."""
    from msgspec.structs import replace

    stated = CardSectionFacts(stated=True)
    return replace(
        facts,
        model=replace(
            facts.model,
            name=facts.model.name or "",
            tags=(),
            formats=("safetensors",),
            base_models=(),
            datasets=(),
        ),
        artifacts=ArtifactFacts(
            file_count=1,
            size_bytes=1,
            executes_on_load=False,
            has_remote_code=False,
            formats=("safetensors",),
            weight_formats=("safetensors",),
            has_safetensors=True,
        ),
        scan=ScanFacts(worst="clean", coverage="full", isolated=True),
        license=LicenseFacts(
            known=True,
            conflict=False,
            has_text=True,
            category="permissive",
            commercial_use="yes",
            use="ok",
            clauses=(),
            use_policy=False,
            output_restrictions=False,
            naming_duty=False,
            share_alike=False,
        ),
        card=CardFacts(
            present=True,
            completeness=100,
            training_data=stated,
            intended_use=stated,
            limitations=stated,
            evaluation=stated,
        ),
        provenance=ProvenanceFacts(
            revision_immutable=True,
            base_models_stated=True,
            datasets_stated=True,
            origin="stated",
            signed=True,
            signature="verified",
            signed_whole=True,
        ),
    )
