# SPDX-License-Identifier: Apache-2.0
"""Verbs on directories: configure one, begin and finish a login through it."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError, MissingError
from steelyard.kernel.event import Event
from steelyard.ledger.canonical import sha256_of
from steelyard.platform.identity import accounts, mapping
from steelyard.platform.identity.directory_tables import DanceRow, DirectoryRow
from steelyard.platform.identity.mapping import Mapping
from steelyard.platform.identity.oidc import Identity, Provider, refused
from steelyard.platform.identity.people import mail_key
from steelyard.platform.identity.tables import PersonRow
from steelyard.platform.sealed_rows import OIDC
from steelyard.platform.vault import vault_of
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

DANCE = dt.timedelta(minutes=10)
"""How long somebody may take at the directory's login page."""


class OidcView(Struct, frozen=True, kw_only=True):
    """How people log in through a directory, without its secret."""

    issuer: str
    client_id: str
    has_secret: bool
    scopes: str
    groups_claim: str
    mapping: Mapping
    version: int


def configure(
    work: Work,
    actor: Actor,
    provider: Provider,
    wanted: Mapping,
    known: frozenset[str],
    expected: int | None,
) -> OidcView:
    """Say how people log in through a directory and what its groups mean.

    An empty client secret keeps the one there is.

    Raises:
        FieldErrors: a field cannot be used.
        StaleError: it was changed meanwhile.
    """
    row = work.session.get(DirectoryRow, "oidc", with_for_update=True)
    if row is not None:
        check_version(row.version, expected, view(row))
    parts = urlsplit(provider.issuer)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise FieldErrors([("issuer", "The address of an issuer begins with https://.")])
    mapping.check(work, wanted, known)
    if row is None:
        row = DirectoryRow(name="oidc", secret="", version=0)
        work.session.add(row)
    row.config = {
        "issuer": provider.issuer.rstrip("/"),
        "client_id": provider.client_id,
        "scopes": provider.scopes,
        "groups_claim": provider.groups_claim,
        "mapping": msgspec.to_builtins(wanted),
    }
    row.secret = vault_of(work.session).seal(provider.client_secret, OIDC) or row.secret
    row.changed_by, row.changed_at, row.version = actor.id, work.now, row.version + 1
    work.session.flush()
    work.record(
        actor,
        Event(
            type="identity.configured",
            subject="oidc",
            details={"config_sha256": sha256_of(row.config), "version": row.version},
            body={"config": row.config},
        ),
    )
    return view(row)


def read(session: Session) -> tuple[Provider, Mapping, str] | None:
    """Return the provider, the mapping and who wrote it; None if nothing is configured."""
    row = session.get(DirectoryRow, "oidc")
    if row is None:
        return None
    shown = view(row)
    provider = Provider(
        issuer=shown.issuer, client_id=shown.client_id,
        client_secret=vault_of(session).open(row.secret, OIDC),
        scopes=shown.scopes, groups_claim=shown.groups_claim,
    )  # fmt: skip
    return provider, shown.mapping, row.changed_by


def get(session: Session) -> OidcView:
    """Return what is configured.

    Raises:
        MissingError: nothing is.
    """
    row = session.get(DirectoryRow, "oidc")
    if row is None:
        raise MissingError(
            "No directory is configured.",
            next_step="An administrator can configure one.",
            code="oidc.none",
        )
    return view(row)


def view(row: DirectoryRow) -> OidcView:
    """Return what is shown of a row."""
    config: dict[str, Any] = row.config
    return OidcView(
        issuer=config["issuer"], client_id=config["client_id"], has_secret=bool(row.secret),
        scopes=config["scopes"], groups_claim=config["groups_claim"],
        mapping=msgspec.convert(config["mapping"], Mapping), version=row.version,
    )  # fmt: skip


def begin(work: Work, then: str) -> tuple[str, DanceRow]:
    """Remember a login that is about to begin; return its state and the row."""
    work.session.execute(delete(DanceRow).where(DanceRow.begun_at < work.now - DANCE))
    state = secrets.token_urlsafe(32)
    row = DanceRow(
        digest=sha256_hex(state.encode()), nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(64), then=local_path(then), begun_at=work.now,
    )  # fmt: skip
    work.session.add(row)
    return state, row


def take(work: Work, state: str) -> DanceRow:
    """Return the login that comes back with ``state``, and forget it: it comes back once.

    Raises:
        UnauthenticatedError: no such login was begun here, or too long ago.
    """
    row = work.session.get(DanceRow, sha256_hex(state.encode()), with_for_update=True)
    if row is None or row.begun_at < work.now - DANCE:
        raise refused("This login was not begun here, or too long ago.")
    work.session.expunge(row)
    work.session.execute(delete(DanceRow).where(DanceRow.digest == row.digest))
    return row


def enter(
    work: Work,
    provider: Provider,
    who: Identity,
    wanted: Mapping,
    *,
    author: str,
    known: frozenset[str],
) -> PersonRow:
    """Return the account of whom the directory says, made or brought up to date.

    Raises:
        ForbiddenError: the account is disabled.
        ConflictError: the address belongs to an account that does not come from the directory.
    """
    subject = sha256_hex(f"{provider.issuer}\n{who.subject}".encode())
    row = _account(work, who, subject)
    if row is None:
        found = accounts.create(
            work, SYSTEM, who.mail, name=who.name, source="oidc", state="active"
        )
        row = accounts.row_of(work.session, found.id)
    row.subject = subject
    if row.state == "invited":
        accounts.set_state(work, SYSTEM, row.id, "active")
    if row.state != "active":
        raise ForbiddenError(
            "This account is not active.",
            next_step="Ask an administrator.",
            code="identity.inactive",
        )
    mapping.apply(work, row.id, who.groups, wanted, "oidc", author=author, known=known)
    return row


def local_path(then: str) -> str:
    """Return a path on this server to go on to; the start page for anything else."""
    plain = then.isprintable() and "\\" not in then and len(then) <= 500
    return then if plain and then.startswith("/") and not then.startswith("//") else "/"


def _account(work: Work, who: Identity, subject: str) -> PersonRow | None:
    rows = work.session.scalars(
        select(PersonRow)
        .where(or_(PersonRow.subject == subject, PersonRow.mail_key == mail_key(who.mail)))
        .with_for_update()
    ).all()
    for row in rows:
        if row.subject == subject:
            return row
    if not rows:
        return None
    (row,) = rows
    provisioned = row.source != "local" or row.state == "invited"
    if row.subject is None and who.mail_verified and provisioned:
        return row
    raise ConflictError(
        "There is an account for your address that was not made by this directory.",
        next_step="Log in with your password, or ask an administrator.",
        code="identity.mail-taken",
    )
