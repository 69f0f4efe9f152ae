# SPDX-License-Identifier: Apache-2.0
"""What a replay needs of a recorded assessment: the facts, whose they are, what was decided.

A record is a whole assessment document (``steelyard.assessment/v1``), or the same without all that
a replay does not read (``steelyard.recorded/v1``). Of both only these fields are looked at.
"""

from __future__ import annotations

import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from steelyard.charter.batch import Decided, FiredRule
from steelyard.charter.facts import Facts
from steelyard.kernel.assessment import Effect, Outcome, Tier, Track
from steelyard.kernel.errors import InputError

RECORDED_SCHEMA = "steelyard.recorded/v1"
_NEXT = "Give one assessment.json, or one record of its facts, on each line."


class RecordedSubject(Struct, frozen=True, kw_only=True):
    """The revision that was assessed."""

    name: str
    purl: str = ""
    commit: str | None = None
    manifest_sha256: str = ""


class RecordedUseCase(Struct, frozen=True, kw_only=True):
    """For what, and for whom. ``unit`` is the business unit, where one is named."""

    name: str
    owner: str = ""
    unit: str | None = None


class RecordedReason(Struct, frozen=True, kw_only=True):
    """A rule that fired."""

    rule: str
    effect: Effect


class RecordedDecision(Struct, frozen=True, kw_only=True):
    """What was decided, and by which rules."""

    outcome: Outcome
    reasons: tuple[RecordedReason, ...] = ()


class RecordedRisk(Struct, frozen=True, kw_only=True):
    """The risk that was worked out."""

    tier: Tier
    score: int = 0


class RecordedSignOff(Struct, frozen=True, kw_only=True):
    """A role that had to sign off."""

    role: str


class RecordedReview(Struct, frozen=True, kw_only=True):
    """The review that was asked for."""

    track: Track
    sign_offs_required: tuple[RecordedSignOff, ...] = ()


class RecordedCharter(Struct, frozen=True, kw_only=True):
    """The charter that decided."""

    sha256: str = ""


class Record(Struct, frozen=True, kw_only=True):
    """One recorded assessment; what is optional here a short record may leave out."""

    schema: Literal["steelyard.assessment/v1", "steelyard.recorded/v1"]
    subject: RecordedSubject
    use_case: RecordedUseCase
    facts: Facts
    decision: RecordedDecision | None = None
    risk: RecordedRisk | None = None
    review: RecordedReview | None = None
    charter: RecordedCharter | None = None
    assessed_at: str = ""

    @property
    def day(self) -> datetime.date:
        """The day it was assessed."""
        try:
            return datetime.date.fromisoformat(self.assessed_at[:10])
        except ValueError:
            return self.facts.today

    @property
    def team(self) -> str:
        """Whose use case it is: the business unit, or else the owner."""
        return self.use_case.unit or self.use_case.owner or "not stated"

    def decided(self) -> Decided:
        """Return the recorded decision as a batch would give it.

        Raises:
            InputError: the record does not say what was decided.
        """
        if self.decision is None or self.risk is None:
            raise InputError(
                "It records no decision and risk tier to compare with.",
                next_step="Replay it from one charter to another instead.",
                code="recorded.undecided",
            )
        asked = self.review.sign_offs_required if self.review is not None else ()
        return Decided(
            outcome=self.decision.outcome,
            tier=self.risk.tier,
            score=self.risk.score,
            track=self.review.track if self.review is not None else "",
            fired=tuple(
                FiredRule(rule=reason.rule, effect=reason.effect)
                for reason in self.decision.reasons
            ),
            sign_offs=tuple(item.role for item in asked),
        )


_DECODER = msgspec.json.Decoder(Record)


def read_record(document: bytes | memoryview) -> Record:
    """Return the record in one JSON document.

    Raises:
        InputError: it is none, or its facts are not those of this version.
    """
    try:
        return _DECODER.decode(document)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        said = str(error)[:300].rstrip(".")
        raise InputError(
            f"It is not a recorded assessment: {said}.", next_step=_NEXT, code="recorded.invalid"
        ) from error
