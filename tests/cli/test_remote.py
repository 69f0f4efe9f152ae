# SPDX-License-Identifier: Apache-2.0
"""The commands that speak to a server, against a real one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.stories.test_governance import CASE, PUBLIC, ask, model
from tests.stories.town import Town, open_town

from steelyard.cli import root
from steelyard.kernel.errors import FieldErrors, SteelyardError


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_town("sqlite", tmp_path_factory.mktemp("town"), "standard") as place:
        anna = place.settle("anna", "requester", "model-owner", unit="search")
        place.settle("sven", "security", unit="it")
        place.settle("hanna", "head-of-risk", unit="risk")
        pilot = anna.post("/use-cases", CASE).body
        public = anna.post("/use-cases", PUBLIC).body
        ask(anna, pilot, model(tmp_path_factory.mktemp("a") / "m"))
        ask(anna, public, model(tmp_path_factory.mktemp("b") / "m"))
        place.work_off()
        yield place


def run(town: Town, who: str, *words: str, code: int = 0) -> Result:
    found = CliRunner().invoke(root, words, env=town.environment(who), standalone_mode=False)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.return_value in (code, None), found.output
    return found


LISTS = (
    ("use-case", "list"),
    ("request", "list"),
    ("review", "list"),
    ("review", "queue"),
    ("decide", "list"),
    ("exception", "list"),
    ("inventory", "models"),
    ("inventory", "revisions"),
    ("inventory", "suppliers"),
    ("charter", "proposals"),
)


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_lists_are_tables_and_json(town: Town, words: tuple[str, ...]) -> None:
    assert run(town, "sven", *words).output.strip()
    rows = json.loads(run(town, "sven", *words, "--format", "json").output)["items"]
    if rows and words[-1] not in ("queue", "proposals"):
        shown = {"models": "model", "revisions": "revision"}.get(words[-1], "show")
        assert rows[0]["id"] in run(town, "sven", words[0], shown, rows[0]["id"]).output


def test_a_request_is_followed_and_its_evidence_fetched(town: Town, tmp_path: Path) -> None:
    rows = json.loads(run(town, "anna", "decide", "list", "--format", "json").output)["items"]
    target = tmp_path / "evidence"
    run(town, "anna", "decide", "bundle", rows[0]["id"], "--output", str(target))
    verified = CliRunner().invoke(root, ["verify", str(target)], standalone_mode=False)
    assert verified.return_value == 0
    one = rows[0]
    asked = ("--revision", one["revision"], "--use-case", one["use_case"])
    run(town, "anna", "decide", "admission", *asked, "--environment", "sandbox")
    run(town, "anna", "decide", "admission", *asked, "--environment", "production", code=1)
    run(town, "anna", "request", "wait", one["request"])


def test_a_use_case_is_registered_and_enriched(town: Town, tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text("\n".join(f"{name}: {value}" for name, value in CASE.items()) + "\n")
    with pytest.raises(SteelyardError, match="already"):
        run(town, "anna", "use-case", "register", str(file))
    file.write_text(file.read_text().replace("handbook-search", "mail-search"))
    made = json.loads(
        run(town, "anna", "use-case", "register", str(file), "--format", "json").output
    )
    run(town, "anna", "use-case", "set", made["id"], "environment=staging", "monthly_users=20")
    shown = run(town, "anna", "use-case", "show", made["id"], "--format", "json").output
    assert json.loads(shown)["facts"]["monthly_users"] == 20
    with pytest.raises(FieldErrors, match="regions"):
        run(town, "anna", "use-case", "set", made["id"], "regions=[Germany]")
    run(town, "anna", "use-case", "retire", made["id"])


def test_a_directory_is_sent_and_judged(town: Town, tmp_path: Path) -> None:
    words = ("request", "submit", str(model(tmp_path / "sent")), "--use-case", "handbook-search")
    made = json.loads(
        run(town, "anna", *words, "--why", "It is ours.", "--format", "json", code=3).output
    )
    assert made["reference"].startswith("pkg:generic/upload/sent?checksum=sha256:")
    town.work_off()
    run(town, "anna", "request", "wait", made["id"])
    told = run(town, "anna", "request", "timeline", made["id"], "--format", "json").output
    assert "decision.made" in told or "request.approved" in told


def test_a_review_is_signed_and_answered(town: Town) -> None:
    rows = json.loads(run(town, "sven", "review", "queue", "--format", "json").output)["items"]
    review = rows[0]["review"]["id"]
    run(town, "sven", "review", "comment", review, "Is this needed?")
    signed = ("review", "sign", review, "yes", "--role", "security", "--declare")
    run(town, "sven", *signed, "--nothing-to-improve")
    assert not json.loads(run(town, "sven", "review", "queue", "--format", "json").output)["items"]


def test_a_charter_is_proposed_and_adopted(town: Town, tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(
        "extends: standard\ncharter: ours\nversion: 2\neffective: 2026-01-01\n"
        "owner: risk@example.org\npurpose: Ours.\n"
    )
    made = json.loads(run(town, "sven", "charter", "propose", str(file), "--format", "json").output)
    run(town, "hanna", "charter", "vote", made["id"], "yes", "--role", "head-of-risk")
    run(town, "sven", "charter", "adopt-proposal", made["id"])
