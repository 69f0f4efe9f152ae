# SPDX-License-Identifier: Apache-2.0
"""Pages of the inventory: ten thousand findings, other units, hostile names, forms and files."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request
from tests.governance.assessment.server_models import (
    ANNA,
    EVIL,
    MODEL,
    ask,
    assess,
    furnish,
    use_case,
    write,
)
from tests.server import person

from steelyard.bootstrap.house import House
from steelyard.governance.assessment.tables import AssessmentRow
from steelyard.governance.assessment.views import ASSESSMENT, read_assessment
from steelyard.governance.inventory import service, uploads
from steelyard.kernel.actor import Actor
from steelyard.kernel.assessment import LocatedFinding
from steelyard.kernel.finding import Severity
from steelyard.platform.work import Work
from steelyard.ui.app import create_site

OMAR = person("omar", "model-owner", "requester")
LENA = person("lena", "security", "legal")
BERT = person("bert", "requester", unit="fraud")
SCRIPT = "<script>alert(1)</script>"
ARABIC = "\u0646\u0645\u0648\u0630\u062c"
KEY = "form-key-0123456789"
Site = Callable[[Actor], TestClient]


@pytest.fixture
def site(house: House, tmp_path: Path) -> Site:
    furnish(house, tmp_path / "data")

    def as_(actor: Actor) -> TestClient:
        def authenticate(_: Request) -> Actor | None:
            return actor

        return TestClient(
            create_site(house, authenticate), follow_redirects=False, raise_server_exceptions=False,
            headers={"accept": "text/html", "sec-fetch-site": "same-origin"},
        )  # fmt: skip

    return as_


def assessed(house: House, tmp_path: Path) -> tuple[str, str, str]:
    """Have a hostile model assessed; return the ids of model, revision and assessment."""
    ask(house, use_case(house), write(tmp_path / "evil", EVIL))
    found = assess(house)
    assert found is not None
    return found.revision.model, found.revision.id, found.view.id


def sent(house: House, files: dict[str, bytes], name: str = "search/tuned") -> str:
    """Send the files of a model as Anna; return the reference a request names it by."""

    def act(work: Work) -> str:
        listed = []
        for path, data in files.items():
            sha256 = house.blobs.put_bytes(data)
            uploads.note_upload(work, ANNA, sha256, len(data))
            listed.append((path, sha256))
        work.session.flush()
        manifest = uploads.manifest_from(work.session, ANNA, listed)
        digest = house.blobs.put_bytes(manifest.canonical())
        uploads.note_upload(work, ANNA, digest, manifest.size)
        return f"pkg:generic/{name}?checksum=sha256:{digest}"

    return house.transact(act)


def with_findings(house: House, assessment: str, many: int) -> None:
    """Give an assessment ``many`` findings of three rules."""
    rules = (("pickle.dangerous-call", Severity.CRITICAL), ("code.auto-map", Severity.MEDIUM),
             ("text.long-line", Severity.LOW))  # fmt: skip

    def act(work: Work) -> None:
        row = work.session.get(AssessmentRow, assessment)
        assert row is not None
        document = read_assessment(house.blobs.read(row.documents[ASSESSMENT], most=1 << 26))
        findings = tuple(
            LocatedFinding(
                rule=rules[number % 3][0], severity=rules[number % 3][1],
                message=f"Finding {number} {SCRIPT}", path=f"shard-{number}.bin",
                evidence="x" * 300,
            )
            for number in range(many)
        )  # fmt: skip
        changed = msgspec.structs.replace(document, findings=findings)
        digest = house.blobs.put_bytes(msgspec.json.encode(changed))
        row.documents = {**row.documents, ASSESSMENT: digest}

    house.transact(act)


def text_of(client: TestClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.text[-400:])
    return answer.text


def where(answer: object) -> str:
    headers = answer.headers  # type: ignore[attr-defined]
    assert answer.status_code == 303, answer.text[-1500:]  # type: ignore[attr-defined]
    found: str = headers["location"]
    return found


def test_ten_thousand_findings_are_shown_in_small_quick_pages(
    site: Site, house: House, tmp_path: Path
) -> None:
    model, _, assessment = assessed(house, tmp_path)
    lena = site(LENA)
    small = len(text_of(lena, f"/models/{model}/assessment"))
    with_findings(house, assessment, 10_000)
    for path in (f"/models/{model}/assessment", f"/assessments/{assessment}"):
        began = time.process_time()
        page = text_of(lena, path)
        assert time.process_time() - began < 5
        assert len(page) < 200_000
        assert "10000 findings" in page
        assert page.count('class="item') <= small
        assert SCRIPT not in page
        assert "&lt;script&gt;" in page
    rule = text_of(lena, f"/models/{model}/assessment?rule=pickle.dangerous-call")
    assert len(re.findall(r"Finding \d+ ", rule)) == 50
    assert "Page 1 of 67" in rule
    last = text_of(lena, f"/models/{model}/assessment?rule=pickle.dangerous-call&page=67")
    assert "Finding 9999 " in last
    assert len(re.findall(r"Finding \d+ ", last)) == 3334 - 66 * 50
    low = text_of(lena, f"/models/{model}/assessment?severity=low")
    assert "text.long-line" in low
    assert "code.auto-map" not in low
    for wrong in ("severity=awful", "page=0", "page=x"):
        text_of(lena, f"/models/{model}/assessment?{wrong}", 422)


def test_models_of_other_units_look_absent(site: Site, house: House, tmp_path: Path) -> None:
    model, revision, assessment = assessed(house, tmp_path)
    paths = [
        f"/models/{model}{tab}"
        for tab in ("", "/revisions", "/diff", "/assessment", "/license", "/lineage", "/controls",
                    "/evidence", "/reviews", "/deployments", "/activity")
    ]  # fmt: skip
    paths += [f"/revisions/{revision}", f"/revisions/{revision}/diff",
              f"/assessments/{assessment}"]  # fmt: skip
    bert, lena = site(BERT), site(LENA)
    name = text_of(lena, paths[0]).partition("<bdi>")[2].partition("</bdi>")[0]
    assert name
    for path in paths:
        text_of(lena, path)
        told = text_of(bert, path, 404)
        assert f"<bdi>{name}" not in told
    assert model not in text_of(bert, "/models")
    assert model in text_of(lena, "/models")
    form = {"form-key": KEY, "effective": "2027-01-01", "version": "1"}
    owner = site(person("carl", "model-owner", unit="fraud"))
    assert owner.post(f"/revisions/{revision}/retire", data=form).status_code == 404


@pytest.mark.parametrize("name", [SCRIPT, ARABIC, "n" * 300])
def test_names_are_harmless(site: Site, house: House, name: str) -> None:
    omar = site(OMAR)
    form = {"form-key": KEY, "purl": "pkg:generic/search/odd", "name": name, "kind": "fork",
            "publisher": name, "unit": ""}  # fmt: skip
    there = where(omar.post("/models/new", data=form))
    page = text_of(omar, there)
    assert "<script>alert" not in page
    assert "<bdi>" in page
    assert "<script>alert" not in text_of(omar, "/models")
    assert "Not assessed yet" in text_of(omar, f"{there}/license")
    assert "No revision yet" in text_of(omar, f"{there}/revisions")
    too_long = {**form, "form-key": "another-key-0123", "name": "n" * 5000}
    again = omar.post("/models/new", data=too_long)
    assert again.status_code == 422
    assert "A name has 1 to 300 characters." in again.text
    assert "n" * 5000 in again.text


def test_revisions_are_added_compared_and_ended(site: Site, house: House, tmp_path: Path) -> None:
    case = use_case(house)
    ask(house, case, sent(house, MODEL))
    one = assess(house)
    ask(house, case, sent(house, EVIL))
    two = assess(house)
    assert one is not None
    assert two is not None
    model = two.revision.model
    assert one.revision.model == model
    omar = site(OMAR)
    named = f"/models/{model}/diff?old={one.revision.id}&new={two.revision.id}"
    for path in (f"/models/{model}/diff", f"/revisions/{two.revision.id}/diff", named):
        page = text_of(omar, path)
        assert "extra.pkl" in page
        assert "pickle.dangerous-call" in page
    text_of(omar, f"/models/{model}/diff?old=rev_nothing", 404)
    end = {"form-key": KEY, "version": "0", "effective": "2027-01-01"}
    stale = omar.post(f"/revisions/{two.revision.id}/retire", data=end)
    assert stale.status_code == 412
    version = re.search(r'name="version" value="(\d+)"',
                        text_of(omar, f"/revisions/{two.revision.id}"))  # fmt: skip
    assert version is not None
    good = {**end, "form-key": "third-key-0123456", "version": version[1]}
    where(omar.post(f"/revisions/{two.revision.id}/retire", data=good))
    assert "It ends on 1 Jan 2027" in text_of(omar, f"/revisions/{two.revision.id}")


def test_a_model_that_says_nothing_says_what_to_do(
    site: Site, house: House, tmp_path: Path
) -> None:
    bare = {name: data for name, data in MODEL.items() if name != "README.md"}
    ask(house, use_case(house), write(tmp_path / "bare", bare))
    found = assess(house)
    assert found is not None
    omar = site(OMAR)
    assert "It has no model card." in text_of(omar, f"/models/{found.revision.model}")
    assert "No license was found." in text_of(omar, f"/models/{found.revision.model}/license")
    assert "No evidence yet" in text_of(omar, f"/models/{found.revision.model}/evidence")

    made = house.transact(
        lambda work: service.register_model(work, OMAR, purl="pkg:generic/a/b", name="a/b")
    )
    for tab in ("assessment", "license", "lineage", "controls"):
        page = text_of(omar, f"/models/{made.id}/{tab}")
        assert "Not assessed yet" in page
        assert "/requests/new?reference=pkg" in page


def test_evidence_is_sent_once_kept_over_errors_and_verified_by_another(
    site: Site, house: House, tmp_path: Path
) -> None:
    _, revision, _ = assessed(house, tmp_path)
    omar, lena = site(OMAR), site(LENA)
    form = {
        "form-key": KEY, "target": revision, "title": f"Report {SCRIPT}", "kind": "audit-report",
        "source": "Lab", "effective": "2099-01-01", "says": "supports", "effect": "advisory",
    }  # fmt: skip
    file = {"file": ("..\\weird.pdf", b"%PDF report", "Application/PDF; x=1")}
    refused = omar.post("/evidence/new", data=form, files=file)
    assert refused.status_code == 422
    assert "is still to come" in refused.text
    kept = dict(re.findall(r'name="(sha256|name|media)" value="([^"]*)"', refused.text))
    assert kept["media"] == "application/pdf"
    assert "The file is here already" in refused.text
    again = {**form, **kept, "form-key": "second-key-01234", "effective": "2026-11-01"}
    there = where(omar.post("/evidence/new", data=again))
    assert where(omar.post("/evidence/new", data=again)) == there
    page = text_of(omar, there)
    assert "<script>alert" not in page
    assert "weird.pdf" in page
    assert "somebody else must verify it" in page
    stolen = {**again, "form-key": "third-key-012345"}
    assert lena.post("/evidence/new", data=stolen).status_code == 404
    check = {"form-key": KEY, "version": "1"}
    assert omar.post(f"{there}/verify", data=check).status_code == 403
    where(lena.post(f"{there}/verify", data=check))
    assert "Verified by" in text_of(omar, there)


def test_a_supplier_keeps_its_plan_and_records_the_test_of_it(site: Site, house: House) -> None:
    omar = site(OMAR)
    form = {
        "form-key": KEY, "name": "acme", "kind": "vendor", "support": "commercial",
        "contract": "C-1", "commitments": "Fixes flaws | 5 days | 2028-01-01\nAnswers",
        "text": "One.\r\nTwo.", "substitute": "other/one", "owner": "omar@example.org",
    }  # fmt: skip
    there = where(omar.post("/suppliers/new", data=form))
    page = text_of(omar, there)
    assert "The plan was never tested." in page
    assert "Fixes flaws" in page
    digest = re.search(r'data-copy="([0-9a-f]{64})"', page)
    assert digest is not None
    half = {**form, "form-key": "half-key-0123456", "name": "half", "owner": ""}
    refused = omar.post("/suppliers/new", data=half)
    assert refused.status_code == 422
    assert "An exit plan needs this." in refused.text
    edit = {**form, "form-key": "edit-key-0123456", "version": "1", "state": "active",
            "support": "community"}  # fmt: skip
    where(omar.post(f"{there}/edit", data=edit))
    assert digest[1] in text_of(omar, there)
    stale = omar.post(f"{there}/edit", data={**edit, "form-key": "stale-key-012345"})
    assert stale.status_code == 412
    supplier = there.rpartition("/")[2]
    proof = {
        "form-key": "proof-key-012345", "target": supplier, "title": "Switched",
        "kind": "exit-test-record", "source": "Ops", "effective": "2026-11-01",
        "says": "supports", "effect": "advisory",
    }  # fmt: skip
    record = where(omar.post("/evidence/new", data=proof, files={"file": ("a.txt", b"done")}))
    tested = {"form-key": "test-key-0123456", "version": "2",
              "evidence": record.rpartition("/")[2], "next_due": "2027-11-01"}  # fmt: skip
    where(omar.post(f"{there}/exit-tests", data=tested))
    shown = text_of(omar, there)
    assert "1 Nov 2026" in shown
    assert "never tested" not in shown
