# SPDX-License-Identifier: Apache-2.0
"""The chip of every state a page shows: color, sign and word, never color alone."""

from __future__ import annotations

from typing import Final

from steelyard.reporting import chips as told
from steelyard.reporting.chips import Chip
from steelyard.ui.texts import mark

REQUESTS: Final = {
    "draft": Chip("neutral", "dash", mark("draft")),
    "submitted": Chip("notice", "hourglass", mark("submitted")),
    "changes requested": Chip("pending", "warning", mark("changes requested")),
    "approved": Chip("good", "check", mark("approved")),
    "rejected": Chip("bad", "cross", mark("rejected")),
    "withdrawn": Chip("neutral", "dash", mark("withdrawn")),
    "expired": Chip("neutral", "hourglass", mark("expired")),
}
STAGES: Final = {
    "assessing": Chip("notice", "hourglass", mark("assessing")),
    "assessment failed": Chip("bad", "warning", mark("assessment failed")),
    "in review": Chip("notice", "diamond", mark("in review")),
}
REVISIONS: Final = {
    "quarantined": Chip("neutral", "hourglass", mark("quarantined")),
    "in review": Chip("notice", "diamond", mark("in review")),
    "approved": Chip("good", "check", mark("approved")),
    "approved with conditions": Chip("notice", "diamond", mark("approved with conditions")),
    "suspended": Chip("bad", "warning", mark("suspended")),
    "revoked": Chip("bad", "cross", mark("revoked")),
    "rejected": Chip("bad", "cross", mark("rejected")),
    "retired": Chip("neutral", "dash", mark("retired")),
    "tombstoned": Chip("neutral", "dash", mark("tombstoned")),
}
EXCEPTIONS: Final = {
    "draft": Chip("neutral", "dash", mark("draft")),
    "in review": Chip("notice", "diamond", mark("in review")),
    "active": Chip("good", "check", mark("active")),
    "rejected": Chip("bad", "cross", mark("rejected")),
    "expired": Chip("neutral", "hourglass", mark("expired")),
    "revoked": Chip("bad", "cross", mark("revoked")),
}
REVIEWS: Final = {
    "open": Chip("notice", "hourglass", mark("open")),
    "changes requested": Chip("pending", "warning", mark("changes requested")),
    "approved": Chip("good", "check", mark("approved")),
    "rejected": Chip("bad", "cross", mark("rejected")),
    "withdrawn": Chip("neutral", "dash", mark("withdrawn")),
    "closed": Chip("neutral", "check", mark("closed")),
}
ANSWERS: Final = {
    "yes": Chip("good", "check", mark("yes")),
    "no": Chip("bad", "cross", mark("no")),
    "abstain": Chip("neutral", "dash", mark("abstained")),
    "waiting": Chip("pending", "hourglass", mark("waiting")),
    "recused": Chip("neutral", "dash", mark("stepped aside")),
}
CLOCKS: Final = {
    "due": Chip("notice", "hourglass", mark("due")),
    "soon": Chip("pending", "hourglass", mark("due soon")),
    "overdue": Chip("bad", "warning", mark("overdue")),
    "paused": Chip("neutral", "dash", mark("paused")),
    "met": Chip("good", "check", mark("met")),
    "met late": Chip("pending", "check", mark("met late")),
    "stopped": Chip("neutral", "dash", mark("stopped")),
}
PROPOSALS: Final = {
    "open": Chip("notice", "hourglass", mark("open")),
    "adopted": Chip("good", "check", mark("adopted")),
    "rejected": Chip("bad", "cross", mark("rejected")),
    "withdrawn": Chip("neutral", "dash", mark("withdrawn")),
}
DIRECTIONS: Final = {
    "looser": Chip("bad", "warning", mark("looser")),
    "mixed": Chip("pending", "warning", mark("looser and stricter")),
    "unclear": Chip("pending", "question", mark("a person must judge")),
    "stricter": Chip("good", "check", mark("stricter")),
    "same": Chip("neutral", "dash", mark("the same meaning")),
}
ADMITTED: Final = {
    "allowed": Chip("good", "check", mark("allowed")),
    "warn": Chip("neutral", "warning", mark("allowed, with a warning")),
    "condition": Chip("notice", "diamond", mark("under a condition")),
    "depends": Chip("pending", "question", mark("depends on the case")),
    "review": Chip("pending", "hourglass", mark("reviewed")),
    "reject": Chip("bad", "cross", mark("forbidden")),
}
PEOPLE: Final = {
    "invited": Chip("pending", "hourglass", mark("invited")),
    "active": Chip("good", "check", mark("active")),
    "locked": Chip("bad", "warning", mark("locked")),
    "disabled": Chip("neutral", "dash", mark("disabled")),
}
TOKENS: Final = {
    "active": Chip("good", "check", mark("active")),
    "expired": Chip("neutral", "hourglass", mark("expired")),
    "revoked": Chip("bad", "cross", mark("revoked")),
}
DELIVERIES: Final = {
    "waiting": Chip("notice", "hourglass", mark("waiting")),
    "delivered": Chip("good", "check", mark("delivered")),
    "failed": Chip("bad", "cross", mark("failed")),
}
JOBS: Final = {
    "waiting": Chip("notice", "hourglass", mark("waiting")),
    "running": Chip("notice", "diamond", mark("running")),
    "done": Chip("good", "check", mark("done")),
    "dead": Chip("bad", "cross", mark("given up")),
}
RUNNING: Final = {
    "running": Chip("notice", "hourglass", mark("running")),
    "paused": Chip("neutral", "dash", mark("paused")),
    "overdue": Chip("bad", "warning", mark("overdue")),
    "met": Chip("good", "check", mark("met")),
    "stopped": Chip("neutral", "dash", mark("stopped")),
}
DECISIONS: Final = {
    "in force": Chip("good", "check", mark("in force")),
    "superseded": Chip("neutral", "dash", mark("superseded")),
    "expired": Chip("neutral", "hourglass", mark("expired")),
    "suspended": Chip("bad", "warning", mark("suspended")),
    "revoked": Chip("bad", "cross", mark("revoked")),
}
EVIDENCE: Final = {
    "current": Chip("good", "check", mark("current")),
    "superseded": Chip("neutral", "dash", mark("superseded")),
    "expired": Chip("bad", "hourglass", mark("expired")),
    "withdrawn": Chip("neutral", "dash", mark("withdrawn")),
}
MODELS: Final = {
    "active": Chip("good", "check", mark("active")),
    "retired": Chip("neutral", "dash", mark("retired")),
}
SUPPLIERS: Final = {
    "active": Chip("good", "check", mark("active")),
    "ended": Chip("neutral", "dash", mark("ended")),
}
SUPPORT: Final = {
    "commercial": Chip("good", "check", mark("commercial")),
    "internal": Chip("good", "check", mark("internal")),
    "community": Chip("notice", "info", mark("community")),
    "none": Chip("pending", "question", mark("none")),
    "ended": Chip("bad", "cross", mark("ended")),
}
PRESENCE: Final = {
    "present": Chip("good", "check", mark("present")),
    "gone": Chip("bad", "cross", mark("gone")),
    "disabled": Chip("bad", "warning", mark("disabled")),
    "refused": Chip("pending", "warning", mark("refused")),
    "unasked": Chip("neutral", "question", mark("not asked yet")),
}
CHANGES: Final = {
    "added": Chip("good", "info", mark("added")),
    "removed": Chip("bad", "dash", mark("removed")),
    "changed": Chip("pending", "diamond", mark("changed")),
    "moved": Chip("notice", "info", mark("moved")),
}
ASSESSMENTS: Final = {
    "queued": Chip("neutral", "hourglass", mark("queued")),
    "fetching": Chip("notice", "hourglass", mark("fetching")),
    "scanning": Chip("notice", "hourglass", mark("scanning")),
    "evaluating": Chip("notice", "hourglass", mark("evaluating")),
    "done": Chip("good", "check", mark("done")),
    "failed": Chip("bad", "warning", mark("failed")),
}
CONDITIONS: Final = {
    "open": Chip("pending", "hourglass", mark("open")),
    "reported": Chip("notice", "hourglass", mark("reported")),
    "fulfilled": Chip("good", "check", mark("fulfilled")),
    "overdue": Chip("bad", "warning", mark("overdue")),
    "waived": Chip("neutral", "dash", mark("waived")),
}
ACTIONS: Final = {
    "open": Chip("pending", "hourglass", mark("open")),
    "done": Chip("notice", "check", mark("done")),
    "verified": Chip("good", "check", mark("verified")),
    "overdue": Chip("bad", "warning", mark("overdue")),
}
EMERGENCIES: Final = {
    "asked": Chip("pending", "hourglass", mark("asked")),
    "open": Chip("bad", "warning", mark("open")),
    "closed": Chip("neutral", "dash", mark("closed")),
    "lapsed": Chip("neutral", "hourglass", mark("lapsed")),
}
AFTERWARDS: Final = {
    "due": Chip("pending", "hourglass", mark("due")),
    "missed": Chip("bad", "warning", mark("missed")),
    "done": Chip("good", "check", mark("done")),
}
RISKS: Final = {
    "open": Chip("pending", "warning", mark("open")),
    "closed": Chip("neutral", "dash", mark("closed")),
}
KINDS: Final[dict[str, dict[str, Chip]]] = {
    "request": REQUESTS,
    "stage": STAGES,
    "revision": REVISIONS,
    "exception": EXCEPTIONS,
    "review": REVIEWS,
    "answer": ANSWERS,
    "clock": CLOCKS,
    "proposal": PROPOSALS,
    "direction": DIRECTIONS,
    "admitted": ADMITTED,
    "running": RUNNING,
    "person": PEOPLE,
    "token": TOKENS,
    "delivery": DELIVERIES,
    "job": JOBS,
    "decision": DECISIONS,
    "evidence": EVIDENCE,
    "model": MODELS,
    "supplier": SUPPLIERS,
    "support": SUPPORT,
    "presence": PRESENCE,
    "change": CHANGES,
    "assessment": ASSESSMENTS,
    "claim": told.CLAIMS,
    "duty": told.DUTIES,
    "condition": CONDITIONS,
    "action": ACTIONS,
    "emergency": EMERGENCIES,
    "afterwards": AFTERWARDS,
    "risk": RISKS,
    "outcome": told.OUTCOMES,
    "verdict": told.VERDICTS,
    "severity": told.SEVERITIES,
    "tier": told.TIERS,
    "coverage": told.COVERAGES,
    "control": told.CONTROL_STATES,
    "rule": told.RULE_STATES,
    "effect": told.EFFECTS,
    "license": told.LICENSE_USES,
}
"""Kind of thing → its states → how each is shown."""


def of(kind: str, state: str) -> Chip:
    """Return the chip of a state; one nobody foresaw is shown as itself, never as good."""
    return told.chip_of(KINDS.get(kind, {}), state)
