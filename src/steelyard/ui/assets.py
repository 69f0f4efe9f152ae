# SPDX-License-Identifier: Apache-2.0
"""Style, scripts and signs: read once, compressed once, named by their content, cached for ever."""

from __future__ import annotations

import gzip
from functools import cache
from importlib import resources
from typing import NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import MissingError

router = APIRouter()
LAYERS = ("open-props", "tokens", "reset", "base", "components", "data", "pages", "print")
"""Files of the style, weakest layer first; they are sent as one."""
_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
NAMES = ("steelyard.css", "steelyard.js", "htmx.js", "icons.svg", "mark.svg")
"""What there is."""
_KEEP = "public, max-age=31536000, immutable"


class Asset(NamedTuple):
    """One file as it is sent."""

    name: str
    digest: str
    plain: bytes
    packed: bytes


@cache
def asset(name: str) -> Asset:
    """Return one of :data:`NAMES`."""
    folder = resources.files("steelyard.ui") / "static"
    if name == "steelyard.css":
        order = f"@layer {', '.join(LAYERS)};\n"
        parts = [(folder / "css" / f"{layer}.css").read_text("utf-8") for layer in LAYERS]
        data = (order + "\n".join(parts)).encode()
    elif name == "steelyard.js":
        scripts = sorted((folder / "js").iterdir(), key=lambda each: each.name)
        data = b"\n".join(script.read_bytes() for script in scripts)
    elif name == "htmx.js":
        data = (folder / "htmx.min.js").read_bytes()
    else:
        data = (folder / name).read_bytes()
    return Asset(name, sha256_hex(data)[:16], data, gzip.compress(data, 9, mtime=0))


@cache
def address(name: str) -> str:
    """Return the address of an asset; another content has another address."""
    return f"/static/{asset(name).digest}/{name}"


@router.get("/static/{digest}/{name}", include_in_schema=False)
async def send(digest: str, name: str, request: Request) -> Response:
    """Send an asset."""
    if name not in NAMES:
        raise MissingError(
            "There is no such file.", next_step="Load the page again.", code="asset.missing"
        )
    found = asset(name)
    headers = {
        "cache-control": _KEEP if digest == found.digest else "no-cache",
        "etag": f'"{found.digest}"',
        "vary": "Accept-Encoding",
    }
    if f'"{found.digest}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    packed = "gzip" in request.headers.get("accept-encoding", "")
    if packed:
        headers["content-encoding"] = "gzip"
    return Response(
        found.packed if packed else found.plain, headers=headers,
        media_type=_TYPES[name.rpartition(".")[2]],
    )  # fmt: skip
