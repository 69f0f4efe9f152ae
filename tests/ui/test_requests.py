# SPDX-License-Identifier: Apache-2.0
"""Pages of requests and use cases: one form, one request; nothing is lost; nothing is trusted."""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.corpus.build import config, safetensors
from tests.stories.test_governance import CARD, CASE, LICENSE, PUBLIC, model
from tests.stories.town import open_town
from tests.ui.place import Place

from steelyard.api.cookies import PLAIN
from steelyard.platform.client import Client
from steelyard.platform.identity import passwords
from steelyard.platform.identity.credential_tables import PasswordRow
from steelyard.platform.work import Work
from steelyard.ui.requests import progress

WHY = "Our handbook is hard to search."
_OPEN: list[httpx.Client] = []
FIVE = ("data_class", "personal_data", "people_affected", "autonomy", "exposure")
ANSWERS = {name: CASE[name] for name in ("name", "purpose", *FIVE)}


@pytest.fixture(params=["sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with open_town(request.param, tmp_path, "standard") as town:
        town.__class__ = Place
        assert isinstance(town, Place)
        yield town
        while _OPEN:
            _OPEN.pop().close()


@pytest.fixture
def anna(place: Place) -> Client:
    return place.settle("anna", "requester", unit="search")


def pages(place: Place, name: str = "") -> httpx.Client:
    """Return a browser without scripts."""
    cookies = {PLAIN: place.session(name)} if name else {}
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    _OPEN.append(httpx.Client(base_url=place.url, cookies=cookies, headers=headers, timeout=60))
    return _OPEN[-1]


def key(page: str) -> str:
    found = re.search(r'name="form-key" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def filled(place: Place, browser: httpx.Client, directory: Path, **more: str) -> dict[str, str]:
    """Return the form of a request for a new use case, as a browser would send it."""
    return {
        "form-key": key(browser.get("/requests/new").text),
        "reference": f"dir:{model(directory)}",
        "use_case": "new",
        "environment": "",
        "justification": WHY,
        **ANSWERS,
        **more,
    }


def test_one_form_makes_use_case_and_request_or_neither(
    place: Place, anna: Client, tmp_path: Path
) -> None:
    browser = pages(place, "anna")
    form = filled(place, browser, tmp_path / "m")
    refused = browser.post("/requests/new", data={**form, "reference": "rev_" + "0" * 26})
    assert refused.status_code == 404 or refused.status_code == 422, refused.status_code
    assert WHY in refused.text
    assert html.escape(ANSWERS["purpose"]) in refused.text
    assert anna.get("/use-cases").body["items"] == []

    done = browser.post("/requests/new", data={**form, "form-key": key(refused.text)})
    assert done.status_code == 303, done.text
    made = anna.get(done.headers["location"]).body
    assert (made["state"], made["stage"]) == ("submitted", "assessing")
    assert anna.get("/use-cases").body["items"][0]["id"] == made["use_case"]
    place.work_off()
    page = browser.get(f"/requests/{made['id']}")
    assert "It may be used until" in page.text
    assert "/decisions/dec_" in page.text


def test_everything_that_is_missing_is_said_at_once_beside_its_field(
    place: Place, anna: Client
) -> None:
    browser = pages(place, "anna")
    sent = browser.post("/requests/new", data={"use_case": "new", "purpose": "Only this"})
    assert sent.status_code == 422
    wrong = set(re.findall(r'class="fault" id="e-([a-z_]+)"', sent.text))
    assert {"reference", "name", "justification", *FIVE} <= wrong
    assert 'value="Only this"' in sent.text


def test_a_form_sent_twice_makes_one_request(place: Place, anna: Client, tmp_path: Path) -> None:
    browser = pages(place, "anna")
    form = filled(place, browser, tmp_path / "m")
    answers: list[httpx.Response] = []

    def send() -> None:
        answers.append(browser.post("/requests/new", data=form))

    clicks = [threading.Thread(target=send) for _ in range(3)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join(60)
    assert {each.status_code for each in answers} == {303}
    assert len({each.headers["location"] for each in answers}) == 1
    assert len(anna.get("/requests").body["items"]) == 1

    # The way back, other words, sent again: said, not done, and the words are still there.
    other = browser.post("/requests/new", data={**form, "justification": "Other words, rather"})
    assert other.status_code == 409
    assert "You sent this form before" in other.text
    assert "Other words, rather" in other.text
    assert len(anna.get("/requests").body["items"]) == 1


def test_what_was_typed_survives_the_end_of_the_session(
    place: Place, anna: Client, tmp_path: Path
) -> None:
    secret = "a long enough secret of anna"

    def choose(work: Work) -> None:
        hashed = passwords.pool().hash(secret)
        work.session.add(
            PasswordRow(person=place.ids["anna"], hash=hashed, changed_at=work.now, totp="",
                        totp_since=None, totp_step=0, recovery=[])
        )  # fmt: skip

    place.house.transact(choose)
    form = filled(place, pages(place, "anna"), tmp_path / "m")
    stranger = pages(place)
    ended = stranger.post("/requests/new", data=form, files={"files": ("", b"")})
    assert ended.status_code == 401
    assert WHY not in ended.text
    kept = re.search(r'name="kept" value="([^"]{40,})"', ended.text)
    assert kept is not None
    entered = stranger.post(
        "/login",
        data={"mail": "anna@example.org", "password": secret, "next": "/requests/new",
              "kept": kept[1]},
    )  # fmt: skip
    assert entered.status_code == 200, entered.text
    assert WHY in entered.text
    again = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', entered.text))
    again = {name: html.unescape(value) for name, value in again.items()}
    sent = stranger.post("/requests/new", data=again)
    assert sent.status_code == 303, sent.text
    assert anna.get("/requests").body["items"][0]["justification"] == WHY


def test_large_forms_are_read_only_from_people_we_know(place: Place, anna: Client) -> None:
    large = {"files": ("model.bin", b"x" * (2 << 20))}
    assert pages(place).post("/requests/new", files=large).status_code in (413, 422)
    assert pages(place, "anna").post("/use-cases/new", files={
        "files": ("model.bin", b"x" * (5 << 20))}).status_code == 413  # fmt: skip


def test_files_become_a_model_in_quarantine_and_a_request(
    place: Place, anna: Client, tmp_path: Path
) -> None:
    browser = pages(place, "anna")
    files = [
        ("folder", ("tiny/README.md", CARD)),
        ("folder", ("tiny/LICENSE", LICENSE.read_bytes())),
        ("folder", ("tiny/config.json", config(model_type="bert", architectures=["BertModel"]))),
        ("folder", ("tiny/model.safetensors", safetensors() + b"")),
    ]
    form = {"form-key": "k" * 20, "use_case": "new", "justification": WHY, **ANSWERS}
    # What is wrong with the rest does not make anybody send the files twice.
    first = browser.post("/requests/new", data={**form, "name": "No Name"}, files=files)
    assert first.status_code == 422
    found = re.search(
        r'name="reference" type="text" value="(pkg:generic/upload/tiny[^"]+)"', first.text
    )
    assert found is not None
    form = {**form, "form-key": key(first.text), "reference": html.unescape(found[1])}
    done = browser.post("/requests/new", data=form)
    assert done.status_code == 303, done.text
    place.work_off()
    assert anna.get(done.headers["location"]).body["state"] == "approved"
    escape = browser.post(
        "/requests/new", data={**form, "form-key": "j" * 20},
        files=[("files", ("../../etc/passwd", b"x")), ("files", ("a/b", b"y"))],
    )  # fmt: skip
    assert escape.status_code == 422


def test_what_would_follow_is_shown_before_anything_is_sent(
    place: Place, anna: Client, tmp_path: Path
) -> None:
    place.settle("lena", "legal")
    browser = pages(place, "anna")
    begun = browser.post("/requests/preview", data={"use_case": "new", "data_class": "public"})
    assert "Answer 4 more questions" in begun.text
    answers = {name: PUBLIC[name] for name in FIVE}
    risky = browser.post(
        "/requests/preview", data={"use_case": "new", "environment": "production", **answers}
    )
    assert "high" in risky.text
    assert "Who will be asked" in risky.text
    assert "legal" in risky.text
    assert "Lena" in risky.text
    assert "due" in risky.text
    small = browser.post("/requests/preview", data={"use_case": "new", **ANSWERS})
    assert "standing approval, at once" in small.text
    named = {"use_case": "new", "reference": "hf:acme/nsfw-classifier", **ANSWERS}
    assert "sensitive-purpose" in browser.post("/requests/preview", data=named).text
    assert "standing approval, at once" not in browser.post("/requests/preview", data=named).text
    without = browser.post("/requests/new", data={"do": "preview", "use_case": "new", **ANSWERS})
    assert without.status_code == 200
    assert "standing approval, at once" in without.text
    assert anna.get("/requests").body["items"] == []
    assert anna.get("/use-cases").body["items"] == []

    # Of an examined revision there is one answer, and what was asked before is found.
    case = anna.post("/use-cases", CASE).body
    asked = {"reference": f"dir:{model(tmp_path / 'm')}", "use_case": case["id"],
             "justification": WHY}  # fmt: skip
    made = anna.post("/requests", asked).body
    place.work_off()
    revision = anna.get(f"/requests/{made['id']}").body["revision"]
    known = browser.post(
        "/requests/preview", data={"reference": revision, "use_case": case["id"]}
    ).text
    assert "By what is known of this revision" in known
    assert "There is a decision about the same" in known


def test_two_who_edit_one_use_case_see_what_the_other_changed(place: Place, anna: Client) -> None:
    case = anna.post("/use-cases", CASE).body
    path = f"/use-cases/{case['id']}/edit"
    one, two = pages(place, "anna"), pages(place, "anna")

    def typed(page: str, **changes: str) -> dict[str, str]:
        sent = {
            html.unescape(name): html.unescape(value)
            for name, value in re.findall(
                r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page
            )
        }
        was = {name[4:]: value for name, value in sent.items() if name.startswith("was-")}
        return {**was, **sent, **changes}

    mine, theirs = one.get(path).text, two.get(path).text
    saved = one.post(path, data=typed(mine, purpose="Find recipes", sector="food"))
    assert saved.status_code == 303, saved.text
    late = two.post(path, data=typed(theirs, purpose="Find songs", exposure="partner"))
    assert late.status_code in (409, 412)
    assert "What changed meanwhile" in late.text
    for words in ("Find recipes", "Find songs", "both changed it", CASE["purpose"], "Anna"):
        assert words in late.text
    assert re.search(r'name="exposure" value="partner" checked', late.text)
    assert anna.get(f"/use-cases/{case['id']}").body["facts"]["purpose"] == "Find recipes"
    # Looked at and sent again: both have what only they changed, and the last word on the rest.
    again = typed(late.text, purpose="Find songs", exposure="partner")
    assert again["sector"] == "food"
    assert two.post(path, data=again).status_code == 303
    facts = anna.get(f"/use-cases/{case['id']}").body["facts"]
    assert (facts["purpose"], facts["exposure"], facts["sector"]) == (
        "Find songs",
        "partner",
        "food",
    )


ODD = "<script>alert(1)</script> \u202e\u05e9\u05dc\u05d5\u05dd " + "long" * 1200


def test_odd_and_endless_texts_are_harmless(place: Place, anna: Client, tmp_path: Path) -> None:
    browser = pages(place, "anna")
    form = filled(place, browser, tmp_path / "m", purpose=ODD[:4990], justification=ODD[:4990])
    done = browser.post("/requests/new", data=form)
    assert done.status_code == 303, done.text
    made = anna.get(done.headers["location"]).body
    for path in (f"/requests/{made['id']}", f"/use-cases/{made['use_case']}", "/use-cases",
                 f"/use-cases/{made['use_case']}/edit", "/requests"):  # fmt: skip
        page = browser.get(path)
        assert page.status_code == 200, path
        assert "<script>alert" not in page.text, path
    for name in ("name", "reference", "environment", "justification", "purpose"):
        long = browser.post(
            "/requests/new", data={**form, "form-key": "", name: "hf:a/" + "x" * 5000}
        )
        assert long.status_code == 422, name
        assert "x" * 5000 in long.text, name
    assert browser.post("/use-cases/new", data={**ANSWERS, "name": "x" * 5000}).status_code == 422
    strange = f"/requests/new?reference={'%3Cscript%3E' * 40}&use_case=uc_x&environment=%3Cb%3E"
    assert browser.get(strange).status_code == 200
    assert "<script>%" not in browser.get(strange).text
    assert (
        browser.get("/blocked?model=%3Cscript%3E&rule=%3Cb%3E&environment=A%20B").status_code == 200
    )


def test_changes_are_answered_line_by_line(place: Place, anna: Client, tmp_path: Path) -> None:
    lena = place.settle("lena", "legal")
    case = anna.post("/use-cases", PUBLIC).body
    asked = {"reference": f"dir:{model(tmp_path / 'm')}", "use_case": case["id"],
             "justification": WHY}  # fmt: skip
    made = anna.post("/requests", asked).body
    place.work_off()
    review = lena.get("/reviews", request=made["id"]).body["items"][0]
    lines = [{"evidence": "license", "text": "Name the license of the data."},
             {"evidence": "card", "text": "Who checked the languages?"}]  # fmt: skip
    lena.post(f"/reviews/{review['id']}/changes", {"changes": lines}, version=review["version"])
    browser = pages(place, "anna")
    page = browser.get(f"/requests/{made['id']}").text
    assert "Name the license of the data." in page
    names = re.findall(r'name="(answer-cmt_[a-z0-9]+)"', page)
    assert len(names) == 2
    hidden = dict(
        re.findall(
            r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.partition('id="answer"')[2]
        )
    )
    half = browser.post(f"/requests/{made['id']}/answer", data={**hidden, names[0]: "It is CC0."})
    assert half.status_code == 422
    assert "It is CC0." in half.text
    assert anna.get(f"/requests/{made['id']}").body["state"] == "changes requested"
    hidden["form-key"] = key(half.text.partition('id="answer"')[2])
    done = browser.post(
        f"/requests/{made['id']}/answer",
        data={**hidden, names[0]: "It is CC0.", names[1]: "Omar did."},
    )
    assert done.status_code == 303, done.text
    found = lena.get(f"/reviews/{review['id']}").body
    said = {(each["evidence"], each["text"]) for each in found["comments"]}
    assert {("license", "It is CC0."), ("card", "Omar did.")} <= said
    assert found["review"]["state"] == "open"
    assert anna.get(f"/requests/{made['id']}").body["stage"] == "in review"


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def test_progress_is_told_until_it_ends(
    place: Place, anna: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "BEAT", 0.05)
    case = anna.post("/use-cases", CASE).body
    asked = {"reference": f"dir:{model(tmp_path / 'm')}", "use_case": case["id"],
             "justification": WHY}  # fmt: skip
    made = anna.post("/requests", asked).body
    browser, path = pages(place, "anna"), f"/requests/{made['id']}/progress"
    assert "data-progress" in browser.get(f"/requests/{made['id']}").text
    with browser.stream("GET", path) as stream:
        told = _events(stream.iter_lines())
        assert next(told)[0] == "progress"
        held = [pages(place, "anna").stream("GET", path) for _ in range(progress.ONE_MOST - 1)]
        opened = [each.__enter__() for each in held]
        listening = [_events(each.iter_lines()) for each in opened]
        beginnings = [next(each)[0] for each in listening]
        assert set(beginnings) == {"progress"}
        assert next(_events(iter(pages(place, "anna").get(path).text.splitlines())))[0] == "later"
        for each in held:
            each.__exit__(None, None, None)
        place.work_off()
        names = [name for name, _ in told]  # the stream ends by itself
    assert names[-1] == "done"
    assert not progress._listening[place.ids["anna"]]
    place.settle("bert", "requester", unit="fraud")
    assert pages(place, "bert").get(path).status_code == 404


def test_the_page_of_a_refusal_believes_nothing_and_shows_the_way(
    place: Place, anna: Client, tmp_path: Path
) -> None:
    place.settle("bert", "requester", unit="fraud")
    case = anna.post("/use-cases", PUBLIC).body
    asked = {"reference": f"dir:{model(tmp_path / 'secret-model')}", "use_case": case["id"],
             "justification": WHY}  # fmt: skip
    made = anna.post("/requests", asked).body
    place.work_off()
    revision = anna.get(f"/requests/{made['id']}").body["revision"]
    query = f"/blocked?environment=production&revision={revision}&rule=license-is-there"
    hers = pages(place, "anna").get(f"{query}&use_case={case['id']}").text
    for words in ("license-is-there", "license.use", "What to do", "Follow the request", "Legal",
                  f"/requests/{made['id']}", "public-answers"):  # fmt: skip
        assert words.lower() in hers.lower(), words
    # Somebody of another unit learns nothing, and not even that there is something.
    his = pages(place, "bert").get(f"{query}&use_case={case['id']}")
    nothing = pages(place, "bert").get(
        query.replace(revision, "rev_" + "0" * 26) + "&use_case=uc_" + "0" * 26
    )
    assert "secret-model" not in his.text
    strip = re.compile(r"rev_[0-9a-z]{26}|uc_[0-9a-z]{26}|[0-9a-f]{16}")
    assert strip.sub("", his.text) == strip.sub("", nothing.text)
    hub = (
        pages(place, "bert").get("/blocked?environment=staging&model=acme/tiny&revision=main").text
    )
    assert "reference=hf%3Aacme%2Ftiny%40main&amp;environment=staging" in hub


@pytest.mark.parametrize("word", ["withdraw", "submit"])
def test_a_draft_is_sent_or_taken_back_once(
    place: Place, anna: Client, tmp_path: Path, word: str
) -> None:
    browser = pages(place, "anna")
    form = filled(place, browser, tmp_path / "m", do="draft", justification="")
    done = browser.post("/requests/new", data=form)
    made = anna.get(done.headers["location"]).body
    assert made["state"] == "draft"
    path = f"/requests/{made['id']}"
    why = {"reference": made["reference"], "environment": "sandbox", "justification": WHY}
    kept = browser.post(f"{path}/change", data={**why, "version": "1"})
    assert kept.status_code == 303, kept.text
    old = browser.post(f"{path}/{word}", data={"version": "1"})
    assert old.status_code in (409, 412)
    assert browser.post(f"{path}/{word}", data={"version": "2"}).status_code == 303
    state = {"withdraw": "withdrawn", "submit": "submitted"}[word]
    assert anna.get(path).body["state"] == state
    stale = browser.post(f"{path}/change", data={**why, "version": "1", "justification": "Mine"})
    assert stale.status_code in (409, 412)
    assert "Mine" in stale.text
