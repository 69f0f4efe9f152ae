# SPDX-License-Identifier: Apache-2.0
"""The state machine of a review: no order of events gets around it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.governance.review import state
from steelyard.governance.review.plan import CommitteeTerms, Plan, PlanStep, Seat
from steelyard.governance.review.seats import Matter, Reviewer, refusal
from steelyard.governance.review.state import Answer, Case, Voice, carried, heard, standing
from steelyard.kernel.errors import ConflictError, ForbiddenError, InputError

EXPERTS = PlanStep(
    name="experts",
    quorum=2,
    seats=(
        Seat(role="security", listed=True),
        Seat(role="legal", listed=True),
        Seat(role="privacy", listed=True),
        Seat(role="owner", required=True, count=2),
    ),
)
TERMS = CommitteeTerms(
    name="board", title="Board", quorum=2, majority="two-thirds", independent=1, chair="risk"
)
BOARD = PlanStep(
    name="board", seats=(Seat(role="risk"), Seat(role="legal"), Seat(role="privacy")),
    committee=TERMS,
)  # fmt: skip
DECISION = PlanStep(
    name="decision",
    seats=(Seat(role="head", required=True, recuse=("requester", "same-unit")),),
)
PLAN = Plan(track="deep", steps=(EXPERTS, BOARD, DECISION), within="5 business days")
ROLES = ("security", "legal", "privacy", "owner", "risk", "head")
REQUESTER = "usr_0"
MATTER = Matter(requester=REQUESTER, unit="search")


def who(name: str, *roles: str, unit: str = "office", lent: str = "") -> Reviewer:
    return Reviewer(
        id=name, roles=frozenset(roles), units=frozenset({unit}), declares=True,
        lent=dict.fromkeys(lent.split(), "usr_lender"),
    )  # fmt: skip


def signed(case: Case, *voices: tuple[str, str, Answer]) -> Case:
    for name, role, answer in voices:
        case = state.sign(case, who(name, role), role, answer)
    return case


EXPERT_YES: tuple[tuple[str, str, Answer], ...] = (
    ("usr_1", "security", "yes"), ("usr_2", "legal", "yes"),
    ("usr_3", "owner", "yes"), ("usr_4", "owner", "yes"),
)  # fmt: skip


def test_steps_follow_each_other_to_an_approval() -> None:
    case = Case(plan=PLAN, matter=MATTER)
    with pytest.raises(ConflictError) as early:
        state.sign(case, who("usr_9", "head"), "head", "yes")
    assert early.value.code == "review.step"
    case = signed(case, *EXPERT_YES)
    assert standing(case).step == 1
    case = signed(case, ("usr_5", "risk", "yes"), ("usr_2", "legal", "abstain"))
    case = state.minute(case, who("usr_5", "risk"), frozenset({"usr_5", "usr_2"}))
    assert standing(case).step == 2
    case = signed(case, ("usr_9", "head", "yes"))
    assert case.state == "approved"
    with pytest.raises(ConflictError):
        state.sign(case, who("usr_8", "legal"), "legal", "no")


def test_one_person_fills_one_seat() -> None:
    case = state.sign(
        Case(plan=PLAN, matter=MATTER), who("usr_1", "security", "legal"), "security", "yes"
    )
    with pytest.raises(ConflictError) as caught:
        state.sign(case, who("usr_1", "security", "legal"), "legal", "yes")
    assert caught.value.code == "review.signed"


def test_a_taken_seat_is_taken() -> None:
    case = signed(Case(plan=PLAN, matter=MATTER), ("usr_1", "security", "yes"))
    with pytest.raises(ConflictError) as caught:
        state.sign(case, who("usr_2", "security"), "security", "yes")
    assert caught.value.code == "review.seat-taken"


def test_the_no_of_a_required_seat_rejects_and_of_a_listed_one_does_when_it_must() -> None:
    begun = Case(plan=PLAN, matter=MATTER)
    assert signed(begun, ("usr_1", "owner", "no")).state == "rejected"
    one = signed(begun, ("usr_1", "legal", "no"))
    assert one.state == "open"
    assert signed(one, ("usr_2", "security", "no")).state == "rejected"


def test_a_committee_needs_quorum_people_from_outside_and_its_chair() -> None:
    case = signed(Case(plan=PLAN, matter=MATTER), *EXPERT_YES)
    chair = who("usr_5", "risk", unit="search")
    case = state.sign(case, chair, "risk", "yes")
    with pytest.raises(ConflictError) as few:
        state.minute(case, chair, frozenset({"usr_5"}))
    assert few.value.code == "review.quorum"
    case = state.sign(case, who("usr_6", "legal", unit="search"), "legal", "yes")
    with pytest.raises(ConflictError, match="outside"):
        state.minute(case, chair, frozenset({"usr_5", "usr_6"}))
    case = state.sign(case, who("usr_7", "privacy"), "privacy", "no")
    with pytest.raises(ConflictError) as absent:
        state.minute(case, chair, frozenset({"usr_5", "usr_6"}))
    assert absent.value.code == "review.attendance"
    with pytest.raises(ForbiddenError) as wrong:
        state.minute(case, who("usr_6", "legal"), frozenset({"usr_5", "usr_6", "usr_7"}))
    assert wrong.value.code == "review.chair"
    case = state.minute(case, chair, frozenset({"usr_5", "usr_6", "usr_7"}))
    assert standing(case).step == 2


def test_only_members_of_a_committee_abstain() -> None:
    with pytest.raises(InputError):
        signed(Case(plan=PLAN, matter=MATTER), ("usr_1", "security", "abstain"))


@pytest.mark.parametrize(
    ("majority", "votes", "won"),
    [
        ("simple", "yyn", True), ("simple", "yn", False), ("simple", "aa", False),
        ("two-thirds", "yyn", True), ("two-thirds", "yn", False), ("two-thirds", "ya", True),
        ("unanimous", "yya", True), ("unanimous", "yyyn", False), ("unanimous", "a", False),
    ],
)  # fmt: skip
def test_majorities(majority: str, votes: str, won: bool) -> None:
    terms = CommitteeTerms(name="b", title="B", quorum=1, majority=majority)
    answers: dict[str, Answer] = {"y": "yes", "n": "no", "a": "abstain"}
    said = [Voice(person=str(n), role="r", answer=answers[v]) for n, v in enumerate(votes)]
    assert carried(terms, said) is won


@pytest.mark.parametrize(
    ("seat", "person", "code"),
    [
        (Seat(role="head"), who(REQUESTER, "head"), "review.requester"),
        (Seat(role="head"), who("usr_1", "head", "administrator"), "review.apart"),
        (Seat(role="head"), who("usr_1", "head", "auditor"), "review.apart"),
        (Seat(role="head"), who("usr_1", "legal"), "review.role"),
        (Seat(role="head"), who("usr_gone", "head"), "review.recused"),
        (
            Seat(role="head", recuse=("same-unit",)), who("usr_1", "head", unit="search"),
            "review.recused",
        ),
        (
            Seat(role="head", recuse=("model-owner",)),
            who("usr_1", "head", "model-owner", unit="search"), "review.recused",
        ),
        (
            Seat(role="head", recuse=("financial-interest",)),
            Reviewer(id="usr_1", roles=frozenset({"head"})), "review.declaration",
        ),
        (Seat(role="head", training=("course",)), who("usr_1", "head"), "review.training"),
        (Seat(role="head", held_by=("a@b.org",)), who("usr_1", "head"), "review.role"),
        (Seat(role="head", held_by=()), who("usr_1", "head"), "review.role"),
        (Seat(role="head", held_by=("a-group",)), who("usr_1", "head"), None),
        (Seat(role="head"), Reviewer(id="usr_1", lent={"head": "usr_2"}), None),
        (Seat(role="head"), Reviewer(id="usr_1", lent={"head": REQUESTER}), "review.role"),
        (Seat(role="head"), Reviewer(id=REQUESTER, lent={"head": "usr_2"}), "review.requester"),
        (Seat(role="head"), Reviewer(id="usr_1", lent={"head": "usr_gone"}), "review.role"),
        (Seat(role="head"), Reviewer(id="usr_1", standing_in=frozenset({"head"})), None),
    ],
)  # fmt: skip
def test_who_may_fill_a_seat(seat: Seat, person: Reviewer, code: str | None) -> None:
    matter = Matter(requester=REQUESTER, unit="search", recused=frozenset({"usr_gone"}))
    refused = refusal(seat, person, matter)
    assert (refused.code if refused else None) == code
    if refused:
        assert refused.said.endswith((".", "you."))
        assert refused.step


Step = Callable[[Case], Case]
PEOPLE = st.integers(0, 7).map(lambda number: f"usr_{number}")
BODY = st.builds(
    Reviewer,
    id=PEOPLE,
    roles=st.frozensets(st.sampled_from([*ROLES, "administrator"]), max_size=4),
    units=st.sampled_from([frozenset({"search"}), frozenset({"office"})]),
    lent=st.dictionaries(st.sampled_from(ROLES), PEOPLE, max_size=2),
    declares=st.booleans(),
)
ANSWERS: list[Answer] = ["yes", "yes", "yes", "no", "abstain"]
EVENTS = st.one_of(
    st.tuples(BODY, st.sampled_from(ROLES), st.sampled_from(ANSWERS)).map(
        lambda e: lambda case: state.sign(case, *e)
    ),
    st.tuples(PEOPLE, st.sampled_from(ROLES), st.sampled_from(ANSWERS)).map(
        lambda e: lambda case: state.sign(case, who(e[0], e[1]), e[1], e[2])
    ),
    PEOPLE.map(lambda name: lambda case: state.step_aside(case, name)),
    BODY.map(lambda body: lambda case: state.ask_changes(case, body)),
    st.sampled_from([None, PLAN]).map(lambda plan: lambda case: state.resubmit(case, plan)),
    st.tuples(PEOPLE, st.frozensets(PEOPLE, min_size=2)).map(
        lambda e: lambda case: state.minute(case, who(e[0], "risk"), e[1] | {e[0]})
    ),
)


@settings(max_examples=300)
@given(st.lists(EVENTS, max_size=40), st.booleans())
def test_no_order_of_events_gets_around_it(events: list[Step], eager: bool) -> None:
    case = Case(plan=PLAN, matter=MATTER)
    if eager:
        case = signed(case, *EXPERT_YES)
    for event in events:
        before = case
        try:
            case = event(case)
        except (ConflictError, ForbiddenError, InputError):
            assert case is before
            continue
        assert before.state not in state.CLOSED, "nothing moves once it is closed"
        assert all(voice.person != REQUESTER for voice in case.voices)
    voices = heard(case)
    for place in ("", "board"):
        said = [voice.person for voice in voices if voice.place == place]
        assert len(said) == len(set(said)), "one person, one seat"
    if case.state == "approved":
        yes = {(v.role, v.place): v.person for v in voices if v.answer == "yes"}
        owners = {v.person for v in voices if v.role == "owner" and v.answer == "yes"}
        assert len(owners) == 2
        assert sum((role, "") in yes for role in ("security", "legal", "privacy")) >= 2
        assert ("head", "") in yes
        assert not any(v.answer == "no" and v.role in ("owner", "head") for v in voices)
        board = [v for v in voices if v.place == "board"]
        assert len(board) >= 2
        assert any(v.outside for v in board)
        assert carried(TERMS, board)
    elif case.state == "open":
        at = standing(case)
        assert at.outcome == ""
        assert at.waits or PLAN.steps[at.step].committee, "somebody can go on"


def test_stepping_aside_takes_the_voice_back() -> None:
    case = signed(Case(plan=PLAN, matter=MATTER), *EXPERT_YES)
    assert standing(case).step == 1
    case = state.step_aside(case, "usr_3")
    assert standing(case).step == 0
    assert [wait.role for wait in standing(case).waits] == ["owner"]
    with pytest.raises(ForbiddenError):
        state.sign(case, who("usr_3", "owner"), "owner", "yes")
