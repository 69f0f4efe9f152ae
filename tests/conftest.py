# SPDX-License-Identifier: Apache-2.0
"""Settings of the whole suite.

A busy machine must not fail a test, so property tests have no deadline, and the few tests that
inputs do not cost quadratic work bound CPU time far above what they need. Where CI runs, property
tests try the same examples every time; elsewhere they look for new ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from steelyard.bootstrap.house import House
    from tests.server import Doors

settings.register_profile(
    "house",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A house on an empty database; every test that asks for it runs on both kinds."""
    from tests.server import houses

    yield from houses(request.param, tmp_path)


@pytest.fixture
def doors(house: House) -> Doors:
    """The HTTP door of that house."""
    from tests.server import Doors

    return Doors(house)
