# SPDX-License-Identifier: Apache-2.0
"""Seals the secrets that a server must be able to read again, so that its tables alone tell none.

Seeds of second factors, the client secret of a directory and the secrets of webhooks are sealed
with Fernet (AES-128-CBC and HMAC-SHA-256) before they are stored. Each is bound to its place, so
that a sealed text moved to another row does not open there. The keys lie in a file beside the data,
one a line, the newest first: the first seals, all of them open.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy.orm import Session

from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.platform.durable import flush_directory, make_directory

CHECK = "vault"
"""Place, and word, by which a server knows its key again."""
_MARK = "sealed:"
_MAX = 64 * 1024
_SLOT = "vault"


class Vault:
    """Seals and opens with a list of keys."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._newest = Fernet(keys[0])
        self._all = MultiFernet([Fernet(key) for key in keys])

    @classmethod
    def fresh(cls) -> Vault:
        """Return a vault with a new key that is kept nowhere."""
        return cls([Fernet.generate_key()])

    def seal(self, secret: str, place: str) -> str:
        """Return ``secret`` as it may be stored at ``place``; no secret stays none."""
        if not secret:
            return ""
        return _MARK + self._newest.encrypt(f"{place}\n{secret}".encode()).decode("ascii")

    def open(self, sealed: str, place: str) -> str:
        """Return the secret that was sealed for ``place``.

        Raises:
            IntegrityError: it was sealed with another key or for another place, or not at all.
        """
        if not sealed:
            return ""
        try:
            if not is_sealed(sealed):
                raise InvalidToken
            told = self._all.decrypt(sealed.removeprefix(_MARK).encode("utf-8")).decode("utf-8")
        except InvalidToken as error:
            raise _broken(place) from error
        where, _, secret = told.partition("\n")
        if where != place:
            raise _broken(place)
        return secret

    def renewed(self, stored: str, place: str) -> str:
        """Return what is stored at ``place``, sealed with the newest key; plain text is sealed."""
        if not stored:
            return ""
        if not is_sealed(stored):
            return self.seal(stored, place)
        try:
            self._newest.decrypt(stored.removeprefix(_MARK).encode("utf-8"))
        except InvalidToken:
            return self.seal(self.open(stored, place), place)
        return stored


def is_sealed(stored: str) -> bool:
    """Tell whether a stored text is a sealed one."""
    return stored.startswith(_MARK)


def put_vault(info: dict[Any, Any], vault: Vault) -> None:
    """Put what seals and opens among the things that sessions carry."""
    info[_SLOT] = vault


def vault_of(session: Session) -> Vault:
    """Return what seals and opens in a session."""
    vault = session.info[_SLOT]
    assert isinstance(vault, Vault)
    return vault


def read_vault(path: Path, *, make: bool) -> Vault:
    """Return the vault whose keys lie at ``path``; ``make`` them if there are none yet.

    Raises:
        InputError: they are missing, unreadable, open to others, or not keys.
    """
    try:
        if make and not path.exists():
            _create(path)
        lines = _read(path).split()
    except FileNotFoundError as error:
        raise InputError(
            f"Secrets in the database are sealed, and their key {str(path)!r} is missing.",
            next_step="Put the file back from where you keep it; a backup made with --keys holds "
            "it. On a further host, copy it from the first one.",
            code="vault.missing",
        ) from error
    except OSError as error:
        raise InputError(
            f"The key of sealed secrets {str(path)!r} cannot be read or made: {error.strerror}.",
            next_step="Set STEELYARD_SECRETS_KEY to a file in a directory you own.",
            code="vault.unreadable",
        ) from error
    try:
        return Vault(lines)
    except (ValueError, IndexError) as error:
        raise InputError(
            f"{str(path)!r} does not hold keys for sealed secrets.",
            next_step="It holds one key a line, the newest first, each 32 bytes in URL-safe "
            "base64; put the right file back.",
            code="vault.invalid",
        ) from error


def other_key(path: Path) -> InputError:
    """Return the error for keys that do not open what is stored."""
    return InputError(
        f"The key {str(path)!r} does not open the secrets in the database.",
        next_step="Put back the key they were sealed with, or add it as a further line: a backup "
        "made with --keys holds it, and so does every other host of this server.",
        code="vault.other-key",
    )


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode) or mode & 0o077:
            raise InputError(
                f"Others than its owner may use the key of sealed secrets {str(path)!r}.",
                next_step=f"Run: chmod 600 {path}. If others could read it, add a new key above "
                "it and start again.",
                code="vault.exposed",
            )
        return file.read(_MAX)


def _create(path: Path) -> None:
    make_directory(path.parent, 0o700)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(descriptor)
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            return  # another process was first; its key is the one to use
        flush_directory(path.parent)
    finally:
        fresh.unlink()


def _broken(place: str) -> IntegrityError:
    return IntegrityError(
        f"The secret kept for {place.partition(':')[0]} cannot be opened.",
        next_step="Put back the key it was sealed with, or set the secret anew.",
        code="vault.sealed",
    )
