# SPDX-License-Identifier: Apache-2.0
"""The evidence of a decision as files: what ``steelyard verify`` checks without this server."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.governance.decision.issue import DOCUMENT_MOST
from steelyard.governance.decision.queries import row_of
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import MissingError
from steelyard.ledger.bundle import CHECKPOINT, PROOF
from steelyard.ledger.checkpoint import parse_proof
from steelyard.platform.blobs.store import Blobs
from steelyard.platform.log.reader import not_yet, proof
from steelyard.platform.log.tables import EventRow


def proof_of(session: Session, actor: Actor, decision_id: str) -> bytes:
    """Return the ``.tlog-proof`` of a decision's entry in the ledger.

    Raises:
        MissingError: there is no such decision, or the actor may not see it.
        UnavailableError: the entry is not in the tree yet.
    """
    row = row_of(session, actor, decision_id)
    position = session.scalar(select(EventRow.position).where(EventRow.seq == row.entry))
    if position is None:
        raise not_yet()
    return proof(session, position)


def files_of(session: Session, actor: Actor, decision_id: str, blobs: Blobs) -> dict[str, bytes]:
    """Return every file of a decision's bundle.

    Raises:
        MissingError: there is no such decision, or the actor may not see it.
        UnavailableError: the entry is not in the tree yet.
        IntegrityError: a document was changed where it lies.
    """
    row = row_of(session, actor, decision_id)
    shown = proof_of(session, actor, decision_id)
    files = {name: blobs.read(digest, most=DOCUMENT_MOST) for name, digest in row.documents.items()}
    return {**files, PROOF: shown, CHECKPOINT: parse_proof(shown).checkpoint}


def document_of(session: Session, actor: Actor, decision_id: str, name: str, blobs: Blobs) -> bytes:
    """Return one document of a decision.

    Raises:
        MissingError: there is no such decision or document.
    """
    row = row_of(session, actor, decision_id)
    digest = row.documents.get(name)
    if digest is None:
        raise MissingError(
            f"The decision has no document {name!r}.",
            next_step=f"It has: {', '.join(sorted(row.documents))}.",
            code="decision.document",
        )
    return blobs.read(digest, most=DOCUMENT_MOST)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return the files as a zip archive; the same files make the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return out.getvalue()
