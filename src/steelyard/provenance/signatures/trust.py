# SPDX-License-Identifier: Apache-2.0
"""Does a signature fit, and does anybody the caller trusts stand behind it?

The two questions are kept apart. A signature that fits a key nobody named is ``untrusted``, not
good; one that does not fit the very key it names is ``invalid``. Where the two cannot be told
apart (a bare hint to an unknown key), the answer is the weaker one: ``untrusted``.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct

from steelyard.kernel.signature import Outcome, Reason, Signer
from steelyard.provenance.signatures.bundle import Bundle, Material
from steelyard.provenance.signatures.certificates import distrust, read_certificate
from steelyard.provenance.signatures.envelope import Envelope
from steelyard.provenance.signatures.keyless import Identity, identity_in, verify_keyless
from steelyard.provenance.signatures.keys import VerificationKey, parse_key

REVOCATION = "Whether a certificate was revoked was not looked up."
UNSTAMPED = "The bundle carries a timestamp or log entry that was not needed and not verified."


class TrustPolicy(Struct, frozen=True, kw_only=True):
    """Whom the caller trusts. Empty means nobody."""

    now: dt.datetime
    """The present, UTC: engines have no clock."""
    keys: tuple[VerificationKey, ...] = ()
    roots: tuple[Any, ...] = ()
    """Certificates of ``cryptography``, from :func:`.certificates.read_roots`."""
    identity: Identity | None = None
    seen_at: dt.datetime | None = None
    """A time at which the caller knows the signature to have existed."""


class Checked(Struct, frozen=True, kw_only=True):
    """What is known of one signature."""

    outcome: Outcome
    signer: Signer | None = None
    reason: Reason | None = None
    proven_at: str = ""
    notes: tuple[str, ...] = ()


def check_bundle(data: bytes, bundle: Bundle, policy: TrustPolicy) -> Checked:
    """Check the signature of a bundle, whose bytes are ``data``.

    Raises:
        IntegrityError: a key or certificate in it cannot be read.
        InputError: the trusted root of the policy cannot be used.
    """
    match bundle.material.method:
        case "key":
            return check_envelope(bundle.envelope, policy, bundle.material)
        case "certificate":
            return _certificate(bundle, policy)
        case _:
            return _keyless(data, bundle, policy)


def check_envelope(
    envelope: Envelope, policy: TrustPolicy, material: Material | None = None
) -> Checked:
    """Check an envelope signed with a key of the signer's own.

    Raises:
        IntegrityError: the key in it cannot be read.
    """
    material = material or Material(method="key")
    for key in policy.keys:
        if _fits(key, envelope):
            notes = _stamps(material)
            if material.hint and material.hint.lower() not in key.names:
                notes = (*notes, "The signature names its key in a way that does not fit the key.")
            return Checked(outcome="verified", signer=_key_signer(key, "pinned_key"), notes=notes)
    named = {material.hint.lower(), *(one.keyid.lower() for one in envelope.signatures)} - {""}
    claimed = next((key for key in policy.keys if key.names & named), None)
    if claimed is not None:
        return Checked(outcome="invalid", signer=_key_signer(claimed, "none"), reason=_MISFIT)
    if material.key:
        inside = parse_key(material.key)
        if inside is None:
            return Checked(outcome="invalid", reason=_BAD_KEY)
        if not _fits(inside, envelope):
            return Checked(outcome="invalid", signer=_key_signer(inside, "none"), reason=_MISFIT)
        return Checked(
            outcome="untrusted", signer=_key_signer(inside, "none"), reason=_unknown_key(policy)
        )
    shown = next(iter(sorted(named)), "")
    signer = Signer(method="key", trust="none", fingerprint="", identity=shown[:128])
    return Checked(outcome="untrusted", signer=signer, reason=_unknown_key(policy))


def _certificate(bundle: Bundle, policy: TrustPolicy) -> Checked:
    leaf = read_certificate(bundle.material.certificates[0])
    signer = Signer(
        method="certificate",
        trust="none",
        fingerprint=leaf.key.fingerprint,
        identity=leaf.subject,
        issuer=leaf.issuer,
        not_before=_time(leaf.not_before),
        not_after=_time(leaf.not_after),
    )
    if not _fits(leaf.key, bundle.envelope):
        return Checked(outcome="invalid", signer=signer, reason=_MISFIT)
    if leaf.key.fingerprint in {key.fingerprint for key in policy.keys}:
        return Checked(outcome="verified", signer=_trusted(signer, "pinned_key"))
    reason = distrust(
        bundle.material.certificates, policy.roots, now=policy.now, seen_at=policy.seen_at
    )
    notes = (REVOCATION, *_stamps(bundle.material))
    if reason is not None:
        return Checked(outcome="untrusted", signer=signer, reason=reason, notes=notes[1:])
    if policy.seen_at is not None and not leaf.valid_at(policy.now):
        told = f"you say that you had the signature at {_time(policy.seen_at)}"
        notes = (f"The certificate has expired; it counts because {told}.", *notes)
    return Checked(outcome="verified", signer=_trusted(signer, "certificate_root"), notes=notes)


def _keyless(data: bytes, bundle: Bundle, policy: TrustPolicy) -> Checked:
    leaf = read_certificate(bundle.material.certificates[0])
    identity, issuer = identity_in(leaf.parsed)
    signer = Signer(
        method="keyless",
        trust="none",
        fingerprint=leaf.key.fingerprint,
        identity=identity,
        issuer=issuer,
        not_before=_time(leaf.not_before),
        not_after=_time(leaf.not_after),
    )
    if not _fits(leaf.key, bundle.envelope):
        return Checked(outcome="invalid", signer=signer, reason=_MISFIT)
    answer = verify_keyless(data, bundle.envelope, leaf.parsed, policy.identity)
    if answer.outcome == "verified":
        signer = _trusted(signer, "identity")
    return Checked(
        outcome=answer.outcome, signer=signer, reason=answer.reason, proven_at=answer.proven_at
    )


def _fits(key: VerificationKey, envelope: Envelope) -> bool:
    signed = envelope.signed_bytes()
    return any(key.fits(one.value, signed) for one in envelope.signatures)


def _key_signer(key: VerificationKey, trust: Any) -> Signer:
    return Signer(method="key", trust=trust, fingerprint=key.fingerprint)


def _trusted(signer: Signer, trust: Any) -> Signer:
    from msgspec.structs import replace

    return replace(signer, trust=trust)


def _stamps(material: Material) -> tuple[str, ...]:
    return (UNSTAMPED,) if material.log_entries or material.timestamps else ()


def _time(time: dt.datetime) -> str:
    return f"{time.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _unknown_key(policy: TrustPolicy) -> Reason:
    what = "is not one you named" if policy.keys else "was not named as one to trust"
    return Reason(
        code="signature.unknown-key",
        message=f"The signature is there, but its key {what}.",
        next_step="Get the signer's public key over another way and name it as one you trust.",
    )


_MISFIT = Reason(
    code="signature.invalid",
    message="The signature does not fit what is signed: one of them was changed.",
)
_BAD_KEY = Reason(
    code="signature.bad-key", message="The public key in the signature cannot be read."
)
