# SPDX-License-Identifier: Apache-2.0
"""The signing keys of a server: files in one directory, one for every key the ledger ever had.

The ledger says which key signs now; the keyring finds the private half of it. A host that does not
have it can serve and record, but neither decide nor sign heads, and says so.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Protocol

from steelyard.kernel.errors import UnavailableError
from steelyard.ledger.signing import PublicKey, Signer
from steelyard.platform.keys import load_or_create


class Keys(Protocol):
    """Finds signers."""

    def first(self) -> Signer:
        """Return the key a new ledger begins with."""
        ...

    def signer(self, public: PublicKey) -> Signer:
        """Return the private half of ``public``."""
        ...

    def fresh(self) -> Signer:
        """Make and keep a new key."""
        ...


class Keyring:
    """Keys in PEM files, readable by their owner only: the first one, and later ones beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, Signer] = {}

    def first(self) -> Signer:
        """Return the key a new ledger begins with, made if there is none."""
        return self._remember(load_or_create(self.path))

    def fresh(self) -> Signer:
        """Make a new key in a file of its own, ``<name>-<random>.pem``."""
        path = self.path.with_name(f"{self.path.stem}-{secrets.token_hex(6)}.pem")
        return self._remember(load_or_create(path))

    def files(self) -> list[Path]:
        """Return the files of all keys there are."""
        later = sorted(self.path.parent.glob(f"{self.path.stem}-*.pem"))
        return ([self.path] if self.path.exists() else []) + later

    def signer(self, public: PublicKey) -> Signer:
        """Return the private half of ``public``.

        Raises:
            UnavailableError: this host does not have it.
            InputError: a file of the directory is not a usable key.
        """
        if public.fingerprint not in self._known:
            for path in self.files():
                self._remember(load_or_create(path))
        found = self._known.get(public.fingerprint)
        if found is None:
            raise UnavailableError(
                f"This host does not have the ledger's present key "
                f"({public.fingerprint[:16]}); nothing can be signed here.",
                next_step=f"Copy its file into {str(self.path.parent)!r}.",
                code="ledger.no-key",
                retry_after=60,
            )
        return found

    def _remember(self, signer: Signer) -> Signer:
        self._known[signer.public.fingerprint] = signer
        return signer


class HeldKeys:
    """Keys in memory: for one key given by other means, and for rotations in tests."""

    def __init__(self, *signers: Signer) -> None:
        self._signers = list(signers)

    def first(self) -> Signer:
        """Return the first key."""
        return self._signers[0]

    def signer(self, public: PublicKey) -> Signer:
        """Return the private half of ``public``.

        Raises:
            UnavailableError: it is not held.
        """
        for signer in self._signers:
            if signer.public == public:
                return signer
        raise UnavailableError(
            f"The ledger's present key ({public.fingerprint[:16]}) is not at hand.",
            next_step="Start the server with that key.",
            code="ledger.no-key",
            retry_after=60,
        )

    def fresh(self) -> Signer:
        """Make a new key."""
        self._signers.append(Signer.generate())
        return self._signers[-1]
