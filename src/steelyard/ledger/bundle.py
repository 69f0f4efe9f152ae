# SPDX-License-Identifier: Apache-2.0
"""What a bundle is: documents, one index over them, two signed statements, and a ledger proof.

``bundle.json`` lists every document with size and SHA-256; the decision statement signs the digest
of that list; the ledger entry holds the digests of the signed statements. So one signature and one
proof stand for every byte. The index is a pure function of the documents: from intact documents it
can be made again, which tells "the list was changed" from "a file was changed".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from steelyard.kernel.digest import is_sha256, sha256_hex
from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.ledger.canonical import canonical, parse_canonical

BUNDLE_SCHEMA = "steelyard.bundle/v1"

INDEX = "bundle.json"
KEY = "key.pub"
DECISION = "decision.dsse.json"
SUMMARY = "vsa.dsse.json"
CHECKPOINT = "checkpoint"
PROOF = "proof.tlog-proof"
MANIFEST = "manifest.json"
ASSESSMENT = "assessment.json"
CHARTER = "charter.json"
ADOPTION = "charter.dsse.json"

FRAME = (INDEX, DECISION, SUMMARY, CHECKPOINT, PROOF)
"""Files the index cannot list, because they come into being after it."""
REQUIRED = (MANIFEST, ASSESSMENT, CHARTER, KEY)
"""Documents no bundle can do without."""


class Shape(Struct, frozen=True):
    """What kind of bundle it is: the files around its index, those it needs, what is signed."""

    frame: tuple[str, ...]
    required: tuple[str, ...]
    statements: tuple[str, ...]


DECISION_SHAPE = Shape(FRAME, REQUIRED, (DECISION, SUMMARY))
CHARTER_SHAPE = Shape((INDEX, ADOPTION, CHECKPOINT, PROOF), (CHARTER, KEY), (ADOPTION,))
"""A charter that was adopted, with the texts it was written in."""
FRAMES = frozenset((*DECISION_SHAPE.frame, *CHARTER_SHAPE.frame))
"""Names no document of any bundle may have."""
_NAME = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")


def is_name(name: str) -> bool:
    """Tell whether ``name`` can name a file of a bundle: plain, in the bundle's directory."""
    return _NAME.match(name) is not None


class IndexedFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One document as the index lists it."""

    name: str
    size: int
    sha256: str


class Index(Struct, frozen=True, forbid_unknown_fields=True):
    """The content of ``bundle.json``, sorted by name."""

    files: tuple[IndexedFile, ...]
    schema: str


def index_of(rows: Mapping[str, tuple[int, str]]) -> bytes:
    """Return the bytes of ``bundle.json`` for documents given as name → (size, SHA-256)."""
    files = [
        {"name": name, "sha256": sha256, "size": size}
        for name, (size, sha256) in sorted(rows.items())
    ]
    return canonical({"files": files, "schema": BUNDLE_SCHEMA})


def bundle_index(files: Mapping[str, bytes], shape: Shape = DECISION_SHAPE) -> bytes:
    """Return the bytes of ``bundle.json`` for the documents ``files``.

    Raises:
        InputError: a name is not a plain file name, or is one the bundle needs for itself; a
            required document is missing.
    """
    for name in files:
        if not is_name(name) or name in FRAMES:
            raise InputError(
                f"{name!r} cannot name a document of a bundle.",
                next_step="Use letters, digits, dots and dashes, and none of the reserved names.",
                code="bundle.name",
            )
    missing = [name for name in shape.required if name not in files]
    if missing:
        raise InputError(f"The bundle lacks {', '.join(missing)}.", code="bundle.incomplete")
    return index_of({name: (len(data), sha256_hex(data)) for name, data in files.items()})


def parse_index(data: bytes) -> Index:
    """Read ``bundle.json``.

    Raises:
        IntegrityError: it departs in any byte from the form :func:`index_of` writes.
    """
    parse_canonical(data)
    try:
        index = msgspec.json.decode(data, type=Index)
    except (msgspec.DecodeError, RecursionError) as error:
        raise IntegrityError(f"This is not an index: {error}.", code="index.malformed") from error
    rows = {file.name: (file.size, file.sha256) for file in index.files}
    sound = all(
        is_name(file.name) and file.name not in FRAMES and is_sha256(file.sha256)
        for file in index.files
    )
    if not sound or index_of(rows) != data:
        raise IntegrityError("The index is not in its one form.", code="index.malformed")
    return index
