# SPDX-License-Identifier: Apache-2.0
"""From an assessment and its documents to everything a bundle holds, in two pure steps.

:func:`seal` indexes the documents, makes and signs both statements and words the ledger entry.
The entry is then appended (somewhere else: that touches a disk), and :func:`evidence_files` adds
what the ledger answered. Nothing here reads a clock, a file or a key from anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from steelyard.kernel.assessment import Assessment
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import InputError
from steelyard.ledger import bundle, dsse
from steelyard.ledger.canonical import canonical
from steelyard.ledger.entry import LedgerEntry, check_time
from steelyard.ledger.signing import NoteKey, Signer, key_file
from steelyard.ledger.statement import decision_statement, vsa_statement


class Receipt(Protocol):
    """What a ledger answers to an append."""

    @property
    def checkpoint(self) -> bytes:
        """The signed head that includes the entry."""
        ...

    @property
    def proof(self) -> bytes:
        """The ``.tlog-proof`` of the entry under that head."""
        ...


@dataclass(frozen=True)
class Sealed:
    """Signed evidence that waits for its place in the ledger."""

    files: dict[str, bytes]
    entry: LedgerEntry


def seal(
    assessment: Assessment,
    documents: Mapping[str, bytes],
    signer: Signer,
    key: NoteKey,
    *,
    recorded_at: str,
    decided_by: str | None = None,
) -> Sealed:
    """Sign what was decided about ``assessment``, over all of ``documents``.

    ``documents`` must hold ``manifest.json`` and ``charter.json`` as exactly the canonical bytes
    the assessment names by digest, ``assessment.json``, and whatever reports there are. ``key`` is
    the ledger's key; it becomes ``key.pub``. ``recorded_at`` is now, RFC 3339 in UTC with ``Z``.

    Raises:
        InputError: a document is missing, misnamed, or not the one the assessment names; ``key``
            is not the signer's.
    """
    if key.public != signer.public:
        raise InputError("The ledger belongs to another key.", code="ledger.other-key")
    named = {
        bundle.MANIFEST: assessment.subject.manifest_sha256,
        bundle.CHARTER: assessment.charter.sha256,
    }
    for name, expected in named.items():
        if name in documents and sha256_hex(documents[name]) != expected:
            raise InputError(
                f"{name} is not the one the assessment names by digest.", code="bundle.mismatch"
            )
    files = {**documents, bundle.KEY: key_file(key)}
    index = bundle.bundle_index(files)
    statement = decision_statement(
        assessment, bundle_sha256=sha256_hex(index), decided_by=decided_by
    )
    decision = dsse.sign(canonical(statement), signer)
    summary_statement = vsa_statement(
        assessment,
        decision_sha256=sha256_hex(decision),
        verifier_fingerprint=signer.public.fingerprint,
    )
    summary = dsse.sign(canonical(summary_statement), signer)
    entry = LedgerEntry(
        decision_sha256=sha256_hex(decision),
        vsa_sha256=sha256_hex(summary),
        manifest_sha256=assessment.subject.manifest_sha256,
        charter_sha256=assessment.charter.sha256,
        outcome=assessment.decision.outcome,
        environment=assessment.environment,
        time=check_time(recorded_at),
    )
    frame = {bundle.INDEX: index, bundle.DECISION: decision, bundle.SUMMARY: summary}
    return Sealed({**files, **frame}, entry)


def evidence_files(sealed: Sealed, receipt: Receipt) -> dict[str, bytes]:
    """Return every file of the bundle, name → bytes, ready to be written."""
    ledger = {bundle.CHECKPOINT: receipt.checkpoint, bundle.PROOF: receipt.proof}
    return {**sealed.files, **ledger}
