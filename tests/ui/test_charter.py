# SPDX-License-Identifier: Apache-2.0
"""The charter's pages: read as a handbook, compared by meaning, changed by those who may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from tests.server import houses, person
from tests.ui.doors import PageDoors, send

from steelyard.bootstrap.founding import found_charter
from steelyard.bootstrap.house import House
from steelyard.governance.charters import queries

RITA = person("rita", "risk")
HANNA = person("hanna", "head-of-risk")
ANNA = person("anna", "requester")
NEXT = """extends: standard
charter: our-charter
version: "2"
effective: 2026-01-01
owner: risk@example.org
purpose: Ours.
"""
HOSTILE = "<script>alert(1)</script> \u202eevil"


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    for made in houses("sqlite", tmp_path_factory.mktemp("house")):
        found_charter(made, "standard")
        yield made


@pytest.fixture
def doors(house: House) -> PageDoors:
    return PageDoors(house)


def present(house: House) -> str:
    with house.reading() as session:
        return queries.current(session, house.clock().date()).identity.sha256


def proposed(doors: PageDoors, text: str = NEXT, **more: str) -> str:
    page = "/charter/proposals/new"
    made = send(doors.as_(RITA), page, page, file="c.yaml", text=text, do="propose", **more)
    assert made.status_code == 303, made.text
    return made.headers["location"]


def test_the_charter_reads_as_a_handbook(doors: PageDoors, house: House) -> None:
    html = doors.as_(ANNA).get("/charter").text
    with house.reading() as session:
        charter = queries.current(session, house.clock().date()).charter
    for rule in charter.rules:
        assert f'id="rule-{rule.id.replace(".", "-")}"' in html or rule.id in html
    for control in charter.controls:
        assert f"/controls/{control.id}" in html
    for audience in ("For everybody", "If you ask", "If you decide", "If you run models"):
        assert audience in html
    anchors = set(re.findall(r'id="([^"]+)"', html))
    wanted = set(re.findall(r'href="#([^"]+)"', html))
    assert wanted <= anchors, wanted - anchors
    assert "Propose a change" not in html
    assert "Propose a change" in doors.as_(RITA).get("/charter").text


def test_the_handbook_is_german_where_somebody_reads_german(doors: PageDoors) -> None:
    html = doors.as_(ANNA, **{"accept-language": "de"}).get("/charter").text
    for word in ("Für alle", "Wer entscheidet", "Risikostufe", "Kontrollen"):
        assert word in html
    assert "Who decides" not in html


def test_a_version_has_its_source_with_numbered_lines(doors: PageDoors, house: House) -> None:
    sha256 = present(house)
    client = doors.as_(ANNA)
    assert sha256 in client.get(f"/charter/{sha256}").text
    source = client.get(f"/charter/{sha256}/source").text
    assert 'id="L1"' in source
    assert 'href="#L2"' in source
    assert "source-0.yaml" in source
    resolved = client.get(f"/charter/{sha256}/source?all=1").text
    assert "charter.json" in resolved
    assert "source-0.yaml" not in resolved
    assert client.get(f"/charter/{'0' * 64}").status_code == 404


def test_errors_stand_beside_the_text_and_nothing_is_lost(doors: PageDoors) -> None:
    client = doors.as_(RITA)
    page = "/charter/proposals/new"
    text = "charter: x\nrules:\n  - {id: 7}\n# a remark worth keeping\n"
    answer = send(
        client, page, page, file="ours.yaml", text=text, do="propose", why=HOSTILE, unit="search"
    )
    assert answer.status_code == 422
    html = answer.text
    assert re.search(r"ours\.yaml:\d+:\d+", html)
    assert 'class="marked"' in html
    assert "a remark worth keeping" in html
    assert 'value="ours.yaml"' in html
    assert 'value="search"' in html
    assert "<script>alert" not in html
    assert HOSTILE in unescape(html)


def test_an_uploaded_file_is_read_and_checked_without_being_proposed(
    doors: PageDoors, house: House
) -> None:
    client = doors.as_(RITA)
    page = "/charter/proposals/new"
    answer = client.post(
        page, data={"file": "charter.yaml", "text": "", "do": "check"},
        files={"upload": ("mine.yaml", NEXT.encode(), "text/yaml")},
    )  # fmt: skip
    assert answer.status_code == 200
    assert "our-charter 2 has no errors" in answer.text
    assert 'value="mine.yaml"' in answer.text
    with house.reading() as session:
        found = queries.proposals(session, house.clock().date(), limit=9)
    assert [each.name for each in found] == ["standard"]
    binary = client.post(
        page, data={"file": "c.yaml", "text": NEXT, "why": "because", "do": "check"},
        files={"upload": ("x.yaml", b"\xff\xfe\x00", "text/yaml")},
    )  # fmt: skip
    assert binary.status_code == 422
    assert "because" in binary.text
    assert "our-charter" in binary.text


def test_a_charter_in_two_files_keeps_both(doors: PageDoors) -> None:
    page = "/charter/proposals/new"
    answer = doors.as_(RITA).post(
        page,
        data={
            "file": "c.yaml", "text": NEXT.replace("standard", "./base.yaml"), "do": "check",
            "also-name": ["base.yaml"], "also-text": ["extends: standard\ncharter: base\n: wrong"],
        },
    )  # fmt: skip
    assert answer.status_code == 422
    assert re.search(r"base\.yaml:\d+:\d+", answer.text)
    assert 'name="also-name" value="base.yaml"' in answer.text


def test_people_who_may_change_the_charter_vote_and_adopt(doors: PageDoors, house: House) -> None:
    before = present(house)
    path = proposed(doors, why="It is ours now.")
    rita, hanna, anna = doors.as_(RITA), doors.as_(HANNA), doors.as_(ANNA)
    mine = rita.get(path).text
    assert "It is ours now." in mine
    assert f"{path}/vote" not in mine
    assert f"{path}/withdraw" in mine
    assert f"{path}/adopt" not in mine
    assert "1 more of head-of-risk" in mine
    assert f"{path}/vote" not in anna.get(path).text
    silent = send(hanna, path, f"{path}/vote", role="head-of-risk", reason="kept words")
    assert silent.status_code == 422
    assert "kept words" in silent.text
    voted = send(hanna, path, f"{path}/vote", role="head-of-risk", answer="yes", reason="agreed")
    assert voted.status_code == 303
    assert "agreed" in rita.get(path).text
    stale = rita.post(f"{path}/adopt", data={"version": "1"})
    assert stale.status_code == 412
    done = send(rita, path, f"{path}/adopt")
    assert done.headers["location"] == "/charter"
    assert present(house) != before
    html = anna.get("/charter/versions").text
    assert "our-charter" in html
    assert "standard" in html
    old = anna.get(f"/charter/{before}").text
    assert "not in force now" in old
    same = anna.get(f"/charter/compare?from={before}").text
    assert "Both charters mean the same" in same


def test_a_no_ends_a_proposal_and_its_author_may_take_another_back(doors: PageDoors) -> None:
    path = proposed(doors)
    hanna = doors.as_(HANNA)
    send(hanna, path, f"{path}/vote", role="head-of-risk", answer="no", reason="too loose")
    html = hanna.get(path).text
    assert "rejected" in html
    assert f"{path}/vote" not in html
    again = proposed(doors)
    back = send(doors.as_(RITA), again, f"{again}/withdraw")
    assert back.status_code == 303
    assert "withdrawn" in doors.as_(RITA).get("/charter/proposals?state=withdrawn").text


def test_what_changes_is_told_by_meaning(doors: PageDoors, house: House) -> None:
    before = present(house)
    harder = "licenses:\n  allow: [permissive, research-only]\n"
    path = proposed(doors, NEXT + harder)
    hanna = doors.as_(HANNA)
    html = hanna.get(path).text
    assert re.search(r'class="chip good">.*?stricter', html)
    assert "our-charter.licenses.listed is new" in unescape(html)
    assert "Nothing was decided yet" in hanna.get(f"{path}/replay").text
    send(hanna, path, f"{path}/vote", role="head-of-risk", answer="yes")
    send(hanna, path, f"{path}/adopt")
    back = hanna.get(f"/charter/compare?from={present(house)}&to={before}").text
    assert re.search(r'class="chip bad">.*?looser', back)
