# SPDX-License-Identifier: Apache-2.0
"""Stories of those who decide, in a browser: a lawyer by keyboard alone, an executive from a mail,
an auditor who trusts nobody; and what forms do that are sent twice, late, or by the wrong person.
"""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page
from tests.stories.test_governance import PUBLIC, ask, model
from tests.ui.place import Place, in_a_browser, open_browser, open_place

from steelyard.api.cookies import PLAIN
from steelyard.platform.client import Client, Profile

HTML = {"accept": "text/html", "sec-fetch-site": "same-origin"}
CRITICAL = {
    **PUBLIC,
    "name": "health-advice",
    "purpose": "Answer questions about illnesses",
    "personal_data": "special-category",
    "data_class": "restricted",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with open_place(tmp_path_factory.mktemp("place")) as found:
        yield found


def caller(place: Place, name: str) -> Client:
    return Client(Profile(url=place.url, token=place.tokens[name]))


def fresh_review(place: Place, directory: Path, name: str, **more: Any) -> dict[str, Any]:
    """Have Anna ask for something that people must look at; return its review."""
    anna = caller(place, "anna")
    case = anna.post("/use-cases", {**PUBLIC, "name": name, **more}).body
    asked = ask(anna, case, model(directory / f"{name}-model"))
    place.work_off()
    found: dict[str, Any] = anna.get("/reviews", request=asked["id"]).body["items"][0]
    return found


def press_until(page: Page, key: str, found: str, most: int = 60) -> None:
    """Press a key until an element that fits the selector has the focus."""
    for _ in range(most):
        if page.evaluate("selector => document.activeElement.matches(selector)", found):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} never led to {found}; at {page.evaluate(_HERE)}")


_HERE = "document.activeElement.outerHTML.slice(0, 200)"


def typed(page: Page, text: str) -> None:
    page.keyboard.type(text)


class TestStories:
    pytestmark = in_a_browser

    def test_a_lawyer_reviews_by_keyboard_alone(
        self, place: Place, browser: Browser, tmp_path: Path
    ) -> None:
        review = fresh_review(place, tmp_path, "keyboard-answers")
        with place.browse(browser, "lena") as context:
            page = context.new_page()
            page.goto("/reviews")
            press_until(page, "j", f'a[href="/reviews/{review["id"]}"]')
            page.keyboard.press("Enter")
            page.wait_for_url(f"**/reviews/{review['id']}")

            # Through the evidence to the rule about the license; a change is asked for there.
            press_until(page, "j", '[data-evidence="rule:license-is-there"]')
            page.keyboard.press("c")
            assert page.locator("#f-line").input_value() == "rule:license-is-there"
            typed(page, "Name the license of the data; a card (or a jar) of rights will do.")
            assert page.locator('input[name="answer"]:checked').count() == 0  # typing is typing
            press_until(page, "Tab", "#ask button")
            page.keyboard.press("Enter")
            page.get_by_text("You asked for changes.").wait_for()
            change = page.locator('[data-evidence="rule:license-is-there"] .remark-change')
            assert "Name the license of the data" in change.inner_text()

            self._resubmit(place, review, tmp_path)

            page.goto("/reviews")
            press_until(page, "j", f'a[href="/reviews/{review["id"]}"]')
            page.keyboard.press("Enter")
            page.wait_for_url(f"**/reviews/{review['id']}")
            page.keyboard.press("v")
            page.wait_for_url(re.compile(r"against=ass_"))
            assert "NOTES.md" in page.locator("#changed").inner_text()

            page.keyboard.press("a")
            assert page.locator('input[name="answer"][value="yes"]').is_checked()
            typed(page, "The card names it now.")
            press_until(page, "Tab", '#sign input[name="nothing_to_improve"]')
            page.keyboard.press("Space")
            press_until(page, "Tab", "#sign button")
            page.keyboard.press("Enter")
            page.get_by_text("You signed off.").wait_for()
        found = caller(place, "lena").get(f"/reviews/{review['id']}").body
        mine = [each for each in found["sign_offs"] if each["counts"]]
        assert [(each["role"], each["answer"]) for each in mine] == [("legal", "yes")]
        assert mine[0]["reason"] == "The card names it now."

    def _resubmit(self, place: Place, review: dict[str, Any], directory: Path) -> None:
        """Anna changes the model as she was asked, and submits it again."""
        anna = caller(place, "anna")
        path = f"/requests/{review['request']}"
        better = model(directory / "better" / "keyboard-answers-model", **{"NOTES.md": b"CC0"})
        version = anna.get(path).body["version"]
        changed = anna.patch(path, {"reference": f"dir:{better}"}, version=version)
        anna.post(f"{path}/submit", version=changed.version)
        place.work_off()
        again = anna.get(f"/reviews/{review['id']}").body["review"]
        assert (again["state"], again["round"]) == ("open", 2)

    def test_an_executive_follows_a_mail_to_what_is_overdue_and_decides(
        self, place: Place, browser: Browser, tmp_path: Path
    ) -> None:
        review = fresh_review(place, tmp_path, **CRITICAL)
        assert review["tier"] == "critical"
        eva = caller(place, "eva")
        place.clock.forward(days=35)
        place.work_off()
        place.clock.forward(days=8)
        place.work_off()
        told = [
            each for each in eva.get("/notifications").body["items"]
            if each["kind"] == "clock.due" and review["id"] in (each["subject"], each["about"])
        ]  # fmt: skip
        assert told, eva.get("/notifications").body["items"]
        with place.browse(browser) as context:
            page = context.new_page()
            page.goto(f"/go/{review['id']}")  # the mail finds nobody logged in
            assert "/login" in page.url
            assert review["id"] in page.url
        with place.browse(browser, "eva") as context:
            page = context.new_page()
            page.goto(f"/go/{told[0]['about'] or told[0]['subject']}")
            if (
                review["id"] not in page.url
            ):  # the mail speaks of the request: its review is a click
                page.goto(f"/go/{review['id']}")
            assert "overdue" in page.locator(".heading").inner_text()
            page.locator('#sign input[value="no"]').check()
            page.locator("#f-reason").fill("Nobody checks what it says.")
            page.get_by_role("button", name="Sign off").click()
            page.get_by_text("You signed off. The review is complete: rejected.").wait_for()
        place.work_off()
        found = eva.get(f"/requests/{review['request']}").body
        assert found["state"] == "rejected"

    def test_an_auditor_finds_a_decision_verifies_it_and_takes_the_evidence_away(
        self, place: Place, browser: Browser, tmp_path: Path
    ) -> None:
        with place.browse(browser, "axel") as context:
            page = context.new_page()
            page.goto("/decisions")
            page.locator("#filter-text").fill("multilingual")
            page.get_by_role("button", name="Filter").click()
            rows = page.locator("tbody tr")
            assert rows.count() == 1
            rows.get_by_role("link").first.click()
            page.get_by_role("link", name="Verify the proof").first.click()
            page.get_by_text("every byte accounted for").wait_for()
            assert page.locator(".proof-steps li.good").count() == 4
            assert page.locator(".proof-steps li.bad").count() == 0
            with page.expect_download() as download:
                page.get_by_role("link", name="Download the evidence").first.click()
            download.value.save_as(tmp_path / "evidence.zip")
        zipfile.ZipFile(tmp_path / "evidence.zip").extractall(tmp_path / "evidence")
        done = subprocess.run(
            [sys.executable, "-m", "steelyard", "verify", str(tmp_path / "evidence")],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


class Reader:
    """Somebody with a session, without a browser."""

    def __init__(self, place: Place, name: str) -> None:
        self._url, self._cookies = place.url, {PLAIN: place.session(name)}

    def call(self, method: str, path: str, fields: dict[str, str] | None = None) -> httpx.Response:
        with httpx.Client(cookies=self._cookies, headers=HTML, timeout=60) as client:
            return client.request(method, f"{self._url}{path}", data=fields)

    def page(self, path: str) -> str:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text[:500]
        return answer.text

    def send(self, path: str, **fields: str) -> httpx.Response:
        return self.call("POST", path, fields)


def hidden(html: str, action: str) -> dict[str, str]:
    """Return key and version of the form that is sent to ``action``."""
    form = html.split(f'action="{action}"', 1)[1].split("</form>", 1)[0]
    return dict(re.findall(r'<input type="hidden" name="(form-key|version)" value="([^"]*)"', form))


def test_a_sign_off_sent_twice_counts_once(place: Place, tmp_path: Path) -> None:
    review = fresh_review(place, tmp_path, "twice-answers")
    lena, path = Reader(place, "lena"), f"/reviews/{review['id']}"
    fields = hidden(lena.page(path), f"{path}/sign-offs")
    fields |= {"role": "legal", "answer": "yes", "nothing_to_improve": "on"}
    answers = [lena.send(f"{path}/sign-offs", **fields) for _ in range(2)]
    assert [each.status_code for each in answers] == [303, 303], answers[1].text[:2000]
    found = caller(place, "lena").get(path).body
    assert len(found["sign_offs"]) == 1


def test_whoever_asks_sees_no_form_and_is_refused(place: Place, tmp_path: Path) -> None:
    """Anna holds no role that signs, Omar does: but it is his own request."""
    omar = caller(place, "omar")
    case = omar.post("/use-cases", {**PUBLIC, "name": "own-answers"}).body
    asked = ask(omar, case, model(tmp_path / "own-model"))
    place.work_off()
    review = omar.get("/reviews", request=asked["id"]).body["items"][0]
    reader, path = Reader(place, "omar"), f"/reviews/{review['id']}"
    html = reader.page(path)
    assert f'action="{path}/sign-offs"' not in html
    assert "Whoever asks does not decide" in html
    assert review["id"] not in reader.page("/reviews")
    version = str(review["version"])
    answer = reader.send(
        f"{path}/sign-offs", role="model-owner", answer="yes", version=version,
        **{"form-key": "a-key-of-omar"},
    )  # fmt: skip
    assert answer.status_code == 403
    assert "review.requester" in answer.text
    assert omar.get(path).body["sign_offs"] == []


def test_a_form_filled_before_somebody_else_spoke_is_shown_again(
    place: Place, tmp_path: Path
) -> None:
    review = fresh_review(place, tmp_path, "late-answers")
    path = f"/reviews/{review['id']}"
    lena, pia = Reader(place, "lena"), Reader(place, "pia")
    late = hidden(lena.page(path), f"{path}/sign-offs")
    first = hidden(pia.page(path), f"{path}/sign-offs")
    said = {"answer": "yes", "nothing_to_improve": "on"}
    assert pia.send(f"{path}/sign-offs", **first, role="privacy", **said).status_code == 303
    words = "Read <b>twice</b> & weighed."
    answer = lena.send(f"{path}/sign-offs", **late, role="legal", reason=words, **said)
    assert answer.status_code in (409, 412)
    assert "state.stale" in answer.text
    assert "Read &lt;b&gt;twice&lt;/b&gt; &amp; weighed." in answer.text
    again = hidden(answer.text, f"{path}/sign-offs")
    assert again["version"] != late["version"]
    assert lena.send(f"{path}/sign-offs", **again, role="legal", **said).status_code == 303


def test_every_link_of_a_mail_leads_to_a_page(place: Place) -> None:
    reader = Reader(place, "ada")
    for name in ("review_id", "decision_id", "condition_id", "exception_id", "emergency_id",
                 "risk_id", "action_id", "request_id", "use_case_id"):  # fmt: skip
        thing = place.things[name]
        answer = reader.call("GET", f"/go/{thing}")
        assert answer.status_code == 303, (name, answer.text[:300])
        assert thing in answer.headers["location"]
        assert thing in reader.page(answer.headers["location"]), name
    assert reader.call("GET", "/go/xyz_nothing").status_code == 404


def test_findings_in_their_thousands_are_shown_in_parts() -> None:
    from steelyard.kernel.assessment import LocatedFinding
    from steelyard.kernel.finding import Severity
    from steelyard.ui.reviews.evidence import PER_PAGE, SHOWN, grouped

    many = [
        LocatedFinding(
            rule="pickle.call" if at % 2 else "secret.token", path=f"f{at}.py", message="m",
            severity=Severity.HIGH if at % 2 else Severity.LOW,
        )
        for at in range(10_000)
    ]  # fmt: skip
    found = grouped(many)
    assert [(g.rule, g.number, len(g.shown)) for g in found.groups] == [
        ("pickle.call", 5000, SHOWN), ("secret.token", 5000, SHOWN),
    ]  # fmt: skip
    last = grouped(many, "secret.token", 10**6)
    assert (last.part, last.parts, len(last.groups[0].shown)) == (100, 100, PER_PAGE)
    assert last.groups[0].shown[-1].path == "f9998.py"
    assert grouped(many, "no.such-rule").only == ""
