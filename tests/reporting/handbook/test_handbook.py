# SPDX-License-Identifier: Apache-2.0
"""What the handbook says, and that the page holds together."""

from __future__ import annotations

import datetime
import html
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import click
import msgspec
import pytest

from steelyard import cli
from steelyard.catalog.charters import NAMES
from steelyard.charter.diff import CharterDiff, compare
from steelyard.charter.document import Document
from steelyard.charter.load import load_charter, shipped
from steelyard.charter.resolve import identity_of
from steelyard.charter.schema import Charter, CharterDocument, RiskSection, RoleTerms
from steelyard.reporting.handbook.book import handbook_of, next_review
from steelyard.reporting.handbook.onboarding import first_weeks
from steelyard.reporting.handbook.people import approval_matrix, committee_rows, raci, right_rows
from steelyard.reporting.handbook.policy import license_rows
from steelyard.reporting.handbook.render import changes_by_direction, render_handbook

BANK = Path(__file__).with_name("bank.yaml")
TODAY = datetime.date(2026, 11, 27)


def bank() -> Charter:
    return load_charter(BANK.read_text("utf-8"), "bank.yaml")


def charters() -> dict[str, Charter]:
    return {"bank": bank(), **{name: shipped(name) for name in NAMES}}


def page_of(charter: Charter, since: CharterDiff | None = None) -> str:
    return render_handbook(
        charter, identity_of(charter), file="c.yaml", today=TODAY, since=since
    ).decode("utf-8")


class Page(HTMLParser):
    """Collects what a careful reader of the page would trip over."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[int] = []
        self.bare_headers = 0
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "th" and "scope" not in given:
            self.bare_headers += 1


@pytest.mark.parametrize("name", ["bank", *NAMES])
def test_the_page_holds_together(name: str) -> None:
    charter = charters()[name]
    page = Page(page_of(charter))
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    steps = zip(page.headings, page.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)
    assert page.bare_headers == 0
    assert not page.tags & {"script", "img", "iframe", "form", "object"}
    book = handbook_of(charter, identity_of(charter), "c.yaml")
    anchors = {entry.anchor for entry in book.rules} | {entry.anchor for entry in book.controls}
    anchors |= {entry.anchor for entry in book.roles} | {entry.anchor for entry in book.tracks}
    assert anchors <= set(page.ids)
    assert {rule.id for rule in book.rules} == {rule.id for rule in charter.rules}
    assert {control.id for control in book.controls} == {c.id for c in charter.controls}


def test_the_first_page_names_the_charter() -> None:
    charter = bank()
    text = page_of(charter)
    first = text[text.index('id="charter"') : text.index('id="path"')]
    for said in (
        identity_of(charter).sha256, charter.purpose, charter.owner, "2026-10-01", "2027-03-15",
        "retail, payments", "Decide harmless requests within a day.",
    ):  # fmt: skip
        assert said in first
    assert "overdue" not in first
    assert next_review(charter) == datetime.date(2027, 3, 15)
    assert "overdue" in page_of(shipped("regulated"))


def test_a_rule_is_in_words_with_its_law_and_its_source() -> None:
    text = page_of(bank())
    start = text.index('id="rule-training-data-named"')
    rule = text[start : text.index("</article>", start)]
    assert "When the risk tier is high or critical." in rule
    assert "The model card names the training data." in rule
    assert "Privacy officer must sign off." in rule
    assert "Data and data governance" in rule
    assert "risk.tier in [&#39;high&#39;, &#39;critical&#39;]" in rule


def test_a_control_says_what_it_rests_on_and_why_it_is_cited() -> None:
    book = handbook_of(bank(), identity_of(bank()), "c.yaml")
    control = next(entry for entry in book.controls if entry.id == "privacy-impact-assessment")
    assert control.when.words == "the model sees personal data"
    assert control.tasks
    assert all(task.evidence or task.shown_by for task in control.tasks)
    law = next(law for law in control.laws if law.id == "GDPR:Art-35")
    assert law.title
    assert law.basis
    text = page_of(bank())
    start = text.index('id="control-privacy-impact-assessment"')
    article = text[start : text.index("</article>", start)]
    assert f"Why it is cited: {law.basis}" in html.unescape(article)
    assert "Done when:" in article
    assert control.objective in html.unescape(article)


def test_steps_of_a_track_are_no_part_of_its_quorum() -> None:
    book = handbook_of(bank(), identity_of(bank()), "c.yaml")
    deep = next(track for track in book.tracks if track.name == "deep")
    assert deep.sign_offs == ()
    assert deep.further == ("security", "legal", "privacy", "model-risk")
    assert deep.steps[1].who == "the Model risk committee"
    assert deep.steps[1].when == "the environment is production"
    strict = next(
        track
        for track in handbook_of(shipped("regulated"), identity_of(bank()), "r").tracks
        if track.name == "deep"
    )
    assert not set(strict.further) & set(strict.sign_offs)


def test_what_is_not_stated_says_what_to_add() -> None:
    bare = Charter(
        name="bare", version="1", effective=TODAY, owner="o@example.org", purpose="Nothing.",
        risk=bank().risk, tracks=bank().tracks, rules=(),
    )  # fmt: skip
    lacking = page_of(bare)
    assert lacking.count("Not stated in this charter.") > 10
    for section in ("scope:", "licenses:", "security:", "decision_rights:", "responsibilities:"):
        assert section in lacking
    assert "Not stated" not in page_of(bank())


def test_samples_of_what_to_add_are_right() -> None:
    bare = Charter(
        name="bare", version="1", effective=TODAY, owner="o@example.org", purpose="Nothing.",
        risk=RiskSection(), tracks={}, rules=(),
    )  # fmt: skip
    samples = re.findall(r"<pre>(.*?)</pre>", page_of(bare), re.DOTALL)
    assert len(samples) > 10
    for sample in map(html.unescape, samples):
        head = "charter: c\nversion: 1\neffective: 2026-01-01\nowner: o\npurpose: p\n"
        Document(head + sample, "sample").decode(CharterDocument)


def test_a_condition_without_words_is_shown_as_it_is() -> None:
    text = page_of(bank())
    start = text.index('id="rule-even-scores"')
    assert "risk.score % 2 == 0" in text[start : text.index("</article>", start)]


def test_licenses_are_what_the_rules_answer() -> None:
    rows = {row.category: row.answers for row in license_rows(bank(), ("sandbox", "production"))}
    assert rows["permissive"] == ("allowed", "allowed")
    assert rows["community"] == ("review", "review")
    assert rows["non-commercial"] == ("reject", "reject")
    # It stands in no list, and what is in no list is reviewed.
    assert rows["content"] == ("review", "review")
    no_rules = msgspec.structs.replace(bank(), rules=())
    assert license_rows(no_rules, ("sandbox",)) == []


def test_who_may_approve() -> None:
    matrix = approval_matrix(bank())
    assert matrix.stated
    rows = {place: [cell.holders for cell in cells] for place, cells in matrix.rows}
    assert rows["sandbox"][0] == ("Model owner", "Security")
    assert rows["staging"][3] == ()
    assert rows["production"][3] == ("Model risk committee",)
    without = msgspec.structs.replace(bank(), decision_rights=())
    derived = approval_matrix(without)
    assert not derived.stated
    assert derived.rows[0][1][0].holders == ("standing approval",)
    assert "gives no decision rights of its own" in page_of(without)


def test_rights_raci_and_committees() -> None:
    rights = right_rows(bank())
    assert [row.action for row in rights][-1] == "suspend a model"
    delegated = next(row for row in rights if row.action == "grant an exception")
    assert delegated.delegate == "to Legal counsel, for 2 weeks at most"
    matrix = raci(bank())
    security = [role for role, _ in matrix.roles].index("security")
    assert [row.letters[security] for row in matrix.rows] == ["C", "AR"]
    (committee,) = committee_rows(bank())
    assert committee.members == "Head of risk, Legal counsel and Security"
    assert committee.recuse == "whoever asks and people of the unit that asks"


def test_roles_know_their_duties() -> None:
    book = handbook_of(bank(), identity_of(bank()), "c.yaml")
    roles = {role.id: role for role in book.roles}
    assert "model-risk" not in roles
    security = roles["security"]
    assert security.deputies == ("Head of risk",)
    assert "Signs off on the deep track (high or critical risk) within 15 business days." in (
        security.duties
    )
    assert "Sits on the Model risk committee." in security.duties
    assert any("security.suspicious" in line for line in security.duties)
    assert any("training-data-named" in line for line in roles["privacy"].duties)
    assert "Grants exceptions, for 60 days at most." in roles["head-of-risk"].duties


def test_a_role_that_nobody_holds_is_marked() -> None:
    charter = msgspec.structs.replace(
        bank(), roles={**bank().roles, "legal": RoleTerms(title="Legal", held_by=())}
    )
    text = page_of(charter)
    start = text.index('id="role-legal"')
    assert "nobody" in text[start : text.index("</article>", start)]


def test_strangers_text_is_only_text() -> None:
    evil = "<script>alert(1)</script>"
    charter = msgspec.structs.replace(
        bank(), purpose=evil, owner=evil, roles={"security": RoleTerms(title=evil, does=evil)}
    )
    assert "<script" not in page_of(charter, compare(bank(), charter))


def test_the_same_charter_makes_the_same_page() -> None:
    assert page_of(bank()) == page_of(bank())


def test_what_changed_is_told_by_direction() -> None:
    terms = bank().exceptions
    assert terms is not None
    earlier = msgspec.structs.replace(
        bank(),
        version="6",
        rules=tuple(rule for rule in bank().rules if rule.id != "no-malicious-files"),
        exceptions=msgspec.structs.replace(terms, renewals=0),
    )
    diff = compare(earlier, bank())
    text = page_of(bank(), diff)
    assert "What changed since northwind-bank 6" in text
    groups = {group.chip.word: group.changes for group in changes_by_direction(diff)}
    assert any(change.subject == "no-malicious-files" for change in groups["stricter"])
    assert groups["looser"]
    assert text.index("looser</summary>") < text.index("stricter</summary>")
    for changes in groups.values():
        assert all(html.escape(one.says, quote=False)[:20] in text for one in changes)
    assert "What changed since" not in page_of(bank())


def commands() -> list[str]:
    weeks = first_weeks(bank(), "c.yaml")
    return sorted({task.command for week in weeks for task in week.tasks if task.command})


@pytest.mark.parametrize("line", commands())
def test_the_commands_of_the_first_week_exist(line: str) -> None:
    words = shlex.split(line)
    assert words.pop(0) == "steelyard"
    command: click.Command = cli.root
    context = click.Context(command, info_name="steelyard")
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None
        command = found
    known = {name for option in command.params for name in option.opts}
    assert {word for word in words if word.startswith("-")} <= known
    plain = [option for option in command.params if isinstance(option, click.Argument)]
    assert plain or all(word.startswith("-") for word in words[::2])


def test_every_week_leads_to_chapters_that_exist() -> None:
    book = handbook_of(bank(), identity_of(bank()), "c.yaml")
    chapters = {chapter.id for chapter in book.chapters}
    weeks = first_weeks(bank(), "c.yaml")
    assert len(weeks) == 5
    assert {task.chapter for week in weeks for task in week.tasks} - {""} <= chapters
