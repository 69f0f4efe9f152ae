# SPDX-License-Identifier: Apache-2.0
"""Backs up and restores the house that settings describe, without starting it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from steelyard.bootstrap import tables as _tables  # noqa: F401 # registers every table
from steelyard.bootstrap import utc_now
from steelyard.bootstrap.house import secrets_key
from steelyard.kernel.errors import InputError
from steelyard.platform.backup.archive import Archive
from steelyard.platform.backup.dump import Backed, dump
from steelyard.platform.backup.load import Restored, load
from steelyard.platform.blobs.store import Blobs, open_blobs
from steelyard.platform.database.engine import Database, sqlite_url
from steelyard.platform.durable import make_directory
from steelyard.platform.log.keyring import Keyring
from steelyard.platform.settings import Settings


def backup(
    settings: Settings, target: Path, *, keys: bool, progress: Callable[[str], None]
) -> Backed:
    """Write a backup of the house to ``target``; with ``keys``, its signing keys and the
    keys of sealed secrets too.

    Raises:
        InputError: there is no house, or the file cannot be written.
        UnavailableError: the database or the store of files cannot be reached.
    """
    url = settings.database_url.get_secret_value()
    if not url and not (settings.data / "steelyard.db").exists():
        raise InputError(
            f"There is no server's data in {str(settings.data)!r}.",
            next_step="Give --data, or set STEELYARD_DATA or STEELYARD_DATABASE_URL.",
            code="data.missing",
        )
    database = Database(url or sqlite_url(settings.data), pool=2)
    try:
        files = tuple(Keyring(_key(settings)).files()) if keys else ()
        secret = secrets_key(settings) if keys else None
        return dump(
            database, _blobs(settings), target, utc_now(),
            keys=files, secrets_key=secret if secret and secret.exists() else None,
            progress=progress,
        )  # fmt: skip
    finally:
        database.close()


def restore(settings: Settings, source: Path, *, progress: Callable[[str], None]) -> Restored:
    """Restore ``source`` into an empty house.

    Raises:
        ConflictError: it is not empty.
        InputError: the backup is of a newer version.
        IntegrityError: the backup, or the ledger in it, does not verify.
    """
    archive = Archive(source)
    try:
        make_directory(settings.data, 0o700)
    except OSError as error:
        raise InputError(
            f"The data directory {str(settings.data)!r} cannot be made: {error.strerror}.",
            next_step="Set STEELYARD_DATA, or give --data, to a directory you own.",
            code="data.unusable",
        ) from error
    database = Database(
        settings.database_url.get_secret_value() or sqlite_url(settings.data), pool=2
    )
    try:
        database.check()
        return load(
            archive,
            database,
            _blobs(settings),
            _key(settings),
            secrets_key(settings),
            progress=progress,
        )
    finally:
        database.close()


def _key(settings: Settings) -> Path:
    return settings.key or settings.data / "key.pem"


def _blobs(settings: Settings) -> Blobs:
    return open_blobs(
        settings.blobs_url,
        settings.data / "blobs",
        endpoint=settings.blobs_s3_endpoint,
        region=settings.blobs_s3_region,
    )
