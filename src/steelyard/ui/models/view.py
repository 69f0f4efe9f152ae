# SPDX-License-Identifier: Apache-2.0
"""The list of models, the form for a new one, and what a model is."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast, get_args

from msgspec import Struct
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.governance.decision import queries as decisions
from steelyard.governance.decision.facts import DecisionView
from steelyard.governance.decision.of_model import case_names, highest_tiers, is_use
from steelyard.governance.inventory import queries, service, supplying, upstream
from steelyard.governance.inventory.facts import ModelKind, ModelState, ModelView, RevisionView
from steelyard.governance.inventory.suppliers import SupplierView
from steelyard.governance.inventory.upstream import UpstreamView
from steelyard.kernel.errors import ConflictError, FieldErrors
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.models.frame import chosen_of, frame_of, show
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

pages = Pages()
KINDS = tuple((each, each) for each in get_args(ModelKind))
STATES = tuple((each, each) for each in get_args(ModelState))
WORDS = (
    mark("upstream"), mark("internal fine-tune"), mark("fork"), mark("adapter"),
    mark("quantization"), mark("active"), mark("retired"),
)  # fmt: skip
"""Words of the data that pages say in the language of whoever looks."""
COLUMNS = (
    Column("name", mark("Model"), "name", "/models/{id}"),
    Column("revision", mark("Newest revision"), "chip:revision"),
    Column("tier", mark("Highest tier"), "tier"),
    Column("kind", mark("Kind"), "word"),
    Column("publisher", mark("Publisher")),
    Column("revisions", mark("Revisions"), "number"),
    Column("unit", mark("Unit")),
    Column("updated_at", mark("Changed"), "when"),
    Column("state", mark("State"), "chip:model", shown=False),
    Column("owner", mark("Owner"), shown=False),
    Column("purl", mark("Package URL"), shown=False),
    Column("created_at", mark("Registered"), "when", shown=False),
)
FILTERS = (
    Filter("name", mark("Name begins with"), wide=True),
    Filter("kind", mark("Kind"), KINDS),
    Filter("state", mark("State"), STATES),
    Filter("publisher", mark("Publisher")),
    Filter("unit", mark("Unit")),
)


class Line(Struct, frozen=True, kw_only=True):
    """One row of the list."""

    id: str
    name: str
    revision: str
    """State of the newest revision."""
    tier: str
    kind: str
    publisher: str
    revisions: int
    unit: str
    state: str
    owner: str
    purl: str
    created_at: dt.datetime
    updated_at: dt.datetime


def _lines(session: Session, viewer: Looking, found: list[ModelView]) -> list[Line]:
    ids = [each.id for each in found]
    newest = queries.newest_of(session, viewer.actor, ids)
    tiers = highest_tiers(session, viewer.actor, ids)
    lines = []
    for each in found:
        revision, count = newest.get(each.id, (None, 0))
        lines.append(
            Line(
                id=each.id, name=each.name, revision=revision.state if revision else "",
                tier=tiers.get(each.id, ""), kind=each.kind, publisher=each.publisher,
                revisions=count, unit=each.unit, state=each.state, owner=each.owner,
                purl=each.purl, created_at=each.created_at, updated_at=each.updated_at,
            )
        )  # fmt: skip
    return lines


@pages.page("/models", right="model.read")
def models(viewer: Viewer, asked: Asked) -> Response:
    """List the models the viewer can see."""

    def find(session: Session, **how: object) -> list[Line]:
        return _lines(session, viewer, queries.find_models(session, viewer.actor, **how))  # type: ignore[arg-type]

    table = listed(viewer, asked, COLUMNS, FILTERS, find, key=lambda row: (row.id,))
    return export(viewer, table) or viewer.show("models/list.html", table=table)


@pages.page("/models/new", right="model.write")
def new(viewer: Viewer) -> Response:
    """Show the form for a model."""
    return _new(viewer, Form(kind="upstream"))


@pages.form("/models/new", right="model.write")
def register(viewer: Viewer, form: Sent) -> Response:
    """Register a model before anybody asks for it."""
    return viewer.act(
        form,
        lambda work: service.register_model(
            work, viewer.actor, purl=_purl_of(viewer, form), name=form["name"],
            publisher=form["publisher"] or form["name"].rpartition("/")[0],
            kind=_kind_of(viewer, form), unit=form["unit"],
        ),
        then=lambda model: f"/models/{model.id}",
        said=viewer.say("The model is registered. Add a revision next, or ask for one."),
        again=lambda: _new(viewer, form),
    )  # fmt: skip


def _new(viewer: Looking, form: Form) -> Response:
    kinds = [(value, viewer.say(word)) for value, word in KINDS]
    return viewer.show("models/new.html", kinds=kinds, form=form, units=sorted(viewer.actor.units))


def _purl_of(viewer: Looking, form: Form) -> str:
    stated = form["purl"]
    if (
        not stated.startswith("pkg:")
        or any(each in stated for each in "@?# \t\n")
        or (len(stated) > 500)
    ):
        raise FieldErrors(
            [("purl", viewer.say("A package URL begins with pkg: and names no revision."))],
            next_step=viewer.say("Write it like pkg:huggingface/org/name."),
        )
    if not form["name"] or len(form["name"]) > 300:
        raise FieldErrors([("name", viewer.say("A name has 1 to 300 characters."))])
    return stated


def _kind_of(viewer: Looking, form: Form) -> ModelKind:
    if form["kind"] not in get_args(ModelKind):
        raise FieldErrors([("kind", viewer.say("Choose one from the list."))])
    return cast("ModelKind", form["kind"])


@pages.page("/models/{model_id}", right="model.read")
def overview(viewer: Viewer, model_id: str) -> Response:
    """Show what a model is and where it may be used."""
    here = frame_of(viewer, model_id)
    model = here.model

    def ask(
        session: Session,
    ) -> tuple[list[DecisionView], dict[str, str], SupplierView | None, UpstreamView | None,
               ModelView | None, dict[str, RevisionView]]:  # fmt: skip
        found = decisions.find(session, viewer.actor, limit=50, model=model.id)
        uses = [each for each in found if is_use(each)]
        supplier = (
            supplying.get_supplier(session, model.supplier)
            if model.supplier and viewer.may("supplier.read")
            else None
        )
        revisions = {
            each: queries.get_revision(session, viewer.actor, each)
            for each in {use.revision for use in uses}
        }
        parent = queries.get_model(session, viewer.actor, model.parent) if model.parent else None
        cases = case_names(session, viewer.actor, [each.use_case for each in uses])
        return uses, cases, supplier, _upstream(session, viewer, model), parent, revisions

    uses, cases, supplier, hub, parent, revisions = viewer.find(ask)
    environments: dict[str, list[DecisionView]] = {}
    for each in uses:
        environments.setdefault(each.environment, []).append(each)
    return show(
        viewer, "models/overview.html", here, environments=environments, cases=cases,
        supplier=supplier, hub=hub, parent=parent, revisions=revisions,
        chosen=chosen_of(viewer, model), form=Form(),
    )  # fmt: skip


def _upstream(session: Session, viewer: Looking, model: ModelView) -> UpstreamView | None:
    """Return what the hub said; None for a model that comes from none."""
    try:
        return upstream.get(session, viewer.actor, model.id)
    except ConflictError:
        return None


@pages.form("/models/{model_id}/upstream/check", right="model.write")
def check_upstream(viewer: Viewer, form: Sent, model_id: str) -> Response:
    """Have the hub asked about a model now."""
    return viewer.act(
        form,
        lambda work: upstream.ask_check(work, viewer.actor, model_id),
        then=f"/models/{model_id}",
        said=viewer.say("The hub is asked. Its answer is shown here as soon as it is there."),
        again=lambda: overview(viewer, model_id),
    )
