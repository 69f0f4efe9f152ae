# SPDX-License-Identifier: Apache-2.0
"""Keyless Sigstore signatures, verified offline with the ``sigstore`` library.

Such a signature stands on a certificate that lived for minutes, an entry in a public log and the
log's signed time. All of it is in the bundle, and what it is checked against is one trusted root
file, so no network is needed and none is used. Without the library, or without a root, an identity
and its issuer, the answer is that nothing was decided.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct

from steelyard.kernel.errors import InputError
from steelyard.kernel.signature import Outcome, Reason
from steelyard.provenance.signatures.envelope import Envelope
from steelyard.provenance.signatures.reading import read_json

_ISSUER, _ISSUER_V2 = "1.3.6.1.4.1.57264.1.1", "1.3.6.1.4.1.57264.1.8"
"""Certificate extensions of Fulcio that name the identity provider, older and newer form."""
_UTF8_STRING = 0x0C


class Identity(Struct, frozen=True, kw_only=True):
    """Whose keyless signatures are accepted, and on what root."""

    identity: str
    issuer: str
    trusted_root: bytes
    """``trusted_root.json`` of a Sigstore instance, or a client trust configuration."""


class KeylessAnswer(Struct, frozen=True):
    """What came of it. ``proven_at`` is the log's time, if it was verified."""

    outcome: Outcome
    reason: Reason | None = None
    proven_at: str = ""


def verify_keyless(
    data: bytes, envelope: Envelope, certificate: Any, wanted: Identity | None
) -> KeylessAnswer:
    """Verify the bundle ``data``, from which ``envelope`` and ``certificate`` were read.

    The library reads the bundle by itself, so it is made sure that it saw the same ones.

    Raises:
        InputError: the trusted root cannot be used.
    """
    if wanted is None:
        return KeylessAnswer(
            "untrusted",
            Reason(
                code="keyless.no-identity",
                message="This is a keyless Sigstore signature, and nobody's was named to trust.",
                next_step="Name whom you expect: --identity, --issuer and --trusted-root.",
            ),
        )
    try:
        from sigstore import models
        from sigstore.errors import CertValidationError, VerificationError
        from sigstore.verify import Verifier, policy
    except ImportError:
        return KeylessAnswer("undecidable", _NO_LIBRARY)
    root = _trusted_root(wanted.trusted_root)
    try:
        bundle = models.Bundle.from_json(data)
        seen = Verifier(trusted_root=root).verify_dsse(bundle, _AnyIdentity())
    except CertValidationError as error:
        return KeylessAnswer("untrusted", _reason("keyless.other-root", _OTHER_ROOT, error))
    except VerificationError as error:
        return KeylessAnswer("invalid", _reason("keyless.invalid", _INVALID, error))
    except Exception as error:  # the library's own models raise what they like on strange input
        return KeylessAnswer("invalid", _reason("keyless.malformed", _INVALID, error))
    if seen != (envelope.payload_type, envelope.payload) or (
        bundle.signing_certificate != certificate
    ):
        return KeylessAnswer("invalid", _AMBIGUOUS)
    try:
        policy.Identity(identity=wanted.identity, issuer=wanted.issuer).verify(certificate)
    except Exception as error:
        reason = _reason("keyless.other-identity", _OTHER_IDENTITY, error)
        return KeylessAnswer("untrusted", reason)
    return KeylessAnswer("verified", None, _log_time(data))


class _AnyIdentity:
    """Lets every identity pass, so that a wrong one can be told from a wrong signature; who it is
    is judged right after.
    """

    def verify(self, certificate: Any) -> None:
        """Accept ``certificate``."""


def identity_in(certificate: Any) -> tuple[str, str]:
    """Return the identity and issuer a certificate states, empty where it states none."""
    from cryptography import x509

    names: list[str] = []
    issuer = ""
    try:
        for extension in certificate.extensions:
            value = extension.value
            if isinstance(value, x509.SubjectAlternativeName):
                names += value.get_values_for_type(x509.RFC822Name)
                names += value.get_values_for_type(x509.UniformResourceIdentifier)
            elif extension.oid.dotted_string == _ISSUER_V2:
                issuer = _utf8_string(value.value) or issuer
            elif extension.oid.dotted_string == _ISSUER:
                issuer = issuer or value.value.decode("utf-8")
    except (ValueError, AttributeError, x509.UnsupportedGeneralNameType):
        return "", ""
    return ", ".join(names)[:1024], issuer[:1024]


def _utf8_string(der: bytes) -> str:
    """Return the text of a short DER UTF8String, empty if it is another thing."""
    if len(der) >= 2 and der[0] == _UTF8_STRING and der[1] == len(der) - 2 < 0x80:
        return der[2:].decode("utf-8")
    return ""


def _trusted_root(data: bytes) -> Any:
    from sigstore import models
    from sigstore_models.trustroot import v1

    try:
        if "trustedRoot" in read_json(data, "trusted root"):
            return models.ClientTrustConfig.from_json(data.decode("utf-8")).trusted_root
        return models.TrustedRoot(v1.TrustedRoot.from_json(data))
    except Exception as error:
        raise InputError(
            f"The trusted root cannot be used: {_short(error)}.",
            next_step="Give the trusted_root.json of the Sigstore instance that was used.",
            code="keyless.root",
        ) from error


def _log_time(data: bytes) -> str:
    """Return the time the log gave its verified entry; empty for logs that give none."""
    for entry in read_json(data, "signature")["verificationMaterial"]["tlogEntries"]:
        seconds = str(entry.get("integratedTime") or "")
        if entry.get("inclusionPromise") and seconds.isdecimal() and len(seconds) < 12:
            return f"{dt.datetime.fromtimestamp(int(seconds), dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
    return ""


_INVALID = "The keyless signature does not verify"
_OTHER_ROOT = "The certificate of the keyless signature does not lead to the trusted root"
_OTHER_IDENTITY = "The keyless signature is good, but not of the identity you named"
_AMBIGUOUS = Reason(
    code="keyless.malformed",
    message="The bundle can be read in two ways, and only one of them verifies.",
)
_NO_LIBRARY = Reason(
    code="keyless.no-library",
    message="This is a keyless Sigstore signature, and what verifies those is not installed.",
    next_step="Run: pip install 'steelyard[signing]'. It works without a network.",
)


def _reason(code: str, message: str, error: Exception) -> Reason:
    return Reason(code=code, message=f"{message}: {_short(error)}.")


def _short(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0].rstrip(".")
    return text.encode("unicode_escape").decode("ascii")[:240]
