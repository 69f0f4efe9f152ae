# SPDX-License-Identifier: Apache-2.0
"""Requests: who may move them where, what follows a submission, and when they end."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.server import Clock, KeptJobs, person

from steelyard.bootstrap.house import House
from steelyard.governance.intake import queries, service
from steelyard.governance.intake.states import (
    MOVES,
    OPEN,
    STAGES,
    STATES,
    RequestView,
    Stage,
    State,
    check_move,
    check_stage,
)
from steelyard.governance.inventory import service as inventory
from steelyard.governance.inventory.queries import get_revision
from steelyard.governance.use_cases import service as use_cases
from steelyard.kernel.actor import SYSTEM, Actor, Scope
from steelyard.kernel.errors import (
    ConflictError,
    FieldErrors,
    ForbiddenError,
    InputError,
    MissingError,
    StaleError,
)
from steelyard.ledger.event import parse_event
from steelyard.platform.log.tables import EventRow
from steelyard.platform.work import Work

ANNA = person("anna", "requester")
ARNE = person("arne", "requester")
BERT = person("bert", "requester", unit="fraud")
LENA = person("lena", "legal")
CASE = {
    "name": "internal-search",
    "purpose": "Find passages in our handbook",
    "data_class": "internal",
    "personal_data": "none",
    "people_affected": "staff",
    "autonomy": "assistive",
    "exposure": "internal",
}
WHY = "Our search needs better passages."


def use_case(house: House, actor: Actor = ANNA, **more: Any) -> str:
    return house.transact(lambda work: use_cases.register(work, actor, {**CASE, **more})).id


def asked(house: House, case: str, **more: Any) -> RequestView:
    given_ = {"reference": "hf:acme/tiny@main", "justification": WHY, **more}
    return house.transact(lambda work: service.draft(work, ANNA, use_case=case, **given_))


def submitted(house: House, case: str | None = None, **more: Any) -> RequestView:
    made = asked(house, case or use_case(house), **more)
    return house.transact(lambda work: service.submit(work, ANNA, made.id))


def move(house: House, request: str, state: State, stage: Stage = "") -> RequestView:
    return house.transact(lambda work: service.mark(work, SYSTEM, request, state, stage))


def test_a_submission_is_request_event_and_job_together(house: House) -> None:
    view = submitted(house)
    assert (view.state, view.stage, view.round) == ("submitted", "assessing", 1)
    assert view.environment == "sandbox"
    assert isinstance(house.jobs, KeptJobs)
    (job,) = house.jobs.jobs
    assert (job.kind, job.payload) == ("request.assess", {"request": view.id, "round": 1})
    with house.reading() as session:
        rows = session.scalars(select(EventRow).where(EventRow.subject == view.id)).all()
        leaves = [row.leaf for row in rows]
        assert [row.type for row in rows] == ["request.drafted", "request.submitted"]
    for words in (b"acme", b"passages"):
        assert not any(words in leaf for leaf in leaves)
    assert parse_event(leaves[-1]).details["environment"] == "sandbox"
    again = house.transact(lambda work: service.submit(work, ANNA, view.id))
    assert again == view
    assert len(house.jobs.jobs) == 1


def test_what_is_asked_for_twice_is_refused_while_it_is_open(house: House) -> None:
    case = use_case(house)
    first = submitted(house, case)
    second = asked(house, case, reference="HF:acme/tiny@main".replace("HF", "hf"))
    with pytest.raises(ConflictError) as refused:
        house.transact(lambda work: service.submit(work, ANNA, second.id))
    assert refused.value.code == "request.twin"
    move(house, first.id, "rejected")
    view = house.transact(lambda work: service.submit(work, ANNA, second.id))
    assert view.state == "submitted"


def test_only_who_asked_changes_or_withdraws(house: House) -> None:
    view = submitted(house)
    for actor in (ARNE, LENA):
        with pytest.raises(ForbiddenError):
            house.transact(partial(service.withdraw, actor=actor, request_id=view.id))
    with pytest.raises(MissingError):
        house.transact(lambda work: service.withdraw(work, BERT, view.id))
    gone = house.transact(lambda work: service.withdraw(work, ANNA, view.id, view.version))
    assert (gone.state, gone.stage) == ("withdrawn", "")
    assert gone.closed_at is not None
    assert house.transact(lambda work: service.withdraw(work, ANNA, view.id)) == gone


def test_changes_asked_for_are_answered_by_a_new_round(house: House) -> None:
    view = submitted(house)
    with pytest.raises(ConflictError):
        house.transact(
            lambda work: service.change(work, ANNA, view.id, None, environment="staging")
        )
    back = move(house, view.id, "changes requested")
    assert (back.expires_at - back.updated_at).days == 30
    with pytest.raises(StaleError):
        house.transact(lambda work: service.resubmit(work, ANNA, view.id, 1, environment="staging"))
    again = house.transact(
        lambda work: service.resubmit(work, ANNA, view.id, back.version, environment="staging")
    )
    assert (again.state, again.environment, again.round) == ("submitted", "staging", 2)
    assert isinstance(house.jobs, KeptJobs)
    assert [job.payload["round"] for job in house.jobs.jobs] == [1, 2]


def test_a_request_says_why_and_names_what_can_be_fetched(house: House) -> None:
    case = use_case(house)
    silent = asked(house, case, justification=" - ")
    with pytest.raises(FieldErrors, match="Say why"):
        house.transact(lambda work: service.submit(work, ANNA, silent.id))
    for wrong in ("", "tiny", "s3://x/y", "pkg:pypi/x@1", "hf:a/b/c", "upload:12"):
        with pytest.raises(InputError):
            asked(house, case, reference=wrong)
    with pytest.raises(MissingError):
        asked(house, case, reference="rev_01k00000000000000000000000")
    with pytest.raises(InputError):
        asked(house, case, environment="Production!")


def test_tokens_do_not_reach_beyond_their_scope(house: House) -> None:
    case = use_case(house)
    robot = person("anna", "requester", scope=Scope(environments=("staging",)))
    with pytest.raises(ForbiddenError):
        house.transact(
            lambda work: service.draft(
                work, robot, reference="hf:a/b", use_case=case, environment="production"
            )
        )
    made = asked(house, case)
    with house.reading() as session:
        assert queries.find(session, robot, limit=5) == []
        with pytest.raises(MissingError):
            queries.get(session, robot, made.id)


def test_nobody_asks_for_a_use_case_that_has_ended(house: House) -> None:
    case = use_case(house)
    made = asked(house, case)
    house.transact(lambda work: use_cases.retire(work, ANNA, case, None))
    with pytest.raises(ConflictError) as refused:
        house.transact(lambda work: service.submit(work, ANNA, made.id))
    assert refused.value.code == "use-case.ended"
    assert house.transact(service.expire_due) == 1
    with house.reading() as session:
        assert queries.get(session, ANNA, made.id).state == "expired"


def test_time_ends_what_nobody_answers(house: House) -> None:
    clock = house.clock
    assert isinstance(clock, Clock)
    case = use_case(house)
    old = asked(house, case)
    clock.forward(days=60)
    young = asked(house, case)
    clock.forward(days=31)
    assert house.transact(service.expire_due) == 1
    assert house.transact(service.expire_due) == 0
    with house.reading() as session:
        assert queries.get(session, ANNA, old.id).state == "expired"
        assert queries.get(session, ANNA, young.id).state == "draft"


def test_lists_are_filtered(house: House) -> None:
    case = use_case(house)
    draft = asked(house, case)
    assert isinstance(house.clock, Clock)
    house.clock.forward(seconds=1)
    one = submitted(house, case, reference="hf:acme/Other_1", environment="staging")
    wanted: list[tuple[dict[str, str], list[str]]] = [
        ({}, [one.id, draft.id]),
        ({"state": "submitted"}, [one.id]),
        ({"stage": "assessing"}, [one.id]),
        ({"text": "OTHER_"}, [one.id]),
        ({"text": "other%"}, []),
        ({"environment": "staging", "requested_by": ANNA.id, "use_case": case}, [one.id]),
        ({"tier": "low"}, []),
    ]
    with house.reading() as session:
        for filters, found in wanted:
            rows = queries.find(session, ANNA, limit=9, **filters)  # type: ignore[arg-type]
            assert [row.id for row in rows] == found, filters
        assert queries.find(session, BERT, limit=9) == []
        assert len(queries.find(session, ANNA, limit=9, after=(one.id,))) == 1


def test_the_revision_follows_its_requests(house: House) -> None:
    case, other = use_case(house), use_case(house, name="other")

    def register(work: Work) -> str:
        model = inventory.register_model(work, LENA, purl="pkg:generic/x", name="x")
        made = inventory.register_revision(
            work, LENA, model=model.id, purl="pkg:generic/x@1", justification=WHY
        )
        return made.id

    revision = house.transact(register)
    one, two = (
        submitted(house, case, reference=revision),
        submitted(house, other, reference=revision),
    )

    def headline() -> str:
        with house.reading() as session:
            return get_revision(session, ANNA, revision).state

    walk: list[tuple[str, State, Stage, str]] = [
        (one.id, "submitted", "in review", "in review"),
        (two.id, "submitted", "in review", "in review"),
        (one.id, "changes requested", "", "in review"),
        (two.id, "withdrawn", "", "quarantined"),
        (one.id, "submitted", "in review", "in review"),
        (one.id, "approved", "", "in review"),
    ]
    for request, state, stage, shown in walk:
        move(house, request, state, stage)
        assert headline() == shown, (state, stage)
    house.transact(
        lambda work: inventory.mark_revision(work, SYSTEM, revision, "approved with conditions")
    )
    third = submitted(house, other, reference=revision)
    move(house, third.id, "submitted", "in review")
    move(house, third.id, "expired")
    assert headline() == "approved with conditions"


def test_only_the_moves_of_the_table_exist() -> None:
    for state in STATES:
        for then in STATES:
            with contextlib.ExitStack() as stack:
                if then not in MOVES[state]:
                    stack.enter_context(pytest.raises(ConflictError))
                check_move(state, then, "req_x")


def test_racing_verdicts_leave_one(house: House) -> None:
    if house.database.sqlite:
        pytest.skip("SQLite has one writer")
    view = submitted(house)
    told: list[str] = []

    def judge(state: State) -> None:
        try:
            move(house, view.id, state)
            told.append(state)
        except ConflictError:
            told.append("refused")

    threads = [threading.Thread(target=judge, args=(s,)) for s in ("approved", "rejected") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = {state for state in told if state != "refused"}
    assert len(kept) == 1
    with house.reading() as session:
        assert queries.get(session, ANNA, view.id).state in kept
        moves = session.scalars(select(EventRow.type).where(EventRow.subject == view.id)).all()
    assert len([kind for kind in moves if kind.split(".")[1] in kept]) == 1


@given(st.lists(st.tuples(st.sampled_from(STATES), st.sampled_from(STAGES)), max_size=12))
@settings(max_examples=200)
def test_no_walk_leaves_a_closed_state(walk: list[tuple[State, Stage]]) -> None:
    state, stage = STATES[0], STAGES[0]
    for then, where in walk:
        closed = state not in OPEN
        try:
            if then != state:
                check_move(state, then, "req_x")
            check_stage(then, where)
        except ConflictError:
            continue
        assert not closed or then == state
        state, stage = then, where
        assert bool(stage) == (state == "submitted")
