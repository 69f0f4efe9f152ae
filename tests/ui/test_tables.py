# SPDX-License-Identifier: Apache-2.0
"""Lists of pages: filters, pages, columns of choice, exports no spreadsheet runs; static files."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from html import unescape

import pytest
from tests.server import houses, person
from tests.ui.doors import PageDoors

from steelyard.bootstrap.founding import found_charter
from steelyard.bootstrap.house import House
from steelyard.kernel.event import Event
from steelyard.ui import assets

AUDITOR = person("axel", "auditor", unit="")
MANY = 120
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageDoors]:
    for house in houses("sqlite", tmp_path_factory.mktemp("house")):
        found_charter(house, "standard")
        for number in range(MANY):
            subject = FORMULAS[number] if number < len(FORMULAS) else f"thing_{number}"
            _happen(house, subject)
        yield PageDoors(house)


def _happen(house: House, subject: str) -> None:
    house.transact(lambda work: work.record(AUDITOR, Event(type="thing.done", subject=subject)))


def _numbers(html: str) -> list[int]:
    return [int(each) for each in re.findall(r'<th scope="row"><a href="/ledger/(\d+)"', html)]


def test_a_long_list_is_read_page_by_page_and_each_row_once(doors: PageDoors) -> None:
    axel = doors.as_(AUDITOR)
    path, seen = "/ledger?limit=50", []
    while path:
        html = axel.get(path).text
        seen += _numbers(html)
        found = re.search(r'rel="next" data-key="n" href="([^"]+)"', html)
        path = unescape(found[1]) if found else ""
        assert ("First page" in html) == (len(seen) > 50)
    assert len(seen) == len(set(seen)) >= MANY
    assert seen == sorted(seen, reverse=True)


def test_filters_and_chosen_columns_stay_from_page_to_page(doors: PageDoors) -> None:
    axel = doors.as_(AUDITOR)
    path = f"/ledger?limit=20&by={AUDITOR.alias}&columns=seq,at"
    html = axel.get(path).text
    heads = re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', html)
    assert heads == ["Entry", "When"]
    following = unescape(re.search(r'rel="next"[^>]*href="([^"]+)"', html)[1])  # type: ignore[index]
    assert "columns=seq%2Cat" in following
    assert f"by={AUDITOR.alias}" in following
    assert re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', axel.get(following).text) == heads


def test_other_columns_of_the_usual_number_are_kept_too(doors: PageDoors) -> None:
    html = doors.as_(AUDITOR).get("/ledger?columns=seq,about,subject,actor,at").text
    assert 'name="columns" value="seq,subject,about,actor,at"' in html
    assert 'name="columns" value=""' in doors.as_(AUDITOR).get("/ledger").text


def test_what_a_list_does_not_have_is_refused_and_named(doors: PageDoors) -> None:
    axel = doors.as_(AUDITOR)
    for odd in ("type=nothing.happened", "cursor=made-up", "limit=0", "format=xlsx"):
        answer = axel.get(f"/ledger?{odd}")
        assert answer.status_code == 422, odd
        assert "<h1" in answer.text, odd


def test_an_export_has_every_row_and_no_formula(doors: PageDoors) -> None:
    axel = doors.as_(AUDITOR)
    answer = axel.get("/ledger?limit=10&format=csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="ledger.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(rows) >= MANY
    assert not [
        cell
        for row in rows
        for cell in row.values()
        if cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    ]
    subjects = {row["subject"] for row in rows}
    assert {f"'{formula}" for formula in FORMULAS} <= subjects
    plain = json.loads(axel.get("/ledger?format=json").content)
    assert len(plain) == len(rows)
    assert set(FORMULAS) <= {row["subject"] for row in plain}
    one = json.loads(axel.get("/ledger?format=json&subject=thing_77").content)
    assert [row["subject"] for row in one] == ["thing_77"]


def test_static_files_are_packed_kept_and_named_by_their_content(doors: PageDoors) -> None:
    axel = doors.as_(AUDITOR)
    for name in assets.NAMES:
        path = assets.address(name)
        answer = axel.get(path, headers={"accept-encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip", name
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable", name
        assert answer.headers["vary"] == "Accept-Encoding"
        plain = axel.get(path, headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answer.content == gzip.decompress(assets.asset(name).packed)
        again = axel.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        old = axel.get(f"/static/{'0' * 16}/{name}")
        assert old.headers["cache-control"] == "no-cache", name
        assert path in axel.get("/ledger").text or name in ("htmx.js", "icons.svg")
    assert axel.get("/static/0/../secret").status_code == 404
    assert axel.get("/static/0/door.py").status_code == 404


def test_errors_are_pages_for_people_and_documents_for_programs(doors: PageDoors) -> None:
    axel = doors.as_(AUDITOR)
    lost = axel.get("/nowhere")
    assert lost.status_code == 404
    assert "There is no page at this address." in lost.text
    assert 'aria-label="Main menu"' in lost.text
    assert axel.post("/ledger").status_code in (404, 405)
    program = axel.get("/nowhere", headers={"accept": "application/json"})
    assert program.headers["content-type"].startswith("application/problem+json")
    missing = axel.get("/api/v1/nowhere")
    assert missing.headers["content-type"].startswith("application/problem+json")
    hostile = axel.get("/ledger?type=<script>alert(1)</script>")
    assert "<script>alert" not in hostile.text


@pytest.mark.parametrize("path", ["/ledger", "/charter", "/design", "/login"])
def test_pages_keep_their_policy(doors: PageDoors, path: str) -> None:
    answer = doors.as_(AUDITOR).get(path)
    html = answer.text
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert not re.search(r"<[^>]+\sstyle=", html)
    assert not re.search(r"<[^>]+\son[a-z]+=", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)
