# SPDX-License-Identifier: Apache-2.0
"""Records a decision: documents, signature, ledger entry, evidence bundle, in that order.

The place for the bundle is checked before anything is signed. The ledger entry is written before
the bundle appears, so that no bundle exists that the ledger does not know; a bundle is complete or
absent.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from msgspec import Struct

from steelyard.governance.assessment.documents import documents_of as assessment_documents
from steelyard.governance.assessment.service import Weighed
from steelyard.ledger.signing import Signer
from steelyard.platform.file_ledger import FileLedger, check_target, write_bundle


class Recorded(Struct, frozen=True):
    """Where a decision lies: the bundle's directory and the index of its ledger entry."""

    directory: Path
    index: int
    key: str
    """Name of the key that signed, as a verifier would pin it."""


def documents_of(weighed: Weighed, charter_json: bytes) -> dict[str, bytes]:
    """Return the documents of a bundle by file name."""
    found = assessment_documents(weighed)
    manifest = found.pop("manifest.json")
    return {"manifest.json": manifest, "charter.json": charter_json, **found}


def record(
    weighed: Weighed,
    charter_json: bytes,
    directory: Path,
    *,
    ledger: FileLedger,
    signer: Signer,
    now: dt.datetime,
) -> Recorded:
    """Sign and append the decision of ``weighed`` and write its bundle to ``directory``.

    Raises:
        InputError: the directory cannot become a bundle, or key or ledger cannot be used.
    """
    from steelyard.ledger.evidence import evidence_files, seal

    check_target(directory)
    documents = documents_of(weighed, charter_json)
    recorded_at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    sealed = seal(weighed.assessment, documents, signer, ledger.key, recorded_at=recorded_at)
    appended = ledger.append(sealed.entry)
    write_bundle(directory, evidence_files(sealed, appended))
    return Recorded(directory=directory, index=appended.index, key=ledger.key.text)
