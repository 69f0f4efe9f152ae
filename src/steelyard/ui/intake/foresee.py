# SPDX-License-Identifier: Apache-2.0
"""What a half-filled form would lead to: the model it means, the likely outcome, who is asked.

Nothing here refuses: what is missing or cannot be read is said, and the rest is shown.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy.orm import Session

from steelyard.governance.charters.queries import current
from steelyard.governance.clocks.business import after, read_calendar, read_length
from steelyard.governance.decision import queries as decisions
from steelyard.governance.decision.facts import DecisionView
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake.preview import Preview, preview
from steelyard.governance.intake.states import RequestView
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.inventory.comparing import SNAPSHOT_MOST
from steelyard.governance.inventory.facts import RevisionView
from steelyard.governance.inventory.reference import Reference, read
from steelyard.governance.inventory.snapshot import read_snapshot
from steelyard.governance.use_cases import queries as use_cases
from steelyard.governance.use_cases.facts import check_environment
from steelyard.governance.use_cases.register import complete
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import FieldErrors, SteelyardError
from steelyard.kernel.use_case import UseCase
from steelyard.platform.identity import people
from steelyard.ui.use_cases.questions import NAMES, answers_of

if TYPE_CHECKING:
    from steelyard.ui.door import Form, Looking

NEW = "new"
"""Chosen in place of a use case: one is registered together with the request."""
_PEOPLE = 3


class Foreseen(Struct, frozen=True, kw_only=True):
    """What is known of a request that is not made yet."""

    problem: str = ""
    """Why nothing can be foreseen, as a sentence."""
    missing: tuple[str, ...] = ()
    """Questions that are not answered yet."""
    reference: Reference | None = None
    revision: RevisionView | None = None
    """What the reference means, if the inventory has it."""
    likely: Preview | None = None
    due: dt.datetime | None = None
    """When those who are asked have to have answered, at best."""
    asked: dict[str, tuple[str, ...]] = {}
    """Role → names of some who hold it."""
    twin: RequestView | None = None
    """An open request for the same."""
    decision: DecisionView | None = None
    """A decision in force about the same."""


def foresee(viewer: Looking, form: Form) -> Foreseen:
    """Return what the request in ``form`` would lead to, as far as it is filled in."""
    reference, problem = _reference(form["reference"])
    missing = tuple(name for name in NAMES if not form[name]) if form["use_case"] == NEW else ()
    if not form["use_case"]:
        missing = ("use_case",)
    if missing:
        return Foreseen(missing=missing, reference=reference, problem=problem)
    try:
        return viewer.find(lambda session: _look(viewer, session, form, reference, problem))
    except FieldErrors as error:
        return Foreseen(reference=reference, problem=" ".join(said for _, said in error.faults))
    except SteelyardError as error:
        return Foreseen(reference=reference, problem=error.message)


def _reference(text: str) -> tuple[Reference | None, str]:
    if not text:
        return None, ""
    try:
        return read(text), ""
    except SteelyardError as error:
        return None, str(error)


def _look(
    viewer: Looking, session: Session, form: Form, reference: Reference | None, problem: str
) -> Foreseen:
    now = viewer.house.clock()
    facts, case_id, unit = _case(session, viewer.actor, form, now.date())
    environment = form["environment"] or facts.environment
    check_environment(environment)
    policy = current(session, now.date(), unit)
    revision = _revision(session, viewer.actor, reference, unit)
    known = None
    digest = ""
    if revision is not None:
        digest = inventory.revision_row(session, viewer.actor, revision.id).snapshot
    if digest:
        known = read_snapshot(viewer.house.blobs.read(digest, most=SNAPSHOT_MOST)).facts
    likely = preview(
        policy.charter, policy.identity.sha256, facts, environment, now.date(), known,
        reference.name if reference is not None and reference.kind == "hub" else "",
    )  # fmt: skip
    roles = {one.role for side in (likely.now, likely.at_best) for one in side.sign_offs}
    due = None
    if likely.at_best.sign_offs and likely.at_best.within:
        calendar = read_calendar(people.calendar_of(session, unit))
        due = after(now, read_length(likely.at_best.within), calendar)
    twin, decided = _already(session, viewer.actor, revision, case_id, environment)
    return Foreseen(
        problem=problem,
        reference=reference,
        revision=revision,
        likely=likely,
        due=due,
        asked={
            role: tuple(
                each.name or each.mail
                for each in people.holders(session, role, unit, now=now)[:_PEOPLE]
                if each.id != viewer.actor.id
            )
            for role in sorted(roles)
        },
        twin=twin,
        decision=decided,
    )


def _case(session: Session, actor: Actor, form: Form, today: dt.date) -> tuple[UseCase, str, str]:
    """Return the facts of the use case, its id if it has one, and its unit."""
    if form["use_case"] != NEW:
        found = use_cases.get(session, actor, form["use_case"])
        return found.facts, found.id, found.unit
    unit = form["unit"] or (min(actor.units) if len(actor.units) == 1 else "")
    given = {"name": "new-use-case", "purpose": "Not said yet", **answers_of(form)}
    given.pop("environment", None)
    try:
        facts = complete(given, owner=actor.mail, unit=unit, today=today)
    except FieldErrors:
        given.update(name="new-use-case")  # a name with capitals does not change what follows
        facts = complete(given, owner=actor.mail, unit=unit, today=today)
    return facts, "", unit


def _revision(
    session: Session, actor: Actor, reference: Reference | None, unit: str
) -> RevisionView | None:
    if reference is None:
        return None
    if reference.kind == "known":
        return inventory.get_revision(session, actor, reference.name)
    if not reference.purl:
        return None
    found_in = ("", unit)  # those of the hubs belong to nobody, uploads to the unit
    models = (inventory.model_by_purl(session, reference.purl, each) for each in found_in)
    model = next((each for each in models if each is not None), None)
    if model is None or not reference.revision:
        return None
    if reference.kind == "upload":
        found = inventory.find_revisions(
            session, actor, limit=1, model=model.id, manifest=reference.revision
        )
        return found[0] if found else None
    row = inventory.revision_by_purl(session, model.id, f"{reference.purl}@{reference.revision}")
    return inventory.revision_view(row) if row is not None else None


def _already(
    session: Session, actor: Actor, revision: RevisionView | None, case: str, environment: str
) -> tuple[RequestView | None, DecisionView | None]:
    """Return what was asked or decided about the same before."""
    if revision is None or not case:
        return None, None
    open_ones = requests.find(
        session, actor, limit=1, state="submitted", revision=revision.id, use_case=case,
        environment=environment,
    )  # fmt: skip
    decided = decisions.find(
        session, actor, limit=1, state="in force", revision=revision.id, use_case=case,
        environment=environment,
    )  # fmt: skip
    return open_ones[0] if open_ones else None, decided[0] if decided else None
