# SPDX-License-Identifier: Apache-2.0
"""The ledger through its door."""

from __future__ import annotations

from typing import Any

import pytest
from tests.ledger.build import OTHER
from tests.platform.log.build import record
from tests.server import Doors, person

from steelyard.bootstrap.house import House
from steelyard.ledger.checkpoint import parse_checkpoint, parse_proof
from steelyard.ledger.cosignature import WitnessKey, cosign
from steelyard.ledger.verify_log import verify_ledger
from steelyard.platform.log.sequencer import sequence

ANNA = person("anna", "requester")
OTTO = person("otto", "auditor", unit="")
OPAL = person("opal", "platform-operator", unit="")
URL = "/api/v1/ledger"


def grow(house: House, count: int) -> None:
    record(house, *range(count))
    sequence(house.database, house.keys, house.clock())


def test_the_whole_ledger_verifies_through_the_door(doors: Doors) -> None:
    grow(doors.house, 300)
    anna = doors.as_(ANNA)
    names = anna.get(f"{URL}/files").json()

    def read(name: str) -> bytes:
        return anna.get(f"{URL}/files/{name}").content

    assert verify_ledger(read, names).ok
    told = anna.get(URL).json()
    assert (told["size"], told["waiting"]) == (300, 0)
    head = parse_checkpoint(anna.get(f"{URL}/checkpoint").content).head
    assert head.origin == told["origin"]
    full = anna.get(f"{URL}/tile/0/000")
    assert "immutable" in full.headers["cache-control"]
    assert anna.get(f"{URL}/tile/0/001.p/44").headers["cache-control"] == "no-cache"
    earlier = anna.get(f"{URL}/tile/entries/001.p/40")
    assert earlier.status_code == 200
    for wrong in ("0/001", "0/001.p/45", "0/002", "entries/001", "9/000", "x"):
        assert anna.get(f"{URL}/tile/{wrong}").status_code == 404, wrong


def test_entries_are_found_and_proved(doors: Doors) -> None:
    grow(doors.house, 5)
    record(doors.house, 9)
    anna, otto = doors.as_(ANNA), doors.as_(OTTO)
    listed = anna.get(f"{URL}/entries?limit=4").json()
    assert [row["position"] for row in listed["items"]] == [None, 4, 3, 2]
    more = anna.get(f"{URL}/entries?limit=4&cursor={listed['next']}").json()
    assert [row["position"] for row in more["items"]] == [1, 0]
    one = anna.get(f"{URL}/entries/3").json()
    assert (one["subject"], one["details"], one["body"]) == ("thi_3", {"number": 3}, None)
    assert one["body_state"] == "kept"
    assert otto.get(f"{URL}/entries/3").json()["body"]["why"].startswith("Reason 3")
    for query, count in (
        ("type=thing.changed", 6),
        ("type=thing.gone", 0),
        ("subject=thi_2", 1),
        ("about=req_1&actor=act_anna", 6),
        ("since=2026-11-25T12:00:00Z", 6),
        ("since=2026-11-25T12:00:01Z", 0),
        ("until=2026-11-25T12:00:00Z", 0),
        ("since=2026-11-25T11:00:00Z&until=2026-11-25T13:00:00%2B00:00", 6),
    ):
        assert len(anna.get(f"{URL}/entries?{query}").json()["items"]) == count, query
    assert anna.get(f"{URL}/entries?since=yesterday").status_code == 422
    assert anna.get(f"{URL}/entries?since=2026-11-25T12:00:00").status_code == 422
    proof = parse_proof(anna.get(f"{URL}/entries/3/proof").content)
    proof.check(parse_checkpoint(proof.checkpoint).head)
    assert anna.get(f"{URL}/entries/5/proof").status_code == 404
    assert anna.get(f"{URL}/entries/-1").status_code == 422


def test_only_the_operator_keeps_the_ledger(doors: Doors) -> None:
    grow(doors.house, 3)
    calls: list[tuple[str, dict[str, Any]]] = [
        ("rotate", {}),
        ("erase", {"seqs": [1], "why": "asked", "on_request": True}),
        ("witnesses", {"verifier": "x"}),
        ("cosignatures", {"size": 3, "lines": ["x"]}),
    ]
    for path, body in calls:
        for who in (ANNA, OTTO, person("ada", "administrator")):
            assert doors.as_(who).post(f"{URL}/{path}", json=body).status_code == 403
        assert doors.stranger.post(f"{URL}/{path}", json=body).status_code == 401
    opal = doors.as_(OPAL)
    assert opal.post(f"{URL}/erase", json=calls[1][1]).json() == {"erased": [1], "none": []}
    kept = opal.post(f"{URL}/erase", json={"seqs": [2], "why": "tidy"})
    assert (kept.status_code, kept.json()["code"]) == (409, "ledger.retained")
    assert doors.as_(OTTO).get(f"{URL}/entries/0").json()["body_state"] == "erased"
    rotated = opal.post(f"{URL}/rotate").json()
    told = opal.get(URL).json()
    assert told["fingerprint"] == rotated["fingerprint"]
    assert len(told["earlier_keys"]) == 1


def test_witnesses_cosign_through_the_door(doors: Doors) -> None:
    grow(doors.house, 3)
    opal = doors.as_(OPAL)
    head = parse_checkpoint(opal.get(f"{URL}/checkpoint").content).head
    key = WitnessKey("witness.example.org/w1", OTHER.public)
    line = cosign(head, key.name, OTHER, int(doors.house.clock().timestamp())).line
    refused = opal.post(f"{URL}/cosignatures", json={"size": 3, "lines": [line]})
    assert (refused.status_code, refused.json()["code"]) == (422, "cosignature.unknown")
    assert opal.post(f"{URL}/witnesses", json={"verifier": key.text}).status_code == 201
    taken = opal.post(f"{URL}/cosignatures", json={"size": 3, "lines": [line]})
    assert taken.json()[0]["witness"] == key.name
    assert opal.get(f"{URL}/witnesses").json()[0]["size"] == 3
    assert key.text in opal.get(f"{URL}/files/witnesses").text
    assert line in opal.get(f"{URL}/files/cosigned").text


@pytest.mark.parametrize("path", ["checkpoint", "key.pub", "tile/0/000.p/3"])
def test_the_operator_may_publish_the_tree(doors: Doors, path: str) -> None:
    grow(doors.house, 3)
    assert doors.stranger.get(f"{URL}/checkpoint").status_code == 401
    assert doors.stranger.get(f"{URL}/public/{path}").status_code == 404
    doors.house.settings.ledger_public = True
    assert doors.stranger.get(f"{URL}/public/{path}").status_code == 200
    assert doors.stranger.get(f"{URL}/public/witnesses").status_code == 404


def test_before_the_first_event_there_is_no_checkpoint(doors: Doors) -> None:
    assert doors.as_(ANNA).get(f"{URL}/checkpoint").status_code == 404
    assert doors.as_(ANNA).get(URL).status_code == 404
    assert doors.as_(ANNA).get(f"{URL}/entries").json()["items"] == []
