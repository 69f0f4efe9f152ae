# SPDX-License-Identifier: Apache-2.0
"""People, a submitted request and the reviews that charters ask for; for tests of this room."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import msgspec
from tests.charter.samples import TODAY, document
from tests.server import Clock, KeptJobs

from steelyard.bootstrap.house import House
from steelyard.charter.evaluate import evaluate
from steelyard.charter.facts import facts_from_document
from steelyard.charter.load import load_charter, shipped
from steelyard.charter.resolve import identity_of, resolved_json
from steelyard.charter.schema import Charter
from steelyard.governance.charters.tables import CharterRow
from steelyard.governance.clocks import service as clocks
from steelyard.governance.intake import service as intake
from steelyard.governance.inventory import service as inventory
from steelyard.governance.review import queries, service
from steelyard.governance.review.views import ReviewDetail
from steelyard.governance.use_cases import service as use_cases
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.assessment import Review, ReviewStep, SignOff
from steelyard.platform.identity import accounts, people, training, units
from steelyard.platform.work import Work

COURSES = ("secure-coding",)
ASSESSMENT = "asm_01k00000000000000000000001"

SMALL = """
charter: small
version: 1
effective: 2026-01-01
owner: ai@example.org
purpose: A small charter for tests.
roles:
  security: {title: Security, training: [secure-coding]}
  legal: {title: Legal}
  privacy: {title: Privacy}
  risk: {title: Risk}
  operator: {title: Operator}
  executive-sponsor: {title: Executive sponsor}
  head-of-risk: {title: Head of risk, deputies: [risk]}
decision_rights:
  - {action: grant-exception, role: head-of-risk, recuse: [requester, same-unit]}
  - {action: accept-risk, role: head-of-risk, tiers: [low, moderate, high]}
  - {action: accept-risk, role: executive-sponsor, tiers: [critical]}
  - {action: break-glass, role: operator, quorum: 2}
  - action: approve
    role: head-of-risk
    recuse: [requester, same-unit]
    delegate: {to: [risk], longest: 30 days}
committees:
  board:
    title: Board
    members: [risk, legal, privacy]
    quorum: 2
    majority: two-thirds
    independent: 1
    chair: risk
    recuse: [requester, financial-interest]
risk:
  tiers:
    - {tier: low}
tracks:
  fast:
    for: [low, moderate, high, critical]
    sign_offs: [security, legal, privacy]
    quorum: 2
    within: 5 business days
    remind: 1 business day
    escalate: [head-of-risk]
    escalate_after: 1 business day
    valid: 12 months
rules:
  - id: clean
    why: It must be clean.
    require: "scan.worst != 'malicious'"
    otherwise: reject
    remedy: Take another.
  - id: documented
    why: It must be documented.
    require: "card.present"
    otherwise: review(legal)
    remedy: Ask for a card.
release:
  - {name: pilot, environments: [sandbox], longest: 90 days, conditions: [Tell the users.]}
  - {name: full, environments: [sandbox], after: [pilot]}
exceptions:
  longest: 90 days
  longest_for: {critical: 10 days}
  granted_by: head-of-risk
  renewals: 1
  never_for: [clean]
  committee: board
  needs: [reason, owner, end date, compensating-control, supervisor-view]
remediation:
  within: {critical: 2 business days, high: 10 business days}
  sponsor: [critical]
"""


@cache
def small() -> Charter:
    return load_charter(SMALL, "small.yaml")


def small_review(*more: SignOff, steps: tuple[ReviewStep, ...] = ()) -> Review:
    """Two of three experts, then the head of risk."""
    track = [SignOff(role=r, why="track fast") for r in ("security", "legal", "privacy")]
    right = SignOff(role="head-of-risk", why="right to approve")
    return Review(
        track="fast",
        decided_by="sign-offs",
        sign_offs_required=(*track, right, *more),
        quorum=3,
        within="5 business days",
        remind="1 business day",
        escalate=("head-of-risk",),
        escalate_after="1 business day",
        steps=steps,
    )


@cache
def asked_by(profile: str, **changes: Any) -> tuple[Review, Charter, str]:
    """Return the review a shipped charter asks for in production, with the tier it found."""
    facts = facts_from_document(document(environment="production", **changes))
    charter = shipped(profile)
    found = evaluate(charter, facts, {}, TODAY)
    return found.review, charter, found.risk.tier


class Company:
    """A house with people and one submitted request of Anna's unit."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.people: dict[str, Actor] = {}
        house.transact(self._units)
        self.anna = self.person("anna", "requester", "security", "legal", "head-of-risk")
        self.case = house.transact(lambda work: use_cases.register(work, self.anna, {
            "name": "internal-search", "purpose": "Find passages", "data_class": "internal",
            "personal_data": "none", "people_affected": "staff", "autonomy": "assistive",
            "exposure": "internal", "unit": "search",
        }).id)  # fmt: skip
        self.request = self.submitted()

    def _units(self, work: Work) -> None:
        units.create(work, SYSTEM, "search")
        units.create(work, SYSTEM, "office")

    def person(self, name: str, *roles: str, unit: str = "office", trained: bool = True) -> Actor:
        """Return somebody with an account, once."""

        def act(work: Work) -> people.Person:
            made = accounts.create(
                work, SYSTEM, f"{name}@example.org", name=name.title(), state="active"
            )
            for role in roles:
                accounts.grant(work, SYSTEM, made.id, role, known=frozenset(roles))
            accounts.join(work, SYSTEM, made.id, unit)
            for course in COURSES if trained else ():
                training.add(work, SYSTEM, made.id, course, dt.date(2026, 1, 1))
            return made

        if name not in self.people:
            made = self.house.transact(act)
            self.people[name] = Actor(
                id=made.id, alias=made.alias, name=made.name, mail=made.mail,
                roles=frozenset(roles), units=frozenset({unit}),
            )  # fmt: skip
        return self.people[name]

    def adopt(self, charter: Charter) -> None:
        """Let a charter be in force for everybody."""
        self.house.transact(lambda work: work.session.add(CharterRow(
            id=work.id("chr"), sha256=identity_of(charter).sha256, name=charter.name,
            version_name=charter.version, unit="", effective=charter.effective, until=None,
            owner=charter.owner, identity=msgspec.to_builtins(identity_of(charter)),
            canonical=resolved_json(charter), files={}, previous="", adopted_at=work.now,
        )))  # fmt: skip

    def submitted(self, reference: str = "hf:acme/tiny@main", tier: str = "moderate") -> str:
        """Return a request of Anna's that was assessed."""

        def act(work: Work) -> str:
            made = intake.draft(
                work,
                self.anna,
                reference=reference,
                use_case=self.case,
                justification="The search needs better passages.",
            )
            intake.submit(work, self.anna, made.id)
            model = inventory.register_model(
                work, self.anna, purl="pkg:huggingface/acme/tiny", name="acme/tiny"
            )
            revision = inventory.register_revision(
                work, self.anna, model=model.id, purl=f"{model.purl}@{'a' * 40}",
                commit="a" * 40, justification="The search needs better passages.",
            )  # fmt: skip
            intake.note_assessment(
                work, made.id, model=model.id, revision=revision.id, assessment=ASSESSMENT,
                tier=tier, track="fast",
            )  # fmt: skip
            return made.id

        return self.house.transact(act)

    def open(
        self,
        review: Review | None = None,
        charter: Charter | None = None,
        *,
        tier: str = "moderate",
        assessment: str = ASSESSMENT,
    ) -> ReviewDetail:
        """Have the request reviewed."""
        return self.house.transact(
            lambda work: service.open(
                work, self.request, assessment, review or small_review(), charter or small(),
                tier=tier,
            )
        )  # fmt: skip

    def sign(
        self, who: Actor, role: str, answer: str = "yes", review: str = "", **more: Any
    ) -> ReviewDetail:
        """Have somebody sign off; that nothing is to improve is said unless told otherwise."""
        given = {"nothing_to_improve": True, "reason": "Because.", "declares": True, **more}
        found = review or self.now().review.id
        self.forward(seconds=1)
        return self.house.transact(
            lambda work: service.sign(work, who, found, role, answer, **given)  # type: ignore[arg-type]
        )

    def now(self) -> ReviewDetail:
        """Return the latest review."""
        with self.house.reading() as session:
            return queries.get(session, SYSTEM, queries.find(session, SYSTEM, limit=1)[0].id)

    def jobs(self, kind: str) -> list[dict[str, Any]]:
        """Return payloads of jobs of that kind."""
        assert isinstance(self.house.jobs, KeptJobs)
        return [job.payload for job in self.house.jobs.jobs if job.kind == kind]

    def forward(self, **span: float) -> None:
        """Let time pass and clocks ring."""
        assert isinstance(self.house.clock, Clock)
        self.house.clock.forward(**span)
        self.house.transact(clocks.tick)
