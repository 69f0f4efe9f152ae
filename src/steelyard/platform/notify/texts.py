# SPDX-License-Identifier: Apache-2.0
"""What notices say, by kind: what happened, and what to do next. Plain text.

A kind nobody wrote a text for is named as it is; a test sees to it that none is sent. A text may
name facts and words of the notice in braces; one that is missing reads as a dash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

TEXTS: dict[str, tuple[str, str]] = {
    "action.waiting": (
        "Something to improve: {severity}",
        (
            "The action {subject} is yours or stands behind you. It is due on {due}. Do it and "
            "say what shows that it is done."
        ),
    ),
    "assessment.changed": (
        "A model came out otherwise: {outcome}",
        (
            "{about} was assessed again and came to {outcome}, risk tier {tier}. Look whether "
            "what was decided before should still stand."
        ),
    ),
    "assessment.failed": (
        "A model could not be assessed: {reference}",
        (
            "The assessment {subject} of {reference} failed: {said} Mend it and submit the "
            "request {about} again."
        ),
    ),
    "charter.adopted": (
        "A charter is in force: {charter}",
        (
            "The charter {charter} was adopted ({subject}). Read what it changes; open requests "
            "are judged by it."
        ),
    ),
    "charter.proposed": (
        "A charter waits for your vote: {charter}",
        "The charter {charter} was proposed ({subject}). Read what it would change and vote on it.",
    ),
    "charter.voted": (
        "Somebody voted on your charter: {charter}",
        (
            "A voice on the proposal {subject} said {answer}; it is {state}. Adopt it once "
            "everybody needed has agreed, or propose another if it was refused."
        ),
    ),
    "clock.due": (
        "A deadline has passed: {kind}",
        (
            "The deadline for {kind} of {subject} has passed, and you are asked now (step "
            "{rung}). Please act, or say why it must wait."
        ),
    ),
    "condition.assigned": (
        "A condition is yours: due on {due}",
        (
            "The condition {subject} of the decision {about} in {environment} is due on {due}: "
            "{text} Fulfil it and report it with evidence."
        ),
    ),
    "condition.binding": (
        "A condition binds again",
        (
            "The exception that lifted the condition {subject} of the decision {about} has ended: "
            "{text} Fulfil it and report it with evidence."
        ),
    ),
    "condition.due": (
        "A condition is due on {due}",
        (
            "The condition {subject} of the decision {about} in {environment} is due on {due}: "
            "{text} Fulfil it and report it in time; afterwards the model is not served."
        ),
    ),
    "condition.overdue": (
        "A condition is overdue: the model is not served",
        (
            "The condition {subject} of the decision {about} in {environment} was due on {due}: "
            "{text} Doors refuse the model until it is fulfilled and confirmed. Report it with "
            "evidence, or ask for an exception."
        ),
    ),
    "condition.reported": (
        "A condition is said to be fulfilled",
        (
            "The condition {subject} of the decision {about} was reported fulfilled: {text} Look "
            "at the evidence and confirm it; whoever reported it cannot."
        ),
    ),
    "decision.expired": (
        "An approval has ended: {model}",
        (
            "The decision {subject} for {model} in {environment} has reached its last day. Doors "
            "refuse it from now on. Ask for the model again if you still need it."
        ),
    ),
    "decision.reinstated": (
        "A model may be used again: {model}",
        (
            "The decision {subject} for {model} in {environment} is in force again: {why} You can "
            "use it as before."
        ),
    ),
    "decision.revoked": (
        "A model was taken away for good: {model}",
        (
            "The decision {subject} for {model} in {environment} was revoked: {why} Doors refuse "
            "it from now on. Move to another model, or ask for this one anew."
        ),
    ),
    "decision.suspended": (
        "A model was stopped for now: {model}",
        (
            "The decision {subject} for {model} in {environment} is suspended: {why} Doors refuse "
            "it from now on. Read the decision; whoever suspended it says what must happen first."
        ),
    ),
    "delegation.made": (
        "You were given the right of {role}",
        (
            "{by} handed the right of {role} on to you until {until} ({subject}). Look at your "
            "queue for what waits for you."
        ),
    ),
    "delegation.revoked": (
        "A right was taken back: {role}",
        (
            "{by} took back the right of {role} that was handed on to you ({subject}). What you "
            "signed stands; nothing more waits for you in that role."
        ),
    ),
    "emergency.asked": (
        "Break-glass: your agreement is asked for",
        (
            "The emergency {subject} in {environment} asks for {hours} hours. Read the reason and "
            "agree if you do; two people must."
        ),
    ),
    "emergency.closed": (
        "An emergency has ended",
        (
            "The emergency {subject} in {environment} has ended. Its review: {review}. Somebody "
            "who took no part says what was found."
        ),
    ),
    "emergency.lapsed": (
        "Nobody agreed to your emergency",
        (
            "Too few people agreed to the emergency {subject} in {environment} within a day; "
            "nothing was opened. Make a request, or ask again and call the people who hold the "
            "right."
        ),
    ),
    "emergency.opened": (
        "Break-glass: a review is due",
        (
            "The emergency {subject} in {environment} was opened for {hours} hours. Review it "
            "within five business days if you took no part in it."
        ),
    ),
    "evidence.expired": (
        "Evidence has expired: {title}",
        (
            "The evidence {subject} ({kind}) about {about} could be relied on until {expires}. "
            "Please send a newer one."
        ),
    ),
    "evidence.expiring": (
        "Evidence must be renewed by {expires}: {title}",
        (
            "The evidence {subject} ({kind}) about {about} can be relied on until {expires}. Have "
            "it renewed and send the new edition in time."
        ),
    ),
    "evidence.held": (
        "Evidence holds an approval up: {reference}",
        (
            "{reference} cannot be approved while the evidence {subject} ({title}) speaks against "
            "it. The request {about} went back to its requester."
        ),
    ),
    "exception.changed": (
        "An exception to {rule} is {state}",
        (
            "The exception {subject} to the rule {rule} is now {state}; its last day is {until}. "
            "Read what was said about it."
        ),
    ),
    "exception.ended": (
        "An exception has ended: {rule}",
        "The exception {subject} against {rule} is {state}. Suspended with it: {suspended}. {step}",
    ),
    "exception.ending": (
        "An exception to {rule} ends soon",
        "The exception {subject} to the rule {rule} ends on {until}. Fulfil the rule in time.",
    ),
    "exception.granted": (
        "An exception was granted: {rule}",
        (
            "The exception {subject} against {rule} holds until {until}. What the rule asks for "
            "becomes a condition. {step}"
        ),
    ),
    "exception.waiting": (
        "An exception to {rule} waits for you",
        (
            "The exception {subject} to the rule {rule} waits for your vote. Read why it is "
            "wanted and what is done instead, and vote."
        ),
    ),
    "job.dead": (
        "A background job was given up: {kind}",
        (
            "The job {subject} ({kind}) failed {attempts} times. What it was to do was not done; "
            "find the cause and put it again."
        ),
    ),
    "meeting.convened": (
        "A meeting of {committee}",
        (
            "The committee {committee} meets at {at} about the review {subject}. Read the "
            "assessment before, and take part."
        ),
    ),
    "request.decided": (
        "Your request was decided: {outcome}",
        (
            "The request {subject} for {environment} was decided: {outcome}. Valid until: "
            "{valid_until}. The decision {about} has the reasons and the evidence."
        ),
    ),
    "review.changes": (
        "Changes are asked for",
        "The reviewers of your request {about} ask for changes. The clocks stand until you answer.",
    ),
    "review.closed": (
        "The review of your request is done",
        (
            "The review {subject} of your request {about} is done. You need not do anything; the "
            "decision follows."
        ),
    ),
    "review.ended": (
        "A review needs nothing more of you",
        (
            "The review {subject} of the request {about} has ended, because {why}. You need not "
            "do anything."
        ),
    ),
    "review.mentioned": (
        "You were mentioned in a review",
        (
            "Somebody mentioned you in the review {subject} of the request {about}. Read the "
            "comment and answer it there."
        ),
    ),
    "review.reopened": (
        "A review waits for you anew",
        (
            "What the request {about} is judged by has changed, so what was signed in the review "
            "{subject} does not count any more. Read the new assessment and sign off by {due}."
        ),
    ),
    "review.resubmitted": (
        "The changes you asked for were answered",
        (
            "The requester of {about} answered the changes asked for in the review {subject}. "
            "Read the answer and sign off by {due}."
        ),
    ),
    "review.waiting": (
        "A review waits for you",
        (
            "The review {subject} for {environment} waits for your sign-off until {due}. Read the "
            "assessment and say yes or no."
        ),
    ),
    "revision.retired": (
        "{model} was retired",
        (
            "The revision {subject} of {model}, which {use_case} uses in {environment}, was "
            "retired on {effective}. Move to its replacement: {replacement}. {notice}"
        ),
    ),
    "revision.retiring": (
        "{model} ends on {effective}",
        (
            "The revision {subject} of {model}, which {use_case} uses in {environment}, ends on "
            "{effective}. Move to its replacement in time: {replacement}. {notice}"
        ),
    ),
    "risk.review-due": (
        "Look at a risk by {review_on}: {title}",
        (
            "The {tier} risk {subject} is yours and is to be looked at by {review_on}. Say how "
            "likely and how bad it is now, and set the next date."
        ),
    ),
    "risk.review-overdue": (
        "Nobody looked at a risk in time: {title}",
        (
            "The {tier} risk {subject} was to be looked at by {review_on}. Look at it now and set "
            "the next date; others have been asked."
        ),
    ),
    "supplier.contract-ending": (
        "A contract ends on {date}: {supplier}",
        (
            "The contract with {supplier} ends on {date}. Approved adoptions of its models: "
            "{adoptions}. Renew it, or begin to leave."
        ),
    ),
    "supplier.exit-test-due": (
        "An exit plan must be tested by {date}: {supplier}",
        (
            "The plan to leave {supplier} must be tested by {date}. Approved adoptions of its "
            "models: {adoptions}. Test it and send the record."
        ),
    ),
    "supplier.license": (
        "The license changed: {supplier}",
        (
            "The revision {revision} of a model of {supplier} takes away or asks for something "
            "that {parent} did not. Approved adoptions of its models: {adoptions}. Look whether "
            "they may go on."
        ),
    ),
    "supplier.support": (
        "There is less support: {supplier}",
        (
            "Support by {supplier} went from {before} to {after}. Approved adoptions of its "
            "models: {adoptions}. Look whether they may go on."
        ),
    ),
    "upstream.commit": (
        "{model} has a newer commit",
        (
            "The hub has a commit {commit} of {model} ({subject}), which is the revision "
            "{revision} in quarantine. Nothing that was approved of {parent} holds for it: compare "
            "the two, and request it, saying why, if you want it. Approved adoptions of the "
            "model: {adoptions}."
        ),
    ),
    "upstream.failing": (
        "A hub cannot be asked about {model}",
        (
            "Asking about {model} ({subject}) failed {failures} times in a row: {said}. Until it "
            "answers, a new commit, license or takedown there is not seen: look at the network and "
            "the token of the hub."
        ),
    ),
    "upstream.gated": (
        "Access to {model} was changed",
        (
            "The hub lets other people at {model} ({subject}) than before: it was {before} and is "
            "{after}. Find out whether its terms have changed with it."
        ),
    ),
    "upstream.gone": (
        "{model} is not served any more: {presence}",
        (
            "The hub that {model} ({subject}) came from says of it: {presence}. What is kept here "
            "still works; find out why, and look at the plan to leave. Approved adoptions of it: "
            "{adoptions}."
        ),
    ),
    "upstream.license": (
        "{model} declares another license",
        (
            "The card of {model} ({subject}) declared {before} and declares {after} now. The "
            "revision with the new terms is {revision}: have them read before anybody takes it. "
            "Approved adoptions of the model: {adoptions}."
        ),
    ),
    "upstream.returned": (
        "{model} is served again",
        (
            "The hub serves {model} ({subject}) again; it said of it before: {before}. Nothing is "
            "to be done; compare the newest commit if you want it."
        ),
    ),
    "webhook.disabled": (
        "A webhook was disabled",
        (
            "The webhook {subject} has failed for {hours} hours and was disabled. Its failed "
            "deliveries can be sent again once it is enabled."
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
