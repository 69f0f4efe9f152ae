# SPDX-License-Identifier: Apache-2.0
"""Routes of webhooks and notifications."""

from __future__ import annotations

from tests.platform.identity.staff import actor_of, made
from tests.server import Doors, person

from steelyard.bootstrap.house import House
from steelyard.platform.notify.service import tell
from steelyard.platform.work import Work

NEW = {"url": "https://hooks.example.org/x", "events": ["request.*", "notice.*"]}


def test_a_webhook_through_its_life(doors: Doors) -> None:
    olga = doors.as_(person("olga", "platform-operator"))
    reply = olga.post("/api/v1/webhooks", json=NEW)
    assert reply.status_code == 201
    hook = reply.json()
    assert hook["secret"].startswith("whsec_")
    path = f"/api/v1/webhooks/{hook['id']}"
    shown = olga.get(path)
    assert shown.json() == {**hook, "secret": ""}
    tag = {"if-match": shown.headers["etag"]}
    changed = olga.patch(path, json={"events": ["*"]}, headers=tag)
    assert changed.json()["events"] == ["*"]
    assert olga.patch(path, json={"state": "disabled"}, headers=tag).status_code == 412
    assert olga.patch(path, json={"state": "disabled"}).status_code in (400, 428)
    fresh = olga.post(f"{path}/rotate", headers={"if-match": changed.headers["etag"]})
    assert fresh.json()["secret"] not in ("", hook["secret"])
    tried = olga.post(f"{path}/test")
    assert tried.status_code == 202
    items = olga.get(f"{path}/deliveries").json()["items"]
    assert [each["id"] for each in items] == [tried.json()["id"]]
    assert olga.get(f"{path}/deliveries?state=failed").json()["items"] == []
    again = olga.post(f"{path}/deliveries/{tried.json()['id']}/redeliver")
    assert again.status_code == 409
    assert olga.post(f"{path}/deliveries/dlv_none/redeliver").status_code == 404
    tag = {"if-match": olga.get(path).headers["etag"]}
    assert olga.delete(path, headers=tag).status_code == 204
    assert olga.get(path).status_code == 404
    assert olga.get("/api/v1/webhooks").json()["items"] == []


def test_what_cannot_be_a_webhook_is_said_field_by_field(doors: Doors) -> None:
    olga = doors.as_(person("olga", "platform-operator"))
    for change, field in (
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "http://hooks.example.org/"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["No Such"]}, "events"),
        ({"more": 1}, "more"),
    ):
        reply = olga.post("/api/v1/webhooks", json={**NEW, **change})
        assert reply.status_code in (400, 422)
        assert reply.json()["errors"][0]["field"] == field


def test_who_may_do_what(doors: Doors) -> None:
    auditor = doors.as_(person("otto", "auditor"))
    assert auditor.get("/api/v1/webhooks").status_code == 200
    assert auditor.post("/api/v1/webhooks", json=NEW).status_code == 403
    anna = doors.as_(person("anna", "requester", "legal"))
    assert anna.get("/api/v1/webhooks").status_code == 403


def test_everybody_reads_their_own_notifications_only(house: House, doors: Doors) -> None:
    people = [made(house, f"{name}@example.org", "legal") for name in ("anna", "bert")]

    def act(work: Work) -> None:
        for number in range(3):
            tell(work, kind="clock.due", subject=f"req_{number}", roles=["legal"])

    house.transact(act)
    anna, bert = (doors.as_(actor_of(house, each)) for each in people)
    items = anna.get("/api/v1/notifications").json()["items"]
    assert len(items) == 3
    assert anna.get("/api/v1/notifications/unread").json() == {"unread": 3}
    path = f"/api/v1/notifications/{items[0]['id']}/read"
    assert bert.post(path).status_code == 404
    assert anna.post(path).status_code == 204
    assert anna.post(path).status_code == 204
    unread = anna.get("/api/v1/notifications?unread=true&limit=1").json()
    assert unread["next"]
    assert unread["items"][0]["id"] == items[1]["id"]
    assert anna.post("/api/v1/notifications/read").status_code == 204
    assert anna.get("/api/v1/notifications/unread").json() == {"unread": 0}
    assert bert.get("/api/v1/notifications/unread").json() == {"unread": 3}


def test_a_link_in_a_mail_leads_to_the_thing(doors: Doors) -> None:
    thing = "req_01k00000000000000000000000"
    reply = doors.stranger.get(f"/go/{thing}", follow_redirects=False)
    assert reply.status_code == 307
    assert reply.headers["location"] == f"/api/v1/requests/{thing}"
    for bad in ("req_1", "//evil.example.org", "zzz_01k00000000000000000000000"):
        assert doors.stranger.get(f"/go/{bad}", follow_redirects=False).status_code == 404
