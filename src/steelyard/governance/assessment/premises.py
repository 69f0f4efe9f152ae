# SPDX-License-Identifier: Apache-2.0
"""What an assessment needs of the house it is made in, and what it would rest on there today."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy.orm import Session

from steelyard.governance.assessment.waivers import Waiver
from steelyard.kernel.inspection import PluginRef, Scanner
from steelyard.platform.work import Work

if TYPE_CHECKING:
    from steelyard.platform.blobs.store import Blobs
    from steelyard.platform.settings import Settings

T = TypeVar("T")


class Premises(Protocol):
    """The part of a house that assessments are made with."""

    @property
    def blobs(self) -> Blobs:
        """Files by digest."""
        ...

    @property
    def settings(self) -> Settings:
        """Where the quarantine is."""
        ...

    @property
    def clock(self) -> Callable[[], dt.datetime]:
        """The time."""
        ...

    def waivers(
        self, request: str, revision: str, use_case: str, environment: str
    ) -> tuple[Waiver, ...]:
        """Return the exceptions that hold now for an adoption."""
        ...

    def transact(self, act: Callable[[Work], T], *, trace: str = "") -> T:
        """Run ``act`` in one transaction."""
        ...

    def reading(self) -> AbstractContextManager[Session]:
        """Yield a session that changes nothing."""
        ...


@lru_cache(maxsize=16)
def scanner_now(plugins: tuple[PluginRef, ...]) -> Scanner:
    """Return the scanner that would look now, as its own process says it; asked once a process.

    Raises:
        UndecidedError: the sandbox cannot be started.
    """
    from steelyard.kernel.limits import DEFAULT_LIMITS
    from steelyard.platform.sandbox import PAPERS_AND_BYTES, begin
    from steelyard.platform.tree import walk

    with tempfile.TemporaryDirectory(prefix="steelyard-scanner-") as directory:
        (Path(directory) / "empty.txt").write_bytes(b"")
        tree = walk(Path(directory), DEFAULT_LIMITS)
        with begin(tree, tasks=PAPERS_AND_BYTES, plugins=plugins) as running:
            return running.result().scanner
