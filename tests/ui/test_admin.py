# SPDX-License-Identifier: Apache-2.0
"""People, teams, robots, webhooks, sign-in and jobs through their pages."""

from __future__ import annotations

import re

from tests.platform.identity.staff import events, made
from tests.ui.desk import SCRIPT, Site, site

from steelyard.platform.identity import people
from steelyard.platform.jobs.tables import JobRow
from steelyard.platform.work import Work

__all__ = ["site"]


def test_an_invitation_is_shown_once_and_made_once(site: Site) -> None:
    ada = site.of("ada", "administrator")
    page = ada.see("/admin/people/new")
    key = re.search(r'name="form-key" value="([^"]+)"', page)
    assert key is not None
    sent = {
        "form-key": key[1], "mail": "lena@example.org", "name": SCRIPT,
        "roles": ["legal", "risk"],
    }  # fmt: skip
    first = ada.post("/admin/people/new", data=sent)
    assert first.status_code == 200
    link = re.search(r"/welcome#[\w-]{20,}", first.text)
    assert link is not None
    again = ada.post("/admin/people/new", data=sent)
    assert (again.status_code, again.headers["location"]) == (303, "/admin/people")
    listed = ada.see("/admin/people?state=invited")
    assert listed.count("lena@example.org") == 1
    assert SCRIPT not in listed
    assert "&lt;script&gt;" in listed
    with site.house.reading() as session:
        lena = people.by_mail(session, "lena@example.org")
    assert lena is not None
    assert lena.roles == {"legal", "risk"}


def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(site: Site) -> None:
    ada = site.of("ada", "administrator")
    answer = ada.fill("/admin/people/new", mail="no address", name="Lena Berg")
    assert answer.status_code == 422
    assert "This is not a mail address" in answer.text
    assert 'value="Lena Berg"' in answer.text
    taken = ada.fill("/admin/people/new", mail="ada@example.org")
    assert taken.status_code == 409
    assert 'role="alert"' in taken.text


def test_roles_are_given_with_a_reason_that_stands_in_the_ledger(site: Site) -> None:
    ada, anna = site.of("ada", "administrator"), made(site.house, "anna@example.org")
    page = f"/admin/people/{anna.id}"
    silent = ada.fill(f"{page}/roles", page, role="legal")
    assert silent.status_code == 422
    assert "Say why" in silent.text
    given = ada.fill(f"{page}/roles", page, role="legal", why="She joined the law department.")
    assert given.status_code == 303
    assert events(site.house, "role.granted")[-1].body == {
        "reason": "She joined the law department."
    }
    silent = ada.fill(f"{page}/roles/revoke", page, role="legal")
    assert silent.status_code == 422
    taken = ada.fill(f"{page}/roles/revoke", page, role="legal", **{"taken-why": "She left."})
    assert taken.status_code == 303
    assert events(site.house, "role.revoked")[-1].body == {"reason": "She left."}
    over = ada.fill(f"{page}/roles", page, role="legal", why="x", until="2001-01-01")
    assert "This is over" in over.text
    odd = ada.fill(f"{page}/roles", page, role="legal", why="x", until="tomorrow")
    assert "Write a day as" in odd.text


def test_the_last_administrator_stays(site: Site) -> None:
    ada = site.of("ada", "administrator")
    page = f"/admin/people/{ada.person.id}"
    assert f'action="{page}/roles"' not in ada.see(page)
    for path, fields in (
        ("roles/revoke", {"role": "administrator", "taken-why": "no need"}),
        ("disable", {}),
        ("erase", {"typed": "ada@example.org"}),
    ):
        answer = ada.fill(f"{page}/{path}", page, **fields)
        assert answer.status_code == 409, path
        assert "administrator" in answer.text
        assert 'role="alert"' in answer.text
    assert ada.get("/admin/people").status_code == 200
    raised = ada.post(f"{page}/roles", data={"role": "legal", "why": "I want to"})
    assert raised.status_code == 403
    assert "Nobody grants themselves a role" in raised.text


def test_erasing_needs_the_address_typed(site: Site) -> None:
    ada, anna = site.of("ada", "administrator"), made(site.house, "anna@example.org", "legal")
    page = f"/admin/people/{anna.id}"
    assert "data-sure" in ada.see(page)
    wrong = ada.fill(f"{page}/erase", page, typed="bert@example.org")
    assert wrong.status_code == 422
    done = ada.fill(f"{page}/erase", page, typed="Anna@Example.org")
    assert (done.status_code, done.headers["location"]) == (303, "/admin/people")
    assert ada.get(page).status_code == 404
    assert "anna@example.org" not in ada.see("/admin/people")


def test_two_tabs_do_not_overwrite_each_other(site: Site) -> None:
    ada, anna = site.of("ada", "administrator"), made(site.house, "anna@example.org")
    page = f"/admin/people/{anna.id}"
    old = re.search(r'name="version" value="(\d+)"', ada.see(page))
    assert old is not None
    assert ada.fill(page, name="Anna One", mail="anna@example.org").status_code == 303
    late = ada.post(
        page, data={"version": old[1], "name": "Anna Two", "mail": "anna@example.org"}
    )  # fmt: skip
    assert late.status_code == 412
    assert 'value="Anna Two"' in late.text
    assert "Anna One" not in ada.get(page).headers


def test_auditors_look_and_change_nothing(site: Site) -> None:
    axel, anna = site.of("axel", "auditor"), made(site.house, "anna@example.org", "legal")
    page = axel.see(f"/admin/people/{anna.id}")
    assert "/erase" not in page
    assert "/roles" not in page
    assert axel.post(f"/admin/people/{anna.id}/erase").status_code == 403


def test_teams(site: Site) -> None:
    ada = site.of("ada", "administrator")
    wrong = ada.fill("/admin/teams/new", name="Fraud Desk", calendar="XX")
    assert wrong.status_code == 422
    assert "There is no calendar" in wrong.text
    done = ada.fill("/admin/teams/new", name="fraud", title=SCRIPT, calendar="DE-BY")
    assert done.headers["location"] == "/admin/teams/fraud"
    assert SCRIPT not in ada.see("/admin/teams")
    loop = ada.fill("/admin/teams/fraud", title="Fraud", parent="fraud", calendar="DE")
    assert "cannot stand above itself" in loop.text
    assert ada.fill("/admin/teams/fraud", title="Fraud", calendar="DE").status_code == 303
    assert "Fraud" in ada.see("/admin/teams/fraud")


def test_a_robot_and_its_tokens(site: Site) -> None:
    ada = site.of("ada", "administrator")
    made_ = ada.fill(
        "/admin/robots/new", name="deploy", purpose="Asks the gate", owner=ada.person.id,
        roles="requester",
    )  # fmt: skip
    assert made_.status_code == 303, made_.text
    page = made_.headers["location"]
    refused = ada.fill("/admin/robots/new", name="deploy2", purpose="x", owner="usr_nobody")
    assert "must be a person with an active account" in refused.text
    issued = ada.fill(
        f"{page}/tokens", page, name="nightly", expires_at="30", environments="staging, pilot"
    )
    secret = re.search(r"data-copy=\"(st[\w-]+)\"", issued.text)
    assert secret is not None
    call = site.window().get(
        "/api/v1/me", headers={"authorization": f"Bearer {secret[1]}", "accept": "*/*"}
    )
    assert call.status_code in (200, 403)
    shown = ada.see(page)
    assert secret[1] not in shown
    assert "nightly" in shown
    token = re.search(r'name="token" value="(tok_\w+)"', shown)
    assert token is not None
    robot = page.rpartition("/")[2]
    gone = ada.post("/account/tokens/revoke", data={"token": token[1], "robot": robot})
    assert gone.headers["location"] == page
    ended = ada.fill(f"{page}/disable", page)
    assert ended.status_code == 303
    assert f'action="{page}/tokens"' not in ada.see(page)


def test_a_webhook_through_its_life(site: Site) -> None:
    olga = site.of("olga", "platform-operator")
    inside = olga.fill("/admin/webhooks/new", url="https://169.254.169.254/x", events="*")
    assert inside.status_code == 422
    assert 'id="e-url"' in inside.text
    assert (
        'id="e-events"' in olga.fill("/admin/webhooks/new", url="https://h.example", events="").text
    )
    made_ = olga.fill("/admin/webhooks/new", url="https://hooks.example.org/x", events="request.*")
    secret = re.search(r"whsec_[\w+/=]+", made_.text)
    assert secret is not None
    page = re.search(r"/admin/webhooks/whk_\w+", made_.text)
    assert page is not None
    here = page[0]
    assert secret[0] not in olga.see(here)
    assert olga.fill(f"{here}/test", here).status_code == 303
    delivery = re.search(r"/admin/webhooks/whk_\w+/deliveries/dlv_\w+", olga.see(here))
    assert delivery is not None
    assert "webhook.test" in olga.see(delivery[0])
    fresh = olga.fill(f"{here}/rotate", here)
    assert fresh.status_code == 200
    assert secret[0] not in fresh.text
    assert olga.fill(here, url="https://hooks.example.org/y", events="*").status_code == 303
    off = olga.fill(f"{here}/state", here, state="disabled")
    assert off.status_code == 303
    early = olga.post(f"{here}/test")
    assert early.status_code == 409
    assert "disabled" in early.text
    assert olga.fill(f"{here}/remove", here).headers["location"] == "/admin/webhooks"
    assert olga.get(here).status_code == 404


def test_a_job_that_was_given_up_is_done_once_more(site: Site) -> None:
    def put(work: Work) -> None:
        work.session.add(
            JobRow(
                id="job_01k00000000000000000000000", kind="mail.send", state="dead",
                payload={"notice": SCRIPT}, attempts=5, due=work.now, put_at=work.now, key="",
                trace="", last_error="The mail server said no.", priority=0, worker="", token=0,
            )
        )  # fmt: skip

    site.house.transact(put)
    olga = site.of("olga", "platform-operator")
    assert "1 job was given up" in olga.see("/admin/jobs")
    page = "/admin/jobs/job_01k00000000000000000000000"
    assert "The mail server said no." in olga.see(page)
    assert SCRIPT not in olga.see(page)
    assert olga.fill(f"{page}/retry", page).status_code == 303
    again = olga.post(f"{page}/retry")
    assert again.status_code == 409
    assert "only a dead one" in again.text


def test_groups_are_read_line_by_line(site: Site) -> None:
    ada = site.of("ada", "administrator")
    good = {
        "issuer": "https://login.example.org", "client_id": "steelyard", "client_secret": "s3cret",
        "scopes": "openid", "groups_claim": "groups", "roles": "ml-legal: legal, risk",
        "everybody": "requester",
    }  # fmt: skip
    for change, field, said in (
        ({"issuer": ""}, "issuer", "This is needed"),
        ({"issuer": "http://login.example.org"}, "issuer", "begins with https"),
        ({"roles": "ml-legal legal"}, "roles", "Write each line as"),
        ({"roles": "cn=a:b: king"}, "roles", "cn=a:b: There is no role"),
        ({"units": "fraud-team: none"}, "units", "There is no unit"),
        ({"everybody": "administrator"}, "everybody", "Not everybody can be administrator"),
    ):
        answer = ada.fill("/admin/sign-in", **{**good, **change})
        assert answer.status_code == 422, change
        wrong = re.search(rf'id="e-{field}">(.*?)</p>', answer.text, re.S)
        assert wrong is not None, change
        assert said in wrong[1]
    assert "with your organization" not in site.window().see("/login")
    assert ada.fill("/admin/sign-in", **good).status_code == 303
    shown = ada.see("/admin/sign-in")
    assert "ml-legal: legal, risk" in shown
    assert "s3cret" not in shown
    assert 'href="/api/v1/login/oidc?then=%2Fmodels"' in site.window().see("/login?next=/models")
    blind = ada.post("/admin/sign-in", data=good)
    assert blind.status_code == 428


def test_the_token_of_the_directory(site: Site) -> None:
    ada = site.of("ada", "administrator")
    issued = ada.fill("/admin/sign-in/scim/token", "/admin/sign-in")
    secret = re.search(r'data-copy="(st[\w-]+)"', issued.text)
    assert secret is not None
    call = {"authorization": f"Bearer {secret[1]}", "accept": "application/scim+json"}
    assert site.window().get("/scim/v2/Users", headers=call).status_code == 200
    wrong = ada.fill("/admin/sign-in/scim", "/admin/sign-in", scim_roles="g: king")
    assert 'id="e-scim_roles"' in wrong.text
    done = ada.fill("/admin/sign-in/scim", "/admin/sign-in", scim_roles="g: legal")
    assert done.status_code == 303
    assert ada.fill("/admin/sign-in/scim/token/end", "/admin/sign-in").status_code == 303
    assert site.window().get("/scim/v2/Users", headers=call).status_code == 401


def test_roles_are_said_in_german(site: Site) -> None:
    ada = site.of("ada", "administrator", language="de")
    page = ada.see(f"/admin/people/{ada.person.id}")
    assert "Administration" in page
    assert "von Hand" in page
