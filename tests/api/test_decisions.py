# SPDX-License-Identifier: Apache-2.0
"""Decisions through their door."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path

import pytest
from tests.governance.decision.build import ANNA, BERT, OTTO, SAM, SUE, Desk
from tests.server import Doors

from steelyard.governance.decision.facts import Term
from steelyard.ledger.checkpoint import parse_checkpoint, parse_proof
from steelyard.ledger.verify import verify_bundle
from steelyard.platform import durable
from steelyard.platform.log.rotation import rotate
from steelyard.platform.log.sequencer import sequence

URL = "/api/v1/decisions"


@pytest.fixture
def desk(doors: Doors) -> Desk:
    return Desk(doors.house)


def unpacked(data: bytes, directory: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(directory)
    return directory


def test_the_bundle_verifies_without_the_server(doors: Doors, desk: Desk, tmp_path: Path) -> None:
    made = desk.decide()
    anna = doors.as_(ANNA)
    early = anna.get(f"{URL}/{made.id}/bundle")
    assert (early.status_code, early.json()["code"]) == (503, "ledger.not-yet")
    assert early.headers["retry-after"] == "1"
    assert anna.get(f"{URL}/{made.id}/proof").status_code == 503
    house = doors.house
    sequence(house.database, house.keys, house.clock())
    first = anna.get(f"{URL}/{made.id}/bundle")
    assert first.status_code == 200
    house.transact(lambda work: rotate(work, SAM, house.keys))
    later = anna.get(f"{URL}/{made.id}/bundle")
    assert later.content == first.content  # whatever the ledger became since
    directory = unpacked(first.content, tmp_path / "bundle")
    verification = verify_bundle(durable.reader(directory), durable.list_files(directory))
    assert verification.ok, verification.problems
    assert verification.decision is not None
    assert verification.decision.outcome == made.outcome
    assert verification.decision.valid_until == "2027-05-24"
    proof = parse_proof(anna.get(f"{URL}/{made.id}/proof").content)
    proof.check(parse_checkpoint(proof.checkpoint).head)
    names = set(durable.list_files(directory))
    assert {"sign-offs.json", "report.html", "bom.cdx.json", "decision.dsse.json"} <= names
    assert "inspection.json" not in names


def test_decisions_are_listed_and_kept_within_units(doors: Doors, desk: Desk) -> None:
    made = desk.decide()
    assert doors.as_(ANNA).get(f"{URL}/{made.id}").headers["etag"] == '"1"'
    assert len(doors.as_(OTTO).get(f"{URL}?state=in%20force").json()["items"]) == 1
    assert doors.as_(OTTO).get(f"{URL}?outcome=rejected").json()["items"] == []
    bert = doors.as_(BERT)
    assert bert.get(URL).json()["items"] == []
    for path in ("", "/bundle", "/proof", "/conditions", "/documents/manifest.json"):
        assert bert.get(f"{URL}/{made.id}{path}").status_code == 404
    asked = f"{URL}/admission?use_case={desk.case}&environment=production"
    assert bert.get(f"{asked}&revision={desk.revision}").status_code == 404
    allowed = doors.as_(ANNA).get(f"{asked}&revision={desk.revision}").json()
    assert (allowed["allowed"], allowed["decision"]) == (True, made.id)
    unknown = doors.as_(ANNA).get(f"{asked}&manifest={'0' * 64}").json()
    assert (unknown["allowed"], unknown["code"]) == (False, "admission.unknown")
    told = doors.as_(ANNA).get(f"{URL}/{made.id}/documents/assessment.json")
    assert told.json()["decision"]["valid_until"] == "2027-05-24"
    assert doors.as_(ANNA).get(f"{URL}/{made.id}/documents/nothing").status_code == 404


def test_stopping_and_conditions_through_the_door(doors: Doors, desk: Desk) -> None:
    due = doors.house.clock() + dt.timedelta(days=3)
    made = desk.decide(terms=(Term(text="Only 100 users.", due=due),))
    sam, sue = doors.as_(SAM), doors.as_(SUE)
    here = f"{URL}/{made.id}"
    blind = sam.post(f"{here}/suspend", json={"why": "Backdoor reported"})
    assert blind.status_code == 428
    assert doors.as_(OTTO).post(f"{here}/suspend", json={"why": "x"}).status_code == 403
    tag = {"if-match": '"1"'}
    done = sam.post(f"{here}/suspend", json={"why": "Backdoor reported"}, headers=tag)
    assert (done.status_code, done.headers["etag"]) == (200, '"2"')
    assert done.json()["decision"]["state"] == "suspended"
    stale = sue.post(f"{here}/reinstate", json={"why": "False alarm"}, headers=tag)
    assert stale.status_code == 412
    assert stale.json()["current"]["state"] == "suspended"
    again = sue.post(f"{here}/reinstate", json={"why": "ok"}, headers={"if-match": '"2"'})
    assert again.json()["decision"]["state"] == "in force"
    term = next(one for one in sam.get(f"{here}/conditions").json() if one["due"])
    place = f"{here}/conditions/{term['id']}"
    reported = doors.as_(ANNA).post(f"{place}/fulfil", json={"note": "Done"}, headers=tag)
    assert reported.json()["state"] == "reported"
    own = doors.as_(ANNA).post(f"{place}/confirm", headers={"if-match": '"2"'})
    assert (own.status_code, own.json()["code"]) == (403, "condition.own")
    confirmed = sam.post(f"{place}/confirm", headers={"if-match": '"2"'})
    assert confirmed.json()["state"] == "fulfilled"
    moved = sam.post(f"{place}/schedule", json={"due": "2027-01-01T00:00:00Z"},
                     headers={"if-match": '"3"'})  # fmt: skip
    assert moved.status_code == 409
    nowhere = f"{here}/conditions/con_x/fulfil"
    assert sam.post(nowhere, json={"note": "x"}, headers=tag).status_code == 404
