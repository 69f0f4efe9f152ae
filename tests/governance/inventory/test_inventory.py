# SPDX-License-Identifier: Apache-2.0
"""Models, revisions, lineage across revisions, suppliers and retirement, in the database."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from tests.governance.inventory.samples import snapshot
from tests.server import Clock, KeptJobs, person

from steelyard.bootstrap.house import House
from steelyard.governance.inventory import parts, queries, retirement, service, supplying
from steelyard.governance.inventory.facts import MOVES, RevisionState, RevisionView, check_move
from steelyard.governance.inventory.snapshot import Snapshot
from steelyard.governance.inventory.suppliers import read_exit_plan, read_terms
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.errors import (
    ConflictError,
    FieldErrors,
    IntegrityError,
    MissingError,
    StaleError,
)
from steelyard.platform.log.tables import EventRow
from steelyard.platform.work import Work

MORITZ = person("moritz", "model-owner")
BERT = person("bert", "requester", unit="fraud")
WHY = "A better base for our search."


def adopted(house: House, name: str, found: Snapshot | None = None, unit: str = "") -> RevisionView:
    """Register a revision and what its examination showed."""
    seen = found or snapshot(name)

    def act(work: Work) -> RevisionView:
        model = service.register_model(
            work, MORITZ, purl=f"pkg:huggingface/{name}", name=name,
            publisher=name.partition("/")[0], unit=unit,
        )  # fmt: skip
        made = service.register_revision(
            work, MORITZ, model=model.id, purl=f"{model.purl}@{seen.commit}", commit=seen.commit,
            justification=WHY,
        )  # fmt: skip
        return service.examined(work, made.id, seen, seen.manifest_sha256)

    if isinstance(house.clock, Clock):
        house.clock.forward(seconds=1)
    return house.transact(act)


def jobs(house: House, kind: str) -> list[dict[str, object]]:
    assert isinstance(house.jobs, KeptJobs)
    return [job.payload for job in house.jobs.jobs if job.kind == kind]


def test_approval_never_carries_over(house: House) -> None:
    old = adopted(house, "acme/tiny")
    house.transact(lambda work: service.mark_revision(work, SYSTEM, old.id, "in review"))
    house.transact(lambda work: service.mark_revision(work, SYSTEM, old.id, "approved"))
    new = adopted(house, "acme/tiny", snapshot("acme/tiny", {"a": "b"}, commit="b" * 40))
    assert (new.parent, new.state) == (old.id, "quarantined")
    with pytest.raises(FieldErrors, match="Say why"):
        house.transact(
            lambda work: service.register_revision(
                work, MORITZ, model=old.model, purl=f"{old.purl}0", justification="."
            )
        )
    again = adopted(house, "acme/tiny")
    assert (again.id, again.state) == (old.id, "approved")
    other = snapshot("acme/tiny", {"model.safetensors": "swapped"})
    with pytest.raises(IntegrityError):
        house.transact(lambda work: service.examined(work, old.id, other, "f" * 64))


def test_what_derives_from_a_model_is_one_query(house: House) -> None:
    base = adopted(house, "Meta/Base")
    tuned = adopted(house, "acme/tuned", snapshot("acme/tuned", bases=("meta/base",)))
    merged = adopted(
        house, "acme/merged", snapshot("acme/merged", bases=("acme/Tuned", "x/y")), unit="search"
    )
    copy = adopted(house, "copy/cat", snapshot("copy/cat", {"model.safetensors": "Meta/Base"}))
    adopted(house, "other/one")

    def ask(target: str, actor: Actor = MORITZ, *states: str) -> list[tuple[str, str]]:
        with house.reading() as session:
            found = parts.derived_from(session, actor, target, limit=9, states=states)
        return [(each.revision.id, each.by) for each in found]

    whole = [
        (copy.id, "bytes"), (merged.id, "name"), (tuned.id, "name"), (base.id, "name and bytes"),
    ]  # fmt: skip
    for target in ("meta/base", "pkg:huggingface/Meta/Base@abc", base.id, base.model):
        assert ask(target) == whole, target
    assert ask("META/base", BERT) == [whole[0], *whole[2:]]
    assert ask("meta/base", MORITZ, "approved") == []
    assert ask("x/y") == [(merged.id, "name")]
    assert ask(snapshot("Meta/Base").parts[0].sha256) == [(copy.id, "bytes"), (base.id, "bytes")]
    assert ask("nobody/knows") == []
    with house.reading() as session:
        kinds = [part.kind for part in queries.components(session, MORITZ, merged.id)]
        assert kinds == ["card", "weights", "base model", "base model"]
        with pytest.raises(MissingError):
            queries.components(session, BERT, merged.id)


def test_a_circle_of_claims_ends(house: House) -> None:
    one = adopted(house, "a/one", snapshot("a/one", bases=("a/two",)))
    two = adopted(house, "a/two", snapshot("a/two", bases=("a/one",)))
    with house.reading() as session:
        found = parts.derived_from(session, MORITZ, "a/one", limit=9)
    assert [each.revision.id for each in found] == [two.id, one.id]


def test_suppliers_promise_and_are_watched(house: House) -> None:
    before = adopted(house, "acme/tiny")
    made = house.transact(
        lambda work: supplying.register_supplier(
            work, MORITZ, name="Acme", kind="vendor", support="commercial",
            terms={
                "contract": "C-17", "contract_ends": "2027-01-15",
                "security_contact": "security@acme.example",
                "commitments": [{"what": "Fixes of critical flaws", "within": "5 days"}],
            },
            exit_plan={"text": "Move to other/one.", "substitute": "other/one",
                       "owner": "moritz@example.org", "test_due": "2026-12-01"},
        )
    )  # fmt: skip
    with house.reading() as session:
        assert queries.get_model(session, MORITZ, before.model).supplier == made.id
    with pytest.raises(ConflictError):
        house.transact(lambda work: supplying.register_supplier(work, MORITZ, name="ACME"))
    assert house.transact(supplying.triggers_due) == 2
    assert house.transact(supplying.triggers_due) == 0
    tested = house.transact(
        lambda work: supplying.record_exit_test(
            work, MORITZ, made.id, made.version, evidence="evd_1",
            tested_on=dt.date(2026, 11, 20), next_due=dt.date(2027, 12, 1),
        )
    )  # fmt: skip
    assert tested.exit_plan is not None
    assert tested.exit_plan.tested_sha256 == tested.exit_plan.sha256
    less = house.transact(
        lambda work: supplying.change_supplier(
            work, MORITZ, made.id, tested.version, support="community",
            exit_plan={"text": "Another plan.", "substitute": "x", "owner": "y"},
        )
    )  # fmt: skip
    assert less.exit_plan is not None
    assert less.exit_plan.tested_sha256 not in ("", less.exit_plan.sha256)
    with pytest.raises(StaleError):
        house.transact(
            lambda work: supplying.change_supplier(work, MORITZ, made.id, 1, support="none")
        )
    told = [job["trigger"] for job in jobs(house, supplying.TRIGGER)]
    assert told == ["contract-ending", "exit-test-due", "support"]
    strict = snapshot("acme/tiny", {"a": "b"}, license_key="cc-by-nc-4.0", commit="c" * 40)
    after = house.transact(
        lambda work: service.register_revision(
            work, MORITZ, model=before.model, purl=strict.purl, justification=WHY
        )
    )
    house.transact(
        lambda work: service.examined(work, after.id, strict, "1" * 64, snapshot("acme/tiny"))
    )
    assert jobs(house, supplying.TRIGGER)[-1]["trigger"] == "license"
    with house.reading() as session:
        kinds = session.scalars(select(EventRow.type).where(EventRow.subject == made.id)).all()
    assert kinds.count("supplier.trigger") == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"terms": {"contract_ends": "soon"}},
        {"terms": {"contact": "x"}},
        {"exit_plan": {"substitute": "x", "owner": "y"}},
        {"exit_plan": {"text": "x", "substitute": "", "owner": "y"}},
    ],
)
def test_what_cannot_be_agreed_is_refused(wrong: dict[str, dict[str, str]]) -> None:
    with pytest.raises(FieldErrors):
        if "terms" in wrong:
            read_terms(wrong["terms"])
        else:
            read_exit_plan(wrong["exit_plan"], None)


def test_retirement_tells_first_and_takes_effect_on_its_day(house: House) -> None:
    clock = house.clock
    assert isinstance(clock, Clock)
    old, new = adopted(house, "acme/tiny"), adopted(house, "acme/next")
    with pytest.raises(FieldErrors):
        house.transact(lambda w: retirement.retire(w, MORITZ, old.id, dt.date(2020, 1, 1)))
    with pytest.raises(FieldErrors):
        house.transact(
            lambda w: retirement.retire(w, MORITZ, old.id, dt.date(2027, 1, 1), replacement=old.id)
        )

    def until(day: int) -> None:
        when = dt.date(2026, 12, day)
        house.transact(
            lambda work: retirement.retire(
                work, MORITZ, old.id, when, replacement=new.id, notice="Use next."
            )
        )

    until(10)
    until(20)
    assert isinstance(house.jobs, KeptJobs)
    due = [job for job in house.jobs.jobs if job.kind == retirement.RETIRE]
    clock.now = due[0].run_at
    house.transact(lambda work: retirement.take_effect(work, due[0].payload))
    with house.reading() as session:
        assert queries.get_revision(session, MORITZ, old.id).state == "quarantined"
    clock.now = due[1].run_at
    for _ in range(2):
        house.transact(lambda work: retirement.take_effect(work, due[1].payload))
    with house.reading() as session:
        assert queries.get_revision(session, MORITZ, old.id).state == "retired"
    phases = [job["phase"] for job in jobs(house, retirement.NOTICE)]
    assert phases == ["announced", "announced", "done"]
    with pytest.raises(ConflictError):
        house.transact(lambda work: service.mark_revision(work, SYSTEM, old.id, "approved"))


@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=15))
def test_what_is_retired_never_comes_back(walk: list[RevisionState]) -> None:
    state: RevisionState = "quarantined"
    ended = False
    for then in walk:
        try:
            check_move(state, then, "rev_x")
        except ConflictError:
            continue
        state = then
        ended = ended or state in ("retired", "tombstoned")
        assert not ended or state in ("retired", "tombstoned")


def test_a_model_registered_by_many_at_once_is_one(house: House) -> None:
    if house.database.sqlite:
        pytest.skip("SQLite has one writer")
    found: list[tuple[str, str]] = []

    def register() -> None:
        def act(work: Work) -> tuple[str, str]:
            model = service.register_model(
                work, MORITZ, purl="pkg:huggingface/acme/tiny", name="acme/tiny"
            )
            revision = service.register_revision(
                work, MORITZ, model=model.id, purl=f"{model.purl}@{'a' * 40}", justification=WHY
            )
            return model.id, revision.id

        found.append(house.transact(act))

    threads = [threading.Thread(target=register) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    with house.reading() as session:
        told = session.scalars(select(EventRow.type)).all()
    assert sorted(told) == ["model.registered", "revision.registered"]
