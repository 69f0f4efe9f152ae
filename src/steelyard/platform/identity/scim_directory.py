# SPDX-License-Identifier: Apache-2.0
"""Verbs on the directory that provisions people: its token, and what its groups mean."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from sqlalchemy.orm import Session

from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import MissingError
from steelyard.kernel.event import Event
from steelyard.ledger.canonical import sha256_of
from steelyard.platform.identity import mapping
from steelyard.platform.identity.directory_tables import DirectoryRow
from steelyard.platform.identity.mapping import Mapping
from steelyard.platform.identity.secret import PROVISIONING, digest_of, new_secret, same
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work


class ScimView(Struct, frozen=True, kw_only=True):
    """How a directory provisions people, without its token."""

    enabled: bool
    mapping: Mapping
    version: int


class ScimToken(Struct, frozen=True, kw_only=True):
    """The directory's token; shown this once."""

    token: str


def configure(
    work: Work, actor: Actor, wanted: Mapping, known: frozenset[str], expected: int | None
) -> ScimView:
    """Say what the groups of the directory mean; it counts with the next change it sends.

    Raises:
        FieldErrors: a role or unit does not exist.
        StaleError: it was changed meanwhile.
    """
    row = work.session.get(DirectoryRow, "scim", with_for_update=True)
    if row is not None:
        check_version(row.version, expected, view(row))
    mapping.check(work, wanted, known)
    if row is None:
        row = DirectoryRow(name="scim", secret="", version=0)
        work.session.add(row)
    row.config = {"mapping": msgspec.to_builtins(wanted)}
    _changed(work, actor, row)
    return view(row)


def issue_token(work: Work, actor: Actor) -> ScimToken:
    """Return a new token for the directory; the one before stops at once."""
    row = work.session.get(DirectoryRow, "scim", with_for_update=True)
    if row is None:
        row = DirectoryRow(name="scim", config={"mapping": {}}, version=0)
        work.session.add(row)
    secret = new_secret(PROVISIONING)
    row.secret = digest_of(secret, PROVISIONING) or ""
    _changed(work, actor, row)
    return ScimToken(token=secret)


def end(work: Work, actor: Actor) -> None:
    """Take the token away: the directory provisions nobody any more."""
    row = work.session.get(DirectoryRow, "scim", with_for_update=True)
    if row is not None and row.secret:
        row.secret = ""
        _changed(work, actor, row)


def get(session: Session) -> ScimView:
    """Return what is configured.

    Raises:
        MissingError: nothing is.
    """
    row = session.get(DirectoryRow, "scim")
    if row is None:
        raise MissingError(
            "No directory provisions people here.",
            next_step="An administrator can issue a token for one.",
            code="scim.none",
        )
    return view(row)


def check(session: Session, secret: str) -> tuple[Mapping, str] | None:
    """Return mapping and its author if this is the directory's token."""
    digest = digest_of(secret, PROVISIONING)
    row = session.get(DirectoryRow, "scim")
    if digest is None or row is None or not row.secret or not same(row.secret, digest):
        return None
    return view(row).mapping, row.changed_by


def view(row: DirectoryRow) -> ScimView:
    """Return what is shown of a row."""
    return ScimView(
        enabled=bool(row.secret),
        mapping=msgspec.convert(row.config["mapping"], Mapping),
        version=row.version,
    )


def _changed(work: Work, actor: Actor, row: DirectoryRow) -> None:
    row.changed_by, row.changed_at, row.version = actor.id, work.now, row.version + 1
    work.session.flush()
    work.record(
        actor,
        Event(
            type="identity.configured",
            subject="scim",
            details={
                "config_sha256": sha256_of(row.config), "enabled": bool(row.secret),
                "version": row.version,
            },
            body={"config": row.config},
        ),
    )  # fmt: skip
