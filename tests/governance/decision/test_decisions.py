# SPDX-License-Identifier: Apache-2.0
"""Decisions: made, superseded, stopped, ended; and what admission makes of them."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from sqlalchemy import select, text
from tests.governance.decision.build import ANNA, BERT, LEA, OTTO, RON, SAM, SUE, Desk
from tests.server import KeptJobs, person

from steelyard.bootstrap.house import House
from steelyard.governance.clocks import queries as clocks
from steelyard.governance.clocks import service as clock_service
from steelyard.governance.decision import conditions, force, queries
from steelyard.governance.decision.admission import may_serve
from steelyard.governance.decision.facts import Admission, Term
from steelyard.governance.decision.issue import decide, prepare
from steelyard.governance.decision.marks import state_from
from steelyard.governance.intake import queries as requests
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.use_cases import service as use_cases
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.assessment import Outcome
from steelyard.kernel.errors import (
    ConflictError,
    FieldErrors,
    ForbiddenError,
    InputError,
    MissingError,
    StaleError,
)
from steelyard.ledger.entry import parse_entry
from steelyard.platform.identity import accounts
from steelyard.platform.log.sequencer import sequence
from steelyard.platform.log.tables import EventRow
from steelyard.platform.log.verification import verify_database
from steelyard.platform.notify.tables import NoticeRow
from steelyard.platform.work import Work
from steelyard.worker.handlers import HANDLERS


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


def admitted(desk: Desk, **changes: Any) -> Admission:
    asked: dict[str, Any] = {
        "use_case": desk.case,
        "environment": "production",
        "revision": desk.revision,
        "now": desk.house.clock(),
    }
    with desk.house.reading() as session:
        return may_serve(session, **{**asked, **changes})


def revision_state(desk: Desk) -> str:
    with desk.house.reading() as session:
        return inventory.get_revision(session, SYSTEM, desk.revision).state


def test_a_decision_is_signed_recorded_and_in_force(desk: Desk) -> None:
    assert admitted(desk).code == "admission.unknown"
    made = desk.decide(terms=(Term(text="Only 100 users.", rule="sign-off"),))
    assert made.outcome == "approved_with_conditions"
    assert {one.text for one in made.conditions} == {"Name the model's author.", "Only 100 users."}
    assert made.valid_until == dt.date(2027, 5, 24)
    assert made.position is None
    assert revision_state(desk) == "approved with conditions"
    allowed = admitted(desk)
    assert (allowed.allowed, allowed.decision, allowed.until) == (True, made.id, made.valid_until)
    with desk.house.reading() as session:
        assert requests.get(session, ANNA, made.request).state == "approved"
        row = session.scalars(select(EventRow).where(EventRow.type == "decision.made")).one()
        told = row.leaf.decode()
        assert "risk" in told
        assert RON.alias in told
        assert RON.mail not in told
        assert "100 users" not in told
        leaf = session.scalars(
            select(EventRow.leaf).where(EventRow.type == "decision.recorded")
        ).one()
        assert parse_entry(leaf).manifest_sha256 == made.manifest_sha256
    sequence(desk.house.database, desk.house.keys, desk.house.clock())
    with desk.house.reading() as session:
        assert queries.get(session, ANNA, made.id).position is not None
        with pytest.raises(MissingError):
            queries.get(session, BERT, made.id)
        assert queries.find(session, BERT, limit=9) == []
        assert len(queries.find(session, OTTO, limit=9, state="in force")) == 1
    assert verify_database(desk.house.database).ok


def test_files_are_kept_before_the_transaction_begins(desk: Desk) -> None:
    ruling, kept = desk.ruling(), desk.house.blobs
    prepared = prepare(desk.house, ruling)
    desk.house.blobs = None  # type: ignore[assignment] # whoever asks for a file now fails
    made = desk.house.transact(
        lambda work: decide(work, SYSTEM, ruling, prepared, keys=desk.house.keys)
    )
    assert len(made.documents) > 5
    assert all(kept.has(digest) for digest in made.documents.values())


def test_what_was_signed_counts_only_while_it_is_true(desk: Desk) -> None:
    ruling = desk.ruling(valid_until=dt.date(2040, 1, 1))
    prepared = prepare(desk.house, ruling)
    sooner = {"expires": "2027-01-31"}
    desk.house.transact(lambda work: use_cases.enrich(work, ANNA, desk.case, sooner, None))
    before = _events(desk)
    with pytest.raises(ConflictError) as changed:
        desk.house.transact(
            lambda work: decide(work, SYSTEM, ruling, prepared, keys=desk.house.keys)
        )
    assert changed.value.code == "decision.basis-changed"
    assert _events(desk) == before
    assert desk.rule(ruling).valid_until == dt.date(2027, 1, 31)


def test_admission_is_for_one_use_in_one_place(desk: Desk) -> None:
    made = desk.decide()
    assert admitted(desk, manifest_sha256=made.manifest_sha256, revision="").allowed
    for wrong in (
        {"environment": "staging"},
        {"use_case": "uc_01k00000000000000000000000"},
        {"revision": "rev_01k0000000000000000000000"},
        {"revision": "", "manifest_sha256": "0" * 64},
        {"revision": ""},
    ):
        assert admitted(desk, **wrong).code == "admission.unknown", wrong


def test_the_next_decision_takes_the_place_of_the_one_before(desk: Desk) -> None:
    first = desk.decide()
    second = desk.decide(Outcome.REJECTED)
    assert second.supersedes == first.id
    assert second.valid_until is None
    with desk.house.reading() as session:
        old = queries.get(session, ANNA, first.id)
    assert (old.state, old.superseded_by) == ("superseded", second.id)
    assert admitted(desk).code == "admission.rejected"
    assert revision_state(desk) == "rejected"
    third = desk.decide()
    assert admitted(desk).decision == third.id
    assert revision_state(desk) == "approved with conditions"


def test_an_approval_ends_with_its_use_case(desk: Desk) -> None:
    made = desk.decide(valid_until=dt.date(2040, 1, 1))
    assert made.valid_until == dt.date(2027, 11, 25)
    ruling = desk.ruling(valid_until=dt.date(2026, 1, 1))

    def rule() -> None:
        desk.rule(ruling)

    with pytest.raises(ConflictError, match="2026-01-01"):
        rule()
    desk.house.transact(lambda work: use_cases.retire(work, ANNA, desk.case, None))
    assert admitted(desk).code == "admission.use-case"
    with pytest.raises(ConflictError, match="has ended"):
        rule()
    assert desk.house.transact(lambda work: force.end_with_use_case(work, desk.case)) == 1
    assert admitted(desk).code == "admission.revoked"


def test_what_cannot_be_decided_leaves_nothing(desk: Desk) -> None:
    before = _events(desk)
    ruling = desk.ruling()
    wrongs: list[dict[str, Any]] = [
        {"outcome": Outcome.REVIEW_REQUIRED},
        {"documents": {}},
        {"charter": b"{}"},
    ]
    for wrong in wrongs:
        with pytest.raises(InputError):
            desk.rule(msgspec_with(ruling, **wrong))
    desk.rule(ruling)
    with pytest.raises(ConflictError):  # the request is closed
        desk.rule(msgspec_with(ruling, outcome=Outcome.REJECTED))
    types = [one for one in _events(desk) if one not in before and one.startswith("decision.")]
    assert types == ["decision.recorded", "decision.made"]


def msgspec_with(ruling: Any, **changes: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(ruling, **changes)


def _events(desk: Desk) -> list[str]:
    with desk.house.reading() as session:
        return list(session.scalars(text("SELECT type FROM event ORDER BY seq")))


def test_stopping_needs_the_charters_right(desk: Desk) -> None:
    made = desk.decide()
    house = desk.house

    def act(verb: Any, who: Any, why: str = "Backdoor reported") -> Any:
        return house.transact(lambda work: verb(work, who, made.id, why))

    for who in (RON, LEA, person("ada", "administrator", "security"), OTTO):
        with pytest.raises(ForbiddenError):
            act(force.suspend, who)
    with pytest.raises(MissingError):
        act(force.suspend, BERT)
    with pytest.raises(FieldErrors):
        act(force.suspend, SAM, " ")
    with pytest.raises(StaleError):
        house.transact(lambda work: force.suspend(work, SAM, made.id, "x", 9))
    stopped = act(force.suspend, SAM)
    assert (stopped.decision.state, stopped.waiting_for) == ("suspended", [])
    assert admitted(desk).code == "admission.suspended"
    assert revision_state(desk) == "suspended"
    with pytest.raises(ConflictError):
        act(force.suspend, SAM)
    with pytest.raises(ForbiddenError, match="Whoever asked"):
        act(force.reinstate, ANNA)
    assert act(force.reinstate, SUE).decision.state == "in force"
    assert admitted(desk).allowed
    with pytest.raises(ForbiddenError):
        act(force.revoke, SAM)
    one = act(force.revoke, RON)
    assert (one.decision.state, one.waiting_for) == ("in force", ["1 of board"])
    assert act(force.revoke, RON).waiting_for == ["1 of board"]
    assert admitted(desk).allowed
    assert act(force.revoke, LEA).decision.state == "revoked"
    assert revision_state(desk) == "revoked"
    with pytest.raises(ConflictError):
        act(force.reinstate, SAM)


def test_the_last_day_ends_it(desk: Desk) -> None:
    made = desk.decide()
    assert desk.house.transact(force.expire_due) == 0
    assert made.valid_until is not None
    desk.house.clock.now = dt.datetime(2027, 5, 25, 0, 5, tzinfo=dt.UTC)  # type: ignore[attr-defined]
    assert admitted(desk).code == "admission.expired"
    assert desk.house.transact(force.expire_due) == 1
    assert desk.house.transact(force.expire_due) == 0
    with desk.house.reading() as session:
        assert queries.get(session, ANNA, made.id).state == "expired"


def test_a_condition_is_followed_until_somebody_else_confirms_it(desk: Desk) -> None:
    house = desk.house
    due = house.clock() + dt.timedelta(days=10)
    made = desk.decide(terms=(Term(text="Only 100 users.", due=due),))
    mine = next(one for one in made.conditions if one.due)

    def act(verb: Any, *words: Any, who: Any = SAM, **more: Any) -> Any:
        return house.transact(lambda work: verb(work, who, made.id, mine.id, *words, **more))

    with pytest.raises(ConflictError):
        act(conditions.confirm)
    with pytest.raises(FieldErrors):
        act(conditions.fulfil)
    with pytest.raises(FieldErrors):
        act(conditions.fulfil, "abc")
    reported = act(conditions.fulfil, "a" * 64, "Quota is set")
    assert (reported.state, reported.fulfilled_by) == ("reported", SAM.id)
    with pytest.raises(ForbiddenError):
        act(conditions.confirm)
    house.clock.forward(days=11)  # type: ignore[attr-defined]
    assert admitted(desk).code == "admission.condition"
    assert house.transact(conditions.overdue_due) == 1
    assert house.transact(conditions.overdue_due) == 0
    late = house.clock() + dt.timedelta(days=5)
    assert act(conditions.schedule, late).state == "open"
    assert admitted(desk).allowed
    with pytest.raises(FieldErrors):
        act(conditions.schedule, house.clock())
    act(conditions.fulfil, "b" * 64)
    assert act(conditions.confirm, who=SUE).state == "fulfilled"
    with pytest.raises(ConflictError):
        act(conditions.fulfil, "b" * 64)


def test_an_exception_lifts_a_condition_while_it_lasts(desk: Desk) -> None:
    house = desk.house
    due = house.clock() + dt.timedelta(days=1)
    instead = "By exception exc_0, until 2027-01-01: name it."
    made = desk.decide(
        terms=(
            Term(text="Only 100 users.", rule="users", due=due),
            Term(text=instead, rule="users"),
            Term(text="Name it.", rule="named"),
        )
    )
    mine = next(one for one in made.conditions if one.due)

    def states() -> dict[str, str]:
        with house.reading() as session:
            return {each.text: each.state for each in queries.get(session, SAM, made.id).conditions}

    house.clock.forward(days=2)  # type: ignore[attr-defined]
    assert not admitted(desk).allowed
    assert house.transact(lambda work: conditions.waive(work, made.id, "users", "exc_1")) == 1
    assert states() | {"Only 100 users.": "waived", instead: "open", "Name it.": "open"} == states()
    assert admitted(desk).allowed
    with house.reading() as session:
        assert clocks.of_subject(session, mine.id)[-1].state == "stopped"
    assert house.transact(lambda work: conditions.unwaive(work, "exc_1")) == 1
    assert not admitted(desk).allowed
    with house.reading() as session:
        assert clocks.of_subject(session, mine.id)[-1].state == "running"


def staff(house: House) -> dict[str, str]:
    """Give accounts to people who are told; return their ids."""

    def act(work: Work) -> dict[str, str]:
        found = {}
        for name, role in (
            ("anna", "requester"), ("omar", "model-owner"), ("rita", "risk"),
            ("theo", "executive-sponsor"),
        ):  # fmt: skip
            made = accounts.create(work, SYSTEM, f"{name}@example.org", name=name, state="active")
            accounts.grant(work, SYSTEM, made.id, role)
            found[name] = made.id
        return found

    return house.transact(act)


def told(house: House, who: str) -> list[str]:
    with house.reading() as session:
        query = select(NoticeRow.kind).where(NoticeRow.person == who).order_by(NoticeRow.id)
        return [kind for kind in session.scalars(query) if kind != "request.decided"]


def ring(house: House, **span: float) -> None:
    """Let time pass, clocks ring, and the worker do what follows."""
    assert isinstance(house.jobs, KeptJobs)
    before = len(house.jobs.jobs)
    house.clock.forward(**span)  # type: ignore[attr-defined]
    house.transact(clock_service.tick)
    for job in house.jobs.jobs[before:]:
        if job.kind in ("clock.due", "clock.remind"):
            house.transact(HANDLERS[job.kind](house, job.payload))


def test_a_condition_rings_before_its_day_and_climbs_after_it(desk: Desk) -> None:
    house = desk.house
    people = staff(house)
    due = house.clock() + dt.timedelta(days=10)
    made = desk.decide(terms=(Term(text="Only 100 users.", owner="omar@example.org", due=due),))
    mine = next(one for one in made.conditions if one.due)
    ring(house, days=6)
    assert told(house, people["omar"]) == ["condition.due"]
    assert admitted(desk).allowed
    ring(house, days=5)
    assert told(house, people["omar"]) == ["condition.due", "condition.overdue"]
    assert "condition.overdue" in told(house, people["anna"]), "whoever uses the model hears of it"
    assert "clock.due" in told(house, people["rita"])
    assert "clock.due" not in told(house, people["theo"])
    assert admitted(desk).code == "admission.condition"
    with house.reading() as session:
        assert queries.conditions(session, SAM, made.id)[-1].state == "overdue"
    ring(house, days=5)
    assert "clock.due" in told(house, people["theo"])

    def act(verb: Any, who: Any, *words: Any) -> Any:
        return house.transact(lambda work: verb(work, who, made.id, mine.id, *words))

    act(conditions.fulfil, RON, "", "A limit of 100 was set.")
    act(conditions.confirm, SAM)
    assert admitted(desk).allowed
    with house.reading() as session:
        (clock,) = clocks.of_subject(session, mine.id)
    assert (clock.state, clock.met_late) == ("met", True)


def test_admissions_end_with_their_use_case_and_consumers_are_told(desk: Desk) -> None:
    house = desk.house
    people = staff(house)
    due = house.clock() + dt.timedelta(days=10)
    made = desk.decide(terms=(Term(text="Only 100 users.", due=due),))
    mine = next(one for one in made.conditions if one.due)
    house.transact(lambda work: use_cases.retire(work, ANNA, desk.case, None))
    assert isinstance(house.jobs, KeptJobs)
    job = next(each for each in house.jobs.jobs if each.kind == use_cases.ENDED)
    house.transact(HANDLERS[job.kind](house, job.payload))
    with house.reading() as session:
        assert queries.get(session, SAM, made.id).state == "revoked"
        assert [c.state for c in clocks.of_subject(session, mine.id)] == ["stopped"]
    assert told(house, people["anna"]) == ["decision.revoked"]


def test_two_decisions_at_once_follow_each_other(desk: Desk) -> None:
    rulings = [desk.ruling(), None]
    house = desk.house

    def rule(ruling: Any) -> None:
        desk.rule(ruling)

    first = rulings[0]
    assert first is not None
    twin = msgspec_with(first, outcome=Outcome.REJECTED)
    failed: list[Exception] = []

    def run(ruling: Any) -> None:
        try:
            rule(ruling)
        except ConflictError as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in (first, twin)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 1
    with house.reading() as session:
        assert len(queries.find(session, OTTO, limit=9)) == 1


@pytest.mark.parametrize(
    ("decisions", "state"),
    [
        ([], None),
        ([("in force", "approved"), ("in force", "rejected")], "approved"),
        ([("suspended", "approved"), ("in force", "approved_with_conditions")],
         "approved with conditions"),
        ([("suspended", "approved"), ("in force", "rejected")], "suspended"),
        ([("revoked", "approved"), ("in force", "rejected")], "revoked"),
        ([("expired", "approved")], None),
    ],
)  # fmt: skip
def test_a_revision_is_what_its_decisions_say(
    decisions: list[tuple[str, str]], state: str | None
) -> None:
    assert state_from(decisions) == state
