# SPDX-License-Identifier: Apache-2.0
"""Reviews through their verbs and their door, on both databases."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select
from tests.governance.review.people import ASSESSMENT, Company, small, small_review
from tests.server import NOON, Doors

from steelyard.bootstrap.house import House
from steelyard.governance.clocks import queries as clocks
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake import service as intake
from steelyard.governance.review import committee, delegation, queries, service, talk
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.assessment import Review, ReviewStep, SignOff
from steelyard.kernel.errors import (
    ConflictError,
    FieldErrors,
    ForbiddenError,
    MissingError,
    StaleError,
)
from steelyard.platform.log.tables import EventRow
from steelyard.platform.notify.tables import NoticeRow
from steelyard.worker.handlers import clock_remind

LATER = dt.timedelta(days=10)


@pytest.fixture
def company(house: House) -> Iterator[Company]:
    yield Company(house)


def board_review() -> Review:
    step = ReviewStep(name="board", committee="board", within="10 business days")
    asked = SignOff(role="board", why="track fast, step board")
    return small_review(asked, steps=(step,))


def code(error: pytest.ExceptionInfo[ForbiddenError | ConflictError]) -> str:
    return error.value.code


def state_of(company: Company) -> tuple[str, str]:
    with company.house.reading() as session:
        row = requests.row_of(session, SYSTEM, company.request)
        return row.state, row.stage


def test_sign_offs_to_quorum_and_the_decision_right(company: Company) -> None:
    begun = company.open()
    assert begun.review.waits_for == ("legal", "privacy", "security")
    assert state_of(company) == ("submitted", "in review")
    sara, lena = company.person("sara", "security"), company.person("lena", "legal")
    company.sign(sara, "security", conditions=("Pin the commit.",))
    now = company.sign(lena, "legal")
    assert now.review.step == "decision"
    assert now.review.waits_for == ("head-of-risk",)
    with pytest.raises(ConflictError) as late:
        company.sign(company.person("paul", "privacy"), "privacy")
    assert code(late) == "review.step"
    done = company.sign(company.person("hugo", "head-of-risk"), "head-of-risk")
    assert done.review.state == "approved"
    assert company.jobs("review.completed") == [{"review": done.review.id}]
    with company.house.reading() as session:
        outcome = queries.outcome_of(session, done.review.id)
        times = clocks.of_subject(session, done.review.id)
    assert [each.text for each in outcome.conditions] == ["Pin the commit."]
    assert {each.role for each in outcome.sign_offs} == {"security", "legal", "head-of-risk"}
    assert [each.state for each in times] == ["met"]


def test_whoever_asks_never_decides(company: Company) -> None:
    company.open()
    for role in ("security", "legal"):
        with pytest.raises(ForbiddenError) as caught:
            company.sign(company.anna, role)
        assert code(caught) == "review.requester"
    admin = company.person("ada", "administrator", "security")
    with pytest.raises(ForbiddenError) as caught:
        company.sign(admin, "security")
    assert code(caught) == "review.apart"
    with pytest.raises(ForbiddenError) as robot:
        company.sign(Actor(id="rob_1", alias="act_r", kind="robot", roles=admin.roles), "security")
    assert code(robot) == "review.person"


def test_training_unit_and_role_are_asked_for(company: Company) -> None:
    company.open()
    untaught = company.person("ute", "security", trained=False)
    with pytest.raises(ForbiddenError, match="secure-coding") as caught:
        company.sign(untaught, "security")
    assert code(caught) == "review.training"
    company.sign(company.person("sara", "security"), "security")
    company.sign(company.person("lena", "legal"), "legal")
    with pytest.raises(ForbiddenError) as near:
        company.sign(company.person("nina", "head-of-risk", unit="search"), "head-of-risk")
    assert code(near) == "review.recused"
    with pytest.raises(ForbiddenError) as odd:
        company.sign(company.person("cora", "chef"), "chef")
    assert code(odd) == "review.role"


def test_a_no_needs_a_reason_and_rejects(company: Company) -> None:
    company.open()
    company.sign(company.person("sara", "security"), "security")
    company.sign(company.person("lena", "legal"), "legal")
    hugo = company.person("hugo", "head-of-risk")
    with pytest.raises(FieldErrors):
        company.sign(hugo, "head-of-risk", "no", reason=" ")
    with pytest.raises(FieldErrors):
        company.sign(hugo, "head-of-risk", "no", conditions=("x",))
    now = company.sign(hugo, "head-of-risk", "no", reason="Nobody can run this.")
    assert now.review.state == "rejected"
    assert company.jobs("review.completed")


def test_a_review_says_what_should_be_better_or_that_nothing_should(company: Company) -> None:
    company.open()
    company.sign(company.person("sara", "security"), "security", nothing_to_improve=False)
    company.sign(company.person("lena", "legal"), "legal", nothing_to_improve=False)
    hugo = company.person("hugo", "head-of-risk")
    with pytest.raises(ConflictError) as caught:
        company.sign(hugo, "head-of-risk", nothing_to_improve=False)
    assert code(caught) == "review.improvement"
    assert company.sign(hugo, "head-of-risk").nothing_to_improve


def test_changes_stop_the_clock_until_the_requester_answers(company: Company) -> None:
    begun = company.open()
    sara, lena = company.person("sara", "security"), company.person("lena", "legal")
    company.sign(sara, "security")

    def ask(who: Actor) -> None:
        company.house.transact(
            lambda work: service.ask_changes(
                work, who, begun.review.id, (("rule:license-is-there", "Attach the license."),)
            )
        )

    with pytest.raises(ForbiddenError):
        ask(company.person("otto", "auditor"))
    with pytest.raises(ForbiddenError) as own:
        ask(company.anna)
    assert code(own) == "review.requester"
    ask(lena)
    assert state_of(company) == ("changes requested", "")
    with pytest.raises(ConflictError):
        company.sign(lena, "legal")
    company.forward(days=30)
    with company.house.reading() as session:
        assert clocks.of_subject(session, begun.review.id)[0].state == "paused"
    with pytest.raises(ForbiddenError):
        company.house.transact(
            lambda work: service.resubmit(work, lena, begun.review.id, "Let us go on.")
        )
    now = company.house.transact(
        lambda work: service.resubmit(work, company.anna, begun.review.id, "See line 3.")
    )
    assert state_of(company) == ("submitted", "in review")
    assert now.review.due > NOON + dt.timedelta(days=30)
    assert {each.kind for each in now.comments} == {"change", "comment"}
    assert company.sign(lena, "legal").review.step == "decision"


def test_a_new_assessment_asks_everybody_anew(company: Company) -> None:
    begun = company.open()
    sara = company.person("sara", "security")
    company.sign(sara, "security")
    assert company.open().version == company.now().version
    again = company.open(assessment="asm_01k00000000000000000000002")
    assert (again.review.id, again.review.round) == (begun.review.id, 2)
    assert [sign.counts for sign in again.sign_offs] == [False]
    now = company.sign(sara, "security")
    assert [sign.counts for sign in now.sign_offs] == [False, True]


def test_a_request_that_is_taken_back_ends_its_review(company: Company) -> None:
    company.open()
    company.house.transact(lambda work: intake.withdraw(work, company.anna, company.request))
    with pytest.raises(ConflictError):
        company.sign(company.person("sara", "security"), "security")
    assert company.house.transact(
        lambda work: service.close_of_request(work, company.request, "it was taken back")
    )
    assert company.now().review.state == "withdrawn"
    assert company.jobs("review.completed") == []


def test_stepping_aside(company: Company) -> None:
    begun = company.open()
    sara = company.person("sara", "security")
    company.sign(sara, "security")
    now = company.house.transact(
        lambda work: service.recuse(work, sara, begun.review.id, "My brother made it.")
    )
    assert [sign.counts for sign in now.sign_offs] == [False]
    assert "security" in now.review.waits_for
    with pytest.raises(ForbiddenError, match="stepped aside"):
        company.sign(company.person("sara"), "security")
    company.sign(company.person("sven", "security"), "security")


def test_a_right_is_handed_on_as_far_as_the_charter_allows(company: Company) -> None:
    begun = company.open()
    hugo, rita = company.person("hugo", "head-of-risk"), company.person("rita", "risk")
    review, until = begun.review.id, NOON + LATER

    def hand(who: Actor, role: str, to: str, when: dt.datetime = until) -> str:
        return company.house.transact(
            lambda work: delegation.delegate(work, who, role, to, when, review_id=review)
        ).id

    lena = company.person("lena", "legal")
    attempts: tuple[Callable[[], object], ...] = (
        lambda: hand(hugo, "head-of-risk", lena.id),
        lambda: hand(hugo, "head-of-risk", rita.id, NOON + dt.timedelta(days=40)),
        lambda: hand(hugo, "head-of-risk", company.anna.id),
        lambda: hand(company.anna, "head-of-risk", rita.id),
        lambda: hand(lena, "legal", rita.id),
        lambda: hand(rita, "head-of-risk", lena.id),
    )
    for refused in attempts:
        with pytest.raises(ForbiddenError):
            refused()
    company.sign(company.person("sara", "security"), "security")
    company.sign(lena, "legal")
    with pytest.raises(ForbiddenError):
        company.sign(rita, "head-of-risk")
    made = hand(hugo, "head-of-risk", rita.id)
    with company.house.reading() as session:
        assert [each.role for each in queries.queue(session, rita, NOON, limit=9)] == [
            "head-of-risk"
        ]
    company.house.transact(lambda work: delegation.revoke(work, hugo, made, 1))
    with pytest.raises(ForbiddenError):
        company.sign(rita, "head-of-risk")
    hand(hugo, "head-of-risk", rita.id)
    done = company.sign(rita, "head-of-risk")
    assert done.review.state == "approved"
    assert done.sign_offs[-1].lent_by == hugo.id


def test_a_deputy_stands_in_where_nobody_holds_the_role(company: Company) -> None:
    company.open()
    rita = company.person("rita", "risk")
    company.sign(company.person("sara", "security"), "security")
    company.sign(company.person("lena", "legal"), "legal")
    # Anna holds the role too, but it is her request.
    assert company.sign(rita, "head-of-risk").review.state == "approved"


def test_no_deputy_where_somebody_can_sign(company: Company) -> None:
    company.open()
    company.person("hugo", "head-of-risk")
    rita = company.person("rita", "risk")
    company.sign(company.person("sara", "security"), "security")
    company.sign(company.person("lena", "legal"), "legal")
    with pytest.raises(ForbiddenError):
        company.sign(rita, "head-of-risk")


def test_a_committee_meets_votes_and_keeps_minutes(company: Company) -> None:
    begun = company.open(board_review())
    review = begun.review.id
    company.sign(company.person("sara", "security"), "security")
    company.sign(company.person("lena", "legal"), "legal")
    now = company.now()
    assert now.review.step == "board"
    rita, paul = company.person("rita", "risk"), company.person("paul", "privacy")
    called = company.house.transact(
        lambda work: committee.convene(work, rita, review, NOON + LATER)
    )
    assert called.state == "convened"
    with pytest.raises(ForbiddenError) as silent:
        company.sign(rita, "risk", declares=False)
    assert code(silent) == "review.declaration"
    company.sign(rita, "risk")
    text = "We looked at the pilot and at the people it reaches."

    def minute(who: Actor) -> str:
        return company.house.transact(
            lambda work: committee.minute(work, who, review, text, (rita.id, paul.id))
        ).review.step

    with pytest.raises(ConflictError) as few:
        minute(rita)
    assert code(few) == "review.quorum"
    company.sign(paul, "privacy", "abstain")
    with pytest.raises(ForbiddenError):
        minute(paul)
    assert minute(rita) == "decision"
    meeting = company.now().meetings[0]
    assert (meeting.id, meeting.state, meeting.carried) == (called.id, "minuted", True)
    assert len(meeting.minutes_sha256) == 64
    with company.house.reading() as session:
        steps = [each for each in clocks.of_subject(session, review) if each.kind == "step"]
    assert [each.state for each in steps] == ["met"]


def test_the_ledger_holds_no_names_and_no_typed_text(company: Company) -> None:
    company.open()
    sara = company.person("sara", "security")
    company.sign(sara, "security", reason="Unspeakable details", conditions=("Secret terms",))
    company.house.transact(
        lambda work: talk.comment(
            work, sara, company.now().review.id, "Hello @anna@example.org, unspeakable."
        )
    )
    with company.house.reading() as session:
        leaves = b"\n".join(session.scalars(select(EventRow.leaf)))
    for word in (b"nspeakable", b"Secret terms", b"example.org", b"Sara"):
        assert word not in leaves.replace(b"ai@example.org", b"")
    assert company.now().comments[0].mentions == (company.anna.id,)


def test_what_waits_for_somebody(company: Company) -> None:
    company.open()
    sara, lena = company.person("sara", "security"), company.person("lena", "legal")

    def waits(who: Actor) -> list[str]:
        with company.house.reading() as session:
            return [each.role for each in queries.queue(session, who, NOON, limit=10)]

    assert waits(sara) == ["security"]
    assert waits(company.anna) == []
    assert waits(company.person("ute", "security", trained=False)) == []
    company.sign(sara, "security")
    assert waits(sara) == []
    assert waits(lena) == ["legal"]
    both = company.person("bo", "legal", "privacy")
    assert waits(both) == ["legal", "privacy"]
    company.sign(both, "legal")
    assert waits(both) == waits(lena) == []


def test_a_late_review_climbs_to_the_sponsor(company: Company) -> None:
    begun = company.open()
    company.forward(days=6)
    company.forward(days=30)
    with company.house.reading() as session:
        (clock,) = clocks.of_subject(session, begun.review.id)
    assert (clock.state, clock.ladder[-1], clock.rung) == ("overdue", "executive-sponsor", 2)
    company.sign(company.person("sara", "security"), "security")
    company.sign(company.person("lena", "legal"), "legal")
    company.sign(company.person("hugo", "head-of-risk"), "head-of-risk")
    with company.house.reading() as session:
        assert clocks.of_subject(session, begun.review.id)[0].met_late


def test_sign_offs_race_safely(company: Company) -> None:
    if company.house.database.sqlite:
        pytest.skip("one writer at a time")
    company.open()
    crowd = [company.person(f"sec{number}", "security") for number in range(4)]
    crowd += [crowd[0], crowd[1]]
    hugo = company.person("hugo", "head-of-risk")
    lena = company.person("lena", "legal")
    outcomes: list[str] = []

    def attempt(who: Actor, role: str) -> None:
        try:
            company.sign(who, role)
            outcomes.append("done")
        except (ConflictError, ForbiddenError) as error:
            outcomes.append(error.code)

    def run(work: list[tuple[Actor, str]]) -> None:
        threads = [threading.Thread(target=attempt, args=each) for each in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    run([(who, "security") for who in crowd])
    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", "review.signed", "review.seat-taken"}
    outcomes.clear()
    run([(lena, "legal"), (lena, "legal"), (lena, "legal")])
    assert outcomes.count("done") == 1
    outcomes.clear()
    run([(hugo, "head-of-risk")] * 4)
    assert outcomes.count("done") == 1
    assert len(company.jobs("review.completed")) >= 1
    roles = sorted(each.role for each in company.now().sign_offs)
    assert roles == ["head-of-risk", "legal", "security"]


def test_through_the_door(company: Company) -> None:
    doors = Doors(company.house)
    begun = company.open()
    path = f"/api/v1/reviews/{begun.review.id}"
    sara = doors.as_(company.person("sara", "security"))
    got = sara.get(path)
    assert got.status_code == 200, got.text
    assert got.json()["names"][company.anna.id] == "Anna"
    given = {"role": "security", "answer": "yes", "nothing_to_improve": True}
    assert sara.post(f"{path}/sign-offs", json=given).status_code == 428
    tag = {"if-match": got.headers["etag"]}
    assert sara.post(f"{path}/sign-offs", json={**given, "x": 1}, headers=tag).status_code == 422
    done = sara.post(f"{path}/sign-offs", json=given, headers=tag)
    assert done.status_code == 201, done.text
    stale = sara.post(f"{path}/sign-offs", json=given, headers=tag)
    assert stale.status_code == 412
    again = sara.post(f"{path}/sign-offs", json=given, headers={"if-match": done.headers["etag"]})
    assert (again.status_code, again.json()["code"]) == (409, "review.signed")
    anna = doors.as_(company.anna)
    own = anna.post(
        f"{path}/sign-offs",
        json={**given, "role": "legal"},
        headers={"if-match": done.headers["etag"]},
    )
    assert (own.status_code, own.json()["code"]) == (403, "review.requester")
    queue = doors.as_(company.person("lena", "legal")).get("/api/v1/reviews/queue").json()
    assert [each["role"] for each in queue["items"]] == ["legal"]
    said = anna.post(f"{path}/comments", json={"text": "See @sara@example.org"})
    assert said.status_code == 201
    outsider = doors.as_(company.person("carl", "requester", unit="office"))
    assert outsider.get(path).status_code == 404
    assert outsider.get("/api/v1/reviews").json()["items"] == []
    assert len(anna.get("/api/v1/reviews?state=open").json()["items"]) == 1
    auditor = doors.as_(company.person("otto", "auditor"))
    assert auditor.get(path).status_code == 200
    assert auditor.post(f"{path}/comments", json={"text": "Hm"}).status_code == 403
    assert auditor.post(f"{path}/sign-offs", json=given).status_code == 403


def test_people_are_told(company: Company) -> None:
    sara, lena = company.person("sara", "security"), company.person("lena", "legal")
    hugo = company.person("hugo", "head-of-risk")

    def told(who: Actor) -> list[str]:
        with company.house.reading() as session:
            query = select(NoticeRow.kind).where(NoticeRow.person == who.id)
            return list(session.scalars(query.order_by(NoticeRow.at, NoticeRow.id)))

    begun = company.open()
    assert told(sara) == ["review.waiting"]
    assert told(hugo) == []
    company.forward(days=6)
    assert company.jobs("clock.remind"), "a day before the end"
    company.house.transact(lambda work: clock_remind(work, company.jobs("clock.remind")[0]))
    assert told(sara) == ["review.waiting"] * 2
    company.forward(days=2)
    assert told(hugo) == ["clock.due"]
    company.sign(sara, "security")
    company.house.transact(
        lambda work: talk.comment(work, sara, begun.review.id, "@lena@example.org, your turn.")
    )
    assert told(lena)[-1] == "review.mentioned"
    company.house.transact(
        lambda work: service.ask_changes(work, lena, begun.review.id, (("", "Attach it."),))
    )
    assert told(company.anna)[-1] == "review.changes"


def test_what_does_not_exist(company: Company) -> None:
    with pytest.raises(MissingError):
        company.sign(company.person("sara", "security"), "security", review="rvw_x")
    begun = company.open()
    with pytest.raises(StaleError):
        company.sign(company.person("sara", "security"), "security", expected=77)
    assert begun.review.assessment == ASSESSMENT
    assert small().name == "small"
