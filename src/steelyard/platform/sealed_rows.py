# SPDX-License-Identifier: Apache-2.0
"""Which columns hold sealed secrets, and what is done about them when a server starts."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from steelyard.kernel.errors import IntegrityError
from steelyard.platform.database.engine import Database
from steelyard.platform.identity.credential_tables import PasswordRow
from steelyard.platform.identity.directory_tables import DirectoryRow
from steelyard.platform.notify.tables import WebhookRow
from steelyard.platform.vault import CHECK, Vault, other_key, put_vault, read_vault
from steelyard.platform.vault_tables import VaultCheckRow

OIDC = "directory:oidc"
_LOCK = 7310_1338
"""Of all processes that start at once, one seals; the number is only a name."""


def totp_place(person: str) -> str:
    """Return where the seed of a person's second factor is kept."""
    return f"second factor:{person}"


def webhook_place(webhook: str) -> str:
    """Return where the secret of a webhook is kept; the old one is kept there too."""
    return f"webhook:{webhook}"


def open_vault(database: Database, path: Path) -> Vault:
    """Have the sessions of ``database`` seal and open with the keys at ``path``.

    The first start makes a key. Every start seals what still lies open, and seals anew what an
    older key sealed, so that the older key can go.

    Raises:
        InputError: the key is missing though secrets were sealed, or it is another one.
    """
    with database.writing() as session:
        if not database.sqlite:
            session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        check = session.get(VaultCheckRow, 1)
        vault = read_vault(path, make=check is None)
        if check is None:
            check = VaultCheckRow(id=1, sealed=vault.seal(CHECK, CHECK))
            session.add(check)
        try:
            check.sealed = vault.renewed(check.sealed, CHECK)
            vault.open(check.sealed, CHECK)
            _renew(session, vault)
        except IntegrityError as error:
            raise other_key(path) from error
    put_vault(database.info, vault)
    return vault


def _renew(session: Session, vault: Vault) -> None:
    for person in session.scalars(select(PasswordRow).where(PasswordRow.totp != "")):
        person.totp = vault.renewed(person.totp, totp_place(person.person))
    directory = session.get(DirectoryRow, "oidc")
    if directory is not None:
        directory.secret = vault.renewed(directory.secret, OIDC)
    for webhook in session.scalars(select(WebhookRow)):
        place = webhook_place(webhook.id)
        webhook.secret = vault.renewed(webhook.secret, place)
        webhook.old_secret = vault.renewed(webhook.old_secret, place)
