# SPDX-License-Identifier: Apache-2.0
"""Assessments on the server: from a reference to a verdict, through the real sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.governance.assessment.server_models import (
    ANNA,
    EVIL,
    LENA,
    MODEL,
    ask,
    assess,
    document,
    furnish,
    last_job,
    use_case,
    write,
)
from tests.server import Clock, KeptJobs, houses
from tests.simulators.hub import COMMIT, Hub, serving

from steelyard.bootstrap.house import House
from steelyard.governance.assessment import begin, queries, refresh_all, run
from steelyard.governance.assessment.bring import QUARANTINE
from steelyard.governance.assessment.tables import AssessmentRow
from steelyard.governance.assessment.views import read_assessment
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake import service as intake
from steelyard.governance.inventory import parts, uploads
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.inventory.changes import diff
from steelyard.governance.inventory.snapshot import read_snapshot
from steelyard.governance.use_cases import service as use_cases
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.errors import ConflictError, InputError, UndecidedError
from steelyard.kernel.manifest import Manifest
from steelyard.platform import sandbox
from steelyard.platform.log.tables import EventRow
from steelyard.reporting.json_document import assessment_json

NAME = "acme/tiny"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Any:
    with serving(NAME, MODEL) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
        yield hub


@pytest.fixture
def one_house(tmp_path: Path) -> Iterator[House]:
    """A house on SQLite only: what these tests are about is not the database."""
    yield from houses("sqlite", tmp_path)


def test_a_branch_becomes_a_commit_and_is_examined_once(
    house: House, tmp_path: Path, hub: Hub
) -> None:
    furnish(house, tmp_path)
    case = use_case(house)
    asked = ask(house, case, f"hf:{NAME}@main")
    found = assess(house)
    assert found is not None
    assert found.waiting
    assert found.revision.purl == f"pkg:huggingface/{NAME}@{COMMIT}"
    assert (found.revision.state, found.revision.justification) == (
        "quarantined",
        asked.justification,
    )
    assert found.view.state == "done"
    assert found.view.progress.bytes_done == sum(map(len, MODEL.values()))
    assert (found.request.tier, found.request.assessment) == (found.view.tier, found.view.id)
    kept = house.blobs.read(found.view.documents["assessment.json"], most=1 << 26)
    assert assessment_json(read_assessment(kept), pretty=True) == kept
    manifest = document(house, found, "manifest.json")
    assert {each["path"] for each in manifest["files"]} == set(MODEL)
    assert all(house.blobs.has(each["sha256"]) for each in manifest["files"])
    assert set(found.view.documents) > {"report.html", "bom.cdx.json", "findings.sarif"}
    assert list((tmp_path / QUARANTINE).iterdir()) == []
    with house.reading() as session:
        assert [each.by for each in parts.derived_from(session, ANNA, "meta/base", limit=9)] == [
            "name"
        ]
        told = session.scalars(select(EventRow.type).where(EventRow.about == asked.id)).all()
    assert told == ["assessment.started", "assessment.finished"]
    before = len(hub.requests)
    ask(house, case, found.revision.id, environment="production")
    again = assess(house)
    assert again is not None
    assert len(hub.requests) == before, "neither fetched nor examined again"
    assert again.revision == found.revision
    assert again.view.documents["inspection.json"] == found.view.documents["inspection.json"]
    assert again.view.environment == "production"


def test_bytes_are_counted_while_they_come(
    one_house: House, tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = one_house
    furnish(house, tmp_path)
    hub.files["weights.bin"] = bytes(1 << 20)
    hub.pause = 0.01
    total = sum(map(len, hub.files.values()))
    noted: list[dict[str, Any]] = []
    note = begin.note

    def listen(work: Any, assessment: str, **values: Any) -> None:
        noted.append(values)
        note(work, assessment, **values)

    monkeypatch.setattr(run, "_BEAT", 0.02)
    monkeypatch.setattr(begin, "note", listen)
    ask(house, use_case(house), f"hf:{NAME}@main")
    found = assess(house)
    assert found is not None
    states = [each.get("state") for each in noted]
    coming = noted[states.index("fetching") + 1 : states.index("scanning")]
    counts = [each["bytes_done"] for each in coming]
    assert len(counts) > 3
    assert counts == sorted(counts)
    assert 0 < counts[-1] <= total
    assert coming[-1]["bytes_total"] == total
    assert found.view.progress.bytes_done == total
    with house.reading() as session:
        kinds = session.scalars(select(EventRow.type)).all()
    assert not [each for each in kinds if "progress" in each], "none of it is in the ledger"


def test_a_new_commit_is_a_new_revision_with_a_diff(one_house: House, tmp_path: Path) -> None:
    house = one_house
    furnish(house, tmp_path / "data")
    case = use_case(house)
    first = write(tmp_path / "one" / "tuned", MODEL)
    ask(house, case, first)
    old = assess(house)
    changed = {**MODEL, "README.md": MODEL["README.md"].replace(b"apache-2.0", b"cc-by-nc-4.0")}
    ask(house, case, write(tmp_path / "two" / "tuned", {**changed, "x.pkl": EVIL["extra.pkl"]}))
    new = assess(house)
    assert old is not None
    assert new is not None
    assert new.revision.model == old.revision.model
    assert (new.revision.parent, new.revision.state) == (old.revision.id, "quarantined")
    assert new.view.verdict == "malicious"
    assert new.view.outcome == "rejected"
    one, two = (
        read_snapshot(house.blobs.read(each.view.documents["snapshot.json"], most=1 << 26))
        for each in (old, new)
    )
    change = diff(one, two)
    assert {each.path for each in change.files} == {"README.md", "x.pkl"}
    assert change.license_reopens
    assert "pickle" in change.findings_added[0].rule
    assert ("scan.worst", "clean", "malicious") in [
        (each.name, each.before, each.after) for each in change.facts
    ]


def test_an_upload_is_assessed_from_its_manifest(one_house: House, tmp_path: Path) -> None:
    house = one_house
    furnish(house, tmp_path)
    case = use_case(house)

    def send(work: Any) -> Manifest:
        for data in MODEL.values():
            uploads.note_upload(work, ANNA, house.blobs.put_bytes(data), len(data))
        work.session.flush()
        files = [(path, house.blobs.put_bytes(data)) for path, data in MODEL.items()]
        return uploads.manifest_from(work.session, ANNA, files)

    manifest = house.transact(send)
    digest = house.blobs.put_bytes(manifest.canonical())
    reference = f"pkg:generic/search/tuned?checksum=sha256:{digest}"
    with pytest.raises(InputError) as refused:
        ask(house, case, reference)
    assert refused.value.code == "upload.missing"
    house.transact(lambda work: uploads.note_upload(work, ANNA, digest, 1))
    ask(house, case, reference)
    found = assess(house)
    assert found is not None
    assert found.view.manifest_sha256 == digest
    with house.reading() as session:
        model = inventory.get_model(session, ANNA, found.revision.model)
    assert (model.kind, model.unit, model.name) == ("internal fine-tune", "search", "search/tuned")


def test_what_nobody_can_mend_goes_back_and_the_rest_is_tried_again(
    one_house: House, tmp_path: Path, hub: Hub
) -> None:
    house = one_house
    furnish(house, tmp_path)
    case = use_case(house)
    asked = ask(house, case, f"hf:{NAME}@nowhere")
    assert assess(house) is None
    with house.reading() as session:
        request = requests.get(session, ANNA, asked.id)
        row = session.get_one(AssessmentRow, request.assessment)
        assert (request.state, row.error_code) == ("changes requested", "hub.no-revision")
    hub.refuse = (418, "Teapot")
    asked = ask(house, case, f"hf:{NAME}@{COMMIT}")
    with pytest.raises(InputError) as failed:
        assess(house)
    assert failed.value.code == "hub.unreachable"
    with house.reading() as session:
        request = requests.get(session, ANNA, asked.id)
        assert (request.state, request.stage) == ("submitted", "assessment failed")
    hub.refuse = None
    found = assess(house)
    assert found is not None
    assert (found.request.stage, found.view.attempts) == ("assessing", 2)
    with house.reading() as session:
        assert session.scalar(select(func.count()).select_from(AssessmentRow)) == 2


def test_a_request_that_moved_on_is_not_decided(one_house: House, tmp_path: Path) -> None:
    house = one_house
    furnish(house, tmp_path / "data")
    case = use_case(house)
    reference = write(tmp_path / "tiny", {"model.safetensors": MODEL["model.safetensors"]})
    asked = ask(house, case, reference)
    effect = run.assess(house, last_job(house, intake.ASSESS))
    house.transact(lambda work: use_cases.enrich(work, ANNA, case, {"sector": "health"}, None))
    with pytest.raises(ConflictError) as changed:
        house.transact(effect)
    assert changed.value.code == "assessment.basis-changed"
    effect = run.assess(house, last_job(house, intake.ASSESS))
    house.transact(lambda work: intake.withdraw(work, ANNA, asked.id))
    assert house.transact(effect) is None
    assert assess(house) is None


def test_what_changed_underneath_is_assessed_again(house: House, tmp_path: Path) -> None:
    furnish(house, tmp_path / "data")
    assert isinstance(house.clock, Clock)
    case = use_case(house)
    asked = ask(house, case, write(tmp_path / "tiny", MODEL))
    first = assess(house)
    assert first is not None
    house.transact(lambda work: intake.mark(work, SYSTEM, asked.id, "submitted", "in review"))
    assert house.transact(refresh_all.sweep(house, {})) == 0
    house.clock.forward(days=1)
    harder = {
        "personal_data": "special-category",
        "people_affected": "public",
        "autonomy": "autonomous",
        "exposure": "public",
        "data_class": "restricted",
    }
    house.transact(lambda work: use_cases.enrich(work, ANNA, case, harder, None))
    assert house.transact(refresh_all.sweep(house, {})) == 1
    payload = last_job(house, begin.REFRESH)
    assert payload["assessment"] == first.view.id
    second = house.transact(run.refresh(house, payload))
    assert second is not None
    assert second.previous is not None
    assert not second.waiting
    assert second.view.why == "use case"
    assert (second.view.tier, first.view.tier) == ("critical", "low")
    assert last_job(house, begin.CHANGED) == {
        "assessment": second.view.id,
        "previous": first.view.id,
    }
    assert house.transact(run.refresh(house, payload)) is None
    with house.reading() as session:
        found = queries.find(session, LENA, limit=5, latest=True)
        assert [each.id for each in found] == [second.view.id]
        assert requests.get(session, ANNA, asked.id).tier == "critical"


def test_an_examination_that_dies_ends_in_a_failure_people_see(
    one_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = one_house
    furnish(house, tmp_path / "data")
    case = use_case(house)
    asked = ask(house, case, write(tmp_path / "tiny", {"a.txt": b"x"}))
    monkeypatch.setattr(sandbox, "_COMMAND", "steelyard.nowhere")
    with pytest.raises(UndecidedError):
        assess(house)
    with house.reading() as session:
        request = requests.get(session, ANNA, asked.id)
        row = session.get_one(AssessmentRow, request.assessment)
        assert (request.stage, row.state) == ("assessment failed", "failed")
        assert row.outcome == ""
    assert isinstance(house.clock, Clock)
    house.clock.forward(days=2)
    assert house.transact(lambda work: begin.give_up_abandoned(work, house.clock())) == 0
    assert isinstance(house.jobs, KeptJobs)
