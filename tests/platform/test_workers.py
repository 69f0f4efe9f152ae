# SPDX-License-Identifier: Apache-2.0
"""Sharing work among processes: in order, a few at a time, and a death is not silence."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from steelyard.kernel.errors import UndecidedError
from steelyard.platform.workers import share

_given: list[int] = []


def prepare(number: int) -> None:
    _given[:] = [number]


def work(piece: int) -> tuple[int, int]:
    if piece == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    return piece * _given[0], os.getpid()


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_order_and_only_a_few_pieces_are_taken_ahead(jobs: int) -> None:
    taken = 0

    def pieces() -> Iterator[int]:
        nonlocal taken
        for piece in range(100, 150):
            taken += 1
            yield piece

    found = []
    for at, (value, process) in enumerate(
        share(work, pieces(), jobs=jobs, prepare=prepare, given=(2,)), 1
    ):
        found.append(value)
        assert taken <= at + 2 * jobs + 1
        assert (process == os.getpid()) == (jobs == 1)
    assert found == [2 * piece for piece in range(100, 150)]


def test_a_dead_process_is_said() -> None:
    with pytest.raises(UndecidedError, match="died"):
        list(share(work, [1, 2, 13, 4], jobs=2, prepare=prepare, given=(1,)))
