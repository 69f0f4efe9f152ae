# SPDX-License-Identifier: Apache-2.0
"""Verify a bundle offline: find any changed byte in any of its files, and say in which file.

The chain has five links: ``key.pub`` verifies the two statements and the checkpoint; the decision
statement signs the digest of ``bundle.json``; that index names every document by digest; the
proof leads from the ledger entry to the checkpoint's root; the entry names both statements by
digest. Documents are judged by digest before they are parsed, and the files that carry signatures
must re-encode to themselves, so no byte is free to change.

Blame is exact where it can be: an index that can be made again from the documents and then fits
the signature was itself the file that changed. The key inside a bundle proves only that the bundle
is of one piece; who holds the key must be known from elsewhere (``trusted``).
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable

from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.ledger import bundle, dsse
from steelyard.ledger.adoption import check_adoption, read_adoption
from steelyard.ledger.checkpoint import (
    InclusionProof,
    SignedHead,
    parse_checkpoint,
    parse_proof,
)
from steelyard.ledger.consistency import check_documents, check_entry, check_summary, read_decision
from steelyard.ledger.entry import CharterEntry, LedgerEntry, parse_charter_entry, parse_entry
from steelyard.ledger.signing import NoteKey, PublicKey, keys_in, parse_key_file
from steelyard.ledger.verification import (
    UNPINNED,
    CharterSummary,
    DecisionSummary,
    Findings,
    Head,
    Reader,
    SignedBy,
    Verification,
    trust_in,
)

_KEPT = frozenset((*bundle.FRAMES, *bundle.REQUIRED))


def is_bundle(names: Collection[str]) -> bool:
    """Tell whether a directory with these files is a bundle, damaged perhaps."""
    return any(name in bundle.FRAMES and name != bundle.CHECKPOINT for name in names)


def shape_of(names: Collection[str]) -> bundle.Shape:
    """Tell an adopted charter from a decision by the statement that is there."""
    if bundle.ADOPTION in names and not {bundle.DECISION, bundle.SUMMARY} & set(names):
        return bundle.CHARTER_SHAPE
    return bundle.DECISION_SHAPE


def verify_bundle(
    read: Reader,
    names: Iterable[str],
    *,
    trusted: Collection[str] = (),
    own: str | None = None,
) -> Verification:
    """Verify the bundle whose files are ``names`` and whose bytes ``read`` returns.

    ``trusted`` are fingerprints of the keys the caller accepts (none: any key, and the answer says
    so); ``own`` is the fingerprint of the local key.

    Raises:
        InputError: this is not a bundle, or a file cannot be read.
    """
    present = sorted(names)
    if not is_bundle(present):
        raise InputError(
            "This directory is not an evidence bundle.",
            next_step="Give the directory that `steelyard assess --output` wrote.",
            code="bundle.none",
        )
    return _Check(read, present, trusted, own).run()


class _Check:
    """One verification; the methods are the links of the chain, in order."""

    def __init__(
        self, read: Reader, names: list[str], trusted: Collection[str], own: str | None
    ) -> None:
        self.names = names
        self.shape = shape_of(names)
        self.trusted = trusted
        self.own = own
        self.found = Findings()
        self.data: dict[str, bytes] = {}
        self.digests: dict[str, tuple[int, str]] = {}
        for name in names:
            if not bundle.is_name(name):
                self.found.add(name, "file.extra", f"{name} does not belong to the bundle.")
                continue
            try:
                data = read(name)
            except IntegrityError as error:
                self.found.add_error(name, error)
                continue
            self.digests[name] = (len(data), sha256_hex(data))
            if name in _KEPT:
                self.data[name] = data

    def run(self) -> Verification:
        for name in (*self.shape.frame, *self.shape.required):
            if name not in self.names:
                self.found.add(name, "file.missing", f"The bundle has no {name}.")
        envelopes = {
            name: envelope
            for name in self.shape.statements
            if (envelope := self.envelope(name)) is not None
        }
        key = self.key(envelopes)
        for name, envelope in envelopes.items():
            self.signature(name, envelope, key)
        head = self.checkpoint(key)
        proof, entry = self.proof(key, head)
        summary, charter = None, None
        if self.shape is bundle.CHARTER_SHAPE:
            charter = self.adoption(envelopes, entry if isinstance(entry, CharterEntry) else None)
        else:
            summary = self.statements(envelopes, entry if isinstance(entry, LedgerEntry) else None)
        return Verification(
            kind="bundle",
            ok=not self.found.problems,
            problems=tuple(self.found.problems),
            notes=self.notes(key),
            signer=None if key is None else self.signer(key),
            decision=summary,
            charter=charter,
            checkpoint=None
            if head is None
            else Head(
                origin=head.head.origin,
                size=head.head.size,
                root=base64.b64encode(head.head.root).decode("ascii"),
                index=None if proof is None else proof.index,
            ),
            files=len(self.names),
        )

    def envelope(self, name: str) -> dsse.SignedStatement | None:
        """Read one envelope; its signature is checked once the key is known."""
        if name not in self.data:
            return None
        try:
            return dsse.parse(self.data[name])
        except IntegrityError as error:
            self.found.add_error(name, error)
            return None

    def key(self, envelopes: dict[str, dsse.SignedStatement]) -> NoteKey | None:
        """Return the key to verify with: the one in ``key.pub``, if the statements are signed by
        it. Where ``key.pub`` is damaged, its other half may still hold the key.
        """
        data = self.data.get(bundle.KEY)
        if data is None:
            return None
        signed_by = {envelope.keyid for envelope in envelopes.values()}
        try:
            key: NoteKey | None = parse_key_file(data)
        except IntegrityError as error:
            self.found.add_error(bundle.KEY, error)
            rest = [one for one in keys_in(data) if one.fingerprint in signed_by]
            return self.named(rest[0]) if rest else None
        if key is not None and signed_by and key.public.fingerprint not in signed_by:
            self.found.add(
                bundle.KEY,
                "key.other",
                f"key.pub holds key {key.public.fingerprint[:16]}, but the statements are signed "
                f"by key {min(signed_by)[:16]}.",
            )
            return None
        if key is not None and trust_in(key.public.fingerprint, self.trusted, None) == (
            "not_trusted"
        ):
            self.found.add(
                bundle.KEY,
                "key.untrusted",
                f"The bundle is signed by key {key.public.fingerprint}, which is not a key you "
                "trust.",
            )
        return key

    def named(self, public: PublicKey) -> NoteKey | None:
        """Name a recovered key after the ledger the checkpoint speaks of."""
        for name in (bundle.CHECKPOINT, bundle.PROOF):
            try:
                data = self.data[name]
                text = data if name == bundle.CHECKPOINT else parse_proof(data).checkpoint
                return NoteKey(parse_checkpoint(text).head.origin, public)
            except (KeyError, IntegrityError):
                continue
        return None

    def signature(self, name: str, envelope: dsse.SignedStatement, key: NoteKey | None) -> None:
        if key is None:
            return
        try:
            envelope.check(key.public)
        except IntegrityError as error:
            self.found.add_error(name, error)

    def head_of(self, name: str, data: bytes, key: NoteKey | None) -> SignedHead | None:
        """Read and verify one checkpoint found in file ``name``."""
        try:
            signed = parse_checkpoint(data)
            if key is not None:
                if signed.head.origin != key.name:
                    raise IntegrityError(
                        f"The checkpoint is of ledger {signed.head.origin}, but key.pub is the key "
                        f"of {key.name}.",
                        code="checkpoint.origin",
                    )
                signed.check(key.public)
        except IntegrityError as error:
            self.found.add_error(name, error)
            return None
        return signed

    def checkpoint(self, key: NoteKey | None) -> SignedHead | None:
        data = self.data.get(bundle.CHECKPOINT)
        return None if data is None else self.head_of(bundle.CHECKPOINT, data, key)

    def proof(
        self, key: NoteKey | None, head: SignedHead | None
    ) -> tuple[InclusionProof | None, LedgerEntry | CharterEntry | None]:
        """Verify that the entry the proof carries is in the ledger under its own checkpoint."""
        data = self.data.get(bundle.PROOF)
        if data is None:
            return None, None
        try:
            proof = parse_proof(data)
            adopted = self.shape is bundle.CHARTER_SHAPE
            entry: LedgerEntry | CharterEntry = (
                parse_charter_entry(proof.entry) if adopted else parse_entry(proof.entry)
            )
            own_head = self.head_of(bundle.PROOF, proof.checkpoint, key)
            if own_head is None:
                return None, None
            proof.check(own_head.head)
        except IntegrityError as error:
            self.found.add_error(bundle.PROOF, error)
            return None, None
        if head is not None and head.encode() != proof.checkpoint:
            self.found.add(
                bundle.CHECKPOINT,
                "checkpoint.other",
                "The checkpoint is not the one the proof leads to.",
            )
        return proof, entry

    def statements(
        self, envelopes: dict[str, dsse.SignedStatement], entry: LedgerEntry | None
    ) -> DecisionSummary | None:
        """Check what the statements say: about the documents, each other and the ledger entry."""
        if entry is not None:
            check_entry(entry, self.digests, self.found)
        envelope = envelopes.get(bundle.DECISION)
        decision = None
        if envelope is not None and not self.found.about(bundle.DECISION):
            decision = read_decision(envelope.statement, self.found)
        self.contents(None if decision is None else decision.predicate.bundle["sha256"])
        if decision is None:
            return None
        check_documents(decision, entry, self.data, self.found)
        summary = envelopes.get(bundle.SUMMARY)
        if summary is not None and not self.found.about(bundle.SUMMARY):
            decision_sha256 = self.digests[bundle.DECISION][1]
            check_summary(summary.statement, decision, decision_sha256, self.found)
        return decision.summary()

    def adoption(
        self, envelopes: dict[str, dsse.SignedStatement], entry: CharterEntry | None
    ) -> CharterSummary | None:
        """Check what the statement of an adopted charter says, and return it."""
        envelope = envelopes.get(bundle.ADOPTION)
        adoption = None
        if envelope is not None and not self.found.about(bundle.ADOPTION):
            adoption = read_adoption(envelope.statement, self.found)
        self.contents(None if adoption is None else adoption.predicate.bundle["sha256"])
        if adoption is None:
            return None
        statement_sha256 = self.digests[bundle.ADOPTION][1]
        charter = self.data.get(bundle.CHARTER)
        check_adoption(adoption, entry, charter, statement_sha256, self.found)
        return adoption.summary()

    def contents(self, signed: str | None) -> None:
        """Compare documents, index and the signed digest of the index; blame the one that changed.

        ``signed`` is None when no signature vouches for it (that is reported already).
        """
        frame = self.shape.frame
        documents = {name: seen for name, seen in self.digests.items() if name not in frame}
        if signed is not None and sha256_hex(bundle.index_of(documents)) == signed:
            if bundle.INDEX in self.data and self.digests[bundle.INDEX][1] != signed:
                self.found.add(
                    bundle.INDEX,
                    "content.changed",
                    "The index was changed; all documents are the ones that were signed.",
                )
            return
        data = self.data.get(bundle.INDEX)
        if data is None:
            return
        if signed is not None and sha256_hex(data) != signed:
            self.found.add(
                bundle.INDEX, "content.changed", "The index is not the one that was signed."
            )
        try:
            index = bundle.parse_index(data)
        except IntegrityError as error:
            self.found.add_error(bundle.INDEX, error)
            return
        self.compare({file.name: (file.size, file.sha256) for file in index.files}, documents)

    def compare(
        self, listed: dict[str, tuple[int, str]], documents: dict[str, tuple[int, str]]
    ) -> None:
        for name, (size, sha256) in listed.items():
            seen = documents.get(name)
            if name not in self.names:
                self.found.add(name, "file.missing", f"The bundle lists {name}; it is not there.")
            elif seen is not None and seen != (size, sha256):
                what = (
                    f"it has {seen[0]} bytes instead of {size}"
                    if seen[0] != size
                    else "its size is the same, its SHA-256 is not"
                )
                self.found.add(name, "content.changed", f"{name} was changed: {what}.")
        for name in documents.keys() - listed.keys():
            self.found.add(name, "file.extra", f"{name} does not belong to the bundle.")

    def signer(self, key: NoteKey) -> SignedBy:
        fingerprint = key.public.fingerprint
        return SignedBy(
            name=key.name,
            fingerprint=fingerprint,
            trust=trust_in(fingerprint, self.trusted, self.own),
        )

    def notes(self, key: NoteKey | None) -> tuple[str, ...]:
        if key is None:
            return ("No usable key: the signatures were not checked.",)
        if self.signer(key).trust == "not_pinned":
            return (UNPINNED,)
        return ()
