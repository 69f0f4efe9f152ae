# SPDX-License-Identifier: Apache-2.0
"""Bodies that are files: streamed to disk while they are hashed, never held in memory."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from msgspec import Struct
from starlette.concurrency import run_in_threadpool

from steelyard.api.door import Called, identified
from steelyard.kernel.errors import InputError, UnavailableError
from steelyard.kernel.limits import MIB
from steelyard.platform.durable import make_directory
from steelyard.platform.scratch import forget_leftovers

_PIECE = MIB


class Received(Struct, frozen=True):
    """A file that was sent, and who sent it."""

    caller: Called
    path: Path
    sha256: str
    size: int


async def _received(request: Request) -> AsyncIterator[Received]:
    """Find out who calls, then write the body to a file that is deleted after the reply."""
    actor = await identified(request)
    house = request.app.state.house
    most = house.settings.upload_mib * MIB
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise too_large(most)
    directory = house.settings.data / "uploads"
    digest, size, held = hashlib.sha256(), 0, bytearray()
    try:
        make_directory(directory, 0o700)
        forget_leftovers(directory)
        with tempfile.NamedTemporaryFile(dir=directory, prefix="upload-") as file:
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    raise too_large(most)
                digest.update(piece)
                held += piece
                if len(held) >= _PIECE:
                    await run_in_threadpool(file.write, bytes(held))
                    held.clear()
            await run_in_threadpool(file.write, bytes(held))
            await run_in_threadpool(file.flush)
            sha256 = digest.hexdigest()
            caller = Called(request, house, actor, sha256.encode())
            yield Received(caller, Path(file.name), sha256, size)
    except OSError as error:
        raise UnavailableError(
            f"The file cannot be taken now: {error.strerror}.",
            next_step="Free space in the data directory.",
            code="upload.unavailable",
            retry_after=60,
        ) from error


def too_large(most: int) -> InputError:
    """Return the error for a file of more than ``most`` bytes."""
    return InputError(
        f"The file is too large: at most {most // MIB} MiB are taken.",
        next_step="An operator may raise STEELYARD_UPLOAD_MIB.",
        code="body.size",
    )


Upload = Annotated[Received, Depends(_received)]
