# SPDX-License-Identifier: Apache-2.0
"""The charter as people write it, a pack as it is included, and what both resolve to."""

from __future__ import annotations

import datetime
from typing import Literal

from msgspec import Struct

from steelyard.charter.schema.flow import (
    ExceptionTerms,
    Gate,
    Phase,
    Remediation,
    ReviewPlan,
    StandingApproval,
    TrackRule,
)
from steelyard.charter.schema.people import (
    Committee,
    DecisionRight,
    Objective,
    Responsibility,
    RoleTerms,
    Scope,
    Stakeholder,
    Term,
)
from steelyard.charter.schema.risk import RiskSection
from steelyard.charter.schema.rules import ControlRule, ControlSelection, Rule, ScannerSection
from steelyard.charter.schema.selection import (
    DataSection,
    LicensesSection,
    ModelsSection,
    SecuritySection,
)
from steelyard.charter.schema.words import Name, Words
from steelyard.kernel.assessment import Reference, Stage, Track


class Sections(Struct, frozen=True, kw_only=True):
    """What a charter and a pack have in common."""

    objectives: tuple[Objective, ...] = ()
    scope: Scope | None = None
    stakeholders: tuple[Stakeholder, ...] = ()
    include: Words = ()
    """Packs by name (``bank``) or by the path of a file, laid over in this order."""
    terms: tuple[Term, ...] = ()
    models: ModelsSection | None = None
    data_sources: DataSection | None = None
    licenses: LicensesSection | None = None
    security: SecuritySection | None = None
    risk: RiskSection = RiskSection()
    tracks: dict[Track, TrackRule] = {}
    standing_approvals: tuple[StandingApproval, ...] = ()
    release: tuple[Phase, ...] = ()
    gates: dict[Stage, Gate] = {}
    roles: dict[Name, RoleTerms] = {}
    committees: dict[Name, Committee] = {}
    decision_rights: tuple[DecisionRight, ...] = ()
    responsibilities: dict[Name, Responsibility] = {}
    rules: tuple[Rule, ...] = ()
    controls: tuple[ControlSelection, ...] = ()
    exceptions: ExceptionTerms | None = None
    remediation: Remediation | None = None
    scanner: ScannerSection | None = None


class CharterDocument(Sections, frozen=True, kw_only=True):
    """A charter as people write it."""

    charter: Name
    version: str
    effective: datetime.date
    owner: str
    purpose: str
    until: datetime.date | None = None
    """Last day it is in force."""
    review: ReviewPlan | None = None
    extends: str | None = None
    """A shipped charter by name, or the path of a file. It may only be tightened."""


class PackDocument(Sections, frozen=True, kw_only=True):
    """A pack: sections to lay over a charter, for a sector, a region or a unit."""

    pack: Name
    version: str
    purpose: str


class PackIdentity(Struct, frozen=True, kw_only=True):
    """A pack that was laid over, in the version that was."""

    name: str
    version: str
    sha256: str
    """Of the pack's text."""


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
    until: datetime.date | None = None
    packs: tuple[PackIdentity, ...] = ()
    objectives: tuple[Objective, ...] = ()
    scope: Scope | None = None
    stakeholders: tuple[Stakeholder, ...] = ()
    terms: tuple[Term, ...] = ()
    standing_approvals: tuple[StandingApproval, ...] = ()
    release: tuple[Phase, ...] = ()
    gates: dict[Stage, Gate] = {}
    roles: dict[str, RoleTerms] = {}
    committees: dict[str, Committee] = {}
    decision_rights: tuple[DecisionRight, ...] = ()
    responsibilities: dict[str, Responsibility] = {}
    remediation: Remediation | None = None
    schema: Literal["steelyard.charter/v1"] = "steelyard.charter/v1"
