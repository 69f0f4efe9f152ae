# SPDX-License-Identifier: Apache-2.0
"""Brings the bytes of a revision into quarantine, and keeps them by digest.

A reference is resolved to something immutable first: a commit, or the manifest of an upload. Bytes
that are kept already are laid out again instead of being fetched, if every one of them is kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct, structs

from steelyard.governance.inventory.facts import ModelKind
from steelyard.governance.inventory.reference import Reference
from steelyard.kernel.errors import InputError, IntegrityError, UndecidedError
from steelyard.kernel.inspection import Inspection, path_of
from steelyard.kernel.limits import MIB
from steelyard.kernel.manifest import FileEntry, Manifest, manifest_of
from steelyard.platform.hub import HubReference, fetch_revision, resolve_revision
from steelyard.platform.scratch import scratch

if TYPE_CHECKING:
    from steelyard.platform.blobs.store import Blobs
    from steelyard.platform.tree import Tree

MANIFEST_MOST = 64 * MIB
QUARANTINE = "quarantine"


class Source(Struct, frozen=True, kw_only=True):
    """Where the bytes are, by something that cannot change, and what they are called."""

    kind: Literal["hub", "upload", "directory"]
    name: str
    publisher: str = ""
    model_purl: str = ""
    """Empty for a directory: what it is called follows from its bytes."""
    purl: str = ""
    commit: str = ""
    manifest_sha256: str = ""
    model_kind: ModelKind = "upstream"
    revision: str = ""
    """Id of the revision in the inventory, where the reference named one."""


def resolve(reference: Reference) -> Source:
    """Return what a reference means now; a branch of a hub is asked for.

    Raises:
        InputError: the hub refuses or does not know it.
    """
    if reference.kind == "hub":
        commit = resolve_revision(HubReference(reference.name, reference.revision))
        return Source(
            kind="hub",
            name=reference.name,
            publisher=reference.name.partition("/")[0] if "/" in reference.name else "",
            model_purl=reference.purl,
            purl=f"{reference.purl}@{commit}",
            commit=commit,
        )
    if reference.kind == "upload":
        return Source(
            kind="upload",
            name=reference.name,
            model_purl=reference.purl,
            purl=f"{reference.purl}?checksum=sha256:{reference.revision}",
            manifest_sha256=reference.revision,
            model_kind="internal fine-tune",
        )
    if reference.kind == "directory":
        return Source(kind="directory", name=reference.name, model_kind="internal fine-tune")
    raise InputError(
        f"{reference.name!r} names a revision of the inventory that has neither bytes nor a hub.",
        next_step="Upload its files.",
        code="reference.unsupported",
    )


def quarantine(data: Path, assessment: str) -> AbstractContextManager[Path]:
    """Return an empty directory nobody else may read, deleted with all that came into it."""
    return scratch(data / QUARANTINE, assessment)


def bring(
    source: Source,
    directory: Path,
    blobs: Blobs,
    kept: Inspection | None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Return a directory with the bytes of ``source``.

    ``progress`` hears how many bytes came of how many while they are fetched.

    ``kept`` is an earlier inspection of the same revision whose files lie in the blobs.

    Raises:
        InputError: the hub refuses or cannot be reached; the upload is not complete.
        IntegrityError: kept bytes are not what they were.
    """
    if source.kind == "directory":
        return Path(source.name)
    if kept is not None and all(file.sha256 for file in kept.files):
        entries = [FileEntry(file.path, file.size, file.sha256) for file in kept.files]
        if all(blobs.has(entry.sha256) for entry in entries):
            return lay_out(manifest_of(entries), directory / "model", blobs)
    if source.kind == "hub":
        return fetch_revision(HubReference(source.name, source.commit), directory / "hub", progress)
    return lay_out(read_manifest(source.manifest_sha256, blobs), directory / "model", blobs)


def read_manifest(sha256: str, blobs: Blobs) -> Manifest:
    """Return the manifest kept under a digest.

    Raises:
        MissingError: it is not kept.
        InputError: it is no manifest.
    """
    data = blobs.read(sha256, most=MANIFEST_MOST)
    try:
        manifest = manifest_of(msgspec.json.decode(data, type=Manifest).files)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(
            f"What is kept under {sha256} is not a manifest.", code="upload.manifest"
        ) from error
    if manifest.digest != sha256:
        raise IntegrityError(f"The manifest {sha256} is not in its canonical form.")
    return manifest


def lay_out(manifest: Manifest, directory: Path, blobs: Blobs) -> Path:
    """Write the files of ``manifest`` below ``directory``, verified while they are written."""
    for entry in manifest.files:
        path = directory / entry.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                for piece in blobs.stream(entry.sha256):
                    file.write(piece)
        except OSError as error:
            raise InputError(
                f"The file {entry.path!r} cannot be laid out: {error.strerror}.",
                next_step="Free space in the data directory, or upload files under other names.",
                code="upload.layout",
            ) from error
    return directory


def keep(tree: Tree, inspection: Inspection, blobs: Blobs) -> Inspection:
    """Keep every regular file of ``tree`` in the blobs and return ``inspection`` with the digest
    of each, also of those that could not be examined: they are part of what was served.

    Raises:
        UndecidedError: a file is not what the sandbox said it was.
    """
    digests = {
        file.path: blobs.put_file(Path(os.fsdecode(path_of(file.location)))) for file in tree.files
    }
    for report in inspection.files:
        own = digests.get(report.path)
        if own is not None and report.sha256 not in ("", own):
            raise UndecidedError(
                f"The file {report.path!r} changed while it was examined, or the sandbox lied.",
                next_step="Assess the revision again.",
                code="assessment.digests",
            )
    return structs.replace(
        inspection,
        files=tuple(
            structs.replace(report, sha256=digests.get(report.path, report.sha256))
            for report in inspection.files
        ),
    )
