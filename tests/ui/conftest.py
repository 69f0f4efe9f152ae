# SPDX-License-Identifier: Apache-2.0
"""Where there is no time for all tests that drive a browser, one share of them is run.

``STEELYARD_PAGES_SHARE`` is any number: it names the share, so that commits one after another run
them all, and pages are then asked for on SQLite alone. Without it, everything is run, on both
databases.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from steelyard.bootstrap.house import House

SHARES = 3
EVERY_PAGE = "test_every_page.py"
"""Deals its pages itself."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, loudly, what is not of the share that was asked for."""
    asked = os.environ.get("STEELYARD_PAGES_SHARE", "")
    if not asked:
        return
    for item in items:
        if item.get_closest_marker("browser") is None or item.path.parent.name != "ui":
            continue
        if item.path.name == EVERY_PAGE:
            continue
        if crc32(item.path.name.encode()) % SHARES != int(asked) % SHARES:
            item.add_marker(
                pytest.mark.skip(reason=f"ONE SHARE OF {SHARES} OF THE BROWSER TESTS WAS ASKED FOR")
            )


@pytest.fixture(
    params=["sqlite"] if os.environ.get("STEELYARD_PAGES_SHARE") else ["sqlite", "postgresql"]
)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A house on an empty database."""
    from tests.server import houses

    yield from houses(request.param, tmp_path)
