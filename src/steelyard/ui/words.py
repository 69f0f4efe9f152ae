# SPDX-License-Identifier: Apache-2.0
"""Words of the data that pages put into the reader's language: roles, environments, kinds.

A template writes ``{{ role | local }}``; what is not listed here (a role a charter names, say) is
shown as it is.
"""

from __future__ import annotations

from typing import Final

from steelyard.ui.texts import mark

ROLES: Final = (
    mark("requester"),
    mark("security"),
    mark("legal"),
    mark("privacy"),
    mark("risk"),
    mark("model-owner"),
    mark("executive-sponsor"),
    mark("platform-operator"),
    mark("auditor"),
    mark("assessor"),
    mark("administrator"),
    mark("model-validation"),
    mark("ethics"),
    mark("compliance"),
    mark("finance"),
)
"""Built-in roles, and some that shipped charters name."""
ROLE_TEXTS: Final = (
    mark("Asks to adopt models."),
    mark("Reviews security."),
    mark("Reviews licenses and law."),
    mark("Reviews the use of people's data."),
    mark("Keeps the risk register and signs off risk."),
    mark("Answers for a model in use."),
    mark("Stands behind corrective actions; the last rung of most escalations."),
    mark("Runs the platform: blobs, jobs, webhooks."),
    mark("Reads everything, changes nothing."),
    mark("An outsider who sees and comments on what was opened to them, until a date."),
    mark("Manages people, tokens and settings; never decides."),
)
"""What the built-in roles are for, as the kernel says it."""
ENVIRONMENTS: Final = (
    mark("sandbox"),
    mark("development"),
    mark("pilot"),
    mark("staging"),
    mark("production"),
)
SEVERITIES: Final = (
    mark("critical"),
    mark("high"),
    mark("medium"),
    mark("low"),
    mark("info"),
)
TIERS: Final = (mark("low"), mark("moderate"), mark("high"), mark("critical"))
TRACKS: Final = (mark("fast"), mark("standard"), mark("deep"))
SOURCES: Final = {
    "local": mark("by hand"),
    "oidc": mark("by a group at login"),
    "scim": mark("by the directory"),
}
"""Where an account, a role or a membership comes from."""
METHODS: Final = {
    "password": mark("password"),
    "oidc": mark("login of the organization"),
    "second-factor": mark("password and second factor"),
}
"""How a session began."""
CLOCKS: Final = {
    "review": mark("whole review"),
    "step": mark("step of a review"),
    "action": mark("improvement"),
    "verify": mark("confirmation of an improvement"),
    "condition": mark("condition"),
    "exception": mark("end of an exception"),
    "exception-review": mark("decision on an exception"),
    "evidence": mark("end of an evidence"),
    "risk-review": mark("review of a risk"),
    "emergency-asked": mark("agreement to an emergency"),
    "emergency": mark("end of an emergency"),
    "emergency-review": mark("review of an emergency"),
}
"""Kind of a clock → what it is for."""
KINDS: Final = {
    "model": mark("model"),
    "revision": mark("revision"),
    "request": mark("request"),
    "use-case": mark("use case"),
    "decision": mark("decision"),
    "supplier": mark("supplier"),
    "person": mark("person"),
    "place": mark("page"),
}
"""Kinds of things a search finds."""


def source(name: str) -> str:
    """Return what to say of a source."""
    return SOURCES.get(name, name)


def method(name: str) -> str:
    """Return how a session began."""
    return METHODS.get(name, name)


def clock(kind: str) -> str:
    """Return what to say of a kind of clock."""
    return CLOCKS.get(kind, kind)
