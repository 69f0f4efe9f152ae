# SPDX-License-Identifier: Apache-2.0
"""Ed25519 keys, and the three ways a public key is written down.

* the **fingerprint**, SHA-256 of the DER SubjectPublicKeyInfo in hexadecimal: what people compare
  and pin, and the key id of DSSE signatures;
* the **verifier key** of a signed note, ``name+hash+base64`` (https://c2sp.org/signed-note): the
  same key together with the name of the ledger it signs for;
* **PEM**, for every other tool.

A bundle's and a ledger's ``key.pub`` hold the second and the third.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

from steelyard.kernel.errors import InputError, IntegrityError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ED25519 = b"\x01"
_SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")
"""DER of SubjectPublicKeyInfo for Ed25519 (RFC 8410) up to the 32 bytes of the key."""
_KEY_NAME = re.compile(r"\A[!-*,-~]+\Z")
"""Printable ASCII without space and plus: narrower than signed-note, so it has one spelling."""


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 public key; ``raw`` is its 32 bytes (RFC 8032)."""

    raw: bytes

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the DER SubjectPublicKeyInfo, 64 hexadecimal characters."""
        return hashlib.sha256(_SPKI_PREFIX + self.raw).hexdigest()

    def pem(self) -> bytes:
        """Return the key as a PEM ``PUBLIC KEY`` block."""
        body = base64.b64encode(_SPKI_PREFIX + self.raw)
        return b"-----BEGIN PUBLIC KEY-----\n" + body + b"\n-----END PUBLIC KEY-----\n"

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Tell whether ``signature`` over ``data`` was made with this key."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read a PEM ``PUBLIC KEY`` block.

        Raises:
            InputError: it is not an Ed25519 public key.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            key = serialization.load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise _not_a_public_key() from error
        if not isinstance(key, Ed25519PublicKey):
            raise _not_a_public_key()
        return cls(key.public_bytes_raw())


class Signer:
    """An Ed25519 private key that signs; its bytes leave it only through :meth:`to_pem`."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = PublicKey(private.public_key().public_bytes_raw())

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature over ``data`` (deterministic, RFC 8032)."""
        return self._private.sign(data)

    def to_pem(self) -> bytes:
        """Return the private key as unencrypted PKCS #8 PEM; the caller guards the file."""
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
        )

        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @classmethod
    def generate(cls) -> Self:
        """Make a new key from the operating system's randomness."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """Make the key whose RFC 8032 seed is ``seed`` (32 bytes)."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read an unencrypted PKCS #8 PEM block.

        Raises:
            InputError: it is not an Ed25519 private key, or it is encrypted.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        wrong = InputError(
            "The key file does not hold an unencrypted Ed25519 private key.",
            next_step="Set STEELYARD_KEY to another file, or move this one away to get a new key.",
            code="key.invalid",
        )
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise wrong from error
        if not isinstance(key, Ed25519PrivateKey):
            raise wrong
        return cls(key)


@dataclass(frozen=True)
class NoteKey:
    """A public key under the name it signs notes with: the origin of its ledger."""

    name: str
    public: PublicKey

    @cached_property
    def id(self) -> bytes:
        """The four bytes that stand before a signature in a note."""
        named = self.name.encode("utf-8") + b"\n" + _ED25519 + self.public.raw
        return hashlib.sha256(named).digest()[:4]

    @property
    def text(self) -> str:
        """The verifier key, ``name+hash+base64``."""
        key = base64.b64encode(_ED25519 + self.public.raw).decode("ascii")
        return f"{self.name}+{self.id.hex()}+{key}"


def is_key_name(name: str) -> bool:
    """Tell whether ``name`` can name a key: printable ASCII without space or plus."""
    return _KEY_NAME.match(name) is not None


def parse_note_key(text: str) -> NoteKey:
    """Read a verifier key.

    Raises:
        IntegrityError: it is malformed, of another algorithm, or its hash does not fit.
    """
    name, _, rest = text.partition("+")
    _, _, encoded = rest.partition("+")
    raw = decode_base64(encoded)
    if is_key_name(name) and raw is not None and len(raw) == 33 and raw[:1] == _ED25519:
        key = NoteKey(name, PublicKey(raw[1:]))
        if key.text == text:
            return key
    raise IntegrityError("This is not a verifier key for Ed25519 notes.", code="key.invalid")


def key_file(key: NoteKey) -> bytes:
    """Return the text of ``key.pub``: the verifier key on one line, then PEM."""
    return key.text.encode("ascii") + b"\n" + key.public.pem()


def parse_key_file(data: bytes) -> NoteKey:
    """Read ``key.pub`` strictly: both forms present, equal, and nothing else.

    Raises:
        IntegrityError: the file is not exactly what :func:`key_file` writes for its key.
    """
    line = data.split(b"\n", 1)[0]
    try:
        key = parse_note_key(line.decode("ascii"))
    except UnicodeDecodeError as error:
        raise IntegrityError("The first line is not a verifier key.", code="key.invalid") from error
    if key_file(key) != data:
        raise IntegrityError("The two forms of the key do not agree.", code="key.invalid")
    return key


def keys_in(data: bytes) -> list[PublicKey]:
    """Return what keys a damaged ``key.pub`` still holds in either of its two forms."""
    keys: list[PublicKey] = []
    lines = data.decode("ascii", "replace").split("\n")
    encoded = lines[0].split("+", 2)[-1]
    raw = decode_base64(encoded)
    if raw is not None and len(raw) == 33:
        keys.append(PublicKey(raw[1:]))
    for line in lines[1:]:
        der = decode_base64(line)
        if der is not None and der.startswith(_SPKI_PREFIX) and len(der) == 44:
            keys.append(PublicKey(der[len(_SPKI_PREFIX) :]))
    return keys


def read_public_key(data: bytes) -> PublicKey:
    """Read a public key somebody wants to pin: a ``key.pub``, a verifier key or PEM.

    Raises:
        InputError: it is none of these.
    """
    if b"-----BEGIN PUBLIC KEY-----" in data:
        return PublicKey.from_pem(data[data.index(b"-----BEGIN PUBLIC KEY-----") :])
    try:
        return parse_note_key(data.decode("ascii").strip()).public
    except (UnicodeDecodeError, IntegrityError) as error:
        raise _not_a_public_key() from error


def decode_base64(text: str) -> bytes | None:
    """Return the bytes of standard base64 in its one canonical spelling, else None."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode("ascii") == text else None


def _not_a_public_key() -> InputError:
    return InputError(
        "This is not an Ed25519 public key.",
        next_step="Give the key.pub of a bundle, a PEM public key or a 64-digit fingerprint.",
        code="key.invalid",
    )
