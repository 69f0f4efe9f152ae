# SPDX-License-Identifier: Apache-2.0
"""A server with pages and something on every one of them, and a browser to look at it."""

from __future__ import annotations

import datetime as dt
import io
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests.stories.test_governance import CASE, PUBLIC, ask, model, sign
from tests.stories.town import Town, open_town
from tests.ui.shelves import stock

from steelyard.api.cookies import PLAIN
from steelyard.platform.identity import sessions
from steelyard.platform.identity.tables import PersonRow

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
in_a_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and "chromium" not in os.environ.get("STEELYARD_REQUIRE", ""),
        reason="NO CHROMIUM FOUND: the pages were not looked at in a browser",
    ),
]
"""``pytestmark`` of tests that need a browser."""
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
Theme = Literal["light", "dark"]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
_RULES = "['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']"
ROLES = {
    "anna": ("requester",),
    "omar": ("model-owner",),
    "lena": ("legal",),
    "sven": ("security",),
    "pia": ("privacy",),
    "rolf": ("risk",),
    "eva": ("executive-sponsor",),
    "paul": ("platform-operator",),
    "ada": ("administrator",),
    "axel": ("auditor",),
    "hanna": ("head-of-risk",),
    "oda": ("operator",),
}
"""Who lives in the place; everybody but Anna and Omar belongs to no unit."""

STRICTER = """extends: standard
charter: our-charter
version: "2"
effective: 2026-01-01
owner: risk@example.org
purpose: What Example Corporation asks of open-weight models.
licenses:
  allow: [permissive, research-only]
"""


class Place(Town):
    """A town whose people have browsers."""

    things: dict[str, str]
    """Path parameter → id of such a thing."""

    def session(self, name: str) -> str:
        """Return the secret of a new session of somebody."""

        def start(work: Any) -> str:
            row = work.session.get(PersonRow, self.ids[name])
            life = dt.timedelta(hours=9)
            return sessions.start(work, row, "password", agent="", address="", life=life)[0]

        return self.house.transact(start)

    def browse(
        self, browser: Browser, name: str = "", *, theme: Theme = "light", width: int = 1280,
        language: str = "en-GB", scripts: bool = True, bypass_csp: bool = False,
    ) -> BrowserContext:  # fmt: skip
        """Return a browser in which somebody is logged in; nobody without a name."""
        context = browser.new_context(
            base_url=self.url, color_scheme=theme, viewport={"width": width, "height": 900},
            locale=language, java_script_enabled=scripts, bypass_csp=bypass_csp,
            reduced_motion="reduce",
        )  # fmt: skip
        if name:
            context.add_cookies([{"name": PLAIN, "value": self.session(name), "url": self.url}])
        context.set_default_timeout(20_000)
        return context


@contextmanager
def open_place(directory: Path) -> Iterator[Place]:
    """Yield a place on SQLite with people and one thing of every kind in the unit ``search``."""
    with open_town("sqlite", directory, "standard") as town:
        town.__class__ = Place
        assert isinstance(town, Place)
        callers = {
            name: town.settle(name, *roles, unit="search" if name in ("anna", "omar") else "")
            for name, roles in ROLES.items()
        }
        town.things = furnish(town, callers, directory)
        yield town


def furnish(town: Place, callers: dict[str, Any], directory: Path) -> dict[str, str]:
    """Put one thing of every kind into the place, through the API; return their ids."""
    anna, lena = callers["anna"], callers["lena"]
    pilot = anna.post("/use-cases", CASE).body
    public = anna.post("/use-cases", PUBLIC).body
    ask(anna, pilot, model(directory / "a"))
    asked = ask(anna, public, model(directory / "b"))
    town.work_off()
    review = lena.get("/reviews", request=asked["id"]).body["items"][0]
    clock = lena.get("/clocks", subject=review["id"]).body["items"][0]
    action = lena.post(
        "/actions",
        {"review": review["id"], "text": "Name the license.", "owner": town.ids["anna"],
         "severity": "medium"},
    ).body  # fmt: skip
    request = anna.get(f"/requests/{asked['id']}").body
    proposal = lena.post(
        "/charters/proposals",
        {"file": "charter.yaml", "texts": {"charter.yaml": STRICTER}, "why": "Research-only "
         "licenses keep coming up; the list now says what we think of them."},
    ).body  # fmt: skip
    return {
        "proposal_id": proposal["id"],
        "sha256": anna.get("/charters/current").body["sha256"],
        "control_id": "acceptance-evaluation",
        **administered(town, callers["ada"]),
        **decided(town, callers, directory),
        **permitted(town, callers, asked, request, public),
        "use_case_id": public["id"],
        "request_id": asked["id"],
        "review_id": review["id"],
        "clock_id": clock["id"],
        "action_id": action["id"],
        "seq": "1",
        "user_id": town.ids["anna"],
        "unit": "search",
        **stock(town, callers, directory / "shelves", pilot["id"]),
    }


def administered(town: Place, ada: Any) -> dict[str, str]:
    """Have somebody administer the place: a robot, a webhook that was tried, a job."""
    robot = ada.post(
        "/robots",
        {"name": "deploy", "purpose": "Asks the gate before every roll-out to the clusters.",
         "owner": town.ids["ada"], "roles": ["requester"], "units": ["search"]},
    ).body  # fmt: skip
    ada.post(f"/robots/{robot['id']}/tokens", {"name": "nightly", "environments": ["staging"]})
    hook = ada.post(
        "/webhooks",
        {"url": "https://hooks.example.org/services/steelyard/decisions",
         "events": ["request.*", "decision.issued"], "description": "Chat of the platform team"},
    ).body  # fmt: skip
    delivery = ada.post(f"/webhooks/{hook['id']}/test", {}).body
    return {
        "robot_id": robot["id"],
        "webhook_id": hook["id"],
        "delivery_id": delivery["id"],
        "job_id": ada.get("/jobs").body["items"][0]["id"],
    }


def decided(town: Place, callers: dict[str, Any], directory: Path) -> dict[str, str]:
    """Have people approve something on a condition; return the ids of what came of it."""
    made = {**PUBLIC, "name": "support-answers", "purpose": "Draft answers of our support"}
    case = callers["anna"].post("/use-cases", made).body
    asked = ask(callers["anna"], case, model(directory / "multilingual-encoder"))
    town.work_off()
    review = callers["lena"].get("/reviews", request=asked["id"]).body["items"][0]["id"]
    for name, role in (("sven", "security"), ("omar", "model-owner"), ("pia", "privacy")):
        sign(callers[name], f"/reviews/{review}", role)
    terms = ["Show the notice of the license in the product."]
    sign(callers["lena"], f"/reviews/{review}", "legal", conditions=terms)
    town.work_off()
    decision = callers["lena"].get("/decisions", request=asked["id"]).body["items"][0]
    return {
        "decision_id": decision["id"],
        "condition_id": decision["conditions"][0]["id"],
        "verb": "suspend",
    }


def permitted(
    town: Place, callers: dict[str, Any], asked: dict[str, Any], request: dict[str, Any],
    case: dict[str, Any],
) -> dict[str, str]:  # fmt: skip
    """Ask for an exception and an emergency, record a risk, hand a right on; return their ids."""
    anna, pia = callers["anna"], callers["pia"]
    until = town.clock().date() + dt.timedelta(days=20)
    exception = anna.post(
        "/exceptions",
        {"request": asked["id"], "rule": "license-is-there", "owner": town.ids["omar"],
         "reason": "The publisher names the license of the data set in January.",
         "until": until.isoformat(), "controls": ["Nothing is passed on until then."]},
    )  # fmt: skip
    anna.post(f"/exceptions/{exception.body['id']}/submit", version=exception.version)
    emergency = anna.post(
        "/emergencies",
        {"revision": request["revision"], "use_case": case["id"], "environment": "production",
         "hours": 8, "reason": "The filter in use lets insults through; this one does not."},
    ).body  # fmt: skip
    risk = pia.post(
        "/risks",
        {"title": "The model repeats names from its training data", "unit": "", "tier": "moderate",
         "text": "Seen once in the pilot.", "about": case["id"], "likelihood": 3, "impact": 4,
         "residual_likelihood": 2, "residual_impact": 3, "treatment": "reduce",
         "plan": "Filter names from answers.", "owner": town.ids["omar"],
         "review_on": (until + dt.timedelta(days=90)).isoformat()},
    ).body  # fmt: skip
    lent = callers["lena"].post(
        "/delegations",
        {"role": "legal", "to": town.ids["pia"], "reason": "I am away.",
         "until": (town.clock() + dt.timedelta(days=9)).isoformat()},
    ).body  # fmt: skip
    return {
        "exception_id": exception.body["id"],
        "emergency_id": emergency["id"],
        "risk_id": risk["id"],
        "delegation_id": lent["id"],
    }


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Yield Chromium."""
    assert CHROMIUM is not None, "Chromium is required here and was not found"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def barriers(page: Page) -> list[str]:
    """Return what on a page keeps people out, by WCAG 2.2 AA; :data:`AXE` is loaded."""
    found = page.evaluate(f"axe.run(document, {{runOnly: {_RULES}}})")
    return [
        f"{each['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def zipped(directory: Path) -> bytes:
    """Return a directory as a zip file."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for file in sorted(directory.rglob("*")):
            archive.write(file, file.relative_to(directory))
    return held.getvalue()
