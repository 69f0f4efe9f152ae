# SPDX-License-Identifier: Apache-2.0
"""Files chosen in the form: kept by digest and put together to a model, as the API does it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile

from steelyard.governance.inventory import uploads
from steelyard.kernel.limits import MIB
from steelyard.platform.identity.permissions import demand
from steelyard.platform.work import Work

if TYPE_CHECKING:
    from steelyard.ui.door import Form, Looking


def keep_files(viewer: Looking, form: Form) -> Form:
    """Take the files of a form in; return the form with the reference that names them.

    The files are kept whatever becomes of the request, so that nobody has to send them twice.

    Raises:
        ForbiddenError: whoever looks may not upload.
        InputError: a file is too large, or a name cannot be used.
    """
    sent = [*form.files("files"), *form.files("folder")]
    if not sent:
        return form
    demand(viewer.actor, "upload.write")
    most = viewer.house.settings.upload_mib * MIB
    paths, folder = _paths([each.filename or "" for each in sent])
    kept = [
        (path, viewer.house.blobs.put_stream(_pieces(each), most=most), each.size or 0)
        for path, each in zip(paths, sent, strict=True)
    ]
    name = _plain(form["model_name"] or folder or PurePosixPath(paths[0]).stem)

    def note(work: Work) -> str:
        for _, sha256, size in kept:
            uploads.note_upload(work, viewer.actor, sha256, size)
        work.session.flush()
        files = [(path, sha256) for path, sha256, _ in kept]
        manifest = uploads.manifest_from(work.session, viewer.actor, files)
        digest = viewer.house.blobs.put_bytes(manifest.canonical())
        uploads.note_upload(work, viewer.actor, digest, manifest.size)
        return f"pkg:generic/upload/{name}?checksum=sha256:{digest}"

    return form.with_(reference=viewer.house.transact(note, trace=viewer.trace))


def _paths(names: list[str]) -> tuple[list[str], str]:
    """Return the paths inside the model, and the name of the folder that held all of them."""
    parts = [[part for part in name.replace("\\", "/").split("/") if part] for name in names]
    first = {each[0] for each in parts if len(each) > 1}
    if len(first) == 1 and all(len(each) > 1 for each in parts):
        return ["/".join(each[1:]) for each in parts], first.pop()
    return ["/".join(each) for each in parts], ""


def _pieces(file: UploadFile) -> Iterator[bytes]:
    file.file.seek(0)
    while piece := file.file.read(MIB):
        yield piece


def _plain(name: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)
    return kept.strip(".-")[:80] or "model"
