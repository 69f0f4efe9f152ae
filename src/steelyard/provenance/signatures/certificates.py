# SPDX-License-Identifier: Apache-2.0
"""Signing certificates of one's own, and whether they lead to a root the caller named.

A bundle signed this way holds no proof of *when* it was signed. A certificate that is valid now
could have signed just now, which is all one needs to know. One that has expired could have been
used by whoever found its key since; it counts only if the caller says at what time the signature
was already there. (The reference implementation accepts it at the start of its validity.)

Revocation is not looked up: that needs a network or lists nobody gave us. A note says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from steelyard.kernel.errors import InputError
from steelyard.kernel.signature import Reason
from steelyard.provenance.signatures.keys import VerificationKey, usable_key
from steelyard.provenance.signatures.reading import malformed

_MAX_DEPTH = 8
_MAX_ROOTS = 1024


class Certificate(Struct, frozen=True, kw_only=True):
    """A signer's certificate, read but not trusted."""

    key: VerificationKey
    subject: str
    issuer: str
    not_before: dt.datetime
    not_after: dt.datetime
    parsed: Any
    """The object of ``cryptography`` it was read into."""

    def valid_at(self, time: dt.datetime) -> bool:
        """Tell whether ``time`` lies within the validity, which includes both ends."""
        return self.not_before <= time <= self.not_after


def read_roots(data: bytes) -> tuple[Any, ...]:
    """Read the PEM certificates somebody trusts as roots.

    Raises:
        InputError: there are none, too many, or one cannot be read.
    """
    from cryptography import x509

    try:
        roots = x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise InputError(
            "The file of root certificates holds no readable PEM certificate.",
            next_step="Give a file with -----BEGIN CERTIFICATE----- blocks.",
            code="certificate.root",
        ) from error
    if len(roots) > _MAX_ROOTS:
        raise InputError(f"There are more than {_MAX_ROOTS} roots.", code="certificate.root")
    return tuple(roots)


def read_certificate(der: bytes) -> Certificate:
    """Read the certificate of a signer.

    Raises:
        IntegrityError: it is no certificate, or its key is of a kind that is not understood.
    """
    from cryptography.exceptions import UnsupportedAlgorithm

    parsed = _parse(der)
    try:
        key = usable_key(parsed.public_key())
        subject, issuer = parsed.subject.rfc4514_string(), parsed.issuer.rfc4514_string()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise malformed("The signing certificate cannot be read.") from error
    if key is None:
        raise malformed("The key of the signing certificate is of no supported kind.")
    return Certificate(
        key=key,
        subject=subject[:1024],
        issuer=issuer[:1024],
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        parsed=parsed,
    )


def distrust(
    chain: Sequence[bytes],
    roots: Sequence[Any],
    *,
    now: dt.datetime,
    seen_at: dt.datetime | None,
) -> Reason | None:
    """Return why the first certificate of ``chain`` may not be trusted, None if it may.

    ``chain`` is DER, the signer's first; ``roots`` come from :func:`read_roots`; ``seen_at`` is a
    time at which the caller knows the signature to have existed.

    Raises:
        IntegrityError: a certificate cannot be read.
    """
    if not roots:
        return Reason(
            code="certificate.no-root",
            message="The signature comes with a certificate, and no root was named to trust.",
            next_step="Get the publisher's root certificate and name it: --certificate-root.",
        )
    leaf = read_certificate(chain[0])
    time = now if seen_at is None else seen_at
    if not leaf.valid_at(time):
        return _not_valid(leaf, time, seen_at)
    if (reason := _unfit(leaf.parsed)) is not None:
        return reason
    between = [_parse(der) for der in chain[1:]]
    return _no_path(leaf.parsed, between, roots, time)


def _not_valid(leaf: Certificate, time: dt.datetime, seen_at: dt.datetime | None) -> Reason:
    when = f"{leaf.not_before:%Y-%m-%d} to {leaf.not_after:%Y-%m-%d}"
    if seen_at is not None or time < leaf.not_before:
        return Reason(
            code="certificate.not-valid",
            message=f"The certificate is valid from {when}, not at {time:%Y-%m-%d %H:%M} UTC.",
        )
    return Reason(
        code="certificate.expired",
        message=f"The certificate was valid from {when}, and nothing in the signature proves that "
        "it was made in that time.",
        next_step="If you know from your own records when you had this signature, say so: "
        "--seen-at TIME. Else ask for a new signature.",
    )


def _unfit(parsed: Any) -> Reason | None:
    """Return why a certificate is not meant for signing models, None if it is."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        extensions = parsed.extensions
        usage = _value(extensions, x509.KeyUsage)
        extended = _value(extensions, x509.ExtendedKeyUsage)
    except ValueError:
        return Reason(code="certificate.usage", message="The certificate's usage is unreadable.")
    signs = usage is not None and usage.digital_signature
    fits = {ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    codes = extended is not None and bool(fits & set(extended))
    denied = (usage is not None and not signs) or (extended is not None and not codes)
    if denied or not (signs or codes):
        return Reason(
            code="certificate.usage",
            message="The certificate is not one for signing: it needs the usage digital signature, "
            "and code signing where it lists extended usages.",
        )
    return None


def _value(extensions: Any, kind: Any) -> Any:
    from cryptography import x509

    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _no_path(
    leaf: Any, between: Sequence[Any], roots: Sequence[Any], time: dt.datetime
) -> Reason | None:
    from cryptography import x509
    from cryptography.x509 import verification as path

    either = path.Criticality.AGNOSTIC
    authority = (
        path.ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, either, _is_authority)
        .may_be_present(x509.KeyUsage, either, _signs_certificates)
    )
    verifier = (
        path.PolicyBuilder()
        .store(path.Store(list(roots)))
        .time(time)
        .max_chain_depth(_MAX_DEPTH)
        .extension_policies(ca_policy=authority, ee_policy=path.ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    try:
        verifier.verify(leaf, list(between))
    except (path.VerificationError, x509.UnsupportedGeneralNameType, ValueError) as error:
        told = str(error).partition(" (encountered")[0].removeprefix("validation failed: ")
        return Reason(
            code="certificate.path",
            message=f"The certificate does not lead to a root you named: {told[:200]}.",
            next_step="Check that this is the publisher's root. Authorities may use RSA of at "
            "least 2048 bits, P-256, P-384 or P-521.",
        )
    return None


def _is_authority(_policy: object, _certificate: object, extension: Any) -> None:
    if not extension.ca:
        message = "an issuer is no certificate authority"
        raise ValueError(message)


def _signs_certificates(_policy: object, _certificate: object, extension: Any) -> None:
    if extension is not None and not extension.key_cert_sign:
        message = "an issuer may not sign certificates"
        raise ValueError(message)


def _parse(der: bytes) -> Any:
    from cryptography import x509

    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise malformed("A certificate of the bundle cannot be read.") from error
