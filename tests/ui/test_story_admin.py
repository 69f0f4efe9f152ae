# SPDX-License-Identifier: Apache-2.0
"""An administrator connects the organization's login; somebody new comes in with the right role."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from tests.api.identity.test_oidc_login import provider, say
from tests.stories.town import open_town
from tests.ui.place import Place, in_a_browser, open_browser

pytestmark = in_a_browser
__all__ = ["provider"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with open_town("sqlite", tmp_path_factory.mktemp("town"), "standard") as town:
        town.__class__ = Place
        assert isinstance(town, Place)
        town.settle("ada", "administrator", unit="search")
        yield town


def _here_only(context: BrowserContext) -> BrowserContext:
    """Keep the browser on this machine; the provider's page asks for a style from elsewhere."""

    def near(url: str) -> bool:
        return urlsplit(url).hostname not in ("127.0.0.1", "localhost")

    context.route(near, lambda route: route.abort())
    return context


def test_an_administrator_connects_the_login_and_somebody_new_comes_in(
    place: Place, browser: Browser, provider: str
) -> None:
    with _here_only(place.browse(browser)) as stranger:
        page = stranger.new_page()
        page.goto("/login")
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
        expect(page.get_by_text("Log in with your organization")).to_have_count(0)

    with _here_only(place.browse(browser, "ada")) as administrator:
        page = administrator.new_page()
        page.goto("/")
        page.get_by_role("link", name="Sign-in").click()
        expect(page.get_by_text("not set up").first).to_be_visible()
        page.get_by_label("Issuer").fill(provider)
        page.get_by_label("Client id").fill("steelyard")
        page.get_by_label("Client secret").fill("secret")
        card = page.locator("#oidc")
        card.get_by_label("Groups that give roles").fill("ml-legal: legal\nml-risk risk")
        card.get_by_label("Groups that give teams").fill("search-team: search")
        card.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("Write each line as")
        expect(page.get_by_label("Client id")).to_have_value("steelyard")
        card.get_by_label("Groups that give roles").fill("ml-legal: legal\nml-risk: risk")
        page.get_by_label("Client secret").fill("secret")
        card.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status")).to_contain_text("can log in with the organization")
        expect(page.get_by_text("switched on").first).to_be_visible()

    say(provider, "lena", "ml-legal", "search-team", "golf")
    place.clock.now = dt.datetime.now(dt.UTC)  # the provider goes by the time of the day
    with _here_only(place.browse(browser)) as newcomer:
        page = newcomer.new_page()
        page.goto("/clocks")
        page.get_by_role("link", name="Log in with your organization").click()
        page.locator("input[name=sub]").fill("lena")
        page.get_by_role("button", name="Authorize").click()
        page.wait_for_url(re.compile("/clocks$"))
        page.goto("/account")
        facts = page.locator(".facts")
        expect(facts).to_contain_text("legal")
        expect(facts).to_contain_text("requester")
        expect(facts).to_contain_text("search")
        denied = page.goto("/admin/people")
        assert denied is not None
        assert denied.status == 403
        page.goto("/account")
        page.locator(".own details summary").click()
        page.get_by_role("button", name="Log out").click()
        page.wait_for_load_state()
        page.goto("/account")
        assert "/login" in page.url

    say(provider, "lena", "golf")
    place.clock.now = dt.datetime.now(dt.UTC)
    with _here_only(place.browse(browser)) as again:
        page = again.new_page()
        page.goto("/login?next=%2Faccount")
        page.get_by_role("link", name="Log in with your organization").click()
        page.locator("input[name=sub]").fill("lena")
        page.get_by_role("button", name="Authorize").click()
        page.wait_for_url(re.compile("/account$"))
        expect(page.locator(".facts")).not_to_contain_text("legal")

    say(provider, "mail-thief", "ml-legal", verified=False)
    with _here_only(place.browse(browser)) as thief:
        page = thief.new_page()
        page.goto("/login")
        page.get_by_role("link", name="Log in with your organization").click()
        page.get_by_role("button", name="Deny").click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("main")).to_contain_text("Begin again from the login page")
