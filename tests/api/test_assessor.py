# SPDX-License-Identifier: Apache-2.0
"""An external assessor to whom nothing was opened finds nothing, whatever lists there are."""

from __future__ import annotations

import json

from tests.api.identity.desk import Desk
from tests.api.test_use_cases import FIVE
from tests.platform.identity.staff import made

from steelyard.bootstrap.house import House

FOR_ALL = {
    "/api/v1/me",
    "/api/v1/openapi.json",
    "/api/v1/roles",
    "/api/v1/sessions",
    "/api/v1/tokens",
    "/api/v1/version",
    "/healthz",
    "/metrics",
    "/readyz",
}
"""What is the assessor's own, or says nothing of anybody's business."""


def test_lists_are_empty_or_shut(house: House) -> None:
    desk = Desk(house)
    anna = made(house, "anna@example.org", "requester", name="Anna", unit="search")
    case = desk.as_(anna).post("/api/v1/use-cases", json=FIVE).json()
    eva = desk.as_(made(house, "eva@outside.example", "assessor"))
    asked = 0
    for path, operations in desk.app.openapi()["paths"].items():
        if "get" not in operations or "{" in path or path in FOR_ALL:
            continue
        answer = eva.get(path)
        asked += 1
        if answer.status_code != 200:
            continue
        body = answer.json()
        rows = body if isinstance(body, list) else body.get("items", [])
        assert rows == [], path
        for told in (anna.alias, anna.id, case["id"], "search"):
            assert told not in json.dumps(body), path
    assert asked > 10
