# SPDX-License-Identifier: Apache-2.0
"""The ledger's pages: what happened, the path that proves it, and what a change would show."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from tests.server import houses, person
from tests.ui.doors import PageDoors

from steelyard.bootstrap.founding import found_charter
from steelyard.bootstrap.house import House
from steelyard.kernel.event import Event
from steelyard.ledger.checkpoint import parse_checkpoint, parse_proof
from steelyard.platform.log.sequencer import sequence

AUDITOR = person("axel", "auditor", unit="")
ANNA = person("anna", "requester")
MANY = 11


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    for made in houses("sqlite", tmp_path_factory.mktemp("house")):
        found_charter(made, "standard")

        def happen(work: object, number: int) -> None:
            work.record(  # type: ignore[attr-defined]
                ANNA,
                Event(
                    type="thing.done", subject=f"req_{number}",
                    details={"deep": {"number": number}, "list": [1, 2]},
                    body={"why": f"<b>words {number}</b>"},
                ),
            )  # fmt: skip

        for number in range(MANY):
            made.transact(lambda work, number=number: happen(work, number))  # type: ignore[misc]
        sequence(made.database, made.keys, made.clock())
        yield made


@pytest.fixture
def doors(house: House) -> PageDoors:
    return PageDoors(house)


def test_newest_entries_come_first_and_can_be_narrowed(doors: PageDoors) -> None:
    axel = doors.as_(AUDITOR)
    html = axel.get("/ledger").text
    numbers = [int(each) for each in re.findall(r'href="/ledger/(\d+)"', html)]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) >= MANY
    only = axel.get("/ledger?type=charter.adopted").text
    assert len(re.findall(r'href="/ledger/\d+"', only)) == 1
    assert len(re.findall(r'href="/ledger/\d+"', axel.get("/ledger?subject=req_3").text)) == 1
    assert "Nothing fits" in axel.get("/ledger?until=2001-01-01").text
    assert axel.get("/ledger?since=yesterday").status_code == 422
    assert axel.get("/ledger?since=9999-12-31&until=9999-12-31").status_code == 422


def test_every_entry_has_a_path_that_leads_to_the_signed_root(doors: PageDoors) -> None:
    axel = doors.as_(AUDITOR)
    html = axel.get("/ledger?subject=req_5").text
    seq = re.findall(r'href="/ledger/(\d+)"', html)[0]
    page = axel.get(f"/ledger/{seq}").text
    assert "&lt;b&gt;words 5&lt;/b&gt;" in page
    assert "deep / number" in page
    position = int(re.findall(r"/ledger/entries/(\d+)/proof", page)[0])
    proof = parse_proof(axel.get(f"/api/v1/ledger/entries/{position}/proof").content)
    head = parse_checkpoint(proof.checkpoint).head
    proof.check(head)
    assert len(re.findall(r'<li class="(?:left|right)">', page)) == len(proof.hashes)
    import base64

    assert base64.b64encode(head.root).decode() in page.replace("&#43;", "+")
    verified = axel.get(f"/ledger/{seq}/verify").text
    assert verified.count('class="chip good"') == 4
    assert "This entry holds" in verified


def test_words_are_for_those_who_see_all(doors: PageDoors) -> None:
    axel, anna = doors.as_(AUDITOR), doors.as_(ANNA)
    seq = re.findall(r'href="/ledger/(\d+)"', axel.get("/ledger?subject=req_5").text)[0]
    assert "words 5" in axel.get(f"/ledger/{seq}").text
    assert "words 5" not in anna.get(f"/ledger/{seq}").text


def test_a_changed_word_shows(doors: PageDoors, house: House) -> None:
    axel = doors.as_(AUDITOR)
    seq = re.findall(r'href="/ledger/(\d+)"', axel.get("/ledger?subject=req_5").text)[0]
    with house.database.engine.begin() as connection:
        for name in connection.scalars(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'")
        ).all():
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        connection.execute(
            text("UPDATE event SET body = :body WHERE seq = :seq"),
            {"body": '{"why": "other words"}', "seq": int(seq)},
        )
    verified = axel.get(f"/ledger/{seq}/verify").text
    assert "does not hold" in verified
    assert verified.count('class="chip bad"') == 1


def test_an_entry_that_waits_says_so_and_one_that_is_not_there_is_missing(
    doors: PageDoors, house: House
) -> None:
    seq = house.transact(lambda work: work.record(ANNA, Event(type="thing.waits", subject="req_w")))
    axel = doors.as_(AUDITOR)
    assert "waits for its place" in axel.get(f"/ledger/{seq}").text
    assert "waits for its place" in axel.get(f"/ledger/{seq}/verify").text
    for odd in ("999999", "-1", "x", "9" * 40, "٣"):
        assert axel.get(f"/ledger/{odd}").status_code == 404
