# SPDX-License-Identifier: Apache-2.0
"""Who sees what: the ledger's words by unit, a model owner's units, an assessor's use case."""

from __future__ import annotations

from typing import Any

import pytest
from tests.server import Doors, person

from steelyard.bootstrap.house import House
from steelyard.governance.assessment.tables import AssessmentRow, EvidenceRow
from steelyard.governance.clocks import service as clocks
from steelyard.governance.intake import service as intake
from steelyard.governance.intake.tables import RequestRow
from steelyard.governance.inventory import service as inventory
from steelyard.governance.use_cases import service as use_cases
from steelyard.kernel.actor import SYSTEM, Actor, Scope
from steelyard.platform.work import Work

ANNA = person("anna", "requester", unit="search")
BERT = person("bert", "requester", unit="fraud")
MONA = person("mona", "model-owner", unit="search")
OTTO = person("otto", "auditor", unit="")
LENA = person("lena", "legal", unit="")
LEDGER = "/api/v1/ledger/entries"
FACTS = {
    "purpose": "Find passages in our handbook",
    "data_class": "internal",
    "personal_data": "none",
    "people_affected": "staff",
    "autonomy": "assistive",
    "exposure": "internal",
}


def settled(house: House, owner: Actor, name: str) -> dict[str, str]:
    """Have ``owner`` ask for a public model, with an assessment, evidence and a clock of each."""

    def act(work: Work) -> dict[str, str]:
        case = use_cases.register(work, owner, {**FACTS, "name": name})
        purl = f"pkg:huggingface/acme/{name}"
        model = inventory.register_model(work, SYSTEM, purl=purl, name=f"acme/{name}")
        revision = inventory.register_revision(
            work, SYSTEM, model=model.id, purl=f"{purl}@{'a' * 40}",
            justification="It is the first one of all.",
        )  # fmt: skip
        request = intake.draft(
            work, owner, use_case=case.id, reference=f"hf:acme/{name}@main",
            justification="Our search needs better passages.",
        )  # fmt: skip
        row = work.session.get(RequestRow, request.id)
        assert row is not None
        row.model, row.revision = model.id, revision.id
        clock = clocks.start(work, subject=request.id, kind="test", unit=row.unit, within="5 days")
        evidence = {
            target: _evidence(work, row.unit, target) for target in (case.id, revision.id, row.id)
        }
        return {
            "case": case.id, "model": model.id, "revision": revision.id, "request": request.id,
            "clock": clock.id, "unit": row.unit, "assessment": _assessment(work, row),
            "of-case": evidence[case.id], "of-revision": evidence[revision.id],
            "of-request": evidence[row.id],
        }  # fmt: skip

    return house.transact(act)


def _blank(row: type[Any], **known: Any) -> Any:
    """Return a row with what is known of it, and empty values for the rest."""
    values: dict[str, Any] = {}
    for column in row.__table__.columns:
        empty = column.type.python_type in (str, int, bool, list, dict) and not column.nullable
        values[column.name] = column.type.python_type() if empty else None
    return row(**{**values, **known})


def _evidence(work: Work, unit: str, target: str) -> str:
    row = _blank(
        EvidenceRow, id=work.id("evd"), kind="audit", title="Report", target=target, unit=unit,
        state="current", effect="advisory", says="supports", effective=work.today,
        created_at=work.now, updated_at=work.now, version=1, edition=1,
    )  # fmt: skip
    work.session.add(row)
    return str(row.id)


def _assessment(work: Work, request: RequestRow) -> str:
    row = _blank(
        AssessmentRow, id=work.id("ass"), request=request.id, revision=request.revision,
        use_case=request.use_case, environment=request.environment, unit=request.unit,
        state="finished", started_at=work.now, documents={},
        created_at=work.now, updated_at=work.now, version=1,
    )  # fmt: skip
    work.session.add(row)
    return str(row.id)


def listed(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {row["id"] for row in answer.json()["items"]}


def test_words_of_the_ledger_are_read_by_those_who_see_their_subject(doors: Doors) -> None:
    ours, theirs = settled(doors.house, ANNA, "ours"), settled(doors.house, BERT, "theirs")

    def words(who: Actor, made: dict[str, str]) -> list[dict[str, Any]]:
        found = doors.as_(who).get(f"{LEDGER}?subject={made['request']}").json()["items"]
        assert found, "the events themselves are listed for everybody"
        assert {row["body_state"] for row in found} == {"kept"}
        return [row["body"] for row in found]

    assert all(words(ANNA, ours))
    assert words(ANNA, theirs) == [None]
    assert words(BERT, ours) == [None]
    assert all(words(BERT, theirs))
    assert all(words(OTTO, ours) + words(OTTO, theirs))
    narrow = person("rob", "auditor", unit="", scope=Scope(use_cases=(ours["case"],)))
    assert all(words(narrow, ours))
    assert words(narrow, theirs) == [None]


def test_one_entry_of_another_unit_has_no_words(doors: Doors) -> None:
    from steelyard.platform.log.sequencer import sequence

    settled(doors.house, BERT, "theirs")
    sequence(doors.house.database, doors.house.keys, doors.house.clock())
    anna, bert, otto = doors.as_(ANNA), doors.as_(BERT), doors.as_(OTTO)
    for number in range(20):
        entry = otto.get(f"{LEDGER}/{number}").json()
        if entry["type"] == "request.drafted":
            assert entry["body"] == bert.get(f"{LEDGER}/{number}").json()["body"] != None  # noqa: E711
            assert anna.get(f"{LEDGER}/{number}").json()["body"] is None
            assert anna.get(f"{LEDGER}/{number}/proof").status_code == 200
            return
    pytest.fail("the draft is in the ledger")


def test_a_timeline_holds_nothing_of_other_units(doors: Doors) -> None:
    ours, theirs = settled(doors.house, ANNA, "ours"), settled(doors.house, BERT, "theirs")
    shared = ours["revision"]

    def share(work: Work) -> None:
        row = work.session.get(RequestRow, theirs["request"])
        assert row is not None
        row.revision = shared
        for made in (ours, theirs):
            clocks.start(work, subject=shared, kind=made["unit"], unit=made["unit"], within="1 day")

    doors.house.transact(share)
    url = f"/api/v1/revisions/{shared}/timeline?limit=2"

    def kinds(who: Actor) -> list[str]:
        found, cursor = [], ""
        while True:
            page = doors.as_(who).get(url + cursor).json()
            found += [row["details"].get("kind", row["type"]) for row in page["items"]]
            if not page["next"]:
                return found
            cursor = f"&cursor={page['next']}"

    assert kinds(OTTO)[-2:] == ["search", "fraud"]
    assert (kinds(ANNA)[-1], "fraud" in kinds(ANNA)) == ("search", False)
    assert (kinds(BERT)[-1], "search" in kinds(BERT)) == ("fraud", False)


def test_a_model_owner_sees_their_units_only(doors: Doors) -> None:
    ours, theirs = settled(doors.house, ANNA, "ours"), settled(doors.house, BERT, "theirs")
    mona = doors.as_(MONA)
    assert listed(mona.get("/api/v1/requests")) == {ours["request"]}
    assert listed(mona.get("/api/v1/use-cases")) == {ours["case"]}
    assert mona.get(f"/api/v1/requests/{theirs['request']}").status_code == 404
    both = {ours["request"], theirs["request"]}
    assert listed(doors.as_(LENA).get("/api/v1/requests")) == both
    mia = person("mia", "model-owner", "legal", unit="search")
    assert listed(doors.as_(mia).get("/api/v1/requests")) == both
    nobody = person("nick", "model-owner", unit="")
    assert listed(doors.as_(nobody).get("/api/v1/requests")) == set()


def test_an_assessor_sees_what_belongs_to_their_use_case(doors: Doors) -> None:
    ours, theirs = settled(doors.house, ANNA, "ours"), settled(doors.house, ANNA, "theirs")
    eva = doors.as_(person("eva", "assessor", scope=Scope(use_cases=(ours["case"],))))
    for path, names in (
        ("models", ["model"]),
        ("revisions", ["revision"]),
        ("requests", ["request"]),
        ("assessments", ["assessment"]),
        ("evidence", ["of-case", "of-revision", "of-request"]),
        ("clocks", ["clock"]),
    ):
        assert listed(eva.get(f"/api/v1/{path}")) == {ours[name] for name in names}, path
        for name in names:
            assert eva.get(f"/api/v1/{path}/{ours[name]}").status_code == 200, name
            assert eva.get(f"/api/v1/{path}/{theirs[name]}").status_code == 404, name
    assert eva.get(f"/api/v1/revisions/{theirs['revision']}/timeline").status_code == 404
    shut = doors.as_(person("ede", "assessor"))
    for path in ("models", "revisions", "requests", "assessments", "evidence", "clocks"):
        assert listed(shut.get(f"/api/v1/{path}")) == set(), path
