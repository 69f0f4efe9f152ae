# SPDX-License-Identifier: Apache-2.0
"""Reads how people name a revision: on a hub, by package URL, uploaded, or in the inventory."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from steelyard.kernel.errors import InputError
from steelyard.platform.hub import SCHEME, parse_reference
from steelyard.platform.ids import is_id

_HUB_PURL = re.compile(r"\Apkg:huggingface/(?P<name>[^@?#\s]+)(?:@(?P<revision>[^?#\s]+))?\Z")
_UPLOAD = re.compile(
    r"\Apkg:generic/(?P<name>[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*)"
    r"\?checksum=sha256:(?P<sha256>[0-9a-f]{64})\Z"
)
DIRECTORY = "dir:"


class Reference(Struct, frozen=True, kw_only=True):
    """What a request points at.

    ``kind``: ``hub`` (to fetch from a hub), ``upload`` (files in the blobs, ``revision`` is the
    digest of their manifest), ``known`` (a revision of the inventory), ``directory`` (on this
    machine; only where the server was told to allow it).
    """

    kind: Literal["hub", "upload", "known", "directory"]
    name: str
    revision: str = ""

    @property
    def purl(self) -> str:
        """Package URL of the model, without a revision; empty where the name is not one."""
        kinds = {"hub": "pkg:huggingface", "upload": "pkg:generic"}
        return f"{kinds[self.kind]}/{self.name}" if self.kind in kinds else ""


def read(text: str) -> Reference:
    """Return what ``text`` names.

    Raises:
        InputError: it names nothing that could be adopted.
    """
    text = text.strip()
    if is_id(text, "rev"):
        return Reference(kind="known", name=text)
    found = _UPLOAD.match(text)
    if found is not None:
        return Reference(kind="upload", name=found["name"], revision=found["sha256"])
    if text.startswith(DIRECTORY):
        return Reference(kind="directory", name=text.removeprefix(DIRECTORY))
    purl = _HUB_PURL.match(text)
    if purl is not None:
        text = f"{SCHEME}{purl['name']}" + (f"@{purl['revision']}" if purl["revision"] else "")
    elif not text.startswith(SCHEME):
        raise InputError(
            f"{text[:200]!r} does not name a model this server can fetch.",
            next_step="Write it like hf:org/name@commit or pkg:huggingface/org/name@commit, give "
            "the id of a revision, or upload the files and use the reference the upload gave.",
            code="reference.unsupported",
        )
    named = parse_reference(text)
    return Reference(kind="hub", name=named.repository, revision=named.revision)
