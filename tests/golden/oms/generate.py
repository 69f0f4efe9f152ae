# SPDX-License-Identifier: Apache-2.0
"""Make the signatures in this directory anew, with the reference implementation.

Run it with a Python that has ``model-signing``, ``sigstore`` and ``pyOpenSSL`` installed; nothing
of Steelyard is used. The private keys are thrown away. See README.md for what each file is.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = Path(__file__).resolve().parent
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DECADES = dt.timedelta(days=36500)
SIGNED_AT = dt.datetime(2026, 11, 1, 12, 0, tzinfo=dt.UTC)
FILES = {
    "config.json": b'{"model_type": "tiny"}\n',
    "weights.bin": bytes(range(256)) * 4,
    "sub/tokenizer.json": b'{"version": "1.0"}\n',
    ".gitattributes": b"# Left out of signatures by default\n",
    "notes/draft.md": b"# Not part of what is signed in ignore.sig\n",
}
Key = ec.EllipticCurvePrivateKey


def main() -> None:
    """Write everything."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        model = work / "tiny"
        for path, data in FILES.items():
            (model / path).parent.mkdir(parents=True, exist_ok=True)
            (model / path).write_bytes(data)
        shutil.rmtree(HERE / "model", ignore_errors=True)
        shutil.copytree(model, HERE / "model")
        for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()):
            key = ec.generate_private_key(curve)
            label = f"p{curve.key_size}"
            _write_key(work / "key.pem", key)
            _write_public(HERE / f"{label}.pub.pem", key)
            _sign("key", model, HERE / f"{label}.sig", "--private_key", work / "key.pem")
            if curve.key_size == 256:
                extra = ("--private_key", work / "key.pem")
                _sign("key", model / "config.json", HERE / "single.sig", *extra)
                ignoring = (*extra, "--ignore-paths", model / "notes")
                _sign("key", model, HERE / "ignore.sig", *ignoring)
                _sign("key", model, HERE / "git.sig", *extra, "--no-ignore-git-paths")
        _certificates(work, model)
        _keyless((HERE / "p256.sig").read_bytes())


def _sign(how: str, model: Path, target: Path, *options: object) -> None:
    command = [sys.executable, "-m", "model_signing", "sign", how, model, "--signature", target]
    subprocess.run([str(word) for word in (*command, *options)], check=True)


def _certificates(work: Path, model: Path) -> None:
    root, middle, leaf, other = (ec.generate_private_key(ec.SECP384R1()) for _ in range(4))
    root_certificate = _certificate("Root", root, "Root", root, ca=True)
    middle_certificate = _certificate("Middle", middle, "Root", root, ca=True)
    _write_certificates(HERE / "root.pem", root_certificate)
    _write_certificates(
        HERE / "other-root.pem", _certificate("Root", other, "Root", other, ca=True)
    )
    _write_certificates(work / "chain.pem", middle_certificate)
    _write_key(work / "leaf.pem", leaf)
    for name, end in (("certificate", START + DECADES), ("expired", START + dt.timedelta(days=30))):
        certificate = _certificate("Tiny Models", leaf, "Middle", middle, ca=False, end=end)
        _write_certificates(work / "leaf-certificate.pem", certificate)
        _sign(
            "certificate",
            model,
            HERE / f"{name}.sig",
            "--private_key",
            work / "leaf.pem",
            "--signing_certificate",
            work / "leaf-certificate.pem",
            "--certificate_chain",
            work / "chain.pem",
        )


def _certificate(
    subject: str,
    key: Key,
    issuer: str,
    issuer_key: Key,
    *,
    ca: bool,
    end: dt.datetime | None = None,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(end or START + DECADES)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(_usage(ca=ca), critical=True)
    )
    return builder.sign(issuer_key, hashes.SHA384())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _keyless(key_bundle: bytes) -> None:
    """Sign the same statement the way a Sigstore instance of our own would, and write its root."""
    authority, log, ct, signer = (ec.generate_private_key(ec.SECP256R1()) for _ in range(4))
    root = _fulcio_root(authority)
    leaf = _fulcio_leaf(signer, authority, root, ct)
    envelope = json.loads(key_bundle)["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"].encode()
    encoded = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    signature = signer.sign(encoded, ec.ECDSA(hashes.SHA256()))
    envelope["signatures"] = [{"sig": _b64(signature)}]
    bundle = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": _b64(_der(leaf))},
            "tlogEntries": [_log_entry(log, leaf, payload, signature)],
        },
        "dsseEnvelope": envelope,
    }
    (HERE / "keyless.sig").write_text(json.dumps(bundle), encoding="utf-8")
    trusted = {
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [_instance("https://log.example", log)],
        "certificateAuthorities": [
            {
                "subject": {"organization": "example", "commonName": "Example authority"},
                "uri": "https://authority.example",
                "certChain": {"certificates": [{"rawBytes": _b64(_der(root))}]},
                "validFor": {"start": "2026-01-01T00:00:00Z"},
            }
        ],
        "ctlogs": [_instance("https://ct.example", ct)],
    }
    text = json.dumps(trusted, indent=1)
    (HERE / "trusted_root.json").write_text(text + "\n", encoding="utf-8")


def _fulcio_root(key: Key) -> x509.Certificate:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(_name("Example authority"))
        .issuer_name(_name("Example authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(START + DECADES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_usage(ca=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def _fulcio_leaf(signer: Key, authority: Key, root: x509.Certificate, ct: Key) -> x509.Certificate:
    issuer = b"https://accounts.example"
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key())  # type: ignore[arg-type]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(root.subject)
        .public_key(signer.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(SIGNED_AT)
        .not_valid_after(SIGNED_AT + dt.timedelta(minutes=10))
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        .add_extension(known, critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.RFC822Name("models@example.org")]), critical=True
        )
        .add_extension(_extension("1.3.6.1.4.1.57264.1.1", issuer), critical=False)
        .add_extension(
            _extension("1.3.6.1.4.1.57264.1.8", bytes([0x0C, len(issuer)]) + issuer), critical=False
        )
    )
    before = builder.sign(authority, hashes.SHA256()).tbs_certificate_bytes
    stamp = _signed_certificate_timestamp(before, root, ct)
    return builder.add_extension(stamp, critical=False).sign(authority, hashes.SHA256())


def _signed_certificate_timestamp(
    tbs: bytes, root: x509.Certificate, ct: Key
) -> x509.UnrecognizedExtension:
    """Return the extension of RFC 6962 that embeds one timestamp of the log ``ct``."""
    issuer_key = root.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    time = int(SIGNED_AT.timestamp() * 1000)
    entry = hashlib.sha256(issuer_key).digest() + struct.pack("!I", len(tbs))[1:] + tbs
    signed = struct.pack("!BBQH", 0, 0, time, 1) + entry + struct.pack("!H", 0)
    signature = ct.sign(signed, ec.ECDSA(hashes.SHA256()))
    one = b"\0" + _key_id(ct) + struct.pack("!QH", time, 0)
    one += struct.pack("!BBH", 4, 3, len(signature)) + signature
    row = struct.pack("!H", len(one)) + one
    listed = struct.pack("!H", len(row)) + row
    return _extension("1.3.6.1.4.1.11129.2.4.2", bytes([0x04, len(listed)]) + listed)


def _log_entry(log: Key, leaf: x509.Certificate, payload: bytes, signature: bytes) -> Any:
    pem = leaf.public_bytes(serialization.Encoding.PEM)
    body = {
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
            "signatures": [{"signature": _b64(signature), "verifier": _b64(pem)}],
        },
    }
    canonical = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
    root = hashlib.sha256(b"\0" + canonical).digest()
    note = f"log.example - 1\n1\n{_b64(root)}\n"
    signed_note = _key_id(log)[:4] + log.sign(note.encode(), ec.ECDSA(hashes.SHA256()))
    time = int(SIGNED_AT.timestamp()) + 60
    promise = {
        "body": _b64(canonical),
        "integratedTime": time,
        "logID": _key_id(log).hex(),
        "logIndex": 0,
    }
    promised = json.dumps(promise, separators=(",", ":"), sort_keys=True).encode()
    return {
        "logIndex": "0",
        "logId": {"keyId": _b64(_key_id(log))},
        "kindVersion": {"kind": "dsse", "version": "0.0.1"},
        "integratedTime": str(time),
        "inclusionPromise": {
            "signedEntryTimestamp": _b64(log.sign(promised, ec.ECDSA(hashes.SHA256())))
        },
        "inclusionProof": {
            "logIndex": "0",
            "rootHash": _b64(root),
            "treeSize": "1",
            "hashes": [],
            "checkpoint": {"envelope": f"{note}\n\N{EM DASH} log.example {_b64(signed_note)}\n"},
        },
        "canonicalizedBody": _b64(canonical),
    }


def _instance(url: str, key: Key) -> Any:
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": _b64(_public(key)),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": "2026-01-01T00:00:00Z"},
        },
        "logId": {"keyId": _b64(_key_id(key))},
    }


def _extension(oid: str, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)


def _public(key: Key) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _key_id(key: Key) -> bytes:
    return hashlib.sha256(_public(key)).digest()


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _write_key(path: Path, key: Key) -> None:
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _write_public(path: Path, key: Key) -> None:
    path.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def _write_certificates(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


if __name__ == "__main__":
    main()
