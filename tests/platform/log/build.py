# SPDX-License-Identifier: Apache-2.0
"""Ledgers in databases for tests."""

from __future__ import annotations

import hashlib
from typing import Any

from steelyard.bootstrap.house import House
from steelyard.kernel.actor import Actor
from steelyard.kernel.event import Event
from steelyard.ledger.checkpoint import TreeHead
from steelyard.ledger.signing import Signer
from steelyard.platform.log.keyring import HeldKeys
from steelyard.platform.log.sequencer import sequence

ANNA = Actor(id="usr_anna", alias="act_anna", name="Anna", mail="anna@example.org")
SIGNER = Signer.from_seed(hashlib.sha256(b"steelyard test key 1").digest())


def keys() -> HeldKeys:
    """A keyring with one fixed key."""
    return HeldKeys(SIGNER)


def record(house: House, *numbers: int, body: bool = True) -> None:
    """Commit an event for each number, all in one transaction."""

    def act(work: Any) -> None:
        for number in numbers:
            work.record(
                ANNA,
                Event(
                    type="thing.changed",
                    subject=f"thi_{number}",
                    about="req_1",
                    details={"number": number},
                    body={"why": f"Reason {number}, in Ünïcode", "at": 1.5} if body else {},
                ),
            )

    house.transact(act)


def grown(house: House, count: int, held: HeldKeys, batch: int = 1000) -> TreeHead:
    """Commit ``count`` events and put them into the tree."""
    record(house, *range(count))
    head = sequence(house.database, held, house.clock(), batch=batch)
    assert head is not None
    return head
