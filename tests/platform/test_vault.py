# SPDX-License-Identifier: Apache-2.0
"""Sealed secrets: what the tables show, whose key opens them, and how a key is replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, text
from tests.platform.identity.staff import actor_of, made
from tests.server import KINDS, Clock, KeptJobs, open_database, person

from steelyard.bootstrap.house import House
from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.platform.identity import directory, second_factor
from steelyard.platform.identity.credential_tables import PasswordRow
from steelyard.platform.identity.directory_tables import DirectoryRow
from steelyard.platform.identity.mapping import Mapping
from steelyard.platform.identity.oidc import Provider
from steelyard.platform.notify import webhooks
from steelyard.platform.notify.tables import WebhookRow
from steelyard.platform.sealed_rows import OIDC, open_vault, totp_place, webhook_place
from steelyard.platform.vault import Vault, is_sealed, read_vault
from steelyard.platform.work import Work

ADA = person("ada", "administrator")


@pytest.fixture(params=KINDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A house whose vault lies in a file, as a server's does, and that file."""
    database = open_database(request.param, tmp_path)
    path = tmp_path / "secrets.key"
    open_vault(database, path)
    house = House(database=database, jobs=KeptJobs(), clock=Clock())
    yield house, path
    house.close()


def secrets_in(house: House) -> dict[str, str]:
    """Set a second factor, a directory and a webhook up; return their secrets."""
    anna = made(house, "anna@example.org", "requester", name="Anna")

    def act(work: Work) -> dict[str, str]:
        work.session.add(
            PasswordRow(
                person=anna.id, hash="x", changed_at=work.now, totp="", totp_since=None,
                totp_step=0, recovery=[],
            )
        )  # fmt: skip
        work.session.flush()
        provider = Provider(
            issuer="https://id.example.org", client_id="steelyard", client_secret="hush-hush",
            scopes="openid", groups_claim="groups",
        )  # fmt: skip
        directory.configure(work, ADA, provider, Mapping(), frozenset(), None)
        hook = webhooks.create(
            work, ADA, url="https://203.0.113.7/in", events=["*"], description="", private=True
        )
        hook = webhooks.rotate(work, ADA, hook.id, hook.version)
        seed = second_factor.enroll(work, actor_of(house, anna)).secret
        return {"totp": seed, "oidc": "hush-hush", "webhook": hook.secret}

    return house.transact(act)


def stored(house: House) -> dict[str, str]:
    with house.reading() as session:
        hook = session.scalars(select(WebhookRow)).one()
        return {
            "totp": session.scalars(select(PasswordRow.totp)).one(),
            "oidc": session.scalars(select(DirectoryRow.secret)).one(),
            "webhook": hook.secret,
            "old": hook.old_secret,
        }


def opened(house: House, vault: Vault) -> dict[str, str]:
    with house.reading() as session:
        owner = session.scalars(select(PasswordRow.person)).one()
        hook = session.scalars(select(WebhookRow.id)).one()
    rows = stored(house)
    return {
        "totp": vault.open(rows["totp"], totp_place(owner)),
        "oidc": vault.open(rows["oidc"], OIDC),
        "webhook": vault.open(rows["webhook"], webhook_place(hook)),
    }


def test_the_tables_tell_no_secret(kept: tuple[House, Path]) -> None:
    house, path = kept
    told = secrets_in(house)
    rows = stored(house)
    assert all(map(is_sealed, rows.values()))
    for secret in told.values():
        assert not any(secret in row for row in rows.values())
    assert path.stat().st_mode & 0o777 == 0o600
    assert opened(house, read_vault(path, make=False)) == told
    with house.reading() as session:
        found = directory.read(session)
    assert found is not None
    assert found[0].client_secret == "hush-hush"


def test_what_lies_open_is_sealed_at_the_next_start(kept: tuple[House, Path]) -> None:
    house, path = kept
    told = secrets_in(house)

    def spill(work: Work) -> None:
        for table, column, value in (
            ("password", "totp", told["totp"]),
            ("directory", "secret", told["oidc"]),
            ("webhook", "secret", told["webhook"]),
        ):
            work.session.execute(text(f"UPDATE {table} SET {column} = :v"), {"v": value})

    house.transact(spill)
    assert stored(house)["totp"] == told["totp"]
    vault = open_vault(house.database, path)
    assert all(map(is_sealed, stored(house).values()))
    assert opened(house, vault) == told


def test_a_new_key_above_the_old_one_takes_over(kept: tuple[House, Path]) -> None:
    house, path = kept
    told = secrets_in(house)
    old, fresh = path.read_bytes(), Fernet.generate_key() + b"\n"
    path.write_bytes(fresh + old)
    open_vault(house.database, path)
    path.write_bytes(fresh)
    assert opened(house, open_vault(house.database, path)) == told
    path.write_bytes(old)
    with pytest.raises(InputError) as refused:
        open_vault(house.database, path)
    assert refused.value.code == "vault.other-key"


def test_a_lost_key_is_not_replaced_in_silence(kept: tuple[House, Path]) -> None:
    house, path = kept
    held = path.read_bytes()
    path.unlink()
    with pytest.raises(InputError) as refused:
        open_vault(house.database, path)
    assert refused.value.code == "vault.missing"
    assert not path.exists()
    for data, mode, code in (
        (held, 0o644, "vault.exposed"),
        (b"not a key\n", 0o600, "vault.invalid"),
        (b"", 0o600, "vault.invalid"),
    ):
        path.write_bytes(data)
        path.chmod(mode)
        with pytest.raises(InputError) as refused:
            open_vault(house.database, path)
        assert refused.value.code == code


def test_a_sealed_text_opens_in_its_place_only() -> None:
    vault = Vault.fresh()
    sealed = vault.seal("seed", totp_place("usr_1"))
    assert vault.open(sealed, totp_place("usr_1")) == "seed"
    assert vault.seal("", "anywhere") == vault.open("", "anywhere") == ""
    for text_, place in ((sealed, totp_place("usr_2")), ("seed", totp_place("usr_1"))):
        with pytest.raises(IntegrityError):
            vault.open(text_, place)
    with pytest.raises(IntegrityError):
        Vault.fresh().open(sealed, totp_place("usr_1"))
