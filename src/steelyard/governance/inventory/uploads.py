# SPDX-License-Identifier: Apache-2.0
"""Files people send: each is kept by digest, and a manifest makes a model of some of them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.governance.inventory.tables import UploadRow
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import FieldErrors, MissingError
from steelyard.kernel.event import Event
from steelyard.kernel.manifest import FileEntry, Manifest, manifest_of
from steelyard.platform.work import Work


class Uploaded(Struct, frozen=True, kw_only=True):
    """A file that was sent, or a manifest that was put together."""

    sha256: str
    size: int
    reference: str = ""
    """Of a manifest: what a request names it by."""


def note_upload(work: Work, actor: Actor, sha256: str, size: int) -> Uploaded:
    """Remember who sent a file; its bytes are in the blobs already."""
    if work.session.get(UploadRow, (sha256, actor.id)) is None:
        work.session.add(UploadRow(sha256=sha256, sent_by=actor.id, size=size, at=work.now))
        work.record(
            actor, Event(type="upload.received", subject=sha256[:40], details={"sha256": sha256})
        )
    return Uploaded(sha256=sha256, size=size)


def manifest_from(session: Session, actor: Actor, files: Sequence[tuple[str, str]]) -> Manifest:
    """Return the manifest of files, each a path and the digest of something the actor sent.

    Raises:
        FieldErrors: a file was never sent by them.
        InputError: a path cannot be used.
    """
    wanted = {sha256 for _, sha256 in files}
    rows = session.scalars(
        select(UploadRow).where(UploadRow.sent_by == actor.id, UploadRow.sha256.in_(wanted))
    )
    sizes = {row.sha256: row.size for row in rows}
    missing = [
        (f"files.{number}", f"You have not sent a file with the digest {sha256}.")
        for number, (_, sha256) in enumerate(files)
        if sha256 not in sizes
    ]
    if missing:
        raise FieldErrors(missing, next_step="Send the bytes first, then the manifest.")
    return manifest_of(FileEntry(path, sizes[sha256], sha256) for path, sha256 in files)


def check_sent(session: Session, actor: Actor, sha256: str) -> None:
    """Refuse to name an upload of somebody else.

    Raises:
        MissingError: the actor sent no such thing.
    """
    if session.get(UploadRow, (sha256, actor.id)) is None:
        raise MissingError(
            "You have sent no files with this checksum.",
            next_step="Send the files and put a manifest together first.",
            code="upload.missing",
        )
