# SPDX-License-Identifier: Apache-2.0
"""What notices say, by kind. Plain text; a kind nobody wrote a text for is named as it is.

A text may name facts and words of the notice in braces; one that is missing reads as a dash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

TEXTS: dict[str, tuple[str, str]] = {
    "action.waiting": (
        "Something to improve: {severity}",
        "The action {subject} is yours or stands behind you. It is due on {due}.",
    ),
    "assessment.changed": (
        "A model came out otherwise: {outcome}",
        (
            "{about} was assessed again and came to {outcome}, risk tier {tier}. Look whether what"
            " was decided before should still stand."
        ),
    ),
    "assessment.failed": (
        "A model could not be assessed: {reference}",
        "The assessment {subject} of {reference} failed: {said}",
    ),
    "clock.due": (
        "A deadline has passed: {kind}",
        "The deadline for {kind} of {subject} has passed. Please act, or say why it must wait.",
    ),
    "clock.remind": (
        "A deadline is near: {kind}",
        "The deadline for {kind} of {subject} is near. Please look at it in time.",
    ),
    "emergency.asked": (
        "Break-glass: your agreement is asked for",
        "The emergency {subject} in {environment} asks for {hours} hours. Two people must agree.",
    ),
    "emergency.closed": (
        "An emergency has ended",
        "The emergency {subject} in {environment} has ended. Its review: {review}.",
    ),
    "emergency.opened": (
        "Break-glass: a review is due",
        "The emergency {subject} in {environment} was opened for {hours} hours; review it.",
    ),
    "exception.changed": (
        "An exception to {rule} is {state}",
        "The exception {subject} to the rule {rule} is now {state}; its last day is {until}.",
    ),
    "exception.ending": (
        "An exception to {rule} ends soon",
        "The exception {subject} to the rule {rule} ends on {until}. Fulfil the rule in time.",
    ),
    "exception.waiting": (
        "An exception to {rule} waits for you",
        "The exception {subject} to the rule {rule} waits for your vote.",
    ),
    "evidence.expired": (
        "Evidence has expired: {title}",
        (
            "The evidence {subject} ({kind}) about {about} could be relied on until {expires}. "
            "Please send a newer one."
        ),
    ),
    "evidence.held": (
        "Evidence holds an approval up: {reference}",
        (
            "{reference} cannot be approved while the evidence {subject} ({title}) speaks against "
            "it. The request {about} went back to its requester."
        ),
    ),
    "exception.ended": (
        "An exception has ended: {rule}",
        "The exception {subject} against {rule} is {state}. Suspended with it: {suspended}.",
    ),
    "exception.granted": (
        "An exception was granted: {rule}",
        (
            "The exception {subject} against {rule} holds until {until}. Submit the request again;"
            " what the rule asks for becomes a condition of the approval."
        ),
    ),
    "job.dead": (
        "A background job was given up: {kind}",
        "The job {subject} ({kind}) failed {attempts} times. What it was to do was not done.",
    ),
    "meeting.convened": (
        "A meeting of {committee}",
        "The committee {committee} meets at {at} about the review {subject}.",
    ),
    "review.changes": (
        "Changes are asked for",
        "The reviewers of your request {about} ask for changes. The clocks stand until you answer.",
    ),
    "review.closed": (
        "The review of your request is done",
        "The review {subject} of your request {about} is done; the decision follows.",
    ),
    "review.mentioned": (
        "You were mentioned in a review",
        "Somebody mentioned you in the review {subject} of the request {about}.",
    ),
    "review.waiting": (
        "A review waits for you",
        "The review {subject} for {environment} waits for your sign-off until {due}.",
    ),
    "request.decided": (
        "Your request was decided: {outcome}",
        (
            "The request {subject} for {environment} was decided: {outcome}. Valid until:"
            " {valid_until}. The decision {about} has the reasons and the evidence."
        ),
    ),
    "revision.retired": (
        "{model} was retired",
        (
            "The revision {subject} of {model}, which {use_case} uses in {environment}, was "
            "retired on {effective}. Its replacement: {replacement}. {notice}"
        ),
    ),
    "revision.retiring": (
        "{model} ends on {effective}",
        (
            "The revision {subject} of {model}, which {use_case} uses in {environment}, ends on "
            "{effective}. Its replacement: {replacement}. {notice}"
        ),
    ),
    "supplier.contract-ending": (
        "A contract ends on {date}: {supplier}",
        (
            "The contract with {supplier} ends on {date}. Approved adoptions of its models: "
            "{adoptions}."
        ),
    ),
    "supplier.exit-test-due": (
        "An exit plan must be tested by {date}: {supplier}",
        (
            "The plan to leave {supplier} must be tested by {date}. Approved adoptions of its "
            "models: {adoptions}."
        ),
    ),
    "supplier.license": (
        "The license changed: {supplier}",
        (
            "The revision {revision} of a model of {supplier} takes away or asks for something "
            "that {parent} did not. Approved adoptions of its models: {adoptions}."
        ),
    ),
    "supplier.support": (
        "There is less support: {supplier}",
        (
            "Support by {supplier} went from {before} to {after}. Approved adoptions of its "
            "models: {adoptions}."
        ),
    ),
    "upstream.commit": (
        "{model} has a newer commit",
        (
            "The hub has a commit {commit} of {model}, which is the revision {revision} in "
            "quarantine. Nothing that was approved of {parent} holds for it: compare the two, and "
            "request it, saying why, if you want it. Approved adoptions of the model: {adoptions}."
        ),
    ),
    "upstream.failing": (
        "A hub cannot be asked about {model}",
        "Asking about {model} failed {failures} times in a row: {said}",
    ),
    "upstream.gated": (
        "Access to {model} was changed",
        "The hub lets other people at {model} than before: it was {before} and is {after}.",
    ),
    "upstream.gone": (
        "{model} is not served any more: {presence}",
        (
            "The hub that {model} came from says of it: {presence}. What is kept here still works; "
            "find out why, and look at the plan to leave. Approved adoptions of it: {adoptions}."
        ),
    ),
    "upstream.license": (
        "{model} declares another license",
        (
            "The card of {model} declared {before} and declares {after} now. The revision with the "
            "new terms is {revision}. Approved adoptions of the model: {adoptions}."
        ),
    ),
    "upstream.returned": (
        "{model} is served again",
        "The hub serves {model} again; it said of it before: {before}.",
    ),
    "webhook.disabled": (
        "A webhook was disabled",
        (
            "The webhook {subject} has failed for {hours} hours and was disabled. Its failed"
            " deliveries can be sent again once it is enabled."
        ),
    ),
}
"""Kind of notice → its title and text, in alphabetical order."""
_NAME = re.compile(r"\{([a-z_]+)\}")
_TITLE_MOST, _VALUE_MOST = 200, 500


def render(kind: str, subject: str, about: str, known: Mapping[str, Any]) -> tuple[str, str]:
    """Return title and text of a notice."""
    plain = kind.replace(".", " ").replace("-", " ")
    title, text = TEXTS.get(kind, (plain[:1].upper() + plain[1:], f"{plain}: {{subject}}."))
    values = {"subject": subject, "about": about or subject, **known}
    return _fill(title, values)[:_TITLE_MOST], _fill(text, values)


def _fill(text: str, values: Mapping[str, Any]) -> str:
    return _NAME.sub(lambda found: _shown(values.get(found[1])), text)


def _shown(value: Any) -> str:
    """Return a value on one line: nobody can write lines of their own into a mail."""
    text = "" if value is None else str(value)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line[:_VALUE_MOST] or "-"
