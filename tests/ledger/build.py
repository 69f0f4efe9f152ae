# SPDX-License-Identifier: Apache-2.0
"""Bundles and ledgers for tests, made by the real code from a fixed key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from steelyard.kernel.assessment import (
    Assessment,
    CharterIdentity,
    Condition,
    CoverageSummary,
    Decision,
    Model,
    Outcome,
    Reason,
    Review,
    Risk,
    Subject,
)
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.finding import Verdict
from steelyard.kernel.inspection import Scanner
from steelyard.kernel.license import LicenseSummary
from steelyard.kernel.manifest import FileEntry, Manifest, manifest_of
from steelyard.ledger.canonical import canonical
from steelyard.ledger.checkpoint import InclusionProof, TreeHead, sign_head
from steelyard.ledger.evidence import Sealed, evidence_files, seal
from steelyard.ledger.merkle import inclusion_proof, leaf_hash, leaves_reader, root_hash
from steelyard.ledger.signing import NoteKey, Signer

SIGNER = Signer.from_seed(hashlib.sha256(b"steelyard test key 1").digest())
OTHER = Signer.from_seed(hashlib.sha256(b"steelyard test key 2").digest())
ORIGIN = "steelyard/ledger/0123456789abcdef"
KEY = NoteKey(ORIGIN, SIGNER.public)
TIME = "2026-11-24T10:00:00Z"

MODEL = {"README.md": b"# A model\n", "weights/model.safetensors": b"\x08" + bytes(63)}
CHARTER = {"name": "acme", "rules": [{"id": "acme.license"}], "version": "1"}


def manifest(files: dict[str, bytes] = MODEL) -> Manifest:
    return manifest_of(FileEntry(path, len(data), sha256_hex(data)) for path, data in files.items())


def assessment(
    outcome: Outcome = Outcome.APPROVED_WITH_CONDITIONS,
    environment: str = "production",
    **changes: Any,
) -> Assessment:
    """A small assessment; ``changes`` replace top-level fields."""
    listed = manifest()
    passes = outcome in (Outcome.APPROVED, Outcome.APPROVED_WITH_CONDITIONS)
    made = Assessment(
        subject=Subject(
            purl="pkg:huggingface/acme/tiny@" + "1a" * 20,
            name="acme/tiny",
            commit="1a" * 20,
            manifest_sha256=listed.digest,
            files=len(listed.files),
            size=listed.size,
        ),
        use_case={"name": "ticket-summary", "owner": "owner@example.org", "monthly_users": 1200},
        environment=environment,
        charter=CharterIdentity(name="acme", version="1", sha256=sha256_hex(canonical(CHARTER))),
        risk=Risk(tier="moderate", score=41),
        license=LicenseSummary(),
        findings=(),
        coverage=CoverageSummary(level="full", files=2, full=2, partial=0, none=0),
        controls=(),
        review=Review(track="fast", decided_by="standing-approval"),
        decision=Decision(
            outcome=outcome,
            reasons=(Reason(rule="acme.license", effect="condition", message="Attribution."),),
            conditions=(Condition(rule="acme.license", text="Name the model's author."),),
            valid_until="2027-05-24" if passes else None,
        ),
        model=Model(),
        card=None,
        verdict=Verdict.CLEAN,
        files=(),
        rules=(),
        facts={},
        scanner=Scanner(version="0.1.0", rules_digest="0" * 64),
        isolation=(),
        assessed_at=TIME,
    )
    return msgspec.structs.replace(made, **changes)


def documents(of: Assessment) -> dict[str, bytes]:
    return {
        "manifest.json": manifest().canonical(),
        "charter.json": canonical(CHARTER),
        "assessment.json": msgspec.json.format(msgspec.json.encode(of), indent=2) + b"\n",
        "report.html": b"<!doctype html><title>Report</title>\n",
        "bom.cdx.json": b'{"bomFormat":"CycloneDX"}\n',
        "findings.sarif": b'{"version":"2.1.0"}\n',
    }


@dataclass
class MemoryLedger:
    """The whole tree in memory; answers like the ledger on disk."""

    signer: Signer = SIGNER
    origin: str = ORIGIN
    entries: list[bytes] = field(default_factory=lambda: [b'{"first":1}', b'{"second":2}'])
    checkpoint: bytes = b""
    proof: bytes = b""

    def append(self, entry: bytes) -> MemoryLedger:
        self.entries.append(entry)
        read = leaves_reader([leaf_hash(one) for one in self.entries])
        size = len(self.entries)
        self.checkpoint = sign_head(TreeHead(self.origin, size, root_hash(read, size)), self.signer)
        hashes = inclusion_proof(read, size - 1, size)
        self.proof = InclusionProof(size - 1, entry, hashes, self.checkpoint).encode()
        return self


def sealed(
    of: Assessment | None = None,
    signer: Signer = SIGNER,
    more: dict[str, bytes] | None = None,
) -> Sealed:
    of = of or assessment()
    files = {**documents(of), **(more or {})}
    return seal(of, files, signer, NoteKey(ORIGIN, signer.public), recorded_at=TIME)


def bundle(of: Assessment | None = None, signer: Signer = SIGNER) -> dict[str, bytes]:
    """All files of a valid bundle."""
    made = sealed(of, signer)
    return evidence_files(made, MemoryLedger(signer).append(made.entry.encode()))


def reading(files: dict[str, bytes]) -> Callable[[str], bytes]:
    return files.__getitem__
