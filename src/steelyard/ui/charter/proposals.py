# SPDX-License-Identifier: Apache-2.0
"""Changing the charter: write a proposal, see what it would change, vote, adopt, take it back."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.bootstrap.founding import sealer
from steelyard.charter.diff.changes import CharterDiff
from steelyard.charter.diff.compare import compare
from steelyard.charter.replay.tally import Tally
from steelyard.charter.replay.work import Replay
from steelyard.governance.charters import change, queries
from steelyard.governance.charters.facts import ProposalView, policy_from, voters_of
from steelyard.governance.decision import queries as decisions
from steelyard.kernel.actor import Actor
from steelyard.kernel.assessment import CharterIdentity
from steelyard.kernel.errors import FieldErrors, MissingError, SteelyardError, UndecidedError
from steelyard.kernel.limits import MIB
from steelyard.platform.work import Work
from steelyard.reporting import charter_diff
from steelyard.ui.charter.view import groups_of
from steelyard.ui.charter.writing import FILE, Written, draft_of, faults_in, written_in
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark

pages = Pages()
_STATES = tuple(
    (state, mark(state)) for state in ("open", "adopted", "rejected", "withdrawn")
)  # fmt: skip
_COLUMNS = (
    Column("version_name", mark("Version"), "name", "/charter/proposals/{id}"),
    Column("name", mark("Name")),
    Column("unit", mark("Unit"), shown=False),
    Column("state", mark("State"), "chip:proposal"),
    Column("proposed_by", mark("Proposed by"), "person"),
    Column("proposed_at", mark("Proposed"), "when"),
    Column("why", mark("Why")),
    Column("waiting_for", mark("Waiting for"), "tags"),
)
_FILTERS = (Filter("state", mark("State"), _STATES),)
_REPLAYED = 200
"""Newest decisions in force that a proposal is tried out on."""
_DOCUMENT_MOST = 64 * MIB


@pages.page("/charter/proposals", right="charter.read")
def find(viewer: Viewer, asked: Asked) -> Response:
    """List proposals, newest first."""
    today = viewer.house.clock().date()
    table = listed(
        viewer, asked, _COLUMNS, _FILTERS,
        lambda session, **how: queries.proposals(session, today, **how),
        key=lambda row: (row.id,),
    )  # fmt: skip
    return export(viewer, table) or viewer.show("charter/proposals.html", table=table)


@pages.page("/charter/proposals/new", right="charter.propose")
def new(viewer: Viewer) -> Response:
    """Show the form, filled with the text of the charter in force."""
    written = _in_force(viewer)
    return _writing(viewer, Form(), written, checked=None)


@pages.form("/charter/proposals/new", right="charter.propose")
def propose(viewer: Viewer, form: Sent) -> Response:
    """Check what was written, or put it before the people who may change the charter."""
    try:
        written = written_in(form)
    except SteelyardError as error:
        return viewer.refuse(form, error, lambda: _writing(viewer, form, _typed(form), None))
    if form["do"] == "check":
        return _check(viewer, form, written)
    return viewer.act(
        form,
        lambda work: change.propose(work, viewer.actor, draft_of(form, written)),
        then=lambda made: f"/charter/proposals/{made.id}",
        said=viewer.say("The proposal is before the people who may change the charter."),
        again=lambda: _writing(viewer, form, written, None),
    )


def _check(viewer: Looking, form: Form, written: Written) -> Response:
    try:
        charter, warnings = change.read(draft_of(form, written))
    except SteelyardError as error:
        return viewer.refuse(form, error, lambda: _writing(viewer, form, written, None))
    return _writing(viewer, form, written, (charter.name, charter.version, warnings))


def _typed(form: Form) -> Written:
    file = form["file"] or FILE
    return Written(file, {file: form.secret("text")})


def _in_force(viewer: Looking) -> Written:
    """Return the text the charter in force was written in; an example where there is none."""
    today = viewer.house.clock().date()
    row = viewer.find(lambda session: queries.current_row(session, today))
    example = "extends: standard\nname: \nversion: \n"
    if row is None or "source-0.yaml" not in row.files:
        return Written(FILE, {FILE: example})
    try:
        data = viewer.house.blobs.read(row.files["source-0.yaml"], most=MIB)
    except (MissingError, SteelyardError):
        return Written(FILE, {FILE: example})
    return Written(FILE, {FILE: data.decode("utf-8", "replace")})


def _writing(
    viewer: Looking, form: Form, written: Written, checked: tuple[str, str, list[str]] | None
) -> Response:
    faults = faults_in(viewer.error)
    marked: dict[str, dict[int, str]] = {}
    for fault in faults:
        marked.setdefault(fault.file, {}).setdefault(fault.line, fault.message)
    return viewer.show(
        "charter/new.html", form=form, written=written, checked=checked, found=faults,
        marked=marked,
    )  # fmt: skip


def _shown(viewer: Looking, proposal_id: str) -> tuple[ProposalView, CharterDiff | None, Any]:
    today = viewer.house.clock().date()

    def ask(session: Session) -> tuple[ProposalView, CharterDiff | None, Any]:
        row = queries.proposal_row(session, proposal_id)
        view = queries.proposal_view(session, row, today)
        try:
            present = queries.current(session, today, row.unit)
        except UndecidedError:
            return view, None, voters_of(None)
        after = policy_from(row.canonical, _identity(row))
        return view, compare(present.charter, after.charter), voters_of(present.charter)

    return viewer.find(ask)


def _identity(row: Any) -> CharterIdentity:
    return CharterIdentity(name=row.name, version=row.version_name, sha256=row.sha256)


def _page(viewer: Looking, proposal_id: str, form: Form | None = None) -> Response:
    view, diff, voters = _shown(viewer, proposal_id)
    mine = [role for role in voters if role in viewer.actor.roles]
    voted = viewer.actor.id in {vote.person for vote in view.votes}
    own = view.proposed_by == viewer.actor.id
    return viewer.show(
        "charter/proposal.html", proposal=view, diff=diff, form=form,
        groups=groups_of(diff) if diff else [], voters=voters,
        roles=mine if view.state == "open" and not (own or voted) else [],
        role_words=[(role, viewer.say(role)) for role in mine], own=own, voted=voted,
        names=viewer.names([view.proposed_by, *(vote.person for vote in view.votes)]),
        cases_of=charter_diff.cases_of, wording_of=charter_diff.wording_of,
    )  # fmt: skip


@pages.page("/charter/proposals/{proposal_id}", right="charter.read")
def proposal(viewer: Viewer, proposal_id: str) -> Response:
    """Show one proposal: what it changes, who has said what, and what can be done."""
    return _page(viewer, proposal_id)


@pages.form("/charter/proposals/{proposal_id}/vote", right="charter.vote")
def vote(viewer: Viewer, form: Sent, proposal_id: str) -> Response:
    """Say yes or no."""

    def say(work: Work) -> ProposalView:
        if form["answer"] not in ("yes", "no"):
            raise FieldErrors([("answer", viewer.say("Say yes or no."))])
        return change.vote(
            work, viewer.actor, proposal_id,
            role=form["role"], answer=form["answer"], reason=form["reason"][:5000],
            expected=form.version,
        )  # fmt: skip

    return viewer.act(
        form,
        say,
        then=f"/charter/proposals/{proposal_id}",
        said=viewer.say("Your vote is recorded."),
        again=lambda: _page(viewer, proposal_id, form),
    )


@pages.form("/charter/proposals/{proposal_id}/adopt", right="charter.adopt")
def adopt(viewer: Viewer, form: Sent, proposal_id: str) -> Response:
    """Adopt it, if everybody needed has agreed."""
    house = viewer.house
    return viewer.act(
        form,
        lambda work: change.adopt(
            work, viewer.actor, proposal_id,
            seal=sealer(house, work), store=house.blobs.put_bytes, expected=form.version,
        ),
        then="/charter",
        said=viewer.say("The charter is adopted: signed, and entered in the ledger."),
        again=lambda: _page(viewer, proposal_id, form),
    )  # fmt: skip


@pages.form("/charter/proposals/{proposal_id}/withdraw", right="charter.propose")
def withdraw(viewer: Viewer, form: Sent, proposal_id: str) -> Response:
    """Take back one's own proposal."""
    return viewer.act(
        form,
        lambda work: change.withdraw(work, viewer.actor, proposal_id, form.version),
        then=f"/charter/proposals/{proposal_id}",
        said=viewer.say("The proposal is taken back."),
        again=lambda: _page(viewer, proposal_id, form),
    )


@pages.page("/charter/proposals/{proposal_id}/replay", right="charter.read")
def replay(viewer: Viewer, proposal_id: str) -> Response:
    """Show which decisions in force would come out otherwise."""
    today = viewer.house.clock().date()

    def ask(session: Session) -> tuple[ProposalView, Any, Any, dict[str, str]]:
        row = queries.proposal_row(session, proposal_id)
        view = queries.proposal_view(session, row, today)
        present = queries.current(session, today, row.unit)
        return view, present, row.canonical, _documents(session, viewer.actor)

    view, present, canonical, documents = viewer.find(ask)
    after = policy_from(canonical, CharterIdentity(name="", version="", sha256=view.sha256))
    records = [(name, _read(viewer, digest)) for name, digest in documents.items()]
    tally: Tally
    tally, changes = Replay(present.charter, after.charter).work(records, keep=_REPLAYED)
    return viewer.show("charter/replay.html", proposal=view, tally=tally, changes=changes)


def _documents(session: Session, actor: Actor) -> dict[str, str]:
    """Return decision → digest of its assessment, of the newest decisions in force."""
    return {
        each.id: each.documents["assessment.json"]
        for each in decisions.find(session, actor, limit=_REPLAYED)
        if "assessment.json" in each.documents and not each.superseded_by
    }


def _read(viewer: Looking, digest: str) -> bytes | str:
    try:
        return viewer.house.blobs.read(digest, most=_DOCUMENT_MOST)
    except SteelyardError as error:
        return error.message
