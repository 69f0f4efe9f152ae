# SPDX-License-Identifier: Apache-2.0
"""Fills a database with as many rows as a large organization has after years.

One thing of each kind is made through the services, so that its row is a real one; the others are
copies of that row with ids, names, units, states and times of their own. Events are real leaves and
are put into the tree by the real sequencer.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import insert, select

from steelyard.bootstrap.house import House
from steelyard.governance.charters import queries as charters
from steelyard.governance.intake import service as intake
from steelyard.governance.intake.tables import RequestRow
from steelyard.governance.inventory import service as inventory
from steelyard.governance.inventory.tables import ModelRow, RevisionRow
from steelyard.governance.review import service as reviews
from steelyard.governance.review.tables import ReviewRow, WaitRow
from steelyard.governance.use_cases import service as use_cases
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.assessment import Review, SignOff
from steelyard.kernel.event import Event
from steelyard.ledger.event import event_leaf
from steelyard.platform.ids import new_id
from steelyard.platform.log.sequencer import sequence

UNITS = [f"unit-{number:02d}" for number in range(40)]
BATCH = 5_000
FIVE: dict[str, Any] = {
    "name": "case",
    "purpose": "Find passages in a handbook",
    "data_class": "internal",
    "personal_data": "none",
    "people_affected": "staff",
    "autonomy": "assistive",
    "exposure": "internal",
    "unit": UNITS[0],
}


def fill(
    house: House, requester: Actor, *, revisions: int, entries: int, requests: int
) -> dict[str, float]:
    """Fill ``house`` and return the seconds each part took."""
    took: dict[str, float] = {}
    seed = random.Random(7)

    def timed(name: str, do: Callable[[], object]) -> None:
        started = time.perf_counter()
        do()
        took[name] = round(time.perf_counter() - started, 1)

    timed("use cases, models, revisions", lambda: _inventory(house, requester, seed, revisions))
    timed("open requests", lambda: _requests(house, requester, seed, requests))
    timed("reviews", lambda: fill_reviews(house))
    timed("events", lambda: _events(house, seed, entries))
    timed("tree", lambda: sequence(house.database, house.keys, house.clock(), batch=50_000))
    return took


def _inventory(house: House, requester: Actor, seed: random.Random, count: int) -> None:
    case = house.transact(lambda work: use_cases.register(work, requester, dict(FIVE)))
    model = house.transact(
        lambda work: inventory.register_model(
            work, SYSTEM, purl="pkg:huggingface/acme/model-0", name="acme/model-0",
            publisher="acme", kind="upstream", unit="", owner="owner@example.org",
        )
    )  # fmt: skip
    made = house.transact(
        lambda work: inventory.register_revision(
            work, SYSTEM, model=model.id, purl=f"pkg:huggingface/acme/model-0@{'0' * 40}",
            commit="0" * 40, justification="The first revision of them all",
        )
    )  # fmt: skip

    def case_row(number: int, row: dict[str, Any]) -> None:
        row["name"], row["unit"] = f"case-{number}", UNITS[number % len(UNITS)]
        row["facts"] = {**row["facts"], "name": row["name"], "unit": row["unit"]}

    def model_row(number: int, row: dict[str, Any]) -> None:
        publisher = f"publisher-{number % 400}"
        row["name"] = row["key"] = f"{publisher}/model-{number}"
        row["purl"], row["publisher"] = f"pkg:huggingface/{row['name']}", publisher

    multiply(house, UseCaseRow, case.id, "uc", max(count // 100, 1), case_row)
    multiply(house, ModelRow, model.id, "mdl", max(count // 10, 1), model_row)
    with house.reading() as session:
        models = session.execute(select(ModelRow.id, ModelRow.purl, ModelRow.name)).all()

    def revision_row(number: int, row: dict[str, Any]) -> None:
        of = models[number % len(models)]
        commit = hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()
        row.update(model=of[0], purl=f"{of[1]}@{commit}", name=of[2], commit=commit)
        row["manifest_sha256"] = hashlib.sha256(commit.encode()).hexdigest()
        row["state"] = seed.choice(("approved", "approved", "in review", "rejected", "suspended"))

    multiply(house, RevisionRow, made.id, "rev", count, revision_row)


def _requests(house: House, requester: Actor, seed: random.Random, count: int) -> None:
    with house.reading() as session:
        case = session.scalars(select(UseCaseRow).where(UseCaseRow.unit == UNITS[0])).first()
        revisions = session.execute(select(RevisionRow.id, RevisionRow.model).limit(count)).all()
        assert case is not None
        case_id = case.id
    made = house.transact(
        lambda work: intake.draft(
            work, requester, reference=f"hf:acme/model-0@{'0' * 40}", use_case=case_id
        )
    )

    def request_row(number: int, row: dict[str, Any]) -> None:
        of = revisions[number % len(revisions)]
        row.update(revision=of[0], model=of[1], unit=UNITS[number % len(UNITS)])
        row.update(state="submitted", stage=seed.choice(("assessing", "in review", "in review")))
        row.update(tier=seed.choice(("low", "moderate", "high", "critical")), track="deep")

    multiply(house, RequestRow, made.id, "req", count, request_row)


def fill_reviews(house: House) -> None:
    """Open a review of every request that is in review; the first one through the service."""
    asked = Review(
        track="deep",
        decided_by="sign-offs",
        sign_offs_required=(SignOff(role="security", why="charter"),),
        within="10 days",
    )
    with house.reading() as session:
        charter = charters.current(session, house.clock().date()).charter
        waiting = select(RequestRow.id).where(RequestRow.stage == "assessing").limit(1)
        request = session.scalars(waiting).one()
        query = select(
            RequestRow.id,
            RequestRow.unit,
            RequestRow.use_case,
            RequestRow.revision,
            RequestRow.tier,
        ).where(RequestRow.stage == "in review")
        requests = session.execute(query).all()
    made = house.transact(
        lambda work: reviews.open(
            work, request, new_id("asm", work.now), asked, charter, tier="high"
        )
    )
    due = house.clock() + dt.timedelta(days=10)
    opened: list[str] = []

    def review_row(number: int, row: dict[str, Any]) -> None:
        of = requests[number - 1]
        row.update(request=of.id, unit=of.unit, use_case=of.use_case, revision=of.revision)
        row.update(tier=of.tier, due=due + dt.timedelta(minutes=number))
        opened.append(row["id"])

    multiply(house, ReviewRow, made.review.id, "rvw", len(requests), review_row)
    waits = [
        {"review": review, "role": "security", "due": due + dt.timedelta(minutes=number)}
        for number, review in enumerate(opened, 1)
    ]
    with house.database.writing() as session:
        session.execute(insert(WaitRow), waits)


COLUMNS = ("leaf", "at", "type", "subject", "about", "actor", "salt")


def _events(house: House, seed: random.Random, count: int) -> None:
    """Add ``count`` events past SQLAlchemy, as the driver takes many rows fastest."""
    now = house.clock()
    with house.reading() as session:
        subjects = list(session.scalars(select(RequestRow.id)))
    for batch in _batches(count):
        rows = [
            _event(seed.choice(subjects), n, now - dt.timedelta(seconds=count - n)) for n in batch
        ]
        with house.database.writing() as session:
            driver: Any = session.connection().connection.driver_connection
            if house.database.sqlite:
                marks = ", ".join("?" * len(COLUMNS))
                for row in rows:
                    row[1] = row[1].strftime("%Y-%m-%d %H:%M:%S.%f")
                sql = f"INSERT INTO event ({', '.join(COLUMNS)}) VALUES ({marks})"
                driver.executemany(sql, rows)
                continue
            with driver.cursor().copy(f"COPY event ({', '.join(COLUMNS)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)


def _event(subject: str, number: int, at: dt.datetime) -> list[Any]:
    """Return a row whose leaf is written by a template: a hundredth is compared with a real one."""
    actor = f"act_{number % 500:04d}"
    leaf = (
        f'{{"about":"","actor":"{actor}","body_sha256":"","details":{{"state":"submitted",'
        f'"version":{number}}},"event":"request.changed","schema":"steelyard.event/v1",'
        f'"subject":"{subject}","time":"{at:%Y-%m-%dT%H:%M:%S.%f}Z"}}'
    ).encode()
    if number % 100 == 0:
        details = {"state": "submitted", "version": number}
        event = Event(type="request.changed", subject=subject, details=details)
        assert leaf == event_leaf(event, actor=actor, time=at)
    return [leaf, at, "request.changed", subject, "", actor, ""]


def multiply(
    house: House,
    table: Any,
    template: str,
    prefix: str,
    count: int,
    change: Callable[[int, dict[str, Any]], None],
) -> None:
    """Add ``count`` copies of the row ``template``, each changed by ``change(number, row)``."""
    with house.reading() as session:
        found = session.get_one(table, template)
        plain = {column.name: getattr(found, column.name) for column in table.__table__.columns}
    for batch in _batches(count):
        rows = []
        for number in batch:
            row = dict(plain)
            at = house.clock() - dt.timedelta(seconds=count - number)
            row["id"] = new_id(prefix, at)
            row.update({name: at for name in ("created_at", "updated_at") if name in row})
            change(number + 1, row)
            rows.append(row)
        with house.database.writing() as session:
            session.execute(insert(table), rows)


def _batches(count: int) -> Iterator[range]:
    for first in range(0, count, BATCH):
        yield range(first, min(first + BATCH, count))
