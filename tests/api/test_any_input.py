# SPDX-License-Identifier: Apache-2.0
"""Input made up from the OpenAPI document: no address answers it with an error of its own.

``STEELYARD_API_EXAMPLES`` sets how many calls are made to each address; CI makes a few. They go to
SQLite, or to the database that ``STEELYARD_API_DATABASE`` names (``postgresql``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from tests.server import Doors, houses, person

from steelyard.bootstrap.founding import found_charter
from steelyard.bootstrap.house import House
from steelyard.kernel.actor import BUILT_IN_ROLES

KIND = os.environ.get("STEELYARD_API_DATABASE", "sqlite")
EXAMPLES = int(os.environ.get("STEELYARD_API_EXAMPLES", "1"))
EVERYTHING = person("everything", *BUILT_IN_ROLES, "head-of-risk", "operator")


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    house: House
    for house in houses(KIND, tmp_path_factory.mktemp("house")):
        found_charter(house, "standard")
        made = Doors(house)
        made.as_(EVERYTHING)
        yield made


def test_no_call_ends_in_an_error_of_the_server(doors: Doors) -> None:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", doors.app)
    wrong: list[str] = []
    for found in schema.get_all_operations():
        if isinstance(found, Ok):
            _try(found.ok(), wrong)
        else:
            wrong.append(str(found.err()))
    assert not wrong


def _try(operation: Any, wrong: list[str]) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any) -> None:
        answer = case.call(headers={"authorization": f"Bearer {EVERYTHING.id}", "if-match": '"1"'})
        if answer.status_code >= 500 and answer.status_code != 503:
            wrong.append(f"{operation.method} {operation.path}: {answer.text[:300]}")

    call()
