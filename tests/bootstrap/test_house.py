# SPDX-License-Identifier: Apache-2.0
"""A house opened from settings has everything it needs, and says what it lacks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from tests.server import KINDS, open_database

from steelyard.bootstrap.house import open_house
from steelyard.kernel.errors import InputError, UnavailableError
from steelyard.platform.jobs.embedded import EmbeddedQueue
from steelyard.platform.settings import Settings


def settings(directory: Path, **more: object) -> Settings:
    return Settings.model_construct(data=directory / "data", **more)  # type: ignore[arg-type]


def test_a_house_needs_nothing_but_a_directory_and_keeps_its_key(tmp_path: Path) -> None:
    house = open_house(settings(tmp_path))
    assert isinstance(house.engine, EmbeddedQueue)
    assert house.jobs is house.engine
    sha256 = house.blobs.put_bytes(b"x")
    house.transact(lambda work: work.enqueue("a"))
    house.close()
    again = open_house(settings(tmp_path))
    assert again.keys.first().public.fingerprint == house.keys.first().public.fingerprint
    assert again.blobs.has(sha256)
    assert again.engine is not None
    with again.reading() as session:
        assert again.engine.depth(session, again.clock()).due == 1
    again.close()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_the_engine_procrastinate_is_opened_on_postgresql_only(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs PostgreSQL"):
        open_house(settings(tmp_path, jobs="procrastinate"))
    database = open_database("postgresql", tmp_path)
    url = database.engine.url.render_as_string(hide_password=False)
    house = open_house(settings(tmp_path, jobs="procrastinate", database_url=SecretStr(url)))
    house.transact(lambda work: work.enqueue("a"))
    house.close()
    database.close()


@pytest.mark.parametrize("kind", KINDS)
def test_servers_that_start_together_make_the_tables_once(kind: str, tmp_path: Path) -> None:
    url = ""
    if kind == "postgresql":
        database = open_database(kind, tmp_path)
        url = database.engine.url.render_as_string(hide_password=False)
        with database.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        database.close()
    (tmp_path / "data").mkdir(mode=0o700)

    def start(_number: int) -> None:
        house = open_house(settings(tmp_path, database_url=SecretStr(url)))
        house.transact(lambda work: work.enqueue("a"))
        house.close()

    with ThreadPoolExecutor(4) as crew:
        list(crew.map(start, range(4)))


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(InputError, match="data directory"):
        open_house(settings(tmp_path))
    with pytest.raises(UnavailableError, match="database"):
        open_house(
            settings(tmp_path / "x", database_url=SecretStr("postgresql://u@127.0.0.1:9/none"))
        )
