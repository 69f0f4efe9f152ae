# SPDX-License-Identifier: Apache-2.0
"""What each role may ask of the server, right by right.

This is the outer wall: whether somebody may use a door at all. Whether their vote counts for *this*
decision is a question for the charter's decision rights, asked behind the door. Every route names a
right of this table; a right that nobody is listed for is held by nobody.
"""

from __future__ import annotations

from steelyard.kernel.actor import (
    ADMINISTRATOR,
    ASSESSOR,
    AUDITOR,
    BUILT_IN_ROLES,
    MODEL_OWNER,
    OPERATOR,
    REQUESTER,
    SPONSOR,
    Actor,
)
from steelyard.kernel.errors import ForbiddenError

REVIEWER = "reviewer"
"""Stands for every role that decides: those of reviewers, and any a charter names."""
_NOT_REVIEWERS = frozenset({REQUESTER, AUDITOR, ASSESSOR, ADMINISTRATOR, OPERATOR})

EVERYONE = frozenset({*BUILT_IN_ROLES, REVIEWER})
STAFF = EVERYONE - {ASSESSOR, AUDITOR}
_DECIDERS = frozenset({REVIEWER, SPONSOR, MODEL_OWNER})
_READERS = frozenset({REVIEWER, AUDITOR, ADMINISTRATOR})

PERMISSIONS: dict[str, frozenset[str]] = {
    "about.read": EVERYONE,
    "action.do": frozenset({REQUESTER, MODEL_OWNER, OPERATOR, REVIEWER, SPONSOR}),
    "action.read": EVERYONE,
    "action.write": _DECIDERS,
    "assessment.read": EVERYONE,
    "assessment.refresh": frozenset({OPERATOR, REVIEWER}),
    "charter.adopt": frozenset({ADMINISTRATOR, REVIEWER, SPONSOR}),
    "charter.propose": frozenset({ADMINISTRATOR, REVIEWER, SPONSOR}),
    "charter.read": EVERYONE,
    "charter.vote": frozenset({REVIEWER, SPONSOR}),
    "clock.read": EVERYONE,
    "condition.fulfil": STAFF - {ADMINISTRATOR},
    "decision.act": _DECIDERS,
    "decision.read": EVERYONE,
    "delegation.read": _DECIDERS | _READERS,
    "delegation.write": _DECIDERS,
    "emergency.agree": _DECIDERS | {OPERATOR},
    "emergency.ask": frozenset({REQUESTER, MODEL_OWNER, OPERATOR, REVIEWER}),
    "emergency.read": EVERYONE - {ASSESSOR},
    "emergency.review": _DECIDERS,
    "evidence.read": EVERYONE,
    "evidence.verify": frozenset({REVIEWER}),
    "evidence.write": frozenset({REQUESTER, MODEL_OWNER, REVIEWER, ASSESSOR}),
    "exception.ask": frozenset({REQUESTER, MODEL_OWNER, REVIEWER}),
    "exception.end": frozenset({REQUESTER, MODEL_OWNER, REVIEWER, SPONSOR}),
    "exception.grant": _DECIDERS,
    "exception.read": EVERYONE,
    "identity.configure": frozenset({ADMINISTRATOR}),
    "identity.read": frozenset({ADMINISTRATOR, AUDITOR}),
    "job.manage": frozenset({ADMINISTRATOR, OPERATOR}),
    "job.read": frozenset({ADMINISTRATOR, AUDITOR, OPERATOR}),
    "ledger.manage": frozenset({OPERATOR}),
    "ledger.read": EVERYONE - {ASSESSOR},
    "model.read": EVERYONE,
    "model.write": frozenset({MODEL_OWNER, REVIEWER}),
    "notification.own": EVERYONE,
    "request.read": EVERYONE,
    "request.write": frozenset({REQUESTER, MODEL_OWNER, REVIEWER}),
    "review.answer": frozenset({REQUESTER, MODEL_OWNER, REVIEWER}),
    "review.comment": EVERYONE - {AUDITOR},
    "review.read": EVERYONE,
    "review.sign": _DECIDERS,
    "revision.retire": frozenset({MODEL_OWNER, REVIEWER}),
    "risk.accept": _DECIDERS,
    "risk.read": EVERYONE,
    "risk.write": _DECIDERS,
    "robot.manage": frozenset({ADMINISTRATOR}),
    "robot.read": frozenset({ADMINISTRATOR, AUDITOR, OPERATOR}),
    "role.grant": frozenset({ADMINISTRATOR}),
    "role.read": EVERYONE,
    "second-factor.own": EVERYONE,
    "session.own": EVERYONE,
    "supplier.read": EVERYONE - {ASSESSOR},
    "supplier.write": frozenset({MODEL_OWNER, REVIEWER}),
    "token.manage": frozenset({ADMINISTRATOR}),
    "token.own": EVERYONE,
    "token.read": frozenset({ADMINISTRATOR, AUDITOR}),
    "training.own": EVERYONE,
    "training.read": _READERS,
    "training.record": frozenset({ADMINISTRATOR}),
    "unit.manage": frozenset({ADMINISTRATOR}),
    "unit.read": EVERYONE - {ASSESSOR},
    "upload.write": frozenset({REQUESTER, MODEL_OWNER, REVIEWER, ASSESSOR}),
    "use-case.read": EVERYONE,
    "use-case.write": frozenset({REQUESTER, MODEL_OWNER, REVIEWER}),
    "user.manage": frozenset({ADMINISTRATOR}),
    "user.read": EVERYONE - {ASSESSOR},
    "webhook.manage": frozenset({ADMINISTRATOR, OPERATOR}),
    "webhook.read": frozenset({ADMINISTRATOR, AUDITOR, OPERATOR}),
}
"""Right → roles that hold it, in alphabetical order of rights."""

SEES_ALL_UNITS = frozenset({AUDITOR, ADMINISTRATOR, OPERATOR, SPONSOR, REVIEWER})
"""Roles that are not bound to the rows of their own units. A model owner is, though they decide:
they answer for the models of their units, as a requester does for their use cases."""


def standing(actor: Actor) -> frozenset[str]:
    """Return the actor's roles, with ``reviewer`` added if one of them decides."""
    return actor.roles | ({REVIEWER} if actor.roles - _NOT_REVIEWERS else set())


def allowed(actor: Actor, right: str) -> bool:
    """Tell whether ``actor`` may use a door that asks for ``right``."""
    if actor.scope.actions and right not in actor.scope.actions:
        return False
    return bool(PERMISSIONS.get(right, frozenset()) & standing(actor))


def demand(actor: Actor, right: str) -> None:
    """Refuse an actor who has not the right.

    Raises:
        ForbiddenError: with the roles that would have it.
    """
    if allowed(actor, right):
        return
    if actor.scope.actions and right not in actor.scope.actions:
        raise ForbiddenError(
            f"This token may not do {right!r}.",
            next_step="Use a token whose scope names it.",
            code="right.scope",
        )
    holders = ", ".join(sorted(PERMISSIONS.get(right, ()))) or "nobody"
    raise ForbiddenError(
        f"Your roles do not include the right {right!r}.",
        next_step=f"It is held by: {holders}. Ask an administrator if you need it.",
    )


def within(actor: Actor, *, environment: str = "", use_case: str = "") -> bool:
    """Tell whether the scope of the actor's token reaches an environment and a use case.

    A scope that names use cases reaches nothing that belongs to none; likewise environments.
    """
    scope = actor.scope
    return (not scope.environments or environment in scope.environments) and (
        not scope.use_cases or use_case in scope.use_cases
    )


def demand_within(actor: Actor, *, environment: str = "", use_case: str = "") -> None:
    """Refuse an actor whose token does not reach there.

    Raises:
        ForbiddenError: it does not.
    """
    if not within(actor, environment=environment, use_case=use_case):
        raise ForbiddenError(
            "This token is limited to other environments or use cases.",
            next_step="Use a token whose scope names them.",
            code="right.scope",
        )


def sees_all(actor: Actor) -> bool:
    """Tell whether ``actor`` sees the rows of every unit."""
    if actor.kind == "system" or actor.roles & SEES_ALL_UNITS:
        return True
    return bool(actor.roles - _NOT_REVIEWERS - {MODEL_OWNER})
