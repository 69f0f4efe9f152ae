# SPDX-License-Identifier: Apache-2.0
"""Routes of uploads: files, and manifests that make a model of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.uploading import Upload
from steelyard.governance.inventory import uploads
from steelyard.governance.inventory.uploads import Uploaded
from steelyard.kernel.errors import InputError
from steelyard.platform.work import Work

router = Router(prefix="/uploads", tags=["Uploads"])
FILES_MOST = 20_000


class UploadedFile(BaseModel):
    """A file of a model: where it lies in it, and its digest."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, Field(min_length=1, max_length=1000)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class NewManifest(BaseModel):
    """Files that were sent before, put together to a model."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "search/tuned",
                    "files": [
                        {
                            "path": "model.safetensors",
                            "sha256": "9f86d081884c7d659a2feaa0c55ad015"
                            "a3bf4f1b2b0b822cd15d6c15b0f00a08",
                        }
                    ],
                }
            ]
        },
    )

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$", max_length=200)]
    files: Annotated[list[UploadedFile], Field(min_length=1, max_length=FILES_MOST)]


@router.door("POST", "", right="upload.write", returns=Uploaded, status=201)
def receive(sent: Upload) -> Response:
    """Send one file, as it is, as the body. It is kept by its SHA-256."""
    caller = sent.caller
    stated = caller.request.headers.get("x-content-sha256", sent.sha256)
    if stated != sent.sha256:
        raise InputError(
            f"These bytes have the SHA-256 {sent.sha256}, not {stated[:80]!r}.",
            next_step="Send the file again.",
            code="upload.digest",
        )
    caller.house.blobs.put_file(sent.path)
    return caller.act(
        lambda work: uploads.note_upload(work, caller.actor, sent.sha256, sent.size), 201
    )


@router.door("POST", "/manifests", right="upload.write", returns=Uploaded, status=201)
def put_together(body: NewManifest, caller: Caller) -> Response:
    """Make a model of files you sent; a request names it by the reference in the reply."""
    files = [(each.path, each.sha256) for each in body.files]
    with caller.house.reading() as session:
        manifest = uploads.manifest_from(session, caller.actor, files)
    digest = caller.house.blobs.put_bytes(manifest.canonical())

    def act(work: Work) -> Uploaded:
        uploads.note_upload(work, caller.actor, digest, manifest.size)
        reference = f"pkg:generic/{body.name}?checksum=sha256:{digest}"
        return Uploaded(sha256=digest, size=manifest.size, reference=reference)

    return caller.act(act, 201)
