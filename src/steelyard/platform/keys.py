# SPDX-License-Identifier: Apache-2.0
"""The signing key on this machine: made on first use, readable by its owner only.

The path is ``STEELYARD_KEY``, else ``$XDG_DATA_HOME/steelyard/key.pem``. A new key is written under
another name, flushed, and then *linked* to its place: linking fails if somebody else was first, so
two processes that start together end up with the same key, and nobody ever reads half of one.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from steelyard.kernel.digest import is_sha256
from steelyard.kernel.errors import InputError
from steelyard.ledger.signing import PublicKey, Signer, read_public_key
from steelyard.platform.durable import flush_directory, make_directory

_MAX_KEY = 64 * 1024


def data_home(environ: Mapping[str, str]) -> Path:
    """Return Steelyard's own directory (``XDG_DATA_HOME``, else ``~/.local/share``)."""
    base = environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "steelyard"


def key_path(environ: Mapping[str, str]) -> Path:
    """Return where the private key lies."""
    stated = environ.get("STEELYARD_KEY")
    return Path(stated) if stated else data_home(environ) / "key.pem"


def load_or_create(path: Path) -> Signer:
    """Return the signer at ``path``, making a key there if there is none.

    Raises:
        InputError: the file is not an Ed25519 private key, others may read it, or it can neither be
            read nor made.
    """
    try:
        if not path.exists():
            _create(path)
        return _load(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def load_public(path: Path) -> PublicKey | None:
    """Return the public half of the key at ``path``; None if there is no key yet.

    Raises:
        InputError: as for :func:`load_or_create`.
    """
    try:
        return _load(path).public
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from error


def own_fingerprint(environ: Mapping[str, str]) -> str | None:
    """Return the fingerprint of this machine's key, or None if it has no usable one."""
    try:
        key = load_public(key_path(environ))
    except InputError:
        return None  # verifying somebody else's evidence needs no key of one's own
    return None if key is None else key.fingerprint


def fingerprint_of(stated: str, environ: Mapping[str, str]) -> str:
    """Return the fingerprint of the key a person names.

    ``stated`` is a fingerprint, a verifier key, ``local`` (this machine's key), or a file: a
    bundle's ``key.pub`` or a PEM public key.

    Raises:
        InputError: it is none of these.
    """
    if is_sha256(stated.lower()):
        return stated.lower()
    if stated == "local":
        own = load_public(key_path(environ))
        if own is None:
            raise InputError(
                "There is no local key yet.",
                next_step="The first `steelyard assess --output` makes one; or name a key file.",
                code="key.none",
            )
        return own.fingerprint
    try:
        if "+" in stated and not Path(stated).exists():
            return read_public_key(stated.encode("utf-8")).fingerprint
        with Path(stated).open("rb") as file:
            return read_public_key(file.read(_MAX_KEY)).fingerprint
    except OSError as error:
        raise InputError(
            f"The key {stated!r} cannot be read: {error.strerror}.",
            next_step="Give a key.pub, a PEM public key, a 64-digit fingerprint or `local`.",
            code="key.unreadable",
        ) from error


def _create(path: Path) -> None:
    make_directory(path.parent, 0o700)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
            file.write(Signer.generate().to_pem())
            file.flush()
            os.fsync(descriptor)
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            return  # another process was first; its key is the one to use
        flush_directory(path.parent)
    finally:
        fresh.unlink()


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"The signing key {str(path)!r} cannot be read or made: {error.strerror}.",
        next_step="Set STEELYARD_KEY to a file in a directory you own.",
        code="key.unreadable",
    )


def _load(path: Path) -> Signer:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"The signing key {str(path)!r} is not a file.", code="key.invalid")
        if status.st_mode & 0o077:
            raise InputError(
                f"Others than its owner may use the signing key {str(path)!r}.",
                next_step=f"Run: chmod 600 {path}. If others could read it, make a new key.",
                code="key.exposed",
            )
        return Signer.from_pem(file.read(_MAX_KEY))
