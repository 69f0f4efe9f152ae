# SPDX-License-Identifier: Apache-2.0
"""What a hub says of models in use: asked over a real connection, kept, and told to people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.governance.assessment.server_models import (
    ANNA,
    MODEL,
    ask,
    assess,
    furnish,
    last_job,
    use_case,
)
from tests.server import Clock, Doors, KeptJobs, person
from tests.simulators.hub import COMMIT, Hub, serving

from steelyard.bootstrap.house import House
from steelyard.governance.assessment import candidate, notices
from steelyard.governance.inventory import queries, supplying, upstream
from steelyard.governance.inventory import service as inventory
from steelyard.governance.inventory.changes import diff
from steelyard.governance.inventory.facts import RevisionView
from steelyard.governance.inventory.snapshot import read_snapshot
from steelyard.governance.inventory.tables import RevisionRow
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.errors import ConflictError
from steelyard.platform.identity import accounts
from steelyard.platform.log.tables import EventRow
from steelyard.platform.notify.tables import NoticeRow
from steelyard.platform.upstream import seconds_of
from steelyard.platform.work import Work
from steelyard.worker.upstream import SCHEDULES, watch

NAME = "acme/tiny"
NEXT = "1" * 40
OWNER = person("moritz", "model-owner")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving(NAME, MODEL) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
        yield hub


@pytest.fixture
def assessed(house: House, tmp_path: Path, hub: Hub) -> RevisionView:
    """A revision that was weighed and let in."""
    furnish(house, tmp_path)
    house.transact(lambda work: supplying.register_supplier(work, OWNER, name="acme"))
    ask(house, use_case(house), f"hf:{NAME}@main")
    found = assess(house)
    assert found is not None
    revision = found.revision.id
    return house.transact(lambda work: inventory.mark_revision(work, SYSTEM, revision, "approved"))


@pytest.fixture
def adopted(house: House, hub: Hub) -> RevisionView:
    """A revision that is let in; what its bytes are does not matter here."""

    def act(work: Work) -> RevisionView:
        model = inventory.register_model(
            work, OWNER, purl=f"pkg:huggingface/{NAME}", name=NAME, publisher="acme"
        )
        made = inventory.register_revision(
            work, OWNER, model=model.id, purl=f"{model.purl}@{COMMIT}", commit=COMMIT,
            justification="We need it for our search.",
        )  # fmt: skip
        return inventory.mark_revision(work, SYSTEM, made.id, "approved")

    return house.transact(act)


def look(house: House, later: float = 0.0, **payload: Any) -> upstream.UpstreamView | None:
    assert isinstance(house.clock, Clock)
    house.clock.forward(minutes=later)
    house.transact(watch(house, payload))
    with house.reading() as session:
        models = queries.find_models(session, SYSTEM, limit=1)
        return upstream.get(session, SYSTEM, models[0].id) if models else None


def events(house: House, beginning: str = "upstream.") -> list[str]:
    with house.reading() as session:
        rows = session.scalars(select(EventRow.type).order_by(EventRow.seq))
        return [each for each in rows if each.startswith(beginning)]


def test_a_new_commit_is_a_candidate_with_a_diff_and_nothing_carries_over(
    house: House, hub: Hub, assessed: RevisionView
) -> None:
    seen = look(house)
    assert seen is not None
    assert (seen.presence, seen.commit, seen.license) == ("present", COMMIT, "apache-2.0")
    assert (seen.revision, seen.watched) == (assessed.id, True)
    assert events(house) == [], "nothing changed"
    hub.commit = NEXT
    hub.files["README.md"] = MODEL["README.md"].replace(b"apache-2.0", b"cc-by-nc-4.0")
    hub.says["cardData"] = {"license": "cc-by-nc-4.0"}
    seen = look(house, 361)
    assert seen is not None
    assert (seen.commit, seen.license) == (NEXT, "cc-by-nc-4.0")
    assert events(house) == ["upstream.commit", "upstream.license"]
    assert events(house, "supplier.trigger") == ["supplier.trigger"]
    with house.reading() as session:
        made = queries.get_revision(session, SYSTEM, seen.revision)
        assert (made.state, made.parent) == ("quarantined", assessed.id)
        assert queries.get_revision(session, SYSTEM, made.parent).state == "approved"
    house.transact(candidate.examine(house, last_job(house, upstream.EXAMINE)))
    with house.reading() as session:
        old, new = (session.get_one(RevisionRow, each).snapshot for each in (made.parent, made.id))
        assert session.get_one(RevisionRow, made.id).state == "quarantined"
    change = diff(*(read_snapshot(house.blobs.read(each, most=1 << 26)) for each in (old, new)))
    assert [each.path for each in change.files] == ["README.md"]
    assert change.license_reopens
    look(house, 361)
    assert events(house) == ["upstream.commit", "upstream.license"], "told once"
    # Whoever wants it says why, and it is not examined a second time.
    before = len(hub.requests)
    ask(house, use_case(house, name="other"), made.id)
    again = assess(house)
    assert again is not None
    assert again.revision.id == made.id
    assert len(hub.requests) == before


def test_people_who_answer_for_a_model_are_told(house: House, hub: Hub, tmp_path: Path) -> None:
    anna = house.transact(
        lambda work: accounts.create(work, SYSTEM, mail=ANNA.mail, state="active")
    )
    furnish(house, tmp_path)
    made = house.transact(
        lambda work: inventory.register_model(
            work, OWNER, purl=f"pkg:huggingface/{NAME}", name=NAME, owner=ANNA.mail
        )
    )
    payload = {"model": made.id, "change": "gone", "presence": "gone", "before": "present"}
    house.transact(lambda work: notices.upstream(work, payload))
    with house.reading() as session:
        told = session.scalars(select(NoticeRow)).all()
    assert [(each.person, each.kind) for each in told] == [(anna.id, "upstream.gone")]
    assert told[0].title == f"{NAME} is not served any more: gone"
    assert "Approved adoptions of it: 0." in told[0].text


def test_a_model_that_is_taken_down_and_comes_back(
    house: House, hub: Hub, adopted: RevisionView
) -> None:
    look(house)
    hub.refuse = (404, "RepoNotFound")
    seen = look(house, 361)
    assert seen is not None
    assert (seen.presence, seen.commit, seen.failures) == ("gone", COMMIT, 0)
    look(house, 361)
    assert events(house) == ["upstream.gone"]
    hub.refuse = None
    hub.says["gated"] = "manual"
    seen = look(house, 361)
    assert seen is not None
    assert (seen.presence, seen.gated) == ("present", "manual")
    assert events(house) == ["upstream.gone", "upstream.returned", "upstream.gated"]


def test_a_hub_with_nothing_new_says_so(house: House, hub: Hub, adopted: RevisionView) -> None:
    first = look(house)
    hub.requests.clear()
    assert look(house, 1) == first, "not asked before it is due"
    assert hub.requests == []
    second = look(house, 361)
    assert first is not None
    assert second is not None
    assert second.checked_at == house.clock() != first.checked_at
    assert second.commit == first.commit
    hub.requests.clear()
    house.settings.upstream_check_minutes = 0
    look(house, 10_000)
    assert hub.requests == [], "switched off"
    look(house, 0, model=second.model)
    assert hub.requests == [f"GET /api/models/{NAME}"], "but somebody asked"


def test_a_hub_is_left_alone_if_it_asks(house: House, hub: Hub, adopted: RevisionView) -> None:
    hub.refuse, hub.refuse_headers = (429, "TooMany"), {"Retry-After": "3600"}
    seen = look(house)
    assert seen is not None
    assert (seen.checked_at, seen.error_code) == (None, "hub.busy")
    assert seen.next_at == house.clock() + dt.timedelta(hours=1)
    hub.requests.clear()
    look(house, 59)
    assert hub.requests == []
    hub.refuse = None
    seen = look(house, 2)
    assert seen is not None
    assert (seen.presence, seen.error) == ("present", "")


def test_failures_are_seen_and_asked_again_later_each_time(
    house: House, hub: Hub, adopted: RevisionView, doors: Doors
) -> None:
    look(house)
    hub.refuse = (500, "Broken")
    waits = []
    for _ in range(4):
        seen = look(house, 400)
        assert seen is not None
        assert seen.next_at is not None
        waits.append((seen.next_at - house.clock()).total_seconds() / 60)
    assert waits == [5, 10, 20, 40]
    assert seen is not None
    assert (seen.failures, seen.error_code, seen.presence) == (4, "hub.strange", "present")
    assert "status 500" in seen.error
    shown = doors.as_(ANNA).get(f"/api/v1/models/{seen.model}/upstream").json()
    assert (shown["failures"], shown["error_code"]) == (4, "hub.strange")
    assert shown["checked_at"] < shown["tried_at"]
    text = doors.stranger.get("/metrics").text
    assert 'steelyard_upstream_models{state="watched"} 1.0' in text
    assert 'steelyard_upstream_models{state="failing"} 1.0' in text
    assert "steelyard_upstream_oldest_check_seconds 96000.0" in text


def test_somebody_may_have_the_hub_asked(house: House, adopted: RevisionView, doors: Doors) -> None:
    path = f"/api/v1/models/{adopted.model}/upstream"
    assert doors.as_(ANNA).post(f"{path}/check").status_code == 403
    answer = doors.as_(OWNER).post(f"{path}/check")
    assert answer.status_code == 200, answer.text
    assert answer.json()["presence"] == ""
    assert last_job(house, upstream.WATCH) == {"model": adopted.model}
    assert events(house) == ["upstream.check-asked"]


def test_only_models_in_use_are_watched(house: House, hub: Hub, adopted: RevisionView) -> None:
    def own() -> str:
        return house.transact(
            lambda work: inventory.register_model(
                work, OWNER, purl="pkg:generic/ours", name="ours", kind="internal fine-tune"
            )
        ).id

    with house.reading() as session, pytest.raises(ConflictError) as refused:
        upstream.get(session, SYSTEM, own())
    assert refused.value.code == "upstream.no-hub"
    house.transact(lambda work: inventory.mark_revision(work, SYSTEM, adopted.id, "revoked"))
    hub.requests.clear()
    house.transact(watch(house, {}))
    assert hub.requests == []
    assert isinstance(house.jobs, KeptJobs)
    assert [each.kind for each in SCHEDULES] == [upstream.WATCH]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30), ("", 300), ("soon", 300), ("999999999999", 86_400), ("-5", 300),
     ("Wed, 25 Nov 2026 12:10:00 GMT", 600), ("Wed, 25 Nov 2020 12:10:00 GMT", 1)],
)  # fmt: skip
def test_how_long_to_wait(text: str, seconds: int) -> None:
    assert seconds_of(text, dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)) == seconds
