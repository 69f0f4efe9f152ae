# SPDX-License-Identifier: Apache-2.0
"""In the browser: from a paste to an approved pilot, and from a refusal to a request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.stories.test_governance import PUBLIC, model
from tests.stories.town import open_town
from tests.ui.place import Place, in_a_browser, open_browser

pytestmark = in_a_browser
MINUTE = 60.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with open_town("sqlite", tmp_path, "standard") as town:
        town.__class__ = Place
        assert isinstance(town, Place)
        yield town


@pytest.mark.parametrize("way", ["paste", "upload"])
def test_a_pilot_is_approved_within_a_minute_of_work(
    place: Place, browser: Browser, tmp_path: Path, way: str
) -> None:
    place.settle("anna", "requester", unit="search")
    files = model(tmp_path / "tiny")
    with place.browse(browser, "anna") as context:
        page = context.new_page()
        page.goto("/requests")
        began = time.monotonic()
        page.get_by_role("link", name="Ask for a model").first.click()
        if way == "paste":
            page.get_by_label("Reference", exact=True).fill(f"dir:{files}")
        else:
            page.get_by_text("Upload files instead").click()
            page.get_by_label("A folder").set_input_files(str(files))
        page.get_by_label("Name of the use case").fill("handbook-search")
        page.get_by_label("Purpose").fill("Find passages in our engineering handbook")
        for question, answer in (
            ("How confidential is the data it sees?", "public"),
            ("Does it see data about people?", "none"),
            ("Whom does what it says affect?", "staff"),
            ("How much does it do by itself?", "assistive"),
            ("Who can reach it?", "internal"),
        ):
            page.get_by_role("group", name=question).get_by_text(answer, exact=True).click()
        # What would follow is there before anything is sent.
        expect(page.locator("#preview")).to_contain_text("standing approval, at once")
        assert place.house.transact(lambda work: _requests(work.session)) == 0
        page.get_by_label("Why this model?").fill("Our handbook is hard to search.")
        page.get_by_role("button", name="Send the request").click()
        expect(page.get_by_role("heading", name="The model is being examined")).to_be_visible()
        spent = time.monotonic() - began
        place.work_off()
        # The page learns by itself that the examination has ended.
        expect(page.get_by_text("It may be used until")).to_be_visible()
        began = time.monotonic()
        page.get_by_role("link", name="Decision", exact=True).first.click()
        page.wait_for_url("**/decisions/dec_*")
        spent += time.monotonic() - began
    print(f"{way}: {spent:.1f} s from the list of requests to the decision")
    assert spent < MINUTE


def _requests(session: object) -> int:
    from sqlalchemy import func, select
    from sqlalchemy.orm import Session

    from steelyard.governance.intake.tables import RequestRow

    assert isinstance(session, Session)
    return session.scalar(select(func.count()).select_from(RequestRow)) or 0


def test_a_blocked_developer_follows_the_address_of_the_refusal(
    place: Place, browser: Browser, tmp_path: Path
) -> None:
    anna = place.settle("anna", "requester", unit="search")
    place.settle("dora", "requester", unit="search")
    case = anna.post("/use-cases", PUBLIC).body
    asked = {"reference": f"dir:{model(tmp_path / 'tiny')}", "use_case": case["id"],
             "justification": "Our search needs it."}  # fmt: skip
    made = anna.post("/requests", asked).body
    place.work_off()
    revision = anna.get(f"/requests/{made['id']}").body["revision"]
    with place.browse(browser, "dora") as context:
        page = context.new_page()
        page.goto(f"/blocked?environment=staging&revision={revision}&rule=license-is-there")
        expect(page.get_by_role("heading", name="Why am I blocked?")).to_be_visible()
        expect(page.get_by_text("No decision allows this revision here.")).to_be_visible()
        page.get_by_role("link", name="Ask for it").first.click()
        expect(page.get_by_label("Reference", exact=True)).to_have_value(revision)
        expect(page.get_by_label("Environment")).to_have_value("staging")
        page.get_by_label("Use case", exact=True).select_option(label=case["name"])
        expect(page.locator("#preview")).to_contain_text("Who will be asked")
        page.get_by_label("Why this model?").fill("The answers need it in staging, too.")
        page.get_by_role("button", name="Send the request").click()
        page.wait_for_url("**/requests/req_*")
        mine = anna.get("/requests", requested_by=place.ids["dora"]).body["items"]
        assert [(each["revision"], each["environment"]) for each in mine] == [(revision, "staging")]
        page.goto(f"/blocked?environment=staging&revision={revision}")
        expect(page.get_by_text("It was asked for, and is not decided yet.")).to_be_visible()
        expect(page.get_by_role("link", name="Follow the request")).to_be_visible()
