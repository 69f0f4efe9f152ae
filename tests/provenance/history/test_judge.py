# SPDX-License-Identifier: Apache-2.0
"""Facts and observations of histories made of plain data."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.catalog.frameworks import find
from steelyard.provenance.history.facts import DAY
from steelyard.provenance.history.hub import (
    read_accounts,
    read_activity,
    read_advisories,
    read_commits,
    read_time,
    with_since,
)
from steelyard.provenance.history.licenses import Direction
from steelyard.provenance.history.model import (
    Commit,
    FileChange,
    History,
    LicenseState,
    Person,
    Rewrite,
    Signature,
    Tag,
)
from steelyard.provenance.history.observe import RUG_PULL
from steelyard.provenance.history.report import HistoryReport, judge_history, publisher_record

NOW = 1_800_000_000
SITE = Person(name="GitHub", email="noreply@github.com")
ANN, BOB = Person(name="Ann", email="ann@x"), Person(name="Bob", email="bob@x")


def change(path: str, status: Any = "modified", pointer: bool | None = None) -> FileChange:
    return FileChange(path=path, status=status, blob="b", pointer=pointer)


def commit(
    number: int,
    days_ago: float,
    who: Person = ANN,
    *files: str,
    committer: Person | None = None,
    signature: Signature = "none",
) -> Commit:
    when = int(NOW - days_ago * DAY)
    return Commit(
        id=f"{number:040x}",
        parents=(f"{number - 1:040x}",) if number else (),
        author=who,
        committer=committer or who,
        authored=when,
        committed=when,
        title=f"commit {number}",
        signature=signature,
        files=tuple(change(path) for path in files),
    )


def history(*commits: Commit, **more: Any) -> History:
    fields: dict[str, Any] = {"source": "git", "complete": True, "tags": ()} | more
    newest = tuple(sorted(commits, key=lambda item: -int(item.id, 16)))
    return History(head=newest[0].id, commits=newest, **fields)


def seen(report: HistoryReport) -> list[tuple[str, str]]:
    quiet = {"stale", "weights-without-card"}
    return [(item.id, item.severity) for item in report.observations if item.id not in quiet]


def weights(*rows: tuple[float, Person]) -> History:
    return history(
        *(commit(at, days, who, "model.safetensors") for at, (days, who) in enumerate(rows))
    )


def test_facts_count_what_is_there() -> None:
    found = judge_history(
        history(
            commit(0, 400, ANN, "README.md", "model.safetensors"),
            commit(1, 200, BOB, "config.json", committer=SITE),
            commit(2, 10, BOB, "model.safetensors", committer=ANN, signature="present"),
            tags=(Tag(name="v1", commit=f"{1:040x}"),),
        ),
        NOW,
    ).facts  # fmt: skip
    assert (found.commits, found.weight_commits, found.days_since_last) == (3, 2, 10)
    assert [(share.name, share.commits) for share in found.people] == [
        ("Ann <ann@x>", 2),
        ("Bob <bob@x>", 1),
    ]
    assert found.main_weight_person == "Ann <ann@x>"
    assert found.signatures == {"none": 2, "present": 1}
    assert found.weight_signatures == {"none": 1, "present": 1}
    assert found.committed_for_others == 1
    assert (found.releases, found.last_release, found.commits_after_release) == (1, "v1", 1)
    assert sum(found.by_quarter.values()) == 3
    assert "2026-Q2" in found.by_quarter


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(40, ANN), (30, ANN), (20, ANN), (10, ANN)], []),
        ([(400, ANN), (390, ANN), (380, ANN), (10, BOB)], [("new-weight-committer", "high")]),
        ([(40, ANN), (30, ANN), (20, ANN), (10, BOB)], [("new-weight-committer", "medium")]),
        (
            [(400, ANN), (390, ANN), (380, ANN), (20, BOB), (10, BOB)],
            [("new-weight-committer", "high")],
        ),
        (
            [(400, ANN), (390, ANN), (380, ANN), (20, BOB), (10, ANN)],
            [("new-weight-committer", "high")],
        ),
        ([(400, ANN), (10, BOB)], []),
        (
            [*[(80, ANN), (70, BOB), (60, ANN), (50, ANN)], *[(40 - at, BOB) for at in range(4)]],
            [("main-weight-committer-changed", "low")],
        ),
        ([(80, ANN), (70, BOB), (60, ANN), (50, BOB), (40, BOB), (30, ANN)], []),
    ],
)  # fmt: skip
def test_who_brings_in_weights(rows: list[tuple[float, Person]], expected: list[Any]) -> None:
    assert seen(judge_history(weights(*rows), NOW)) == expected


def test_rewritten_history() -> None:
    base = weights((10, ANN))
    moved = History(**{name: getattr(base, name) for name in base.__struct_fields__} | {
        "since": "f" * 40, "since_is_ancestor": False,
        "rewrites": (Rewrite(branch="main", before="a", after="b", source="activity"),),
    })  # fmt: skip
    report = judge_history(moved, NOW)
    assert seen(report) == [("history-rewritten", "high"), ("force-push", "medium")]
    assert report.observations[0].references == (RUG_PULL,)
    assert seen(judge_history(base, NOW)) == []


def test_signing_that_stops() -> None:
    rows = [commit(at, 50 - at, ANN, "m.gguf", signature="present") for at in range(4)]
    assert seen(judge_history(history(*rows), NOW)) == []
    stopped = history(*rows, commit(4, 1, ANN, "m.gguf"))
    assert seen(judge_history(stopped, NOW)) == [("signing-stopped", "medium")]
    bad = history(commit(0, 1, ANN, "m.gguf", signature="bad"))
    assert seen(judge_history(bad, NOW)) == [("bad-signature", "high")]


def test_a_burst_and_times_nobody_can_have() -> None:
    many = history(*(commit(at, 5 - at / 10_000, ANN, "x.txt") for at in range(40)))
    assert seen(judge_history(many, NOW)) == [("burst", "low")]
    slow = history(*(commit(at, 100 - at, ANN, "x.txt") for at in range(40)))
    assert seen(judge_history(slow, NOW)) == []
    odd = history(commit(0, 5), commit(1, 20), commit(2, -30))
    report = judge_history(odd, NOW)
    assert seen(report) == [("time-in-future", "medium"), ("time-out-of-order", "low")]
    assert report.facts.days_since_last == 5


def test_a_license_that_changes() -> None:
    def direction(old: str, new: str) -> Direction:
        return "stricter" if (old, new) == ("mit", "gpl-3.0") else "looser"

    states = (
        LicenseState(commit="c" * 40, keys=()),
        LicenseState(commit="b" * 40, keys=("gpl-3.0",)),
        LicenseState(commit="a" * 40, keys=("mit",)),
    )
    report = judge_history(history(commit(0, 1), licenses=states), NOW, direction=direction)
    assert [(c.before, c.after, c.direction) for c in report.license_changes or ()] == [
        (("gpl-3.0",), (), "unknown"),
        (("mit",), ("gpl-3.0",), "stricter"),
    ]
    assert seen(report) == [("license-removed", "high"), ("license-changed", "medium")]
    unjudged = judge_history(history(commit(0, 1), licenses=states[1:]), NOW)
    assert seen(unjudged) == [("license-changed", "medium")]
    assert judge_history(history(commit(0, 1)), NOW).license_changes is None


def test_weights_that_change_while_the_card_stays() -> None:
    told = history(
        commit(0, 50, ANN, "README.md", "m.gguf"),
        commit(1, 30, ANN, "m.gguf"),
        commit(2, 28, ANN, "README.md"),
    )
    assert "weights-without-card" not in {o.id for o in judge_history(told, NOW).observations}
    silent = history(commit(0, 50, ANN, "README.md", "m.gguf"), commit(1, 30, ANN, "m.gguf"))
    (item,) = judge_history(silent, NOW).observations
    assert (item.id, item.commits) == ("weights-without-card", (f"{1:040x}",))


def test_weights_after_a_release_and_silence_for_long() -> None:
    rows = (commit(0, 900, ANN, "README.md"), commit(1, 800, ANN, "new.gguf"))
    released = history(*rows, tags=(Tag(name="v1", commit=rows[0].id),))
    found = {item.id for item in judge_history(released, NOW).observations}
    assert found >= {"weights-after-release", "stale"}


def test_advisories() -> None:
    listed = [
        {"ghsa_id": "GHSA-1", "severity": "high", "state": "published",
         "vulnerabilities": [{"patched_versions": ""}]},
        {"ghsa_id": "GHSA-2", "severity": "low", "state": "published",
         "vulnerabilities": [{"patched_versions": "1.2"}]},
        {"ghsa_id": "GHSA-3", "severity": "critical", "withdrawn_at": "2026-01-01"},
    ]  # fmt: skip
    found = read_advisories(listed)
    assert [(item.id, item.patched) for item in found] == [("GHSA-1", False), ("GHSA-2", True)]
    report = judge_history(history(commit(0, 1)), NOW, advisories=found)
    assert (report.facts.advisories_open, report.facts.advisories_total) == (1, 2)
    assert seen(report) == [("open-advisories", "high")]
    assert judge_history(history(commit(0, 1)), NOW).facts.advisories_open is None


def page(*rows: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [
        {"id": f"{at:040x}", "title": title, "date": date, "authors": [{"user": user}]}
        for at, (title, date, user) in enumerate(rows)
    ]  # fmt: skip


PAGE = page(
    ("Upload model", "2026-11-20T10:00:00.000Z", "eve"),
    ("Update README.md", "2025-01-03T10:00:00.000Z", "ann"),
    ("Upload model", "2025-01-02T10:00:00.000Z", "ann"),
    ("initial commit", "2025-01-01T10:00:00.000Z", "ann"),
)


def test_a_commit_list_of_a_hub_in_both_shapes() -> None:
    found = read_commits(PAGE, "c.json")
    assert found == read_commits([PAGE[:2], PAGE[2:]], "c.json")
    client = [
        {"commit_id": row["id"], "authors": [a["user"] for a in row["authors"]],
         "created_at": row["date"], "title": row["title"], "message": ""}
        for row in PAGE
    ]  # fmt: skip
    assert read_commits(client, "c.json") == found
    assert (found.complete, found.commits[0].author.account) == (True, "eve")
    report = judge_history(found, NOW, accounts=read_accounts({"eve": "2026-11-01T00:00:00Z"}))
    facts = report.facts
    assert (facts.weight_commits, facts.releases, facts.committed_for_others) == (None, None, None)
    assert facts.signatures == {"unknown": 4}
    assert [(a.name, a.days_old) for a in facts.accounts] == [("eve", 19), ("ann", None)]
    assert seen(report) == [
        ("new-author-after-silence", "medium"),
        ("young-account", "medium"),
    ]
    assert not read_commits(PAGE[:2], "c.json").complete


def test_a_recorded_commit_in_a_list() -> None:
    found = read_commits(PAGE, "c.json")
    assert with_since(found, f"{2:040x}").since_is_ancestor is True
    assert with_since(found, "f" * 40).since_is_ancestor is False
    assert with_since(read_commits(PAGE[:2], "c"), "f" * 40).since_is_ancestor is None


def test_force_pushes_in_activity() -> None:
    rows = [
        {"activity_type": "force_push", "ref": "refs/heads/main", "before": "a", "after": "b",
         "timestamp": "2026-01-01T00:00:00Z", "actor": {"login": "eve"}},
        {"activity_type": "push", "ref": "refs/heads/main"},
        "noise",
    ]  # fmt: skip
    (item,) = read_activity(rows)
    assert (item.branch, item.who, item.source) == ("main", "eve", "activity")


def test_references_are_in_the_catalog() -> None:
    report = judge_history(weights((400, ANN), (390, ANN), (380, ANN), (1, BOB)), NOW)
    named = {name for item in report.observations for name in item.references}
    assert named
    assert all(find(name) is not None for name in named)


def test_the_record_of_a_publisher() -> None:
    good = judge_history(
        history(*(commit(at, 5, ANN, "m.gguf", signature="present") for at in range(2))), NOW
    )
    bad = judge_history(weights((400, ANN), (390, ANN), (380, ANN), (1, BOB)), NOW)
    hub = judge_history(read_commits(PAGE, "c"), NOW)
    record = publisher_record("acme", [good, bad, hub])
    assert (record.repositories, record.signed_weights, record.new_committer) == (3, 1, 2)
    assert record.not_known == 1  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["id", "commit_id", "authors", "user", "date", "title", "commits",
                         "createdAt", "activity_type", "actor", "severity", "vulnerabilities"]),
        inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_no_document_breaks_a_reader(data: Any) -> None:
    from steelyard.kernel.errors import InputError

    read_accounts(data)
    read_activity(data)
    read_advisories(data)
    try:
        judge_history(read_commits(data, "x.json"), NOW)
    except InputError as error:
        assert "x.json" in str(error)


@given(st.text(max_size=80) | st.integers() | st.floats() | st.none())
def test_any_time_is_a_number_or_nothing(value: Any) -> None:
    assert read_time(value) is None or isinstance(read_time(value), int)


def test_judging_is_linear() -> None:
    def cost(number: int) -> float:
        made = history(
            *(commit(at, number - at, (ANN, BOB)[at % 2], "m.gguf") for at in range(number))
        )
        begun = time.process_time()
        judge_history(made, NOW)
        return time.process_time() - begun

    cost(200)
    assert cost(20_000) < 60 * max(cost(2_000), 0.01)
