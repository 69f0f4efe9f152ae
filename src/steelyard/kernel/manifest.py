# SPDX-License-Identifier: Apache-2.0
"""A manifest lists every file of a revision with its size and SHA-256; its digest names the bytes.

The canonical form is the RFC 8785 JSON of::

    {"files":[{"path":…,"sha256":…,"size":…},…],"schema":"steelyard.manifest/v1"}

with the files sorted by the UTF-8 bytes of their path, ``/`` between path parts, no ``.`` or
``..`` part and no duplicate. For the values that occur here (strings without lone surrogates and
integers below 2**53) the standard library's ``json`` writes the RFC 8785 form exactly.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from msgspec import Struct

from steelyard.kernel.digest import is_sha256, sha256_hex
from steelyard.kernel.errors import InputError

MANIFEST_SCHEMA = "steelyard.manifest/v1"
_MAX_SAFE_INTEGER = 2**53 - 1


class FileEntry(Struct, frozen=True):
    """One file: relative path with ``/``, size in bytes, SHA-256."""

    path: str
    size: int
    sha256: str


class Manifest(Struct, frozen=True):
    """The files of one revision, sorted by path. Build it with :func:`manifest_of`."""

    files: tuple[FileEntry, ...]
    schema: str = MANIFEST_SCHEMA

    def canonical(self) -> bytes:
        """Return the canonical bytes whose SHA-256 is :attr:`digest`."""
        rows = [{"path": f.path, "sha256": f.sha256, "size": f.size} for f in self.files]
        document = {"files": rows, "schema": self.schema}
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return text.encode("utf-8")

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form."""
        return sha256_hex(self.canonical())

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(entry.size for entry in self.files)


def manifest_of(entries: Iterable[FileEntry]) -> Manifest:
    """Return the manifest of ``entries`` in canonical order.

    Raises:
        InputError: a path is absolute, empty, has a ``.`` or ``..`` part, is not valid Unicode or
            stands twice; a size or digest is out of range.
    """
    files = sorted(entries, key=lambda entry: entry.path.encode("utf-8", "surrogatepass"))
    previous = None
    for entry in files:
        _check_path(entry.path)
        if entry.path == previous:
            raise InputError(f"The path {entry.path!r} stands twice in the manifest.")
        if not 0 <= entry.size <= _MAX_SAFE_INTEGER or not is_sha256(entry.sha256):
            raise InputError(f"The manifest entry {entry.path!r} has a bad size or digest.")
        previous = entry.path
    return Manifest(files=tuple(files))


def _check_path(path: str) -> None:
    parts = path.split("/")
    if not path or any(part in ("", ".", "..") for part in parts) or "\0" in path:
        raise InputError(f"{path!r} is not a relative path inside the model.")
    try:
        path.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(f"The path {path!r} is not valid Unicode.") from error
