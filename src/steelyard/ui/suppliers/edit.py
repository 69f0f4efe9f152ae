# SPDX-License-Identifier: Apache-2.0
"""The forms that register and change a supplier: support, what is agreed, and how we leave."""

from __future__ import annotations

import datetime as dt
from typing import Any, get_args

from starlette.responses import Response

from steelyard.governance.inventory import supplying
from steelyard.governance.inventory.suppliers import (
    SupplierKind,
    SupplierState,
    SupplierView,
    Support,
)
from steelyard.kernel.errors import FieldErrors
from steelyard.platform.work import Work
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.suppliers.view import day_or_none

pages = Pages()
KINDS, SUPPORTS, STATES = (get_args(each) for each in (SupplierKind, Support, SupplierState))
PLAN_MOST = 50_000
_SEPARATOR = "|"


@pages.page("/suppliers/new", right="supplier.write")
def new(viewer: Viewer) -> Response:
    """Show the form for a supplier."""
    name = viewer.request.query_params.get("name", "")[:300]
    return _form(viewer, Form(name=name, kind="publisher", support="none"), None)


@pages.form("/suppliers/new", right="supplier.write")
def register(viewer: Viewer, form: Sent) -> Response:
    """Register a supplier."""

    def act(work: Work) -> SupplierView:
        if not 1 <= len(form["name"]) <= 300:
            raise FieldErrors([("name", viewer.say("A name has 1 to 300 characters."))])
        return supplying.register_supplier(
            work, viewer.actor, name=form["name"], **_given(viewer, form)
        )

    return viewer.act(
        form,
        act,
        then=lambda made: f"/suppliers/{made.id}",
        said=viewer.say("The supplier is registered."),
        again=lambda: _form(viewer, form, None),
    )


@pages.page("/suppliers/{supplier_id}/edit", right="supplier.write")
def edit(viewer: Viewer, supplier_id: str) -> Response:
    """Show the form to change a supplier."""
    found = viewer.find(lambda session: supplying.get_supplier(session, supplier_id))
    return _form(viewer, _filled(found), found)


@pages.form("/suppliers/{supplier_id}/edit", right="supplier.write")
def change(viewer: Viewer, form: Sent, supplier_id: str) -> Response:
    """Change a supplier. Less support than before makes those who rely on it look."""

    def act(work: Work) -> SupplierView:
        before = supplying.get_supplier(work.session, supplier_id).exit_plan
        given = _given(viewer, form)
        plan = given.get("exit_plan")
        if plan and before is not None and plan["text"] == before.text.strip():
            plan["text"] = before.text  # the plan is named by its digest: unchanged stays unchanged
        if form["state"] not in STATES:
            raise FieldErrors([("state", viewer.say("Choose one from the list."))])
        given["state"] = form["state"]
        return supplying.change_supplier(work, viewer.actor, supplier_id, form.version, **given)

    def again() -> Response:
        found = viewer.find(lambda session: supplying.get_supplier(session, supplier_id))
        return _form(viewer, form, found)

    return viewer.act(
        form,
        act,
        then=f"/suppliers/{supplier_id}",
        said=viewer.say("The change is kept."),
        again=again,
    )


def _form(viewer: Looking, form: Form, supplier: SupplierView | None) -> Response:
    def words(values: tuple[str, ...]) -> list[tuple[str, str]]:
        return [(value, viewer.say(value)) for value in values]

    return viewer.show(
        "suppliers/edit.html", words=words, form=form, supplier=supplier, kinds=KINDS,
        supports=SUPPORTS, states=STATES, plan_most=PLAN_MOST,
    )  # fmt: skip


def _filled(found: SupplierView) -> Form:
    """Return the form with what is known of a supplier."""
    terms, plan = found.terms, found.exit_plan
    promised = [
        f" {_SEPARATOR} ".join(
            part
            for part in (each.what, each.within, each.until.isoformat() if each.until else "")
            if part
        )
        for each in terms.commitments
    ]
    return Form(
        version=found.version, name=found.name, kind=found.kind, support=found.support,
        state=found.state, contract=terms.contract, contract_ends=terms.contract_ends,
        security_contact=terms.security_contact, commitments="\n".join(promised),
        disclosures="\n".join(terms.disclosures),
        text=plan.text if plan else None, sha256=plan.sha256 if plan and not plan.text else None,
        substitute=plan.substitute if plan else None, owner=plan.owner if plan else None,
        test_due=plan.test_due if plan else None,
    )  # fmt: skip


def _given(viewer: Looking, form: Form) -> dict[str, Any]:
    """Return what the form says of a supplier.

    Raises:
        FieldErrors: a field is wrong.
    """
    wrong: list[tuple[str, str]] = []
    for name, known in (("kind", KINDS), ("support", SUPPORTS)):
        if form[name] not in known:
            wrong.append((name, viewer.say("Choose one from the list.")))
    for name, most in (("contract", 500), ("security_contact", 500), ("substitute", 300),
                       ("owner", 320), ("text", PLAN_MOST)):  # fmt: skip
        if len(form[name]) > most:
            said = viewer.say("Write at most %(most)d characters.", most=most)
            wrong.append((name, said))
    if wrong:
        raise FieldErrors(wrong)
    ends = day_or_none(viewer, form, "contract_ends")
    given: dict[str, Any] = {
        "kind": form["kind"],
        "support": form["support"],
        "terms": {
            "contract": form["contract"],
            "contract_ends": ends.isoformat() if ends else None,
            "security_contact": form["security_contact"],
            "disclosures": [each[:500] for each in form.lines("disclosures")[:50]],
            "commitments": [_commitment(viewer, each) for each in form.lines("commitments")[:50]],
        },
    }
    plan = _plan(viewer, form)
    return {**given, "exit_plan": plan} if plan else given


def _plan(viewer: Looking, form: Form) -> dict[str, Any] | None:
    """Return the exit plan in the form; None where nothing of one was written."""
    names = ("text", "sha256", "substitute", "owner", "test_due")
    if not any(form[name] for name in names):
        return None
    wrong = [
        (name, viewer.say("An exit plan needs this."))
        for name in ("substitute", "owner")
        if not form[name]
    ]
    if not form["text"] and not form["sha256"]:
        wrong.append(("text", viewer.say("Write the plan, or the SHA-256 of one kept elsewhere.")))
    if wrong:
        raise FieldErrors(wrong)
    due = day_or_none(viewer, form, "test_due")
    text = form["text"].replace("\r\n", "\n")
    return {
        "text": text, "sha256": "" if form["text"] else form["sha256"].lower(),
        "substitute": form["substitute"], "owner": form["owner"],
        "test_due": due.isoformat() if due else None,
    }  # fmt: skip


def _commitment(viewer: Looking, line: str) -> dict[str, Any]:
    """Return what a line promises: ``what | within | until``, the last two as far as written."""
    parts = [part.strip() for part in line.split(_SEPARATOR)]
    until = parts.pop() if len(parts) > 1 and _is_day(parts[-1]) else None
    if not parts[0] or len(parts) > 2 or len(parts[0]) > 1000:
        said = viewer.say("Write what | how fast | until which day, one in a line.")
        raise FieldErrors([("commitments", said)])
    return {"what": parts[0], "within": parts[1][:500] if len(parts) > 1 else "", "until": until}


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True
