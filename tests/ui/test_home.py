# SPDX-License-Identifier: Apache-2.0
"""The first page by role, notices, clocks, search, and what the server says of itself."""

from __future__ import annotations

import re

from tests.platform.identity.staff import made
from tests.ui.desk import SCRIPT, Site, site

from steelyard.governance.clocks import service as clocks
from steelyard.governance.inventory.tables import ModelRow, RevisionRow
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.platform.notify.service import tell
from steelyard.platform.notify.tables import NoticeRow
from steelyard.platform.work import Work

__all__ = ["site"]
DIGEST, COMMIT = "ab12" * 16, "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"


def furnish(site: Site) -> None:
    """Put models of two units and of the world into the house, and a use case."""

    def act(work: Work) -> None:
        for number, (name, unit) in enumerate(
            (
                ("sentence-transformers/all-MiniLM-L6-v2", ""), ("acme/fraud-minilm", "fraud"),
                (f"evil/{SCRIPT}", ""), ("acme/search-ranker", "search"),
            )
        ):  # fmt: skip
            model = f"mdl_01k{number:023d}"
            work.session.add(
                ModelRow(
                    id=model, purl=f"pkg:huggingface/{name}", name=name, key=name.casefold(),
                    publisher="acme", kind="model", unit=unit, owner="", supplier="",
                    state="active", parent="", created_by="system", created_at=work.now,
                    updated_at=work.now, version=1,
                )
            )  # fmt: skip
            work.session.add(
                RevisionRow(
                    id=f"rev_01k{number:023d}", model=model, name=name,
                    purl=f"pkg:huggingface/{name}@{number}", commit=COMMIT if not number else "",
                    manifest_sha256=DIGEST if number == 1 else f"{number}" * 64, files=1, size=1,
                    state="quarantined", unit=unit, parent="", justification="", snapshot="",
                    replacement="", notice="", retires_at=None, created_by="system",
                    created_at=work.now, updated_at=work.now, version=1,
                )
            )  # fmt: skip
        work.session.add(
            UseCaseRow(
                id="uc_01k00000000000000000000000", name="Fraud Triage", unit="fraud",
                state="active", owner="x", facts={}, facts_sha256="", expires=work.today,
                created_by="system", created_at=work.now, updated_at=work.now, version=1,
            )
        )  # fmt: skip

    site.house.transact(act)


def found(page: str) -> set[str]:
    return set(re.findall(r'href="/(?:models|revisions|use-cases|admin/people)/(\w+)"', page))


def test_a_name_is_found_by_any_part_as_far_as_one_sees(site: Site) -> None:
    furnish(site)
    anna, lena = site.of("anna", "requester", unit="search"), site.of("lena", "legal")
    world, fraud = f"mdl_01k{0:023d}", f"mdl_01k{1:023d}"
    assert found(anna.see("/search?q=MINILM")) == {world}
    assert found(lena.see("/search?q=minilm")) == {world, fraud}
    assert found(lena.see("/search?q=minilm acme")) == {fraud}
    assert found(anna.see("/search?q=triage")) == set()
    assert found(lena.see("/search?q=triage")) == {"uc_01k00000000000000000000000"}
    assert found(lena.see("/search?q=triage&kind=model")) == set()
    assert found(lena.see("/search?q=%25")) == set()
    assert SCRIPT not in lena.see(f"/search?q={SCRIPT}")


def test_ids_digests_and_commits_are_found_by_how_they_begin(site: Site) -> None:
    furnish(site)
    anna, lena = site.of("anna", "requester", unit="search"), site.of("lena", "legal")
    first, second = f"rev_01k{0:023d}", f"rev_01k{1:023d}"
    assert found(anna.see(f"/search?q={COMMIT[:9]}")) == {first}
    assert found(lena.see(f"/search?q=sha256:{DIGEST}")) == {second}
    assert found(anna.see(f"/search?q={DIGEST}")) == set()
    assert found(lena.see(f"/search?q={second}")) == {second}
    assert found(lena.see(f"/search?q=mdl_01k{1:023d}")) == {f"mdl_01k{1:023d}"}


def test_the_palette_leads_to_places_and_things(site: Site) -> None:
    furnish(site)
    lena = site.of("lena", "legal")
    empty = lena.see("/search/quick?q=")
    assert 'href="/requests"' in empty
    assert len(re.findall('role="option"', empty)) == 8
    lines = lena.see("/search/quick?q=minilm")
    ids = re.findall(r'role="option" id="(palette-\d+)"', lines)
    assert ids == ["palette-1", "palette-2"]
    assert 'href="/reviews"' in lena.see("/search/quick?q=revi")
    assert "/admin/people" not in lena.see("/search/quick?q=people")
    assert "Nothing fits" in lena.see("/search/quick?q=nowhere-at-all")
    german = site.of("gerd", "legal", language="de")
    assert 'href="/requests"' in german.see("/search/quick?q=antr")


def test_people_are_found_by_those_who_may(site: Site) -> None:
    ada, anna = site.of("ada", "administrator"), made(site.house, "berta@example.org", "legal")
    assert anna.id in found(ada.see("/search?q=berta"))
    outsider = site.of("otto", "assessor")
    assert "berta@example.org" not in outsider.see("/search?q=berta")


def test_an_empty_server_says_what_to_do_first(site: Site) -> None:
    ada = site.of("ada", "administrator")
    page = ada.see("/")
    assert "First steps" in page
    assert 'href="/admin/people/new"' in page
    assert 'href="/requests/new"' not in page
    anna = site.of("anna", "requester")
    page = anna.see("/")
    assert 'href="/use-cases/new"' in page
    assert 'href="/requests/new"' in page


def test_each_role_sees_what_it_has_to(site: Site) -> None:
    parts = {
        "requester": ({"Your requests"}, {"Your seats", "Decisions this month"}),
        "legal": ({"Your seats"}, {"Decisions this month", "jobs given up"}),
        "executive-sponsor": ({"Decisions this month", "break-glass open"}, {"jobs given up"}),
        "administrator": ({"jobs given up", "invitations open"}, {"Your seats"}),
        "platform-operator": ({"jobs given up"}, {"invitations open", "Your seats"}),
        "auditor": ({"Decisions this month"}, {"Your seats", "Ask for a model</a>"}),
        "assessor": ({"Since you were here"}, {"Decisions this month", "jobs given up"}),
    }
    for role, (there, absent) in parts.items():
        page = site.of(f"p-{role}", role).see("/")
        for part in there:
            assert part in page, (role, part)
        for part in absent:
            assert part not in page, (role, part)


def test_a_notice_leads_to_its_thing_and_is_read(site: Site) -> None:
    anna, bert = site.of("anna", "requester"), site.of("bert", "requester")

    def act(work: Work) -> None:
        for subject in ("rvw_01k00000000000000000000000", "mtg_01k00000000000000000000000"):
            tell(
                work, kind="review.mentioned", subject=subject,
                about="req_01k00000000000000000000000", people=[anna.person.id],
            )  # fmt: skip

    site.house.transact(act)
    assert "Comments that mention you" in anna.see("/")
    page = anna.see("/notifications")
    assert 'href="/reviews/rvw_01k00000000000000000000000"' in page
    assert 'href="/requests/req_01k00000000000000000000000"' in page
    assert "2" in anna.see("/notifications/count")
    with site.house.reading() as session:
        notice = session.query(NoticeRow).first()
        assert notice is not None
        one = notice.id
    foreign = bert.post("/notifications/read", data={"notice": one})
    assert foreign.status_code == 404
    away = anna.post("/notifications/read", data={"notice": one, "then": "https://evil.example"})
    assert away.headers["location"] == "/"
    assert anna.see("/notifications?show=unread").count('<li class="item') == 1
    done = anna.fill("/notifications/read", "/notifications")
    assert done.status_code == 303
    anna.post("/notifications/read")
    assert "You have read everything" in anna.see("/notifications?show=unread")


def test_a_clock_says_why_it_runs_and_who_is_asked_next(site: Site) -> None:
    subject = "rvw_01k00000000000000000000000"

    def act(work: Work) -> str:
        return clocks.start(
            work, subject=subject, kind="review", about="req_01k00000000000000000000000",
            unit="fraud", within="2 business days", ladder=("legal",),
        ).id  # fmt: skip

    clock = site.house.transact(act)
    lena = site.of("lena", "legal")
    assert f"/clocks/{clock}" in lena.see("/clocks?state=running")
    assert f"/clocks/{clock}" not in lena.see("/clocks?state=overdue")
    page = lena.see(f"/clocks/{clock}")
    assert "2 business days" in page
    assert f'href="/reviews/{subject}"' in page
    assert "is asked" in page
    assert "executive-sponsor" in page
    assert "The clock was started." in page
    site.house.transact(lambda work: clocks.pause(work, subject))
    assert "It has stood still since" in lena.see(f"/clocks/{clock}")
    anna = site.of("anna", "requester", unit="search")
    assert anna.get(f"/clocks/{clock}").status_code == 404


def test_a_link_of_a_mail_leads_to_the_page(site: Site) -> None:
    browser = site.window()
    for thing, path in (
        ("rvw_01k00000000000000000000000", "/reviews/"),
        ("clk_01k00000000000000000000000", "/clocks/"),
        ("dec_01k00000000000000000000000", "/decisions/"),
    ):  # fmt: skip
        answer = browser.get(f"/go/{thing}")
        assert answer.headers["location"] == path + thing
    assert browser.get("/go/xyz_01k00000000000000000000000").status_code == 404


def test_the_server_says_what_it_is(site: Site) -> None:
    page = site.of("lena", "legal").see("/about")
    assert "Licenses and their terms" in page
    assert "/api/v1/openapi.json" in page
    assert re.search(r"\d{1,2} [A-Z][a-z]{2} 2026", page)
