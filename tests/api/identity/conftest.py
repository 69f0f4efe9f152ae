# SPDX-License-Identifier: Apache-2.0
"""Fixtures for tests of identity through the door."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.api.identity.desk import Desk

from steelyard.api.identity import login
from steelyard.bootstrap.house import House
from steelyard.platform.identity import passwords


@pytest.fixture
def desk(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The door, with real argon2id hashes that take little, and nobody's calls counted yet."""
    pool = passwords.HashPool(Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1))
    monkeypatch.setattr(passwords, "pool", lambda: pool)
    login._limiter.cache_clear()
    yield Desk(house)
    pool.close()
