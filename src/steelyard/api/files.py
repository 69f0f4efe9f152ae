# SPDX-License-Identifier: Apache-2.0
"""Sends files that people or models made: always as downloads, never as pages of this server."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from steelyard.platform.blobs.store import Blobs


def attachment(blobs: Blobs, sha256: str, name: str, media: str) -> Response:
    """Return the reply that carries a file.

    Raises:
        MissingError: it is not kept.
    """
    return StreamingResponse(
        blobs.stream(sha256),
        media_type=media,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "Content-Length": str(blobs.size(sha256)),
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "ETag": f'"{sha256}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
