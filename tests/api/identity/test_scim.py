# SPDX-License-Identifier: Apache-2.0
"""A directory provisions people and groups."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.api.identity.desk import Desk
from tests.platform.identity.staff import made, session_of, token_of

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Idp:
    """A directory with its token."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.admin = desk.as_(made(desk.house, "root@example.org", "administrator"))
        self.admin.post("/api/v1/units", json={"name": "fraud"})
        body = {"roles": {"ML Legal": ["legal"]}, "units": {"Fraud": ["fraud"]},
                "everybody": ["requester"]}  # fmt: skip
        assert self.admin.put("/api/v1/identity/scim", json=body).status_code == 200
        token = self.admin.post("/api/v1/identity/scim/token").json()["token"]
        self.door = TestClient(
            desk.app,
            base_url="http://testserver",
            headers={"authorization": f"Bearer {token}", "content-type": "application/scim+json"},
            raise_server_exceptions=False,
        )

    def user(self, name: str, **more: Any) -> dict[str, Any]:
        body = {
            "schemas": [USER], "userName": f"{name}@example.org", "externalId": f"ext-{name}",
            "name": {"givenName": name.title(), "familyName": "Berg"}, "active": True,
            "emails": [{"value": f"{name}@example.org", "primary": True}], **more,
        }  # fmt: skip
        answer = self.door.post("/scim/v2/Users", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def group(self, name: str, *members: str) -> dict[str, Any]:
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": m} for m in members]}
        answer = self.door.post("/scim/v2/Groups", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def patch(self, path: str, *operations: dict[str, Any]) -> Any:
        body = {"schemas": [PATCH], "Operations": operations}
        return self.door.patch(f"/scim/v2{path}", json=body)

    def roles(self, person_id: str) -> set[str]:
        shown = self.admin.get(f"/api/v1/users/{person_id}").json()
        return {each["role"] for each in shown["roles"]}


@pytest.fixture
def idp(desk: Desk) -> Idp:
    return Idp(desk)


def test_a_person_is_provisioned_found_and_changed(idp: Idp) -> None:
    anna = idp.user("anna")
    assert anna["meta"]["location"] == f"http://testserver/scim/v2/Users/{anna['id']}"
    assert anna["displayName"] == "Anna Berg"
    assert idp.roles(anna["id"]) == {"requester"}
    idp.user("bert")
    for wanted in ('userName eq "ANNA@example.org"', 'externalId eq "ext-anna"',
                   'displayName sw "Anna" and active eq true'):  # fmt: skip
        found = idp.door.get("/scim/v2/Users", params={"filter": wanted}).json()
        assert [each["id"] for each in found["Resources"]] == [anna["id"]], wanted
    page = idp.door.get("/scim/v2/Users?startIndex=2&count=1").json()
    assert (page["totalResults"], len(page["Resources"])) == (2, 1)
    path = f"/Users/{anna['id']}"
    changed = idp.patch(path, {"op": "replace", "path": "displayName", "value": "Anna Other"})
    assert changed.status_code in (200, 204), changed.text
    assert idp.door.get(f"/scim/v2{path}").json()["displayName"] == "Anna Other"
    whole = {**anna, "displayName": "Anna Third", "userName": "anna@example.org"}
    assert idp.door.put(f"/scim/v2{path}", json=whole).json()["displayName"] == "Anna Third"
    again = idp.door.post(
        "/scim/v2/Users", json={"schemas": [USER], "userName": "Anna@example.org"}
    )
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")


def test_deactivation_stops_sessions_and_tokens_at_once(idp: Idp) -> None:
    anna = idp.user("anna")
    person = made_as(idp, anna["id"])
    browser = idp.desk.browser
    browser.cookies.set("steelyard", session_of(idp.desk.house, person)[0])
    bearer = {"authorization": f"Bearer {token_of(idp.desk.house, anna['id']).token}"}
    assert browser.get("/api/v1/me").status_code == 200
    assert idp.desk.browser.get("/api/v1/me", headers=bearer).status_code == 200
    off = idp.patch(f"/Users/{anna['id']}", {"op": "replace", "path": "active", "value": False})
    assert off.status_code in (200, 204)
    assert browser.get("/api/v1/me").status_code == 401
    assert idp.desk.browser.get("/api/v1/me", headers=bearer).status_code == 401
    on = idp.patch(f"/Users/{anna['id']}", {"op": "replace", "value": {"active": True}})
    assert on.status_code in (200, 204)
    assert idp.admin.get(f"/api/v1/users/{anna['id']}").json()["state"] == "active"
    assert browser.get("/api/v1/me").status_code == 401


def test_groups_mean_roles_and_units(idp: Idp) -> None:
    anna, bert = idp.user("anna"), idp.user("bert")
    legal = idp.group("ML Legal", anna["id"])
    assert legal["members"][0]["$ref"].endswith(f"/scim/v2/Users/{anna['id']}")
    idp.group("Fraud", anna["id"], bert["id"])
    assert idp.roles(anna["id"]) == {"requester", "legal"}
    assert idp.admin.get(f"/api/v1/users/{bert['id']}").json()["units"] == ["fraud"]
    path = f"/Groups/{legal['id']}"
    idp.patch(path, {"op": "add", "path": "members", "value": [{"value": bert["id"]}]})
    idp.patch(path, {"op": "remove", "path": f'members[value eq "{anna["id"]}"]'})
    assert idp.roles(anna["id"]) == {"requester"}
    assert idp.roles(bert["id"]) == {"requester", "legal"}
    idp.patch(path, {"op": "replace", "path": "displayName", "value": "Other"})
    assert idp.roles(bert["id"]) == {"requester"}
    idp.patch(path, {"op": "replace", "path": "displayName", "value": "ML Legal"})
    assert idp.roles(bert["id"]) == {"requester", "legal"}
    found = idp.door.get('/scim/v2/Groups?filter=displayName eq "ml legal"').json()
    assert found["totalResults"] == 1
    assert idp.door.delete(f"/scim/v2{path}").status_code == 204
    assert idp.roles(bert["id"]) == {"requester"}
    assert idp.door.get(f"/scim/v2{path}").status_code == 404


def test_a_deleted_person_is_disabled_and_forgotten_by_the_directory(idp: Idp) -> None:
    anna = idp.user("anna")
    idp.group("ML Legal", anna["id"])
    path = f"/scim/v2/Users/{anna['id']}"
    assert idp.door.delete(path).status_code == 204
    assert idp.door.get(path).status_code == 404
    shown = idp.admin.get(f"/api/v1/users/{anna['id']}").json()
    assert (shown["state"], shown["roles"], shown["name"]) == ("disabled", [], "Anna Berg")
    back = idp.user("anna")
    assert back["id"] == anna["id"]
    assert idp.roles(anna["id"]) == {"requester"}


def test_accounts_of_others_are_out_of_reach(idp: Idp) -> None:
    local = made(idp.desk.house, "local@example.org", "legal")
    assert idp.door.get(f"/scim/v2/Users/{local.id}").status_code == 404
    assert idp.door.delete(f"/scim/v2/Users/{local.id}").status_code == 404
    taken = {"schemas": [USER], "userName": "local@example.org"}
    assert idp.door.post("/scim/v2/Users", json=taken).status_code == 409
    member = {"schemas": [GROUP], "displayName": "X", "members": [{"value": local.id}]}
    assert idp.door.post("/scim/v2/Groups", json=member).status_code == 404


@pytest.mark.parametrize("stated", ["", "Bearer stp_wrong", "Basic x"])
def test_only_the_directorys_token_opens_the_door(idp: Idp, stated: str) -> None:
    headers = {"authorization": stated} if stated else {}
    door = TestClient(idp.desk.app, raise_server_exceptions=False)
    refused = door.get("/scim/v2/Users", headers=headers)
    assert refused.status_code == 401
    assert refused.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    people = idp.admin.get("/scim/v2/Users")
    assert people.status_code == 401
    api = idp.door.get("http://testserver/api/v1/me")
    assert api.status_code == 401


def test_the_token_is_replaced_and_ended(idp: Idp) -> None:
    assert idp.door.get("/scim/v2/Users").status_code == 200
    shown = idp.admin.get("/api/v1/identity/scim")
    assert "token" not in shown.json()
    idp.admin.post("/api/v1/identity/scim/token")
    assert idp.door.get("/scim/v2/Users").status_code == 401
    assert idp.admin.delete("/api/v1/identity/scim/token").status_code == 204
    assert idp.admin.get("/api/v1/identity/scim").json()["enabled"] is False
    assert idp.admin.put("/api/v1/identity/scim", json={}).status_code == 428


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}', 400),
        (b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"no-mail"}', 400),
        (b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"a b@x"}', 400),
    ],
)
def test_bad_input_is_answered_by_the_protocol(idp: Idp, body: bytes, status: int) -> None:
    answer = idp.door.post("/scim/v2/Users", content=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == str(status)
    assert idp.door.get("/scim/v2/Users?filter=nonsense").status_code == 400


def test_the_service_describes_itself(idp: Idp) -> None:
    config = idp.door.get("/scim/v2/ServiceProviderConfig").json()
    assert config["patch"]["supported"] is True
    assert config["bulk"]["supported"] is False
    kinds = idp.door.get("/scim/v2/ResourceTypes").json()["Resources"]
    assert {each["name"] for each in kinds} == {"User", "Group"}
    tag = idp.user("anna")["meta"]["version"]
    assert tag.startswith('W/"')


def made_as(idp: Idp, person_id: str) -> Any:
    from steelyard.platform.identity import people

    with idp.desk.house.reading() as session:
        found = people.person(session, person_id)
    assert found is not None
    return found
