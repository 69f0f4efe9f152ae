# SPDX-License-Identifier: Apache-2.0
"""What a review asks of people, in words: clocks, steps, decision rights, gates."""

from __future__ import annotations

from steelyard.kernel.assessment import Approver, Assessment, Review, ReviewStep
from steelyard.reporting.chips import GATE_STATES, Chip, chip_of
from steelyard.reporting.view import plural


def clocks(review: Review) -> str:
    """Return quorum, deadline and escalation of a review as one line."""
    words = [f"{review.track} track"]
    if review.quorum:
        words.append(f"quorum {review.quorum}")
    if review.within:
        words.append(f"within {review.within}")
    if review.remind:
        words.append(f"reminded {review.remind} before")
    if review.escalate:
        pace = f", {review.escalate_after} each" if review.escalate_after else ""
        words.append(f"then escalates to {' → '.join(review.escalate)}{pace}")
    return ", ".join(words)


def step_words(step: ReviewStep) -> str:
    """Return who takes a step of a review, how many of them are enough, and by when."""
    words = []
    if step.sign_offs:
        enough = f"{step.quorum} of " if step.quorum < len(step.sign_offs) else ""
        words.append(enough + ", ".join(step.sign_offs))
    if step.committee:
        words.append(f"the committee {step.committee}")
    return " and ".join(words) + (f", within {step.within}" if step.within else "")


def approver_words(approver: Approver) -> str:
    """Return what must hold of whoever uses a decision right."""
    count = plural(approver.quorum, "person", "people") if approver.role else "the committee"
    words = [count]
    if approver.recuse:
        words.append(f"not the {' or '.join(word.replace('-', ' ') for word in approver.recuse)}")
    if approver.training:
        words.append(f"trained in {', '.join(approver.training)}")
    return ", ".join(words)


def gate_rows(assessment: Assessment) -> list[tuple[str, Chip, list[str]]]:
    """Return the gates of the lifecycle: stage, state, and what each waits for."""
    rows = []
    for gate in assessment.gates:
        waits = []
        if gate.waiting:
            waits.append(f"Controls: {', '.join(gate.waiting)}")
        if gate.evidence:
            waits.append(f"Evidence: {', '.join(gate.evidence)}")
        waits += gate.asks
        if gate.opened_by:
            waits.append(f"Opened by {', '.join(gate.opened_by)}")
        rows.append((gate.stage, chip_of(GATE_STATES, gate.state), waits))
    return rows
