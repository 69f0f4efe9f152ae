# SPDX-License-Identifier: Apache-2.0
"""What a signature over a model, or an attestation about it, was found to be worth.

There are five outcomes and none of them is silence:

* ``verified``: the signature fits, and its key, certificate or identity is one the caller trusts;
* ``untrusted``: it is well-formed (and fits, where that can be told), but nobody the caller trusts
  stands behind it;
* ``invalid``: it does not fit, contradicts itself, or the model is not the one that was signed;
* ``unsigned``: there is no signature;
* ``undecidable``: it may be good, but not everything it needs can be checked here. Never a pass.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, json

SIGNATURE_SCHEMA = "steelyard.signature/v1"

Outcome = Literal["verified", "untrusted", "invalid", "unsigned", "undecidable"]
Method = Literal["key", "certificate", "keyless"]
Trust = Literal["pinned_key", "certificate_root", "identity", "none"]
"""What the caller named and the signature met: the key itself, a root its certificate leads to, an
identity with its issuer under a trusted root; ``none`` otherwise."""

Difference = Literal["changed", "missing", "extra", "refused"]
"""How a file departs from what was signed; ``refused`` is a link, device or unreadable file."""

Role = Literal["advisory", "blocking"]
"""Whether an attestation is advice or must be met. Only the caller can make one blocking."""

Result = Literal["passed", "failed", "warned", "not_stated"]
"""What an attestation says in the end; most kinds say nothing of the sort."""

Effect = Literal["satisfies", "blocks", "unproven", "lowers", "informs", "disregarded"]
"""What an attestation does: a blocking one ``satisfies``, ``blocks`` or is ``unproven``; an
advisory one ``lowers``, ``informs`` or is ``disregarded``. Advice never raises."""


class Reason(Struct, frozen=True, kw_only=True):
    """Why the outcome is not ``verified``: a stable code, a sentence, and what to do."""

    code: str
    message: str
    next_step: str = ""


class Signer(Struct, frozen=True, kw_only=True):
    """Who signed, as far as it is known. Names are claims unless ``trust`` says otherwise."""

    method: Method
    trust: Trust
    fingerprint: str
    """SHA-256 of the DER SubjectPublicKeyInfo; empty if the key is not in the signature."""
    identity: str = ""
    """Subject of the certificate, or the mail address or URI of a keyless signature."""
    issuer: str = ""
    """Issuer of the certificate, or the identity provider of a keyless signature."""
    not_before: str = ""
    not_after: str = ""
    """Validity of the certificate, UTC."""


class FileDifference(Struct, frozen=True):
    """One file that is not as it was signed."""

    path: str
    kind: Difference
    message: str


class AttestationReport(Struct, frozen=True, kw_only=True):
    """One in-toto attestation from a file, weighed as evidence about one manifest."""

    file: str
    index: int
    """Place in the file, from 0: a file may hold one envelope a line."""
    sha256: str
    """Digest of the envelope's bytes, by which evidence is kept."""
    outcome: Outcome
    reason: Reason | None = None
    signer: Signer | None = None
    predicate_type: str = ""
    subject: Literal["manifest", "all_files", "some_files", "none"] = "none"
    """What of this manifest its subjects name by SHA-256: the manifest's own digest, every file,
    some files, nothing."""
    files: int = 0
    """Files of the manifest its subjects name."""
    stated_at: str = ""
    """Time the attestation itself states, UTC. A claim of its signer."""
    result: Result = "not_stated"
    role: Role = "advisory"
    effect: Effect = "disregarded"


class SignatureReport(Struct, frozen=True, kw_only=True):
    """The answer about one model: its signature, and the attestations that came with it."""

    schema: str = SIGNATURE_SCHEMA
    manifest_sha256: str
    outcome: Outcome
    reason: Reason | None = None
    signer: Signer | None = None
    predicate_type: str = ""
    signed_files: int = 0
    differences: tuple[FileDifference, ...] = ()
    not_covered: tuple[str, ...] = ()
    """Files present that the signature leaves out by its own ignore rules: nothing vouches for
    them."""
    proven_at: str = ""
    """A time at which the signature demonstrably existed, UTC; empty if none is proven."""
    notes: tuple[str, ...] = ()
    attestations: tuple[AttestationReport, ...] = ()
    required: tuple[Reason, ...] = ()
    """Blocking attestations that were demanded and did not come at all."""

    @property
    def covers_everything(self) -> bool:
        """Tell whether a verified signature vouches for every file of the model."""
        return self.outcome == "verified" and not self.not_covered

    @property
    def standing(self) -> Literal["passes", "fails", "undecided"]:
        """Return what signature and blocking attestations come to; advice has no say here."""
        effects = {one.effect for one in self.attestations}
        if self.outcome == "invalid" or "blocks" in effects:
            return "fails"
        if self.outcome == "verified" and "unproven" not in effects and not self.required:
            return "passes"
        return "undecided"

    def to_json(self) -> bytes:
        """Return the document ``--format json`` prints."""
        return json.encode({**_fields(self), "standing": self.standing})


def _fields(report: SignatureReport) -> dict[str, object]:
    from msgspec.structs import asdict

    return asdict(report)
