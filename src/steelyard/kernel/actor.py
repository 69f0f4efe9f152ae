# SPDX-License-Identifier: Apache-2.0
"""Who acts: a person, a robot account or the house itself, with roles and reach."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

REQUESTER = "requester"
AUDITOR = "auditor"
ASSESSOR = "assessor"
OPERATOR = "platform-operator"
ADMINISTRATOR = "administrator"
SPONSOR = "executive-sponsor"
MODEL_OWNER = "model-owner"

BUILT_IN_ROLES: dict[str, str] = {
    REQUESTER: "Asks to adopt models.",
    "security": "Reviews security.",
    "legal": "Reviews licenses and law.",
    "privacy": "Reviews the use of people's data.",
    "risk": "Keeps the risk register and signs off risk.",
    MODEL_OWNER: "Answers for a model in use.",
    SPONSOR: "Stands behind corrective actions; the last rung of most escalations.",
    OPERATOR: "Runs the platform: blobs, jobs, webhooks.",
    AUDITOR: "Reads everything, changes nothing.",
    ASSESSOR: "An outsider who sees and comments on what was opened to them, until a date.",
    ADMINISTRATOR: "Manages people, tokens and settings; never decides.",
}
"""Roles every organization has. Charters name more; those review."""


class Scope(Struct, frozen=True, kw_only=True):
    """How far a token reaches. Empty tuples mean no limit of that kind."""

    actions: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    use_cases: tuple[str, ...] = ()


class Actor(Struct, frozen=True, kw_only=True):
    """Somebody whose identity was proved, and what they may reach."""

    id: str
    """``usr_…``, ``rob_…`` or ``system``: names the account inside the database."""
    alias: str
    """Pseudonym that stands in the ledger; which person it was can be erased."""
    kind: Literal["person", "robot", "system"] = "person"
    name: str = ""
    mail: str = ""
    roles: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    """Business units the person belongs to; rows of other units cannot be seen by a requester."""
    scope: Scope = Scope()
    token: str = ""
    """Id of the API token used, if one was."""


SYSTEM = Actor(id="system", alias="system", kind="system", name="Steelyard")
"""The house itself: clocks that ring, jobs that run, standing policy that decides."""
