# SPDX-License-Identifier: Apache-2.0
"""Who is told what: of retirements, suppliers, failures and expired proofs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from msgspec import structs
from sqlalchemy import select
from tests.governance.assessment.server_models import CASE, MODEL, WHY, furnish, write
from tests.governance.inventory.samples import snapshot
from tests.server import Clock, KeptJobs, person

from steelyard.bootstrap.house import House
from steelyard.governance.assessment import begin, evidencing, run
from steelyard.governance.assessment.evidence import EvidenceView
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake import service as intake
from steelyard.governance.inventory import retirement, supplying, uploads
from steelyard.governance.inventory import service as inventory
from steelyard.governance.use_cases import service as use_cases
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.platform.identity import accounts
from steelyard.platform.identity.people import by_mail
from steelyard.platform.notify.tables import NoticeRow
from steelyard.platform.work import Work
from steelyard.worker.handlers import HANDLERS, SCHEDULES


def work_off(house: House, *kinds: str) -> None:
    """Do every job of these kinds that was put, in order."""
    assert isinstance(house.jobs, KeptJobs)
    due = [job for job in house.jobs.jobs if job.kind in kinds]
    house.jobs.jobs = [job for job in house.jobs.jobs if job.kind not in kinds]
    for job in due:
        house.transact(HANDLERS[job.kind](house, job.payload))


def notices(house: House) -> list[tuple[str, str]]:
    with house.reading() as session:
        rows = session.scalars(select(NoticeRow).order_by(NoticeRow.id)).all()
        return [(row.kind, row.title) for row in rows]


def account(house: House, name: str, role: str) -> Actor:
    def make(work: Work) -> Actor:
        made = accounts.create(work, SYSTEM, f"{name}@example.org", name=name, state="active")
        work.session.flush()
        accounts.grant(work, SYSTEM, made.id, role)
        return person(name, role)

    actor = house.transact(make)
    with house.reading() as session:
        found = by_mail(session, f"{name}@example.org")
    assert found is not None
    return structs.replace(actor, id=found.id, alias=found.alias)


def test_who_uses_a_revision_is_told_before_it_ends(house: House) -> None:
    anna, moritz = account(house, "anna", "requester"), account(house, "moritz", "model-owner")

    def adopt(work: Work) -> str:
        seen = snapshot("acme/tiny")
        model = inventory.register_model(
            work, moritz, purl="pkg:huggingface/acme/tiny", name="acme/tiny", publisher="acme"
        )
        made = inventory.register_revision(
            work, moritz, model=model.id, purl=seen.purl, justification=WHY
        )
        case = use_cases.register(work, anna, CASE)
        work.session.flush()
        asked = intake.draft(work, anna, reference=made.id, use_case=case.id, justification=WHY)
        intake.submit(work, anna, asked.id)
        intake.mark(work, SYSTEM, asked.id, "approved")
        supplying.register_supplier(work, moritz, name="acme", support="commercial")
        return made.id

    revision = house.transact(adopt)
    house.transact(
        lambda work: retirement.retire(
            work, moritz, revision, dt.date(2026, 12, 1), notice="Use the next one."
        )
    )
    work_off(house, retirement.NOTICE)
    assert notices(house) == [("revision.retiring", "acme/tiny ends on 2026-12-01")]
    assert isinstance(house.clock, Clock)
    house.clock.forward(days=10)
    work_off(house, retirement.RETIRE)
    work_off(house, retirement.NOTICE)
    assert notices(house)[-1] == ("revision.retired", "acme/tiny was retired")
    with house.reading() as session:
        text = session.scalars(select(NoticeRow.text).order_by(NoticeRow.id.desc())).first()
        supplier = supplying.find_suppliers(session, limit=1)[0].id
    assert text is not None
    assert "internal-search uses in sandbox" in text
    house.clock.forward(seconds=1)
    house.transact(
        lambda work: supplying.change_supplier(work, moritz, supplier, 1, support="none")
    )
    work_off(house, supplying.TRIGGER)
    assert notices(house)[-1] == ("supplier.support", "There is less support: acme")


def test_a_failure_reaches_whoever_can_mend_it(house: House, tmp_path: Path) -> None:
    anna, _ = account(house, "anna", "requester"), account(house, "olga", "platform-operator")
    furnish(house, tmp_path)
    case = house.transact(lambda work: use_cases.register(work, anna, CASE)).id

    def ask(work: Work) -> str:
        asked = intake.draft(work, anna, reference="dir:/nowhere", use_case=case, justification=WHY)
        return intake.submit(work, anna, asked.id).id

    request = house.transact(ask)
    house.transact(run.assess(house, {"request": request, "round": 1}))
    work_off(house, begin.FAILED)
    assert notices(house) == [("assessment.failed", "A model could not be assessed: dir:/nowhere")]


def test_every_schedule_has_a_handler() -> None:
    assert {schedule.kind for schedule in SCHEDULES} <= set(HANDLERS)
    kinds = {begin.REFRESH, begin.FAILED, retirement.RETIRE, retirement.NOTICE, supplying.TRIGGER}
    assert kinds <= set(HANDLERS)


def test_a_blocking_proof_holds_an_approval_up(house: House, tmp_path: Path) -> None:
    anna, olga = account(house, "anna", "requester"), account(house, "olga", "security")
    furnish(house, tmp_path / "data")
    case = house.transact(lambda work: use_cases.register(work, anna, CASE)).id
    reference = write(tmp_path / "tiny", MODEL)

    def ask(work: Work) -> str:
        asked = intake.draft(work, anna, reference=reference, use_case=case, justification=WHY)
        return intake.submit(work, anna, asked.id).id

    def object_to_it(work: Work) -> EvidenceView:
        digest = house.blobs.put_bytes(b"No.")
        uploads.note_upload(work, olga, digest, 3)
        work.session.flush()
        return evidencing.add(
            work, olga, kind="access-test", title="It leaks", name="a.txt", media="text/plain",
            sha256=digest, size=3, source="Red team", effective=dt.date(2026, 11, 1),
            target=case, effect="blocking", says="against",
        )  # fmt: skip

    proof = house.transact(object_to_it)
    request = house.transact(ask)

    def judge(number: int) -> str:
        job = {"request": request, "round": number}
        house.transact(HANDLERS[intake.ASSESS](house, job))
        with house.reading() as session:
            return requests.get(session, anna, request).state

    assert judge(1) == "changes requested"
    work_off(house, evidencing.HELD)
    assert {kind for kind, _ in notices(house)} == {"evidence.held"}
    house.transact(lambda work: evidencing.withdraw(work, olga, proof.id, proof.version))
    house.transact(lambda work: intake.submit(work, anna, request))
    assert judge(2) == "approved"
