# SPDX-License-Identifier: Apache-2.0
"""The server is killed three times under load; ``benchmarks/server_crashes.py`` does it longer."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.platform.notify.receiver import receiving
from tests.server import KINDS, open_database
from tests.stories.siege import Siege


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(kind: str, tmp_path: Path) -> None:
    database_url = ""
    if kind == "postgresql":
        database = open_database(kind, tmp_path)
        database_url = database.engine.url.render_as_string(hide_password=False)
        database.close()
    with receiving() as receiver:
        siege = Siege(tmp_path, receiver, database_url, separate=False)
        siege.prepare()
        for _ in range(3):
            siege.round(1.0)
        siege.settle()
        assert siege.reckon() == []
    assert siege.use_cases
    assert siege.deliveries
