# SPDX-License-Identifier: Apache-2.0
"""Requests, revisions, assessments, evidence and uploads, through their doors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.governance.assessment.server_models import ANNA, CASE, EVIL, LENA, MODEL, assess, furnish
from tests.server import Clock, Doors, person

from steelyard.bootstrap.house import House
from steelyard.governance.intake import service as intake
from steelyard.kernel.actor import SYSTEM

BERT = person("bert", "requester", unit="fraud")
OTTO = person("otto", "auditor", unit="")
ADAM = person("adam", "administrator", unit="")
WHY = "Our search needs an embedding model."
API = "/api/v1"


@pytest.fixture
def furnished(doors: Doors, house: House, tmp_path: Path) -> Doors:
    furnish(house, tmp_path / "data")
    return doors


def use_case(doors: Doors, **more: Any) -> str:
    made = doors.as_(ANNA).post(f"{API}/use-cases", json={**CASE, **more})
    assert made.status_code == 201, made.text
    found: str = made.json()["id"]
    return found


def ask(doors: Doors, case: str, **more: Any) -> Any:
    body = {"reference": "hf:acme/tiny@main", "use_case": case, "justification": WHY, **more}
    return doors.as_(ANNA).post(f"{API}/requests", json=body)


def send(doors: Doors, files: dict[str, bytes], name: str = "search/tuned") -> str:
    anna = doors.as_(ANNA)
    listed = []
    for path, data in files.items():
        sent = anna.post(f"{API}/uploads", content=data)
        assert sent.status_code == 201, sent.text
        assert sent.json() == {
            "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "reference": "",
        }  # fmt: skip
        listed.append({"path": path, "sha256": sent.json()["sha256"]})
    made = anna.post(f"{API}/uploads/manifests", json={"name": name, "files": listed})
    assert made.status_code == 201, made.text
    reference: str = made.json()["reference"]
    return reference


def test_a_model_is_sent_asked_for_assessed_and_compared(furnished: Doors) -> None:
    doors, house = furnished, furnished.house
    case = use_case(doors)
    anna = doors.as_(ANNA)
    ids = []
    for files in (MODEL, EVIL):
        asked = ask(doors, case, reference=send(doors, files))
        assert asked.status_code == 201, asked.text
        assert isinstance(house.clock, Clock)
        house.clock.forward(seconds=1)
        found = assess(house)
        assert found is not None
        ids.append(found.revision.id)
        shown = anna.get(f"{API}/assessments/{found.view.id}").json()
        assert shown["state"] == "done"
        assert shown["progress"]["files"] == len(files)
        report = anna.get(f"{API}/assessments/{found.view.id}/documents/report.html")
        assert report.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in report.headers["content-security-policy"]
        missing = anna.get(f"{API}/assessments/{found.view.id}/documents/x")
        assert (missing.status_code, missing.json()["code"]) == (404, "assessment.no-document")
    timeline = anna.get(f"{API}/requests/{asked.json()['id']}/timeline").json()["items"]
    assert [each["type"] for each in timeline] == [
        "request.drafted", "request.submitted", "assessment.started", "assessment.finished",
    ]  # fmt: skip
    change = anna.get(f"{API}/revisions/{ids[1]}/diff").json()
    assert [each["path"] for each in change["files"]] == ["extra.pkl"]
    assert anna.get(f"{API}/revisions/{ids[0]}/diff").status_code == 422
    parts = anna.get(f"{API}/revisions/{ids[0]}/components").json()
    assert {each["kind"] for each in parts} >= {"weights", "card", "base model"}
    derived = anna.get(f"{API}/models/derived", params={"of": "meta/base"}).json()["items"]
    assert [each["revision"]["id"] for each in derived] == [ids[1], ids[0]]
    assert found is not None
    for there in (
        f"assessments/{found.view.id}",
        f"revisions/{ids[0]}",
        f"requests/{asked.json()['id']}",
    ):
        assert doors.as_(BERT).get(f"{API}/{there}").status_code == 404
        assert doors.as_(OTTO).get(f"{API}/{there}").status_code == 200
    preview = anna.post(
        f"{API}/requests/preview", json={"use_case": case, "revision": ids[1]}
    ).json()
    assert preview["examined"]
    assert preview["now"]["outcome"] == "rejected"


def test_what_asking_leads_to_is_told_before(furnished: Doors) -> None:
    case = use_case(furnished)
    anna = furnished.as_(ANNA)
    told = anna.post(f"{API}/requests/preview", json={"use_case": case}).json()
    assert not told["examined"]
    assert told["now"]["outcome"] != "approved"
    assert any(each["unknown"] for each in told["open"])
    assert told["at_best"]["outcome"] in ("approved", "approved_with_conditions")
    bad = anna.post(f"{API}/requests/preview", json={"use_case": case, "environment": "PROD"})
    assert (bad.status_code, bad.json()["code"]) == (422, "environment.name")
    away = furnished.as_(BERT).post(f"{API}/requests/preview", json={"use_case": case})
    assert away.status_code == 404


def test_requests_are_changed_and_taken_back_by_version(furnished: Doors) -> None:
    case = use_case(furnished)
    anna = furnished.as_(ANNA)
    made = ask(furnished, case, draft=True)
    path = f"{API}/requests/{made.json()['id']}"
    assert made.json()["state"] == "draft"
    assert anna.patch(path, json={"environment": "staging"}).status_code == 428
    done = anna.patch(path, json={"environment": "staging"}, headers={"if-match": '"1"'})
    assert (done.status_code, done.json()["environment"]) == (200, "staging")
    stale = anna.post(f"{path}/submit", headers={"if-match": '"1"'})
    assert (stale.status_code, stale.json()["current"]["environment"]) == (412, "staging")
    sent = anna.post(f"{path}/submit", headers={"if-match": '"2"'})
    assert (sent.status_code, sent.json()["stage"]) == (200, "assessing")
    twin = ask(furnished, case, environment="staging")
    assert (twin.status_code, twin.json()["code"]) == (409, "request.twin")
    house = furnished.house
    house.transact(lambda work: intake.mark(work, SYSTEM, sent.json()["id"], "changes requested"))
    tag = {"if-match": anna.get(path).headers["etag"]}
    again = anna.post(f"{path}/resubmit", json={"justification": WHY * 2}, headers=tag)
    assert (again.status_code, again.json()["round"]) == (200, 2)
    tag = {"if-match": again.headers["etag"]}
    gone = anna.post(f"{path}/withdraw", headers=tag)
    assert gone.json()["state"] == "withdrawn"
    listed = anna.get(f"{API}/requests", params={"state": "withdrawn", "text": "TINY"}).json()
    assert len(listed["items"]) == 1
    assert anna.get(f"{API}/requests", params={"state": "sleeping"}).status_code == 422


def test_what_cannot_be_asked_is_refused(furnished: Doors) -> None:
    case = use_case(furnished)
    wrong: list[tuple[dict[str, str], str]] = [
        ({"reference": "s3://bucket/model"}, "reference.unsupported"),
        ({"justification": ""}, "input.fields"),
        ({"use_case": "uc_01k00000000000000000000000"}, "use-case.missing"),
        ({"reference": "rev_01k00000000000000000000000"}, "revision.missing"),
        ({"reference": "pkg:generic/x?checksum=sha256:" + "0" * 64}, "upload.missing"),
        ({"colour": "red"}, "input.fields"),
        ({"reference": "x" * 600}, "input.fields"),
        ({"environment": "Prod!"}, "environment.name"),
    ]
    for change, code in wrong:
        answer = ask(furnished, case, **change)
        assert (answer.status_code // 100, answer.json()["code"]) == (4, code), answer.text


def test_uploads_are_bounded_and_belong_to_their_sender(furnished: Doors) -> None:
    anna, bert = furnished.as_(ANNA), furnished.as_(BERT)
    furnished.house.settings.upload_mib = 1
    large = anna.post(f"{API}/uploads", content=b"x" * (1 << 20) + b"x")
    assert (large.status_code, large.json()["code"]) == (413, "body.size")
    pieces: Callable[[], Any] = lambda: (b"y" * 65536 for _ in range(17))  # noqa: E731
    chunked = anna.post(f"{API}/uploads", content=pieces())
    assert chunked.status_code == 413
    fine = anna.post(f"{API}/uploads", content=b"z" * 900_000)
    assert fine.status_code == 201
    wrong = anna.post(f"{API}/uploads", content=b"z", headers={"x-content-sha256": "0" * 64})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "upload.digest")
    digest = fine.json()["sha256"]
    body = {"name": "a", "files": [{"path": "a.bin", "sha256": digest}]}
    assert bert.post(f"{API}/uploads/manifests", json=body).status_code == 422
    escape = {"name": "a", "files": [{"path": "../a", "sha256": digest}]}
    assert anna.post(f"{API}/uploads/manifests", json=escape).status_code == 422
    assert furnished.stranger.post(f"{API}/uploads", content=b"x").status_code == 401
    assert furnished.as_(OTTO).post(f"{API}/uploads", content=b"x").status_code == 403


def test_evidence_is_dated_verified_by_another_and_renewed(furnished: Doors) -> None:
    case = use_case(furnished)
    anna, lena = furnished.as_(ANNA), furnished.as_(LENA)
    digest = anna.post(f"{API}/uploads", content=b"%PDF-").json()["sha256"]
    body = {
        "kind": "access-test", "title": "Access test", "name": "test.pdf", "sha256": digest,
        "media": "application/pdf", "source": "Audit", "effective": "2026-06-01", "target": case,
        "effect": "blocking", "says": "against",
    }  # fmt: skip
    made = anna.post(f"{API}/evidence", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["expires"] == "2027-06-01"
    wrong: list[tuple[dict[str, str], str]] = [
        ({"kind": "hearsay"}, "kind"),
        ({"effective": "2027-01-01"}, "effective"),
        ({"effective": "2025-01-01"}, "expires"),
        ({"target": "mdl_x"}, "target"),
    ]
    for change, field in wrong:
        refused = anna.post(f"{API}/evidence", json={**body, **change})
        assert refused.status_code == 422, refused.text
        assert [each["field"] for each in refused.json()["errors"]] == [field]
    path = f"{API}/evidence/{made.json()['id']}"
    assert anna.post(f"{path}/verify", headers={"if-match": '"1"'}).status_code == 403
    assert (
        furnished.as_(ADAM).post(f"{path}/verify", headers={"if-match": '"1"'}).status_code == 403
    )
    seen = lena.post(f"{path}/verify", headers={"if-match": '"1"'})
    assert (seen.status_code, seen.json()["verified_by"]) == (200, LENA.id)
    file = anna.get(f"{path}/file")
    assert (file.content, file.headers["x-content-type-options"]) == (b"%PDF-", "nosniff")
    renewed = anna.post(
        f"{API}/evidence",
        json={**body, "effective": "2026-11-01", "revises": made.json()["id"]},
    ).json()
    assert (renewed["edition"], renewed["series"]) == (2, made.json()["id"])
    (old,), (new,) = (
        anna.get(f"{API}/clocks", params={"subject": each}).json()["items"]
        for each in (made.json()["id"], renewed["id"])
    )
    assert (old["state"], old["due"][:10]) == ("met", "2027-06-01")
    assert (new["state"], new["due"][:10], new["remind_at"][:10]) == (
        "running", "2027-11-01", "2027-10-02",
    )  # fmt: skip
    states = {
        each["id"]: each["state"]
        for each in anna.get(f"{API}/evidence", params={"target": case}).json()["items"]
    }
    assert states == {made.json()["id"]: "superseded", renewed["id"]: "current"}
    assert furnished.as_(BERT).get(path).status_code == 404
    not_sent = lena.post(f"{API}/evidence", json=body)
    assert (not_sent.status_code, not_sent.json()["code"]) == (404, "upload.missing")


def _exit_test(doors: Doors, moritz: Any, supplier: str) -> Any:
    """Record the test of an exit plan, after every proof that is none was refused."""
    path = f"{API}/suppliers/{supplier}/exit-tests"
    other = moritz.post(f"{API}/suppliers", json={"name": "zeta"}).json()["id"]
    hidden = use_case(doors, unit="search")
    made = {
        name: _proof(client, target, kind)
        for name, client, target, kind in (
            ("right", moritz, supplier, "exit-test-record"),
            ("other", moritz, other, "exit-test-record"),
            ("kind", moritz, supplier, "access-test"),
            ("hidden", doors.as_(ANNA), hidden, "exit-test-record"),
        )
    }
    stranger = doors.as_(person("gus", "model-owner", unit="fraud"))
    tag = {"if-match": '"2"'}
    assert moritz.post(path, json={"next_due": "2027-12-01"}, headers=tag).status_code == 422
    for who, evidence in (
        (moritz, "evd_01k00000000000000000000000"),
        (moritz, made["other"]),
        (moritz, made["kind"]),
        (stranger, made["hidden"]),
    ):
        no = who.post(path, json={"evidence": evidence}, headers=tag)
        assert (no.status_code, no.json()["errors"][0]["field"]) == (422, "evidence"), no.text
    body = {"evidence": made["right"], "next_due": "2027-12-01"}
    done = moritz.post(path, json=body, headers=tag)
    assert done.status_code == 200, done.text
    return done.json()


def _proof(client: Any, target: str, kind: str) -> str:
    digest = client.post(f"{API}/uploads", content=b"%PDF-").json()["sha256"]
    body = {
        "kind": kind, "title": "Record", "name": "test.pdf", "sha256": digest,
        "media": "application/pdf", "source": "Drill", "effective": "2026-11-20",
        "target": target, "effect": "advisory", "says": "supports",
    }  # fmt: skip
    made = client.post(f"{API}/evidence", json=body)
    assert made.status_code == 201, made.text
    found: str = made.json()["id"]
    return found


def test_suppliers_and_models_have_doors(furnished: Doors) -> None:
    moritz = furnished.as_(person("moritz", "model-owner"))
    terms = {"contract": "C-17", "contract_ends": "2027-01-15"}
    made = moritz.post(f"{API}/suppliers", json={"name": "acme", "kind": "vendor", "terms": terms})
    assert made.status_code == 201, made.text
    path = f"{API}/suppliers/{made.json()['id']}"
    plan = {"text": "Leave.", "substitute": "x/y", "owner": "o@example.org"}
    done = moritz.patch(path, json={"exit_plan": plan}, headers={"if-match": '"1"'})
    assert done.json()["exit_plan"]["sha256"] == hashlib.sha256(b"Leave.").hexdigest()
    assert done.json()["terms"]["contract"] == "C-17"
    tested = _exit_test(furnished, moritz, made.json()["id"])
    assert tested["exit_plan"]["test_due"] == "2027-12-01"
    assert tested["exit_plan"]["tested_on"] == "2026-11-20", "the day the proof speaks of"
    due = moritz.get(f"{API}/suppliers", params={"due_before": "2027-02-01"}).json()["items"]
    assert len(due) == 1
    assert furnished.as_(ANNA).post(f"{API}/suppliers", json={"name": "b"}).status_code == 403
    model = moritz.post(
        f"{API}/models",
        json={"purl": "pkg:huggingface/acme/tiny", "name": "acme/tiny", "publisher": "acme"},
    ).json()
    assert model["supplier"] == made.json()["id"]
    revision = moritz.post(
        f"{API}/models/{model['id']}/revisions",
        json={"commit": "a" * 40, "justification": "It is smaller than the one before."},
    )
    assert revision.json()["state"] == "quarantined"
    rev = f"{API}/revisions/{revision.json()['id']}"
    ended = moritz.post(
        f"{rev}/retire", json={"effective": "2026-12-24"}, headers={"if-match": '"1"'}
    )
    assert ended.json()["retires_at"] == "2026-12-24T00:00:00Z"
    assert (
        furnished.as_(ANNA)
        .post(f"{rev}/retire", json={"effective": "2026-12-24"}, headers={"if-match": '"2"'})
        .status_code
        == 403
    )
    unseen = moritz.get(f"{rev}/diff", params={"against": revision.json()["id"]})
    assert (unseen.status_code, unseen.json()["code"]) == (409, "revision.unexamined")
