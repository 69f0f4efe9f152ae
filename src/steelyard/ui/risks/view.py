# SPDX-License-Identifier: Apache-2.0
"""The risk register: list with heat map, one risk, who carries it for which phase."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.charter.rights import matches
from steelyard.governance.charters import queries as charters
from steelyard.governance.exceptions import risks
from steelyard.governance.exceptions.risks import HeatCell, RiskView
from steelyard.kernel.errors import FieldErrors
from steelyard.platform.work import Work
from steelyard.ui import persons
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.moments import day_of
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark

pages = Pages()
_CELL, _LEFT, _TOP = 56, 96, 8
LIKELY = (mark("rare"), mark("unlikely"), mark("possible"), mark("likely"), mark("almost certain"))
BAD = (mark("negligible"), mark("minor"), mark("serious"), mark("major"), mark("severe"))
TIERS = ("low", "moderate", "high", "critical")
TREATMENTS = ("avoid", "reduce", "transfer", "accept")
_NUMBERS = ("likelihood", "impact", "residual_likelihood", "residual_impact")


class Cell(NamedTuple):
    """One field of the heat map."""

    likelihood: int
    impact: int
    risks: int
    step: int
    """1 to 4: how bad."""
    x: int
    y: int


class Row(Struct, frozen=True, kw_only=True):
    """A risk as the list shows it."""

    id: str
    title: str
    state: str
    tier: str
    score: int
    left: int
    """Score that is left once it is treated."""
    treatment: str
    owner: str
    review_on: dt.date
    unit: str


COLUMNS = (
    Column("title", mark("Risk"), "name", "/risks/{id}"),
    Column("state", mark("State"), "chip:risk"),
    Column("tier", mark("Tier"), "tier"),
    Column("score", mark("Score"), "number"),
    Column("left", mark("What is left"), "number"),
    Column("treatment", mark("Treatment"), "word"),
    Column("owner", mark("Owner"), "person"),
    Column("review_on", mark("Looked at again"), "day"),
    Column("unit", mark("Unit"), shown=False),
)
FILTERS = (
    Filter("state", mark("State"), (("open", mark("open")), ("closed", mark("closed")))),
    Filter("unit", mark("Unit")),
)


def heat(found: list[HeatCell]) -> list[Cell]:
    """Return the fields of the heat map, the worst in the corner at the top right."""
    counts = {(cell.likelihood, cell.impact): cell.risks for cell in found}
    return [
        Cell(
            likelihood, impact, counts.get((likelihood, impact), 0), _step(likelihood * impact),
            _LEFT + _CELL * (impact - 1), _TOP + _CELL * (5 - likelihood),
        )
        for likelihood in range(5, 0, -1)
        for impact in range(1, 6)
    ]  # fmt: skip


def _step(score: int) -> int:
    return 1 if score <= 4 else 2 if score <= 9 else 3 if score <= 14 else 4


@pages.page("/risks", right="risk.read")
def every(viewer: Viewer, asked: Asked) -> Response:
    """Show the register with its heat map."""

    def find(session: Session, **how: Any) -> list[Row]:
        return [
            Row(
                id=each.id, title=each.title, state=each.state, tier=each.tier, score=each.score,
                left=each.residual_likelihood * each.residual_impact, treatment=each.treatment,
                owner=each.owner, review_on=each.review_on, unit=each.unit,
            )
            for each in risks.find(session, viewer.actor, **how)
        ]  # fmt: skip

    table = listed(viewer, asked, COLUMNS, FILTERS, find, key=lambda row: (row.id,))
    unit = table.chosen["unit"] or None
    cells = heat(viewer.find(lambda session: risks.heat_map(session, viewer.actor, unit)))
    return export(viewer, table) or viewer.show(
        "risks/list.html", table=table, cells=cells, total=sum(cell.risks for cell in cells),
        likely=LIKELY, bad=BAD,
    )  # fmt: skip


def facts_of(viewer: Looking, session: Session, form: Form) -> dict[str, Any]:
    """Return what a form says of a risk.

    Raises:
        FieldErrors: what is wrong.
    """
    faults = [
        (name, viewer.say("Choose one to five."))
        for name in _NUMBERS
        if form[name] not in ("1", "2", "3", "4", "5")
    ]
    faults += [
        (name, viewer.say("Choose one from the list."))
        for name, known in (("tier", TIERS), ("treatment", TREATMENTS))
        if form[name] not in known
    ]
    if faults:
        raise FieldErrors(faults)
    return {
        "title": form["title"][:300], "text": form["text"], "tier": form["tier"],
        **{name: int(form[name]) for name in _NUMBERS},
        "treatment": form["treatment"], "plan": form["plan"],
        "owner": persons.id_of(session, "owner", form["owner"]),
        "review_on": day_of(viewer, "review_on", form["review_on"]),
    }  # fmt: skip


def _form_page(viewer: Looking, form: Form, risk: RiskView | None) -> Response:
    return viewer.show(
        "risks/form.html", form=form, risk=risk, likely=LIKELY, bad=BAD, tiers=TIERS,
        treatments=TREATMENTS, people=persons.suggestions(viewer),
        units=sorted(viewer.actor.units),
    )  # fmt: skip


@pages.page("/risks/new", right="risk.write")
def new(viewer: Viewer) -> Response:
    """Show the form of a new risk."""
    query = viewer.request.query_params
    form = Form(
        owner=viewer.actor.mail, about=query.get("about", "")[:40],
        review_on=(viewer.house.clock().date() + dt.timedelta(days=180)).isoformat(),
    )  # fmt: skip
    return _form_page(viewer, form, None)


@pages.form("/risks/new", right="risk.write")
def record(viewer: Viewer, form: Sent) -> Response:
    """Put a risk into the register."""

    def change(work: Work) -> RiskView:
        given = facts_of(viewer, work.session, form)
        more = {"about": form["about"][:40], "unit": form["unit"][:100]}
        return risks.record(work, viewer.actor, {**given, **more})

    return viewer.act(
        form, change, then=lambda made: f"/risks/{made.id}",
        said=viewer.say("The risk stands in the register."),
        again=lambda: _form_page(viewer, form, None),
    )  # fmt: skip


def _risk(viewer: Looking, risk_id: str) -> RiskView:
    return viewer.find(
        lambda session: risks.view(session, risks.row_of(session, viewer.actor, risk_id))
    )


class Carry(NamedTuple):
    """For what a risk may be accepted, and by whom."""

    phases: tuple[str, ...]
    roles: tuple[str, ...]
    mine: tuple[str, ...]
    """Roles of whoever looks that may accept it."""


def _carry(session: Session, viewer: Looking, risk: RiskView) -> Carry:
    charter = charters.current(session, viewer.house.clock().date(), risk.unit).charter
    roles = {
        right.role
        for right in charter.decision_rights
        if right.action == "accept-risk" and right.role
        and any(matches(right, env, risk.tier, "deep") for env in (right.environments or ("",)))
    }  # fmt: skip
    named = tuple(sorted(role for role in roles if role))
    return Carry(
        tuple(each.name for each in charter.release), named,
        tuple(role for role in named if role in viewer.actor.roles),
    )  # fmt: skip


def _page(viewer: Looking, risk_id: str, form: Form, which: str) -> Response:
    found = _risk(viewer, risk_id)
    carry = viewer.find(lambda session: _carry(session, viewer, found))
    people = {found.owner, *(each.accepted_by for each in found.accepted)}
    running = tuple(each for each in found.accepted if not each.outcome)
    return viewer.show(
        "risks/risk.html", risk=found, carry=carry, form=form, which=which, likely=LIKELY, bad=BAD,
        names=viewer.names(people), running=running,
    )  # fmt: skip


@pages.page("/risks/{risk_id}", right="risk.read")
def show(risk_id: str, viewer: Viewer) -> Response:
    """Show a risk."""
    return _page(viewer, risk_id, Form(), "")


@pages.page("/risks/{risk_id}/edit", right="risk.write")
def edit(risk_id: str, viewer: Viewer) -> Response:
    """Show the form of a risk there is."""
    found = _risk(viewer, risk_id)
    given = {
        name: getattr(found, name)
        for name in (*_NUMBERS, "title", "text", "tier", "treatment", "plan", "owner", "review_on")
    }
    return _form_page(viewer, Form(**given), found)  # fmt: skip


@pages.form("/risks/{risk_id}/edit", right="risk.write")
def change(risk_id: str, viewer: Viewer, form: Sent) -> Response:
    """Change what is known of a risk or done about it."""
    return _act(
        viewer, risk_id, form, "",
        lambda work: risks.change(
            work, viewer.actor, risk_id, facts_of(viewer, work.session, form), form.version
        ),
        viewer.say("The risk is changed."),
        lambda: _form_page(viewer, form, _risk(viewer, risk_id)),
    )  # fmt: skip


@pages.form("/risks/{risk_id}/close", right="risk.write")
def close(risk_id: str, viewer: Viewer, form: Sent) -> Response:
    """Close a risk, or open it again."""
    state = "open" if form["state"] == "open" else "closed"
    return _act(
        viewer, risk_id, form, "close",
        lambda work: risks.change(work, viewer.actor, risk_id, {"state": state}, form.version),
        viewer.say("The risk is changed."),
    )  # fmt: skip


@pages.form("/risks/{risk_id}/acceptances", right="risk.accept")
def accept(risk_id: str, viewer: Viewer, form: Sent) -> Response:
    """Carry a risk for one phase of a release."""
    return _act(
        viewer, risk_id, form, "accept",
        lambda work: risks.accept(
            work, viewer.actor, risk_id, phase=form["phase"], role=form["role"],
            reason=form["reason"], until=day_of(viewer, "until", form["until"]),
            conditions=tuple(form.lines("conditions")), expected=form.version,
        ),
        viewer.say("You carry this risk. It stands in the ledger."),
    )  # fmt: skip


@pages.form("/risks/{risk_id}/conclusions", right="risk.write")
def conclude(risk_id: str, viewer: Viewer, form: Sent) -> Response:
    """Say how a phase went."""
    return _act(
        viewer, risk_id, form, "conclude",
        lambda work: risks.conclude(
            work, viewer.actor, risk_id, form["ended"], form["held"] == "yes", form["note"],
            form.version,
        ),
        viewer.say("How it went is recorded."),
    )  # fmt: skip


def _act(
    viewer: Looking, risk_id: str, form: Form, which: str, change: Callable[[Work], object],
    said: str, again: Callable[[], Response] | None = None,
) -> Response:  # fmt: skip
    return viewer.act(
        form, change, then=f"/risks/{risk_id}", said=said,
        again=again or (lambda: _page(viewer, risk_id, form, which)),
    )  # fmt: skip
