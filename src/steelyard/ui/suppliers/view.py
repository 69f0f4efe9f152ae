# SPDX-License-Identifier: Apache-2.0
"""Suppliers: the list, and one with its terms, its exit plan, its models and what was noticed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, get_args

from msgspec import Struct
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.governance.assessment import evidencing, exit_test
from steelyard.governance.assessment.evidence import EvidenceView
from steelyard.governance.inventory import queries, supplying
from steelyard.governance.inventory.facts import ModelView
from steelyard.governance.inventory.suppliers import SupplierView, Support
from steelyard.kernel.errors import FieldErrors
from steelyard.kernel.event_words import EVENTS
from steelyard.platform.log.timeline import Happening, happenings
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy.orm import Session

pages = Pages()
MODELS_MOST, EVENTS_MOST = 50, 100
WORDS = (
    mark("publisher"), mark("vendor"), mark("integrator"), mark("foundation"), mark("internal"),
    mark("none"), mark("community"), mark("commercial"), mark("ended"),
)  # fmt: skip
"""Words of the data that pages say in the language of whoever looks."""
COLUMNS = (
    Column("name", mark("Supplier"), "name", "/suppliers/{id}"),
    Column("support", mark("Support"), "chip:support"),
    Column("kind", mark("Kind"), "word"),
    Column("contract", mark("Contract")),
    Column("contract_ends", mark("Contract ends"), "day"),
    Column("substitute", mark("Substitute")),
    Column("tested_on", mark("Exit tested"), "day"),
    Column("test_due", mark("Next exit test"), "day"),
    Column("state", mark("State"), "chip:supplier", shown=False),
    Column("updated_at", mark("Changed"), "when", shown=False),
)
FILTERS = (
    Filter("name", mark("Name begins with"), wide=True),
    Filter("support", mark("Support"), tuple((each, each) for each in get_args(Support))),
    Filter("due_before", mark("Due before (day)")),
)


class Line(Struct, frozen=True, kw_only=True):
    """One row of the list."""

    id: str
    name: str
    support: str
    kind: str
    contract: str
    contract_ends: dt.date | None
    substitute: str
    tested_on: dt.date | None
    test_due: dt.date | None
    state: str
    updated_at: dt.datetime


def _line(found: SupplierView) -> Line:
    plan = found.exit_plan
    return Line(
        id=found.id, name=found.name, support=found.support, kind=found.kind,
        contract=found.terms.contract, contract_ends=found.terms.contract_ends,
        substitute=plan.substitute if plan else "", tested_on=plan.tested_on if plan else None,
        test_due=plan.test_due if plan else None, state=found.state, updated_at=found.updated_at,
    )  # fmt: skip


@pages.page("/suppliers", right="supplier.read")
def suppliers(viewer: Viewer, asked: Asked) -> Response:
    """List the suppliers."""

    def find(session: Session, **how: Any) -> list[Line]:
        if "due_before" in how:
            try:
                how["due_before"] = dt.date.fromisoformat(how["due_before"])
            except ValueError as error:
                said = viewer.say("Write a day like 2027-01-31.")
                raise FieldErrors([("due_before", said)]) from error
        return [_line(each) for each in supplying.find_suppliers(session, **how)]

    table = listed(viewer, asked, COLUMNS, FILTERS, find, key=lambda row: (row.id,))
    return export(viewer, table) or viewer.show("suppliers/list.html", table=table)


@pages.page("/suppliers/{supplier_id}", right="supplier.read")
def one(viewer: Viewer, supplier_id: str) -> Response:
    """Show a supplier."""
    return _page(viewer, supplier_id, None)


def _page(viewer: Looking, supplier_id: str, form: Form | None) -> Response:
    def ask(
        session: Session,
    ) -> tuple[SupplierView, list[ModelView], list[EvidenceView], list[Happening]]:
        found = supplying.get_supplier(session, supplier_id)
        models = queries.find_models(
            session, viewer.actor, limit=MODELS_MOST + 1, supplier=found.id
        )
        proofs = evidencing.find(session, viewer.actor, limit=50, target=found.id)
        return found, models, proofs, happenings(session, viewer.actor, found.id, limit=EVENTS_MOST)

    found, models, proofs, events = viewer.find(ask)
    records = [
        (each.id, f"{each.title} ({each.effective.isoformat()})")
        for each in proofs
        if each.kind == exit_test.KIND and each.state == "current"
    ]
    return viewer.show(
        "suppliers/one.html",
        supplier=found,
        models=models[:MODELS_MOST],
        more=len(models) > MODELS_MOST,
        proofs=proofs,
        records=records,
        kind=exit_test.KIND,
        events=[(each.at, each.actor, _said(viewer, each), each.seq) for each in events],
        people={each.actor: each.actor_name for each in events},
        form=form if form is not None else Form(),
    )


def _said(viewer: Looking, event: Happening) -> str:
    said = viewer.say(EVENTS.get(event.type, event.type))
    trigger = event.details.get("trigger")
    return f"{said} ({viewer.say(TRIGGERS.get(trigger, trigger))})" if trigger else said


TRIGGERS = {
    "license": mark("its license became stricter"),
    "support": mark("it gives less support"),
    "contract-ending": mark("its contract ends soon"),
    "exit-test-due": mark("its exit test is due"),
}
"""Why a supplier must be looked at."""


@pages.form("/suppliers/{supplier_id}/exit-tests", right="supplier.write")
def tested(viewer: Viewer, form: Sent, supplier_id: str) -> Response:
    """Record that the exit plan was tested."""
    return viewer.act(
        form,
        lambda work: exit_test.record(
            work, viewer.actor, supplier_id, form.version, evidence=form["evidence"],
            next_due=day_or_none(viewer, form, "next_due"),
        ),
        then=f"/suppliers/{supplier_id}",
        said=viewer.say("The test of the exit plan is recorded."),
        again=lambda: _page(viewer, supplier_id, form),
    )  # fmt: skip


def day_or_none(viewer: Looking, form: Form, name: str) -> dt.date | None:
    """Return the day in a field that may be empty.

    Raises:
        FieldErrors: it is no day.
    """
    try:
        return dt.date.fromisoformat(form[name]) if form[name] else None
    except ValueError as error:
        raise FieldErrors([(name, viewer.say("Choose a day."))]) from error
