# SPDX-License-Identifier: Apache-2.0
"""Looks up what a refused client's address names. Nothing in the address is believed.

Words of the address are only used to search with, by whoever looks and within what they may see;
what cannot be found is said to be unknown, in the same words whether it is hidden or not there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy.orm import Session

from steelyard.governance.assessment import queries as assessments
from steelyard.governance.assessment.views import ASSESSMENT
from steelyard.governance.charters.queries import current
from steelyard.governance.decision import queries as decisions
from steelyard.governance.decision.facts import Admission, DecisionView
from steelyard.governance.emergency.admission import may_serve
from steelyard.governance.exceptions import queries as exceptions
from steelyard.governance.exceptions.queries import ExceptionView
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake.states import RequestView
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.inventory.facts import ModelView, RevisionView
from steelyard.governance.inventory.reference import read
from steelyard.governance.use_cases import queries as use_cases
from steelyard.governance.use_cases.register import UseCaseView
from steelyard.kernel.assessment import Reason, RuleTrace
from steelyard.kernel.errors import MissingError, SteelyardError
from steelyard.platform.identity import people
from steelyard.ui.requests.story import read_judged

if TYPE_CHECKING:
    from steelyard.ui.door import Looking

_ENVIRONMENT = re.compile(r"\A[a-z][a-z0-9-]{0,59}\Z")
_RULE = re.compile(r"\A[a-z0-9][a-z0-9._-]{0,99}\Z")
_MOST = 10
_PEOPLE = 3
_ANSWERED = ("approved", "rejected")


class RuleSaid(Struct, frozen=True, kw_only=True):
    """A rule of the charter, as far as nobody has judged by it yet."""

    id: str
    why: str
    remedy: str
    effect: str


class Blocked(Struct, frozen=True, kw_only=True):
    """What is known of a refusal."""

    environment: str = ""
    model: ModelView | None = None
    revision: RevisionView | None = None
    case: UseCaseView | None = None
    rule: RuleSaid | None = None
    """The rule the address names, if the charter in force has it."""
    admission: Admission | None = None
    """Whether it may be served now, for the use case that is named."""
    decisions: list[DecisionView] = []
    requests: list[RequestView] = []
    exceptions: list[ExceptionView] = []
    reasons: list[tuple[Reason, RuleTrace | None]] = []
    """Why the newest assessment said no; the rule of the address first."""
    helpers: list[tuple[str, tuple[str, ...]]] = []
    """Role → names of some who hold it."""
    excepts: bool = False
    """The charter allows exceptions to that rule."""
    ask: str = ""
    """Reference a request can be filled in with; checked to be one."""

    @property
    def waiting(self) -> RequestView | None:
        """Return the open request about it, if there is one."""
        return next((each for each in self.requests if each.closed_at is None), None)

    @property
    def judged(self) -> RequestView | None:
        """Return the request an exception would be for."""
        return self.waiting or next((e for e in self.requests if e.state in _ANSWERED), None)


def find_blocked(viewer: Looking) -> Blocked:
    """Return what the address of the page is about, as far as whoever looks may know it."""
    query = viewer.request.query_params
    named = {
        name: query.get(name, "")[:500].strip()
        for name in ("environment", "model", "revision", "rule", "use_case")
    }
    found, digest = viewer.find(lambda session: _look(viewer, session, named))
    if not digest:
        return found
    from msgspec.structs import replace

    judged = read_judged(viewer, digest)
    wanted = found.rule.id if found.rule else ""
    reasons = sorted(judged.decision.reasons, key=lambda each: each.rule != wanted)
    roles = dict.fromkeys(one.role for one in judged.review.sign_offs_required)
    helpers = viewer.find(lambda session: _holders(viewer, session, list(roles)))
    return replace(
        found,
        reasons=[(each, judged.trace(each.rule)) for each in reasons],
        helpers=[*found.helpers, *helpers],
    )


def _look(viewer: Looking, session: Session, named: dict[str, str]) -> tuple[Blocked, str]:
    actor, now = viewer.actor, viewer.house.clock()
    environment = named["environment"] if _ENVIRONMENT.match(named["environment"]) else ""
    model, revision = _subject(session, viewer, named["model"], named["revision"])
    case = _case(session, viewer, named["use_case"])
    policy = current(session, now.date(), case.unit if case else "").charter
    stated = named["rule"] if _RULE.match(named["rule"]) else ""
    rule = next((each for each in policy.rules if each.id == stated), None)
    terms = policy.exceptions
    start = Blocked(
        environment=environment,
        model=model,
        revision=revision,
        case=case,
        rule=RuleSaid(id=rule.id, why=rule.why, remedy=rule.remedy, effect=rule.effect)
        if rule
        else None,
        excepts=terms is not None and (rule is None or rule.id not in terms.never_for),
        ask=_reference(revision, named),
        helpers=_holders(viewer, session, [terms.granted_by] if terms and rule else []),
    )
    if revision is None:
        return start, ""
    from msgspec.structs import replace

    here: dict[str, Any] = {
        "revision": revision.id,
        "environment": environment or None,
        "use_case": case.id if case else None,
    }
    asked = requests.find(session, actor, limit=_MOST, **here)
    permits = [
        each
        for one in asked
        for each in exceptions.find(session, actor, limit=_MOST, request=one.id)
        if rule is None or each.rule == rule.id
    ]
    admission = None
    if case is not None and environment:
        admission = may_serve(
            session, use_case=case.id, environment=environment, now=now, revision=revision.id
        )
    judged = [
        each.documents[ASSESSMENT]
        for one in asked
        for each in assessments.find(session, actor, limit=1, request=one.id, state="done")
        if ASSESSMENT in each.documents
    ]
    return replace(
        start,
        admission=admission,
        requests=asked,
        decisions=decisions.find(session, actor, limit=_MOST, **here),
        exceptions=permits[:_MOST],
    ), judged[0] if judged else ""


def _subject(
    session: Session, viewer: Looking, model: str, revision: str
) -> tuple[ModelView | None, RevisionView | None]:
    """Return the model and revision the address means, by id, by name or by commit."""
    if revision.startswith("rev_"):
        try:
            found = inventory.get_revision(session, viewer.actor, revision)
            return inventory.get_model(session, viewer.actor, found.model), found
        except MissingError:
            return None, None
    of = _model(session, viewer, model)
    if of is None:
        return None, None
    known = inventory.find_revisions(session, viewer.actor, limit=50, model=of.id)
    if not revision or revision == "main":
        return of, known[0] if known else None
    return of, next((e for e in known if revision in (e.commit, e.manifest_sha256)), None)


def _model(session: Session, viewer: Looking, model: str) -> ModelView | None:
    if model.startswith("mdl_"):
        try:
            return inventory.get_model(session, viewer.actor, model)
        except MissingError:
            return None
    if not model:
        return None
    name = model.removeprefix("hf:").removeprefix("pkg:huggingface/").partition("@")[0]
    found = inventory.find_models(session, viewer.actor, limit=_MOST, name=name)
    return next((each for each in found if each.name.casefold() == name.casefold()), None)


def _case(session: Session, viewer: Looking, use_case: str) -> UseCaseView | None:
    try:
        return use_cases.get(session, viewer.actor, use_case) if use_case else None
    except MissingError:
        return None


def _reference(revision: RevisionView | None, named: dict[str, str]) -> str:
    """Return what a request can name: the revision, or what the address says if it is a name."""
    if revision is not None:
        return revision.id
    name = named["model"].removeprefix("hf:").removeprefix("pkg:huggingface/").partition("@")[0]
    commit = named["revision"]
    text = f"hf:{name}@{commit}" if commit else f"hf:{name}"
    try:
        return text if name and read(text).kind == "hub" else ""
    except SteelyardError:
        return ""


def _holders(
    viewer: Looking, session: Session, roles: list[str]
) -> list[tuple[str, tuple[str, ...]]]:
    now = viewer.house.clock()
    return [
        (
            role,
            tuple(
                each.name or each.mail for each in people.holders(session, role, now=now)[:_PEOPLE]
            ),
        )
        for role in roles
    ]
