# SPDX-License-Identifier: Apache-2.0
"""The assessment document, ``steelyard.assessment/v1``: everything a decision rests on, and the
decision. It is what ``steelyard assess --format json`` prints, reports render and the ledger signs.

The schema is frozen: fields may be added, never renamed. ``docs/reference/assessment.schema.json``
is generated from these types.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct

from steelyard.kernel.card import ModelCard
from steelyard.kernel.finding import Finding, Verdict
from steelyard.kernel.inspection import Scanner
from steelyard.kernel.license import LicenseSummary
from steelyard.kernel.lineage import ProvenanceGraph
from steelyard.kernel.lineage_answer import LineageAnswer

ASSESSMENT_SCHEMA = "steelyard.assessment/v1"

Tier = Literal["low", "moderate", "high", "critical"]
Track = Literal["fast", "standard", "deep"]
Effect = Literal["reject", "review", "condition", "warn"]
Tri = Literal["true", "false", "unknown"]
Stage = Literal["scoping", "integration", "testing", "deployment", "operation", "retirement"]
"""Stages of a model's life in the organization, in order."""


class Outcome(StrEnum):
    """What a decision says."""

    APPROVED = "approved"
    APPROVED_WITH_CONDITIONS = "approved_with_conditions"
    REVIEW_REQUIRED = "review_required"
    REJECTED = "rejected"


class Subject(Struct, frozen=True, kw_only=True):
    """The revision that was assessed."""

    purl: str
    name: str
    commit: str | None
    manifest_sha256: str
    files: int
    size: int


class CharterIdentity(Struct, frozen=True, kw_only=True):
    """Which charter decided; ``sha256`` is over the charter's resolved canonical JSON."""

    name: str
    version: str
    sha256: str
    catalog: str = ""
    """Digest of the catalog the charter was read with: controls, frameworks, licenses."""
    frameworks: dict[str, str] = {}
    """Version of each framework the charter cites."""


class Driver(Struct, frozen=True, kw_only=True):
    """One named contribution to the risk score."""

    dimension: str
    value: str
    points: int
    why: str = ""


class Risk(Struct, frozen=True, kw_only=True):
    """Computed risk: tier, score from 0 to 100, drivers sorted by points, and what set the tier."""

    tier: Tier
    score: int
    drivers: tuple[Driver, ...] = ()
    tier_reason: str = ""


class LocatedFinding(Finding, frozen=True, kw_only=True):
    """A finding together with the file it is about (empty: several files together)."""

    path: str = ""


class CoverageGap(Struct, frozen=True, kw_only=True):
    """A file that was not, or not fully, examined, and why."""

    path: str
    level: str
    reason: str


class CoverageSummary(Struct, frozen=True, kw_only=True):
    """How much of the revision was examined. ``level`` is the worst of its files."""

    level: str
    files: int
    full: int
    partial: int
    none: int
    gaps: tuple[CoverageGap, ...] = ()


class ComponentFile(Struct, frozen=True, kw_only=True):
    """One file of the revision as reports list it."""

    path: str
    format: str
    size: int
    sha256: str
    verdict: Verdict
    coverage: str


class Model(Struct, frozen=True, kw_only=True):
    """What the model is, as far as its files say. Empty means not stated."""

    publisher: str = ""
    task: str = ""
    library: str = ""
    model_type: str = ""
    architectures: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    parameters: int = 0
    base_models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    library_version: str = ""


class Reference(Struct, frozen=True, kw_only=True):
    """A pointer into a law or standard, resolved against the catalog."""

    id: str
    title: str = ""
    framework: str = ""


class ControlTask(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Engineering work a control asks for, with the criterion that proves it done.

    ``fact`` is an expression over facts that checks the criterion; ``evidence`` is the kind of
    dated proof a person attaches. ``state`` is that of a control, in an assessment, where a fact
    checks the task. Empty ones are left out of documents, as they came later.
    """

    id: str
    title: str
    acceptance: str
    fact: str = ""
    evidence: str = ""
    state: str = ""


class Control(Struct, frozen=True, kw_only=True):
    """A control that tier and facts call for. ``state``: ``satisfied · open · not_evaluated``."""

    id: str
    title: str
    why: str
    frameworks: tuple[Reference, ...] = ()
    tasks: tuple[ControlTask, ...] = ()
    state: str = "open"
    evidence: str = ""
    stage: str = ""
    """Stage of the lifecycle it belongs to."""


class SignOff(Struct, frozen=True, kw_only=True):
    """A person's recorded yes that is still needed, by role, and the rule or track asking."""

    role: str
    why: str


class ReviewStep(Struct, frozen=True, kw_only=True):
    """One step of a review; the next one starts when it is done."""

    name: str
    sign_offs: tuple[str, ...] = ()
    committee: str = ""
    quorum: int = 0
    within: str = ""


class Approver(Struct, frozen=True, kw_only=True):
    """A decision right that must be met: so many people of a role, or a committee."""

    role: str = ""
    committee: str = ""
    quorum: int = 1
    recuse: tuple[str, ...] = ()
    """Who must step aside, such as ``requester``."""
    training: tuple[str, ...] = ()
    """Courses that must have been passed."""


class Gate(Struct, frozen=True, kw_only=True):
    """What must be done before a stage of the lifecycle is left.

    ``state`` is ``open`` when every control that counts is satisfied and nothing else is asked,
    else ``closed``.
    """

    stage: str
    state: str
    waiting: tuple[str, ...] = ()
    """Controls that are not satisfied."""
    asks: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    opened_by: tuple[str, ...] = ()


class Review(Struct, frozen=True, kw_only=True):
    """Which review the charter asks for."""

    track: Track
    decided_by: str
    """``standing-approval`` or ``sign-offs``."""
    sign_offs_required: tuple[SignOff, ...] = ()
    quorum: int = 0
    within: str = ""
    escalate: tuple[str, ...] = ()
    escalate_after: str = ""
    """How long each of ``escalate`` has before the next one is asked."""
    remind: str = ""
    """How long before the deadline people are reminded."""
    steps: tuple[ReviewStep, ...] = ()
    approvers: tuple[Approver, ...] = ()
    """Decision rights that must all be met."""
    standing_approval: str = ""
    """Id of the standing approval that decided, where the charter lists them."""


class Reason(Struct, frozen=True, kw_only=True):
    """Why the outcome is what it is: one rule that did not hold (or could not be evaluated)."""

    rule: str
    effect: Effect
    message: str
    facts: dict[str, Any] = {}
    remedy: str = ""
    evidence: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()


class Condition(Struct, frozen=True, kw_only=True):
    """A binding term of the decision."""

    rule: str
    text: str


class Decision(Struct, frozen=True, kw_only=True):
    """The outcome with all its reasons. ``valid_until`` is an ISO date; none unless approved."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    conditions: tuple[Condition, ...] = ()
    valid_until: str | None = None


class RuleTrace(Struct, frozen=True, kw_only=True):
    """How one rule of the charter came out, fired or not, for ``charter explain``."""

    rule: str
    why: str
    effect: Effect
    applies: Tri
    satisfied: Tri | None
    """None when the rule does not apply."""
    applies_text: str = ""
    require_text: str = ""
    facts: dict[str, Any] = {}
    unknown: tuple[str, ...] = ()
    """Facts the rule needed that are not known."""
    would_change: str = ""
    """A sentence: which fact, changed how, would turn this rule around."""


class Assessment(Struct, frozen=True, kw_only=True):
    """The whole document."""

    subject: Subject
    use_case: dict[str, Any]
    environment: str
    charter: CharterIdentity
    risk: Risk
    license: LicenseSummary
    findings: tuple[LocatedFinding, ...]
    coverage: CoverageSummary
    controls: tuple[Control, ...]
    review: Review
    decision: Decision
    model: Model
    card: ModelCard | None
    verdict: Verdict
    files: tuple[ComponentFile, ...]
    rules: tuple[RuleTrace, ...]
    facts: dict[str, Any]
    """The facts as the charter read them: with the charter, enough to replay the decision."""
    scanner: Scanner
    isolation: tuple[str, ...]
    assessed_at: str
    """RFC 3339, UTC."""
    lineage: ProvenanceGraph | None = None
    """What its own files claim it was made from; None in documents from before it was read."""
    license_use: LineageAnswer | None = None
    """What the licenses along the lineage mean for this use case, with the checklist of duties."""
    gates: tuple[Gate, ...] = ()
    """Gates of the lifecycle, in order, where the charter has any."""
    schema: str = ASSESSMENT_SCHEMA
