# SPDX-License-Identifier: Apache-2.0
"""The charter: how it is written (:class:`CharterDocument`) and what it means (:class:`Charter`).

The document is what people write and read aloud, with short sections for models, data and licenses.
The resolved charter has only rules: sections compiled, the profile it extends merged in, controls
and references looked up. Its canonical JSON names it and replays a decision without any catalog.
"""

import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from steelyard.kernel.assessment import (
    ControlTask,
    Effect,
    Reference,
    Tier,
    Track,
)

TIERS: tuple[Tier, ...] = ("low", "moderate", "high", "critical")
"""Best first."""

Duration = Annotated[
    str,
    Meta(
        pattern=r"\A[1-9]\d{0,3} (business )?(day|week|month|year)s?\Z",
        description="a length of time such as '90 days', '12 months' or '5 business days'",
    ),
]
Name = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z][a-z0-9]*([.-][a-z0-9]+)*\Z",
        description="a name of lower-case letters, digits, dots and dashes",
    ),
]
Role = Name
Consequence = Annotated[
    str,
    Meta(
        pattern=r"\A(reject|warn|condition|review(\([a-z][a-z0-9-]*( ?, ?[a-z][a-z0-9-]*)*\))?)\Z",
        description="reject, warn, condition, review or review(role, …)",
    ),
]
Expression = Annotated[str, Meta(max_length=2000)]
Words = tuple[str, ...]
_EFFECTS: dict[str, Effect] = {
    "reject": "reject",
    "review": "review",
    "condition": "condition",
    "warn": "warn",
}


class ReviewPlan(Struct, frozen=True, kw_only=True):
    """When the charter itself is reviewed."""

    every: Duration
    also_on: Words = ()


class Selection(Struct, frozen=True, kw_only=True):
    """Models picked by what they say they are."""

    tasks: Words = ()
    publishers: Words = ()
    libraries: Words = ()
    model_types: Words = ()
    names: Words = ()
    formats: Words = ()


class ModelsSection(Struct, frozen=True, kw_only=True):
    """Which models may come in. ``unknown`` is what happens when a model does not say."""

    allow: Selection = Selection()
    forbid: Selection = Selection()
    unknown: Consequence = "review(model-owner)"


class TrainingSection(Struct, frozen=True, kw_only=True):
    """Which training data is not acceptable, and what happens when none is named."""

    forbid: Words = ()
    unknown: Consequence = "review(privacy)"


class DataSection(Struct, frozen=True, kw_only=True):
    """Permissible data sources."""

    training: TrainingSection


class LicensesSection(Struct, frozen=True, kw_only=True):
    """Licenses by category, or by catalog key. What is in no list is reviewed."""

    allow: Words = ()
    review: Words = ()
    forbid: Words = ()
    reviewers: tuple[Role, ...] = ("legal",)


class Dimension(Struct, frozen=True, kw_only=True):
    """One contribution to the risk score.

    Either ``of`` names a fact and ``points`` gives points for its values (``other`` for the rest),
    or ``when`` is a condition that ``adds`` points. An unknown fact counts as its worst value.
    """

    of: str | None = None
    points: dict[str, Annotated[int, Meta(ge=0, le=100)]] = {}
    other: Annotated[int, Meta(ge=0, le=100)] | None = None
    when: Expression | None = None
    adds: Annotated[int, Meta(ge=0, le=100)] | None = None
    why: str = ""


class TierRule(Struct, frozen=True, kw_only=True):
    """A tier and when it applies; the first that matches wins, worst first."""

    tier: Tier
    when: Expression | None = None
    why: str = ""


class RiskSection(Struct, frozen=True, kw_only=True):
    """How risk is worked out."""

    dimensions: dict[str, Dimension] = {}
    tiers: tuple[TierRule, ...] = ()


class TrackRule(Struct, frozen=True, kw_only=True):
    """Who decides for which tiers, by when, and how long an approval lasts."""

    tiers: tuple[Tier, ...] = field(name="for", default=())
    decided_by: Literal["standing-approval", "sign-offs"] | None = None
    sign_offs: tuple[Role, ...] = ()
    quorum: Annotated[int, Meta(ge=1, le=20)] | None = None
    within: Duration | None = None
    escalate: tuple[Role, ...] = ()
    valid: Duration | None = None


class Rule(Struct, frozen=True, kw_only=True):
    """One rule. It *applies* unless its condition is false; what it requires must then be true."""

    id: Name
    why: str
    require: Expression
    otherwise: Consequence
    applies: Expression | None = None
    condition: str = ""
    remedy: str = ""
    frameworks: Words = ()

    @property
    def effect(self) -> Effect:
        """What happens when the rule is not satisfied, without the roles."""
        return _EFFECTS[self.otherwise.partition("(")[0]]

    @property
    def reviewers(self) -> tuple[str, ...]:
        """The roles that must sign off when it is not satisfied; by default the model's owner."""
        if self.otherwise == "review":
            return ("model-owner",)
        inside = self.otherwise.partition("(")[2].rstrip(")")
        return tuple(role.strip() for role in inside.split(",") if role.strip())


class ControlSelection(Struct, frozen=True, kw_only=True):
    """Controls of the catalog, and when they are called for."""

    select: Words
    when: Expression
    why: str = ""


class ExceptionTerms(Struct, frozen=True, kw_only=True):
    """How long an exception may last, who grants it, how often it may be renewed."""

    longest: Duration
    granted_by: Role
    renewals: Annotated[int, Meta(ge=0, le=10)] = 0


class PluginPin(Struct, frozen=True, kw_only=True):
    """A plug-in of the scanner that must take part, at exactly this version."""

    name: Annotated[
        str,
        Meta(
            pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\Z",
            description="the name of a plug-in, such as 'detect-secrets'",
        ),
    ]
    version: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9A-Za-z][0-9A-Za-z.+!-]{0,99}\Z",
            description="one exact version, such as '1.5.0'",
        ),
    ]
    rules: Words = ()
    """Paths of the files or directories of rules it reads."""


class ScannerSection(Struct, frozen=True, kw_only=True):
    """What the scanner does beyond its own rules."""

    plugins: tuple[PluginPin, ...] = ()


class CharterDocument(Struct, frozen=True, kw_only=True):
    """A charter as people write it."""

    charter: Name
    version: str
    effective: datetime.date
    owner: str
    purpose: str
    review: ReviewPlan | None = None
    extends: str | None = None
    models: ModelsSection | None = None
    data_sources: DataSection | None = None
    licenses: LicensesSection | None = None
    risk: RiskSection = RiskSection()
    tracks: dict[Track, TrackRule] = {}
    rules: tuple[Rule, ...] = ()
    controls: tuple[ControlSelection, ...] = ()
    exceptions: ExceptionTerms | None = None
    scanner: ScannerSection | None = None


class ControlRule(Struct, frozen=True, kw_only=True):
    """A control with everything about it, and when it is called for."""

    id: str
    title: str
    why: str
    when: str
    evidence: str = ""
    frameworks: tuple[Reference, ...] = ()
    tasks: tuple[ControlTask, ...] = ()


class Charter(Struct, frozen=True, kw_only=True):
    """A resolved charter: everything an evaluation needs, and nothing else."""

    name: str
    version: str
    effective: datetime.date
    owner: str
    purpose: str
    risk: RiskSection
    tracks: dict[Track, TrackRule]
    rules: tuple[Rule, ...]
    controls: tuple[ControlRule, ...] = ()
    review: ReviewPlan | None = None
    exceptions: ExceptionTerms | None = None
    extends: str | None = None
    references: tuple[Reference, ...] = ()
    """Laws and standards the rules cite, resolved."""
    scanner: ScannerSection | None = None
    """Left out of the canonical JSON where it is None: charters without it keep their digest."""
    schema: Literal["steelyard.charter/v1"] = "steelyard.charter/v1"
