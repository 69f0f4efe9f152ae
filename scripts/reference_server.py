# SPDX-License-Identifier: Apache-2.0
"""The pages of the server's doors: routes, rights, events, and the OpenAPI document itself.

``openapi.json`` is the frozen description of the API: a change of it shows in a diff, and a field
that is renamed or taken away is a new version of the API, not a change.
"""

from __future__ import annotations

from typing import Any

import msgspec

from steelyard.api.app import create_app
from steelyard.bootstrap import utc_now
from steelyard.bootstrap.house import House
from steelyard.kernel.actor import BUILT_IN_ROLES
from steelyard.kernel.event_words import EVENTS
from steelyard.platform.database.engine import Database
from steelyard.platform.identity.permissions import PERMISSIONS
from steelyard.platform.jobs.embedded import EmbeddedQueue

API_HEAD = """\
# HTTP API

Every route is below `/api/v1` unless it begins with another slash-name here. The complete
description, with fields and examples, is [openapi.json](openapi.json) (OpenAPI 3.1), also served at
`/api/v1/openapi.json`.

- **Who asks**: `Authorization: Bearer TOKEN`, or the cookie of a login.
- **Errors** are RFC 9457 problems with a stable [code](errors.md), a sentence and a next step;
  fields that are wrong are named in `errors`.
- **Lists** take `limit`, `cursor` (the `next` of the page before) and `fields`.
- **Changes** of a thing need `If-Match` with the `ETag` it was read with: 428 without, 412 with
  what it is now if it changed.
- **Repeating** a write with the same `Idempotency-Key` answers it again and does nothing.
- What belongs to a unit you do not see answers like what is not there: 404.

Rights are explained in [rights.md](rights.md).

| method | path | right | what it does |
|---|---|---|---|
"""
RIGHTS_HEAD = """\
# Rights

What each role may ask of the server. Whether a person's voice counts in a decision is another
question, which the charter answers. `reviewer` stands for every role that decides: those of
reviewers and any that a charter names.

## Roles

| role | what it is for |
|---|---|
"""
EVENTS_HEAD = """\
# Events of the ledger

Every change of state is one of these, written in the transaction that makes the change. Names and
typed texts are not in the entry but in its body beside the ledger, which can be erased; the entry
holds the body's digest.

| event | what happened |
|---|---|
"""


def document() -> dict[str, Any]:
    """Return the OpenAPI document of the server."""
    database = Database("sqlite://")
    house = House(database=database, jobs=EmbeddedQueue(database, utc_now))
    found: dict[str, Any] = create_app(house, lambda _: None).openapi()
    database.close()
    return found


def server_pages() -> dict[str, bytes]:
    """Return the pages by file name."""
    openapi = document()
    return {
        "api.md": _api(openapi).encode(),
        "rights.md": _rights().encode(),
        "events.md": _events().encode(),
        "openapi.json": msgspec.json.format(msgspec.json.encode(openapi), indent=1) + b"\n",
    }


def _api(openapi: dict[str, Any]) -> str:
    rows = []
    for path, operations in sorted(openapi["paths"].items()):
        for method, operation in operations.items():
            said = (operation.get("description") or operation.get("summary", "")).split("\n")[0]
            right = operation.get("x-right", "open")
            shown = path.removeprefix("/api/v1")
            rows.append(f"| {method.upper()} | `{shown}` | {right} | {said} |\n")
    return API_HEAD + "".join(rows)


def _rights() -> str:
    roles = "".join(f"| {role} | {said} |\n" for role, said in BUILT_IN_ROLES.items())
    held = "".join(
        f"| {right} | {', '.join(sorted(holders))} |\n"
        for right, holders in sorted(PERMISSIONS.items())
    )
    head = "\n## Who holds which right\n\n| right | held by |\n|---|---|\n"
    return f"{RIGHTS_HEAD}{roles}{head}{held}"


def _events() -> str:
    return EVENTS_HEAD + "".join(f"| `{kind}` | {said} |\n" for kind, said in EVENTS.items())
