# SPDX-License-Identifier: Apache-2.0
"""The adoption of a charter: a signed in-toto statement, its entry in the ledger, its bundle.

The statement's subject is ``charter.json``, the resolved charter, by digest: the same digest that
decisions name. The bundle holds the texts it was written in as well, so that people can read what
was adopted and anybody can resolve it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from steelyard.kernel.assessment import CharterIdentity
from steelyard.kernel.digest import is_sha256, sha256_hex
from steelyard.kernel.errors import InputError
from steelyard.ledger import bundle, dsse
from steelyard.ledger.canonical import canonical
from steelyard.ledger.entry import CharterEntry, check_time
from steelyard.ledger.signing import NoteKey, Signer, key_file
from steelyard.ledger.statement import STATEMENT_TYPE
from steelyard.ledger.verification import CharterSummary, Findings

ADOPTION_TYPE = "https://steelyard.invalid/attestation/charter/v1"


class Adoption(Struct, frozen=True, kw_only=True):
    """What is said about a charter that is adopted."""

    identity: CharterIdentity
    effective: str
    until: str | None
    owner: str
    adopted_at: str
    """RFC 3339 in UTC with ``Z``."""
    previous_sha256: str = ""


class SealedAdoption(Struct, frozen=True):
    """A signed adoption that waits for its place in the ledger."""

    files: dict[str, bytes]
    entry: CharterEntry


def seal_adoption(
    adoption: Adoption, documents: Mapping[str, bytes], signer: Signer, key: NoteKey
) -> SealedAdoption:
    """Sign that a charter was adopted, over all of ``documents``.

    ``documents`` must hold ``charter.json`` as the bytes its identity names.

    Raises:
        InputError: it does not; a name cannot be one of a bundle; ``key`` is not the signer's.
    """
    if key.public != signer.public:
        raise InputError("The ledger belongs to another key.", code="ledger.other-key")
    if sha256_hex(documents.get(bundle.CHARTER, b"")) != adoption.identity.sha256:
        raise InputError("charter.json is not the charter that is named.", code="bundle.mismatch")
    if adoption.previous_sha256 and not is_sha256(adoption.previous_sha256):
        raise InputError("The previous charter is named by a SHA-256.", code="charter.previous")
    files = {**documents, bundle.KEY: key_file(key)}
    index = bundle.bundle_index(files, bundle.CHARTER_SHAPE)
    envelope = dsse.sign(canonical(_statement(adoption, sha256_hex(index))), signer)
    entry = CharterEntry(
        statement_sha256=sha256_hex(envelope),
        charter_sha256=adoption.identity.sha256,
        previous_sha256=adoption.previous_sha256,
        time=check_time(adoption.adopted_at),
    )
    return SealedAdoption({**files, bundle.INDEX: index, bundle.ADOPTION: envelope}, entry)


def _statement(adoption: Adoption, index_sha256: str) -> dict[str, Any]:
    identity = adoption.identity
    return {
        "_type": STATEMENT_TYPE,
        "predicate": {
            "adopted_at": check_time(adoption.adopted_at),
            "bundle": {"sha256": index_sha256},
            "catalog": {"sha256": identity.catalog},
            "effective": adoption.effective,
            "frameworks": identity.frameworks,
            "name": identity.name,
            "owner": adoption.owner,
            "previous": {"sha256": adoption.previous_sha256},
            "until": adoption.until,
            "version": identity.version,
        },
        "predicateType": ADOPTION_TYPE,
        "subject": [{"digest": {"sha256": identity.sha256}, "name": bundle.CHARTER}],
    }


class _Subject(Struct, frozen=True):
    name: Literal["charter.json"]
    digest: dict[str, str]


class _Predicate(Struct, frozen=True):
    adopted_at: str
    bundle: dict[str, str]
    effective: str
    name: str
    previous: dict[str, str]
    until: str | None
    version: str
    catalog: dict[str, str] = {}


class AdoptionStatement(Struct, frozen=True):
    """The statement, as far as verification needs it; unknown fields are allowed."""

    subject: tuple[_Subject]
    predicate: _Predicate
    predicate_type: Literal["https://steelyard.invalid/attestation/charter/v1"] = field(
        name="predicateType"
    )
    type: Literal["https://in-toto.io/Statement/v1"] = field(name="_type")

    @property
    def charter_sha256(self) -> str:
        """Digest of the charter that was adopted."""
        return self.subject[0].digest["sha256"]

    def summary(self) -> CharterSummary:
        """Return what is shown to people."""
        said = self.predicate
        return CharterSummary(
            name=said.name,
            version=said.version,
            sha256=self.charter_sha256,
            effective=said.effective,
            until=said.until,
            adopted_at=said.adopted_at,
            previous_sha256=said.previous.get("sha256", ""),
            catalog=said.catalog.get("sha256", ""),
        )


def read_adoption(statement: dict[str, Any], found: Findings) -> AdoptionStatement | None:
    """Return the typed statement, or report that it is none."""
    try:
        adoption = msgspec.convert(statement, AdoptionStatement)
    except msgspec.ValidationError as error:
        said = f"This is not the adoption of a charter: {error}."
        found.add(bundle.ADOPTION, "statement.malformed", said)
        return None
    digests = (adoption.subject[0].digest.get("sha256"), adoption.predicate.bundle.get("sha256"))
    if not all(digest is not None and is_sha256(digest) for digest in digests):
        found.add(bundle.ADOPTION, "statement.malformed", "A digest in the statement is malformed.")
        return None
    return adoption


def check_adoption(
    adoption: AdoptionStatement,
    entry: CharterEntry | None,
    charter: bytes | None,
    statement_sha256: str,
    found: Findings,
) -> None:
    """Check the charter and the ledger entry against the signed statement."""
    if charter is not None and not found.about(bundle.CHARTER):
        if sha256_hex(charter) != adoption.charter_sha256:
            said = f"The signed statement is about another {bundle.CHARTER}."
            found.add(bundle.CHARTER, "statement.mismatch", said)
        elif _named(charter) != (adoption.predicate.name, adoption.predicate.version):
            said = "The charter and the signed statement disagree about name or version."
            found.add(bundle.CHARTER, "statement.mismatch", said)
    if entry is None:
        return
    told = (entry.statement_sha256, entry.charter_sha256, entry.previous_sha256, entry.time)
    said_here = (
        statement_sha256,
        adoption.charter_sha256,
        adoption.predicate.previous.get("sha256", ""),
        adoption.predicate.adopted_at,
    )
    if told != said_here:
        found.add(
            bundle.PROOF,
            "statement.mismatch",
            "The ledger entry and the signed statement tell different stories.",
        )


class _Named(Struct, frozen=True):
    name: str
    version: str


def _named(charter: bytes) -> tuple[str, str] | None:
    try:
        named = msgspec.json.decode(charter, type=_Named)
    except (msgspec.DecodeError, RecursionError):
        return None
    return named.name, named.version
