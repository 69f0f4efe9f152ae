# SPDX-License-Identifier: Apache-2.0
"""A request in review is judged anew when an exception begins and when it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select
from tests.corpus.build import config, safetensors
from tests.governance.assessment.server_models import last_job, write
from tests.governance.decision.build import Desk
from tests.governance.exceptions.test_exceptions import begun, rung, vote
from tests.governance.review.people import Company, small

from steelyard.bootstrap.house import House
from steelyard.governance.assessment import begin
from steelyard.governance.assessment.tables import AssessmentRow
from steelyard.governance.decision import queries as decisions
from steelyard.governance.decision.facts import Term
from steelyard.governance.exceptions.tables import ExceptionRow
from steelyard.governance.intake import service as intake
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.assessment import Assessment
from steelyard.platform.notify.tables import NoticeRow
from steelyard.platform.settings import Settings
from steelyard.platform.work import Work
from steelyard.worker import flow
from steelyard.worker.handlers import HANDLERS


def do(house: House, kind: str) -> None:
    """Do the last job of a kind that was put."""
    house.transact(HANDLERS[kind](house, last_job(house, kind)))


def judged(house: House, company: Company) -> Assessment:
    """Return the assessment people are asked about."""
    with house.reading() as session:
        row = session.get_one(AssessmentRow, company.now().review.assessment)
        from steelyard.governance.assessment.views import view

        return flow.judged(house, view(row))


def told(house: House, person: str) -> list[str]:
    with house.reading() as session:
        query = select(NoticeRow.kind).where(NoticeRow.person == person)
        return list(session.scalars(query.order_by(NoticeRow.id)))


def in_review(house: House, directory: Path) -> Company:
    """Return a company whose request, for a model without a card, is in review."""
    company = Company(house)
    company.adopt(small())
    house.settings = Settings.model_construct(data=directory / "data", local_models=True)
    (directory / "data").mkdir()
    files = {
        "config.json": config(model_type="bert", architectures=["BertModel"]),
        "model.safetensors": safetensors(),
    }
    reference = write(directory / "m", files)

    def act(work: Work) -> str:
        made = intake.draft(
            work, company.anna, reference=reference, use_case=company.case,
            justification="The search needs better passages.",
        )  # fmt: skip
        return intake.submit(work, company.anna, made.id).id

    company.person("lena", "legal")
    company.request = house.transact(act)
    do(house, intake.ASSESS)
    return company


def test_an_exception_changes_what_a_request_in_review_is_asked(
    house: House, tmp_path: Path
) -> None:
    company = in_review(house, tmp_path)
    first = company.now().review
    before = judged(house, company)
    assert "documented" in {each.rule for each in before.decision.reasons}
    assert before.decision.conditions == ()
    sara = company.person("sara", "security")
    company.sign(sara, "security")

    made = begun(company)
    vote(company, company.person("hugo", "head-of-risk"), made.id, "head-of-risk")
    do(house, "exception.changed")
    do(house, begin.REFRESH)
    anew = company.now().review
    assert (anew.id, anew.round, anew.state) == (first.id, 2, "open")
    assert anew.assessment != first.assessment
    (condition,) = judged(house, company).decision.conditions
    assert condition.text.startswith(f"By exception {made.id}")
    assert not any(each.counts for each in company.now().sign_offs), "everybody is asked anew"
    assert "review.reopened" in told(house, sara.id)
    assert "review.reopened" in told(house, company.person("lena").id)

    do(house, "exception.changed")
    do(house, begin.REFRESH)
    assert company.now().review.round == 2, "nothing has changed"

    company.forward(days=68)
    rung(company, made.id)
    do(house, "exception.changed")
    do(house, begin.REFRESH)
    assert company.now().review.round == 3
    again = judged(house, company)
    assert again.decision.conditions == ()
    assert "documented" in {each.rule for each in again.decision.reasons}
    assert "exception.ended" in told(house, company.anna.id)


def test_changes_asked_for_stand_and_the_answer_brings_the_new_judgement(
    house: House, tmp_path: Path
) -> None:
    company = in_review(house, tmp_path)
    lena = company.person("lena")
    review = company.now().review

    def change(verb: Any, who: Any, *words: Any) -> None:
        house.transact(lambda work: verb(work, who, review.id, *words))

    from steelyard.governance.review import service

    change(service.ask_changes, lena, (("card", "Write one."),))
    made = begun(company)
    vote(company, company.person("hugo", "head-of-risk"), made.id, "head-of-risk")
    do(house, "exception.changed")
    do(house, begin.REFRESH)
    assert (company.now().review.state, company.now().review.round) == ("changes requested", 1)
    change(service.resubmit, company.anna, "There is an exception now.")
    do(house, service.RESUMED)
    do(house, begin.REFRESH)
    assert (company.now().review.state, company.now().review.round) == ("open", 2)
    assert judged(house, company).decision.conditions


def test_an_exception_lifts_conditions_of_its_rule_until_it_ends(house: House) -> None:
    desk = Desk(house)
    made = desk.decide(terms=(Term(text="Only 100 users.", rule="users"),))
    now = house.clock()
    row = ExceptionRow(
        id="exc_1", rule="users", request=made.request, revision=made.revision,
        use_case=made.use_case, environment=made.environment, unit=made.unit, tier="low",
        reason="", controls=[], answers={}, owner="usr_x", until=now.date(), state="active",
        asked_by="usr_x", charter="", plan={}, round=1, renewals=0, granted_at=now, expires=now,
        ended_at=None, ended_by="", end_reason="", created_at=now, updated_at=now, version=1,
    )  # fmt: skip
    house.transact(lambda work: work.session.add(row))

    def states() -> list[str]:
        house.transact(HANDLERS["exception.changed"](house, {"exception": "exc_1"}))
        with house.reading() as session:
            found = decisions.get(session, SYSTEM, made.id)
        return [each.state for each in found.conditions if each.rule == "users"]

    assert states() == ["waived"]
    house.transact(
        lambda work: setattr(work.session.get(ExceptionRow, "exc_1"), "state", "expired")
    )
    assert states() == ["open"]
