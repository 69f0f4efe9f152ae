# SPDX-License-Identifier: Apache-2.0
"""The first week of everybody who works by a charter: what to do, where, with which command."""

from __future__ import annotations

from typing import NamedTuple

from steelyard.charter.schema import Charter
from steelyard.reporting.handbook.people import track_entries
from steelyard.reporting.handbook.wording import series, titled


class Task(NamedTuple):
    """One thing to do; ``chapter`` is where in the handbook, ``command`` what to type."""

    day: str
    text: str
    chapter: str = ""
    command: str = ""


class Week(NamedTuple):
    """The first week of one kind of reader."""

    anchor: str
    title: str
    who: str
    tasks: tuple[Task, ...]
    done: str
    """How they know that the week went well."""


def first_weeks(charter: Charter, file: str) -> list[Week]:
    """Return a week for requesters, reviewers, owners, operators and auditors."""
    return [
        _requester(charter, file),
        _reviewer(charter),
        _owner(charter),
        _operator(charter, file),
        _auditor(file),
    ]


def _requester(charter: Charter, file: str) -> Week:
    quick = [track for track in track_entries(charter) if track.standing]
    hope = (
        f"A request of {series(quick[0].tiers, 'or')} risk that no rule stands against is decided "
        "at once, without waiting for anybody."
        if quick
        else "Every request is decided by people here; a complete use case is what saves time."
    )
    return Week(
        "week-requester",
        "If you want to use a model",
        "You build something and found an open-weight model for it.",
        (
            Task("Monday", "See what is allowed, reviewed and forbidden here.", "allowed"),
            Task("Monday", "Follow the path of a request.", "path"),
            Task(
                "Tuesday",
                "Write the use case. The schema lets your editor complete it.",
                command="steelyard charter schema --kind use-case --output use-case.schema.json",
            ),
            Task(
                "Wednesday",
                "Look at the model's files before anybody loads them.",
                command="steelyard scan MODEL_DIR",
            ),
            Task(
                "Thursday",
                "Ask. The answer names every rule that stands against it, and what would help.",
                command="steelyard assess MODEL_DIR --use-case use-case.yaml "
                f"--charter {file} --output evidence/",
            ),
            Task(
                "Friday",
                "Read why, fix what you can, and ask again.",
                "rules",
                "steelyard charter explain evidence/",
            ),
        ),
        hope,
    )


def _reviewer(charter: Charter) -> Week:
    signing = [track for track in track_entries(charter) if not track.standing and track.within]
    times = series(f"{track.within} on the {track.name} track" for track in signing)
    return Week(
        "week-reviewer",
        "If you sign off",
        "You hold a role that is asked before a model may be used.",
        (
            Task("Monday", "Find your role, and everything this charter gives it to do.", "roles"),
            Task("Monday", "See where you must step aside, and who stands in for you.", "rights"),
            Task("Tuesday", "Learn the rules that end at your desk: those that name you.", "rules"),
            Task(
                "Wednesday",
                "Take an evidence bundle. First make sure that nobody changed it.",
                command="steelyard verify evidence/",
            ),
            Task(
                "Thursday",
                "Read what the charter found and why it asks you.",
                command="steelyard charter explain evidence/",
            ),
            Task(
                "Friday",
                "Follow the model back to what it was made from, and read its licenses.",
                command="steelyard lineage show MODEL_DIR",
            ),
        ),
        f"You can say yes or no with a reason in {times}."
        if times
        else "You can say yes or no with a reason that a stranger would understand.",
    )


def _owner(charter: Charter) -> Week:
    longest = series(
        f"{track.valid} on the {track.name} track"
        for track in track_entries(charter)
        if track.valid
    )
    return Week(
        "week-owner",
        "If you own a model in use",
        "You answer for a model revision in a use case, from approval to retirement.",
        (
            Task("Monday", "Read the conditions of the decision; they bind you.", "exceptions"),
            Task("Monday", "List the controls your risk tier calls for.", "controls"),
            Task(
                "Tuesday",
                "Write the bill of materials and keep it with the decision.",
                command="steelyard bom MODEL_DIR --output bom.cdx.json",
            ),
            Task(
                "Wednesday",
                "See what the model card does not say, and find it out yourself.",
                command="steelyard card check MODEL_DIR",
            ),
            Task(
                "Thursday",
                "Turn each open control into tasks with its acceptance criteria, with a date.",
                "controls",
            ),
            Task("Friday", "Put the end of the approval into your calendar.", "tracks"),
        ),
        f"You know by heart when your approval ends ({longest})."
        if longest
        else "You know by heart when your approval ends.",
    )


def _operator(charter: Charter, file: str) -> Week:
    stoppers = [
        titled(charter, right.committee or right.role or "")
        for right in charter.decision_rights
        if right.action in ("suspend", "revoke", "break-glass")
    ]
    asks = (
        f"You know who may stop a model: {series(dict.fromkeys(stoppers))}."
        if stoppers
        else "You know whom to wake when a model must be stopped. This charter does not say yet "
        "who may suspend one; ask its owner."
    )
    return Week(
        "week-operator",
        "If you run models",
        "You deploy, watch and, when it must be, stop them.",
        (
            Task("Monday", "See which environments and release phases there are.", "release"),
            Task(
                "Tuesday",
                "Check what you are about to deploy: bytes, decision and signature.",
                command="steelyard verify evidence/",
            ),
            Task(
                "Wednesday",
                "Let the pipeline ask: exit code 0 is approved, 1 rejected, 3 undecided.",
                command="steelyard assess MODEL_DIR --use-case use-case.yaml "
                f"--charter {file} --format json",
            ),
            Task(
                "Thursday",
                "Check the publisher's signature over every file.",
                command="steelyard signature verify MODEL_DIR",
            ),
            Task("Friday", "Learn who may suspend, revoke and override.", "rights"),
        ),
        asks,
    )


def _auditor(file: str) -> Week:
    return Week(
        "week-auditor",
        "If you audit",
        "You find out whether what was decided followed the charter, and can be proved.",
        (
            Task(
                "Monday",
                "Make sure that this handbook shows the charter you were given: its digest "
                "stands on the first page.",
                "charter",
                f"steelyard charter check {file}",
            ),
            Task(
                "Tuesday",
                "Verify the ledger, every byte of it.",
                command="steelyard ledger verify LEDGER_DIR",
            ),
            Task(
                "Wednesday",
                "Draw a sample of decisions.",
                command="steelyard ledger show LEDGER_DIR",
            ),
            Task(
                "Thursday",
                "Take the bundle of each one, verify it, and replay the reasons.",
                command="steelyard verify evidence/",
            ),
            Task("Friday", "Compare the evidence with the acceptance criteria.", "controls"),
        ),
        "You can follow one decision from the law it rests on to the bytes that were examined.",
    )
