# SPDX-License-Identifier: Apache-2.0
"""A request that was assessed and reviewed, ready to be decided on."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import msgspec
from tests.ledger.build import assessment, manifest
from tests.server import person

from steelyard.bootstrap.house import House
from steelyard.charter.load import load_charter
from steelyard.charter.resolve import identity_of, resolved_json
from steelyard.governance.charters.tables import CharterRow
from steelyard.governance.decision.facts import DecisionView, Ruling, SignedOff
from steelyard.governance.decision.issue import decide, prepare
from steelyard.governance.intake import service as intake
from steelyard.governance.inventory import service as inventory
from steelyard.governance.inventory.tables import RevisionRow
from steelyard.governance.use_cases import service as use_cases
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.assessment import Assessment, CharterIdentity, Outcome
from steelyard.platform.work import Work

ANNA = person("anna", "requester", "security")
"""Made the request, and holds a role that could stop it."""
SAM = person("sam", "security", unit="office")
SUE = person("sue", "security", unit="office")
LEA = person("lea", "legal", unit="office")
RON = person("ron", "risk", unit="office")
BERT = person("bert", "requester", unit="fraud")
OTTO = person("otto", "auditor", unit="")

CHARTER = """
charter: small
version: 1
effective: 2026-01-01
owner: ai@example.org
purpose: A small charter for tests.
roles:
  security: {title: Security}
  legal: {title: Legal}
  risk: {title: Risk}
committees:
  board: {title: Board, members: [risk, legal], quorum: 2}
decision_rights:
  - {action: approve, role: risk}
  - {action: suspend, role: security}
  - {action: revoke, committee: board, environments: [production]}
risk:
  tiers:
    - {tier: low}
tracks:
  fast:
    for: [low, moderate, high, critical]
    sign_offs: [security]
    within: 5 business days
    valid: 12 months
rules:
  - id: clean
    why: It must be clean.
    require: "scan.worst != 'malicious'"
    otherwise: reject
    remedy: Take another.
"""


@cache
def charter() -> tuple[CharterIdentity, bytes]:
    """The charter's identity and canonical JSON."""
    read = load_charter(CHARTER, "small.yaml")
    return identity_of(read), resolved_json(read)


def adopt(work: Work) -> None:
    """Have the charter in the register."""
    identity, canonical = charter()
    work.session.add(
        CharterRow(
            id=work.id("chr"), sha256=identity.sha256, name="small", version_name="1", unit="",
            effective=dt.date(2026, 1, 1), until=None, owner="ai@example.org",
            identity=msgspec.to_builtins(identity), canonical=canonical, files={}, previous="",
            adopted_at=work.now,
        )
    )  # fmt: skip


class Desk:
    """A house in which one adoption waits for its decision."""

    def __init__(self, house: House) -> None:
        self.house = house
        house.transact(adopt)
        self.case = house.transact(
            lambda work: use_cases.register(work, ANNA, {
                "name": "internal-search", "purpose": "Find passages", "data_class": "internal",
                "personal_data": "none", "people_affected": "staff", "autonomy": "assistive",
                "exposure": "internal", "unit": "search", "environment": "production",
            }).id
        )  # fmt: skip
        self.revision = house.transact(self._revision)

    def _revision(self, work: Work) -> str:
        subject = assessment().subject
        model = inventory.register_model(
            work, SYSTEM, purl="pkg:huggingface/acme/tiny", name="acme/tiny", publisher="acme",
            kind="upstream", unit="", owner="",
        )  # fmt: skip
        made = inventory.register_revision(
            work, SYSTEM, model=model.id, purl=subject.purl, commit=subject.commit or "",
            justification="A small model for search.",
        )  # fmt: skip
        row = work.session.get_one(RevisionRow, made.id)
        row.manifest_sha256 = manifest().digest
        return made.id

    def request(self) -> str:
        """Return a request that is in review."""

        def act(work: Work) -> str:
            made = intake.draft(
                work, ANNA, reference=self.revision, use_case=self.case,
                environment="production", justification="We need it for search.",
            )  # fmt: skip
            intake.submit(work, ANNA, made.id)
            intake.mark(work, SYSTEM, made.id, "submitted", "in review")
            return made.id

        return self.house.transact(act)

    def judged(self, outcome: Outcome = Outcome.APPROVED, **changes: Any) -> Assessment:
        """Return the assessment, under the adopted charter."""
        return assessment(outcome, charter=charter()[0], **changes)

    def ruling(self, outcome: Outcome = Outcome.APPROVED, **changes: Any) -> Ruling:
        """Return everything for a decision about a fresh request."""
        blobs = self.house.blobs
        made = Ruling(
            request=self.request(),
            assessment="asm_01k00000000000000000000001",
            judged=self.judged(outcome),
            documents={
                "manifest.json": blobs.put_bytes(manifest().canonical()),
                "bom.cdx.json": blobs.put_bytes(b'{"bomFormat":"CycloneDX"}\n'),
                "inspection.json": "0" * 64,
            },
            charter=charter()[1],
            revision=self.revision,
            use_case=self.case,
            outcome=outcome,
            decided_by="sign-offs",
            sign_offs=(
                SignedOff(role="risk", actor=RON.alias, answer="yes", at=self.house.clock()),
            ),
        )
        return msgspec.structs.replace(made, **changes)

    def decide(self, outcome: Outcome = Outcome.APPROVED, **changes: Any) -> DecisionView:
        """Decide on a fresh request."""
        return self.rule(self.ruling(outcome, **changes))

    def rule(self, ruling: Ruling) -> DecisionView:
        """Sign and make the decision that ``ruling`` describes."""
        prepared = prepare(self.house, ruling)
        return self.house.transact(
            lambda work: decide(work, SYSTEM, ruling, prepared, keys=self.house.keys)
        )
