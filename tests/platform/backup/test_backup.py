# SPDX-License-Identifier: Apache-2.0
"""Backups taken while people work restore into either database, and the ledger in them verifies."""

from __future__ import annotations

import io
import itertools
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import func, select
from tests.platform.log.build import ANNA, record
from tests.platform.log.test_verification import tamper
from tests.server import Clock, KeptJobs, empty_database, open_database

from steelyard.bootstrap.house import House, prepare
from steelyard.governance.use_cases import service as use_cases
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.errors import ConflictError, InputError, IntegrityError
from steelyard.platform.backup import dump as dump_module
from steelyard.platform.backup.archive import Archive
from steelyard.platform.backup.dump import Backed, count_rows, dump
from steelyard.platform.backup.load import Restored, load
from steelyard.platform.blobs.store import memory_blobs
from steelyard.platform.database.base import Base
from steelyard.platform.database.migrate import differences, newest, step_of
from steelyard.platform.log.keyring import Keyring
from steelyard.platform.log.rotation import rotate
from steelyard.platform.log.sequencer import sequence
from steelyard.platform.log.tables import EventRow
from steelyard.platform.notify import webhooks
from steelyard.platform.notify.tables import WebhookRow
from steelyard.platform.sealed_rows import open_vault, webhook_place

PAIRS = [
    ("sqlite", "sqlite"),
    ("sqlite", "postgresql"),
    ("postgresql", "sqlite"),
]


@contextmanager
def house_of(kind: str, directory: Path) -> Iterator[House]:
    directory.mkdir()
    database = open_database(kind, directory)
    try:
        yield House(
            database=database, jobs=KeptJobs(), clock=Clock(), keys=Keyring(directory / "key.pem")
        )
    finally:
        database.close()


def fill(house: House) -> None:
    record(house, *range(300))
    house.transact(lambda work: use_cases.register(work, ANNA, {
        "name": "internal-search", "purpose": "Find \u00e4\u2028\n", "data_class": "internal",
        "personal_data": "none", "people_affected": "staff", "autonomy": "assistive",
        "exposure": "internal", "unit": "",
    }))  # fmt: skip
    house.blobs.put_bytes(b"some document" * 1000)
    sequence(house.database, house.keys, house.clock())
    house.transact(lambda work: rotate(work, ANNA, house.keys))
    record(house, 301)  # one that waits for its place


def backed(house: House, target: Path) -> Backed:
    assert isinstance(house.keys, Keyring)
    return dump(house.database, house.blobs, target, house.clock(), keys=tuple(house.keys.files()))


def restored(house: House, source: Path) -> Restored:
    assert isinstance(house.keys, Keyring)
    secrets_key = house.keys.path.with_name("secrets.key")
    return load(Archive(source), house.database, house.blobs, house.keys.path, secrets_key)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_house_moves_with_everything(source: str, target: str, tmp_path: Path) -> None:
    with house_of(source, tmp_path / "one") as one:
        fill(one)
        with one.reading() as session:
            counts = count_rows(session)
            case = session.scalars(select(UseCaseRow)).one()
        done = backed(one, tmp_path / "backup.tar")
        assert (done.files, done.rows) == (1, sum(counts.values()))
    with house_of(target, tmp_path / "two") as two:
        found = restored(two, tmp_path / "backup.tar")
        assert (found.rows, found.files, found.keys) == (done.rows, 1, 2)
        assert found.verification is not None
        assert found.verification.ok
        with two.reading() as session:
            assert count_rows(session) == counts
            moved = session.scalars(select(UseCaseRow)).one()
            assert (moved.facts, moved.created_at, moved.expires) == (
                case.facts, case.created_at, case.expires,
            )  # fmt: skip
        assert two.blobs.read(next(two.blobs.digests()), most=99999).startswith(b"some document")
        record(two, 302)  # numbers go on where they were
        head = sequence(two.database, two.keys, two.clock())
        assert head is not None
        assert head.size == counts["event"] + 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_sealed_secrets_move_with_their_key_or_not_at_all(kind: str, tmp_path: Path) -> None:
    key = tmp_path / "one" / "other-name.key"
    with house_of(kind, tmp_path / "one") as one:
        vault = open_vault(one.database, key)
        hook = one.transact(
            lambda work: webhooks.create(
                work, ANNA, url="https://203.0.113.7/in", events=["*"], description="", private=True
            )
        )
        bare, whole = tmp_path / "bare.tar", tmp_path / "whole.tar"
        dump(one.database, one.blobs, bare, one.clock())
        dump(one.database, one.blobs, whole, one.clock(), secrets_key=key)
        assert hook.secret.encode() not in whole.read_bytes()
    with house_of("sqlite", tmp_path / "two") as two:
        with pytest.raises(InputError) as refused:
            restored(two, bare)
        assert refused.value.code == "backup.secrets-key"
        place = tmp_path / "two" / "secrets.key"
        place.touch(0o600)
        place.write_bytes(Fernet.generate_key())
        for source in (bare, whole):
            with pytest.raises(InputError) as refused:
                restored(two, source)
            assert refused.value.code == "vault.other-key"
        place.unlink()
        with two.reading() as session:
            assert not any(count_rows(session).values()), "nothing was restored"
        assert restored(two, whole).keys == 1
        assert place.read_bytes() == key.read_bytes()
        assert place.stat().st_mode & 0o777 == 0o600
        open_vault(two.database, place)
        with two.reading() as session:
            sealed = session.scalars(select(WebhookRow.secret)).one()
        assert vault.open(sealed, webhook_place(hook.id)) == hook.secret
    with house_of("sqlite", tmp_path / "three") as three:
        place = tmp_path / "three" / "secrets.key"
        place.touch(0o600)
        place.write_bytes(key.read_bytes())
        assert restored(three, bare).keys == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_backup_under_load_is_of_one_moment(kind: str, tmp_path: Path) -> None:
    stop = threading.Event()
    failed: list[BaseException] = []
    with house_of(kind, tmp_path / "one") as one:
        fill(one)

        def run(act: Any) -> None:
            try:
                act()
            except BaseException as error:
                failed.append(error)

        def write(first: int) -> None:
            for number in itertools.count(first):
                if stop.is_set():
                    return
                record(one, number, number)  # two in one transaction: both are there, or none
                one.blobs.put_bytes(b"%d" % number)

        def integrate() -> None:
            while not stop.is_set():
                sequence(one.database, one.keys, one.clock(), batch=50)

        jobs = (integrate, lambda: write(1000), lambda: write(50000))
        threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        try:
            done = [backed(one, tmp_path / f"{nth}.tar") for nth in range(3)]
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert not failed
    assert done[0].entries < done[2].entries
    for nth, each in enumerate(done):
        with house_of("sqlite", tmp_path / f"two-{nth}") as two:
            found = restored(two, tmp_path / f"{nth}.tar")
            assert found.verification is not None
            with two.reading() as session:
                assert session.scalar(select(func.count()).select_from(EventRow)) == each.entries
                subjects = Counter(session.scalars(select(EventRow.subject)))
            odd = [
                subject
                for subject, count in subjects.items()
                if subject.startswith("thi_") and int(subject[4:]) >= 1000 and count % 2
            ]
            assert odd == []


def test_a_house_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    with house_of("sqlite", tmp_path / "one") as one:
        fill(one)
        backed(one, tmp_path / "backup.tar")
        with pytest.raises(ConflictError):
            restored(one, tmp_path / "backup.tar")
        with pytest.raises(InputError):
            backed(one, tmp_path / "backup.tar")
    with house_of("sqlite", tmp_path / "two") as two:
        two.keys.first()
        with pytest.raises(ConflictError) as caught:
            restored(two, tmp_path / "backup.tar")
        assert caught.value.code == "backup.other-key"


def test_a_changed_archive_is_not_restored(tmp_path: Path) -> None:
    with house_of("sqlite", tmp_path / "one") as one:
        record(one, *range(5))
        one.blobs.put_bytes(b"document")
        sequence(one.database, one.keys, one.clock())
        backed(one, tmp_path / "backup.tar")
    data = (tmp_path / "backup.tar").read_bytes()
    bad = tmp_path / "bad.tar"
    for place in range(0, len(data), 997):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        bad.write_bytes(changed)
        try:
            archive = Archive(bad)
        except IntegrityError:
            continue
        assert archive.index == Archive(tmp_path / "backup.tar").index  # padding of the tar
    for cut in (0, 100, len(data) // 2, len(data) - 11000):
        bad.write_bytes(data[:cut])
        with pytest.raises(IntegrityError):
            Archive(bad)


@pytest.mark.parametrize("name", ["../../evil", "/etc/x", "blobs/short", "keys/../x", "tables/x"])
def test_an_archive_cannot_name_a_place(name: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.tar"
    with tarfile.open(bad, "w") as tar:
        info = tarfile.TarInfo(name)
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    with pytest.raises(IntegrityError):
        Archive(bad)
    with tarfile.open(bad, "w") as tar:
        info = tarfile.TarInfo("blobs/" + "0" * 64)
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(IntegrityError):
        Archive(bad)


def test_a_ledger_that_does_not_verify_is_said_so(tmp_path: Path) -> None:
    with house_of("sqlite", tmp_path / "one") as one:
        fill(one)
        tamper(one, "UPDATE event SET actor = 'act_eve' WHERE seq = 8")
        backed(one, tmp_path / "backup.tar")
    with house_of("sqlite", tmp_path / "two") as two:
        with pytest.raises(IntegrityError) as caught:
            restored(two, tmp_path / "backup.tar")
        assert caught.value.code == "backup.ledger"
        assert "event 8" in caught.value.message


def test_a_file_that_was_changed_stops_the_backup(tmp_path: Path) -> None:
    from steelyard.platform.blobs.store import open_blobs

    with house_of("sqlite", tmp_path / "one") as one:
        one.blobs = open_blobs("", tmp_path / "blobs")
        digest = one.blobs.put_bytes(b"document")
        path = tmp_path / "blobs" / "sha256" / digest[:2] / digest[2:]
        path.chmod(0o600)
        path.write_bytes(b"changed!")
        with pytest.raises(IntegrityError):
            backed(one, tmp_path / "backup.tar")
        assert not list(tmp_path.glob("*.tar*"))
        assert not list(tmp_path.glob(".*"))


def test_an_empty_house_can_be_backed_up(tmp_path: Path) -> None:
    with house_of("sqlite", tmp_path / "one") as one:
        backed(one, tmp_path / "backup.tar")
    with house_of("sqlite", tmp_path / "two") as two:
        prepare(two.database)
        two.blobs = memory_blobs()
        assert restored(two, tmp_path / "backup.tar").verification is None


LATER = {"upstream", "vault_check"}
"""Tables that came after the step the older backup is of."""


def older(house: House, target: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Back a house up as the version did whose tables ended with ``step``."""
    then = [table for table in dump_module.tables() if table.name not in LATER]
    with monkeypatch.context() as patched:
        patched.setattr(dump_module, "tables", lambda: then)
        patched.setattr(dump_module, "step_of", lambda _session: step)
        backed(house, target)


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_an_older_backup_is_brought_up_to_this_version(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "backup.tar"
    with house_of("sqlite", tmp_path / "one") as one:
        fill(one)
        older(one, source, monkeypatch, "0002")
        with one.reading() as session:
            counts = {name: n for name, n in count_rows(session).items() if name not in LATER}
    with house_of("sqlite", tmp_path / "new") as new, pytest.raises(ConflictError) as refused:
        restored(new, source)
    assert refused.value.code == "backup.prepared", "newer tables are not made older"
    (tmp_path / "two").mkdir()
    database = empty_database(target, tmp_path / "two")
    try:
        two = tmp_path / "two"
        found = load(
            Archive(source), database, memory_blobs(), two / "key.pem", two / "secrets.key"
        )
        assert found.verification is not None
        assert found.verification.ok
        with database.reading() as session:
            assert step_of(session) == newest()
            assert not differences(session.connection(), Base.metadata)
            assert counts.items() <= count_rows(session).items()
            assert session.scalars(select(UseCaseRow)).one().facts["name"] == "internal-search"
    finally:
        database.close()


def test_a_newer_backup_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with house_of("sqlite", tmp_path / "one") as one:
        fill(one)
        older(one, tmp_path / "backup.tar", monkeypatch, "9999")
        older(one, tmp_path / "vague.tar", monkeypatch, "")
    for name, code in (("backup.tar", "backup.newer"), ("vague.tar", "backup.version")):
        with house_of("sqlite", tmp_path / name[:3]) as two, pytest.raises(InputError) as refused:
            restored(two, tmp_path / name)
        assert refused.value.code == code
        assert refused.value.next_step
