# SPDX-License-Identifier: Apache-2.0
"""What happened at the insurer after its requests were made: each by the person it belongs to."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from steelyard.platform.client import Client

_SETTLED_SECONDS = 60
MAIL = "@hansa-mutual.example"


class Town(Struct, frozen=True):
    """The insurer as it was made so far: clients and ids of people by name, requests by key."""

    staff: dict[str, Client]
    ids: dict[str, str]
    cases: dict[str, str]
    requests: dict[str, dict[str, Any]]
    today: dt.date

    def as_(self, name: str) -> Client:
        """Return the client of a person: ``ada`` for Ada Brandt."""
        return self.staff[self.mail(name)]

    def mail(self, name: str) -> str:
        """Return the address of a person."""
        return next(mail for mail in self.staff if mail.startswith(f"{name}."))

    def id(self, name: str) -> str:
        """Return the id of a person."""
        return self.ids[self.mail(name)]

    def day(self, days: int) -> str:
        """Return the day so many days from now."""
        return (self.today + dt.timedelta(days=days)).isoformat()

    def review(self, key: str) -> str:
        """Return the path of the review of a request."""
        found = self.as_("otto").get("/reviews", request=self.requests[key]["id"]).body["items"]
        return f"/reviews/{found[0]['id']}"

    def decision(self, key: str) -> dict[str, Any]:
        """Return the newest decision about a request."""
        query = {"request": self.requests[key]["id"]}
        found: dict[str, Any] = self.as_("otto").get("/decisions", **query).body["items"][0]
        return found

    def change(self, name: str, path: str, verb: str, body: Any = None) -> dict[str, Any]:
        """Have a person do something to the thing at ``path`` as they see it now."""
        client = self.as_(name)
        version = client.get(path).version
        done: dict[str, Any] = client.post(f"{path}/{verb}", body, version=version).body
        return done


def live(town: Town) -> None:
    """Let everything happen that does not need time to pass."""
    photos(town)
    assistant(town)
    calls(town)
    mails(town)
    stopped(town)
    emergency(town)
    risks(town)
    around(town)


def photos(town: Town) -> None:
    """A deep review with two of four sign-offs, a talk about it, and evidence."""
    path = town.review("photos")
    _sign(town, "tomas", path, "security")
    _sign(town, "samira", path, "privacy", reason="Pictures are looked at and not kept.")
    talk = (
        ("priya", f"@{town.mail('mina')} which version of the weights does the license cover?"),
        ("mina", f"@{town.mail('priya')} those in the package; I have attached our test."),
    )
    for who, text in talk:
        town.as_(who).post(f"{path}/comments", {"text": text, "evidence": "license"})
    request = town.requests["photos"]["id"]
    made = evidence(
        town, "mina", request, "Acceptance test on 2,000 of our own pictures",
        "Pictures shown wrongly: 7 of 2,000. Pictures hidden wrongly: 31 of 2,000.\n",
    )  # fmt: skip
    town.change("tomas", f"/evidence/{made['id']}", "verify")


def assistant(town: Town) -> None:
    """Signed by everybody, one yes under a condition: approved, with conditions that are open."""
    path = town.review("assistant")
    _sign(town, "tomas", path, "security")
    town.as_("tomas").post(
        "/actions",
        {"review": path.rpartition("/")[2], "severity": "medium", "owner": town.id("jonas"),
         "text": "Log which passages an answer was made from."},
    )  # fmt: skip
    _sign(town, "lea", path, "model-owner")
    _sign(town, "priya", path, "legal", conditions=["Name the model and its license on the page."])
    _sign(town, "samira", path, "privacy")
    _until(lambda: town.as_("jonas").get(f"/requests/{town.requests['assistant']['id']}").body)
    decision = town.decision("assistant")
    for number, condition in enumerate(decision["conditions"][:2]):
        where = f"/decisions/{decision['id']}/conditions/{condition['id']}"
        version = town.as_("tomas").get(f"/decisions/{decision['id']}").version
        due = dt.datetime.combine(
            town.today + dt.timedelta(days=30 + 30 * number), dt.time(), dt.UTC
        )
        body = {"due": due.isoformat(), "owner": town.mail("jonas")}
        town.as_("tomas").post(f"{where}/schedule", body, version=version)


def calls(town: Town) -> None:
    """Changes are asked for; the clock stands until the requester answers."""
    path = town.review("calls")
    changes = [{"evidence": "card", "text": "Say for how long recordings are kept."}]
    town.change("samira", path, "changes", {"changes": changes})
    town.change("priya", path, "recusals", {"why": "My brother works for the publisher."})
    town.change("mina", f"/requests/{town.requests['withdrawn']['id']}", "withdraw")


def mails(town: Town) -> None:
    """The charter said no; an exception to one rule holds for a month, another is only drafted."""
    decision = town.decision("mails")
    states = iter(("granted", "asked", "drafted"))
    for rule in decision["reasons"]:
        body = {
            "request": town.requests["mails"]["id"],
            "rule": rule,
            "reason": "The mails stay in one room, and nothing is sent by itself.",
            "owner": town.id("lea"),
            "until": town.day(30),
            "controls": ["The process has no network and no secrets."],
        }
        state = next(states, "drafted")
        made = town.as_("mina").post("/exceptions", body).body
        path = f"/exceptions/{made['id']}"
        if state != "drafted":
            town.change("mina", path, "submit")
        if state == "granted":
            vote = {"role": "head-of-risk", "answer": "yes", "declares": True}
            town.change("henrik", path, "votes", vote)


def stopped(town: Town) -> None:
    """A model that was let in is stopped until somebody has looked at it."""
    decision = town.decision("voice")
    why = "The workshop reports that it records when nobody speaks; stopped until that is clear."
    town.change("tomas", f"/decisions/{decision['id']}", "suspend", {"why": why})


def emergency(town: Town) -> None:
    """Two operators broke the glass; the review afterwards is due."""
    photos = town.requests["photos"]
    now = town.as_("mina").get(f"/requests/{photos['id']}").body
    asked = {
        "revision": now["revision"],
        "use_case": now["use_case"],
        "environment": now["environment"],
        "hours": 8,
        "reason": "The old filter is down, and handlers see everything.",
    }
    path = f"/emergencies/{town.as_('mina').post('/emergencies', asked).body['id']}"
    for who in ("erik", "maja"):
        town.change(who, path, "agreements", {"role": "operator"})


def risks(town: Town) -> None:
    """Two risks in the register, one of them carried by the head of risk for the pilot."""
    rows = (
        {"title": "Answers from an outdated policy document", "about": town.cases[
            "policyholder-assistant"], "tier": "high", "likelihood": 3, "impact": 4,
         "residual_likelihood": 2, "residual_impact": 3, "treatment": "reduce",
         "plan": "The index is built anew every night; answers show the document's date."},
        {"title": "Harmless pictures are hidden from handlers", "about": town.cases[
            "claim-photo-screening"], "tier": "moderate", "likelihood": 4, "impact": 2,
         "residual_likelihood": 3, "residual_impact": 2, "treatment": "accept",
         "plan": "Handlers can show a hidden picture with one click."},
    )  # fmt: skip
    for row in rows:
        body = {**row, "unit": "risk-and-compliance", "owner": town.id("jonas"),
                "review_on": town.day(90)}  # fmt: skip
        made = town.as_("ivo").post("/risks", body).body
        accepted = {"phase": "pilot", "role": "head-of-risk", "until": town.day(120),
                    "reason": "Seen, and small enough for a pilot."}  # fmt: skip
        town.change("henrik", f"/risks/{made['id']}", "acceptances", accepted)


def around(town: Town) -> None:
    """A right handed on, another system that listens, a machine account, and somebody erased."""
    until = dt.datetime.combine(town.today + dt.timedelta(days=14), dt.time(), dt.UTC)
    town.as_("henrik").post(
        "/delegations",
        {"role": "head-of-risk", "to": town.id("ivo"), "until": until.isoformat(),
         "reason": "On leave."},
    )  # fmt: skip
    ada = town.as_("ada")
    ada.post(
        "/webhooks",
        {"url": "https://siem.hansa-mutual.example/steelyard", "events": ["decision.*"],
         "description": "Security monitoring"},
    )  # fmt: skip
    robot = {"name": "deploy-claims", "purpose": "Asks before it deploys."}
    roles = {"owner": town.id("erik"), "roles": ["platform-operator"], "units": []}
    ada.post("/robots", {**robot, **roles})
    left = {"mail": f"ines.castro{MAIL}", "name": "Ines Castro", "roles": ["requester"],
            "units": ["claims"]}  # fmt: skip
    gone = ada.post("/users", left).body["user"]["id"]
    ada.post(f"/users/{gone}/erase")


def evidence(town: Town, who: str, target: str, title: str, text: str) -> dict[str, Any]:
    """Have a person attach a proof to a request."""
    return attach(
        town.as_(who), text, kind="evaluation-report", title=title, source="Claims handling",
        effective=town.day(0), target=target,
    )  # fmt: skip


def attach(client: Client, text: str, **given: str) -> dict[str, Any]:
    """Send a text as a file and attach it to something as evidence."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "report.txt"
        file.write_text(text, encoding="utf-8")
        sha256 = client.send_file("/uploads", file).body["sha256"]
    body = {**given, "name": file.name, "media": "text/plain", "sha256": sha256}
    made: dict[str, Any] = client.post("/evidence", body).body
    return made


def _sign(town: Town, who: str, path: str, role: str, **more: Any) -> None:
    said = {"role": role, "answer": "yes", "declares": True, "nothing_to_improve": True, **more}
    town.change(who, path, "sign-offs", said)


def _until(ask: Any) -> None:
    """Wait for the request that ``ask`` returns to be decided."""
    from steelyard.kernel.errors import UndecidedError

    deadline = time.monotonic() + _SETTLED_SECONDS
    while ask()["state"] == "submitted":
        if time.monotonic() > deadline:
            raise UndecidedError(
                "The server does not decide what everybody signed.",
                next_step="Look whether a worker runs.",
                code="seed.undecided",
            )
        time.sleep(0.3)
