# SPDX-License-Identifier: Apache-2.0
"""From a request to a decision and what becomes of it, through the API and the command line."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.corpus.build import config, joblib_file, safetensors
from tests.stories.town import Town, open_town

from steelyard.kernel.errors import ConflictError, ForbiddenError, SteelyardError
from steelyard.platform.client import Client
from steelyard.platform.log.verification import verify_database

CARD = b"""---
license: apache-2.0
pipeline_tag: feature-extraction
datasets: [example/sentences]
---
# Tiny

A sentence encoder.

## Training data
Sentences of the public example corpus, ten million of them, in English and German.

## Intended use
Finding passages that mean the same.

## Limitations
It was not tested on languages other than English and German, nor on long texts.

## Evaluation
Recall at ten of 0.91 on the example benchmark.
"""
LICENSE = Path(__file__).resolve().parents[2] / "LICENSE"
CASE = {
    "name": "handbook-search",
    "purpose": "Find passages in our engineering handbook",
    "data_class": "public",
    "personal_data": "none",
    "people_affected": "staff",
    "autonomy": "assistive",
    "exposure": "internal",
    "unit": "search",
}
PUBLIC = {
    **CASE,
    "name": "public-answers",
    "purpose": "Answer questions of the public on our website",
    "data_class": "confidential",
    "personal_data": "ordinary",
    "people_affected": "public",
    "autonomy": "supervised",
    "exposure": "public",
    "environment": "production",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    with open_town(request.param, tmp_path, "standard") as place:
        yield place


def model(directory: Path, **more: bytes) -> Path:
    """Write a small honest model."""
    directory.mkdir(parents=True)
    files = {
        "README.md": CARD,
        "LICENSE": LICENSE.read_bytes(),
        "config.json": config(model_type="bert", architectures=["BertModel"]),
        "model.safetensors": safetensors(),
        **more,
    }
    for name, data in files.items():
        (directory / name).write_bytes(data)
    return directory


def ask(client: Client, case: dict[str, Any], directory: Path, **more: Any) -> dict[str, Any]:
    """Make a request for the model in ``directory``."""
    body = {
        "reference": f"dir:{directory}",
        "use_case": case["id"],
        "justification": "Our search needs it.",
        **more,
    }
    made: dict[str, Any] = client.post("/requests", body).body
    return made


def seen(client: Client, path: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(path).body
    return found


def refused(error: type[SteelyardError], do: Any) -> SteelyardError:
    with pytest.raises(error) as caught:
        do()
    return caught.value


def steelyard(town: Town, who: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "steelyard", *words],
        env={**os.environ, **town.environment(who)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_pilot_passes_in_seconds_and_its_proof_verifies_anywhere(
    town: Town, tmp_path: Path
) -> None:
    anna = town.settle("anna", "requester", unit="search")
    case = anna.post("/use-cases", CASE).body
    began = time.monotonic()
    request = ask(anna, case, model(tmp_path / "m"))
    town.work_off()
    found = seen(anna, f"/requests/{request['id']}")
    assert found["state"] == "approved", found
    assert time.monotonic() - began < 10
    decision = anna.get("/decisions", request=request["id"]).body["items"][0]
    assert (decision["decided_by"], decision["state"]) == ("standing-approval", "in force")

    _verify(town, anna, decision["id"], tmp_path / "bundle")
    told = anna.get("/notifications").body["items"]
    assert any(note["kind"] == "request.decided" for note in told)
    listed = steelyard(town, "anna", "request", "list", "--format", "json")
    assert json.loads(listed.stdout)["items"][0]["id"] == request["id"], listed.stderr


def _verify(town: Town, client: Client, decision: str, directory: Path) -> None:
    """Verify a decision with the command line, offline, and its proof with an outside library."""
    answer = client.get(f"/decisions/{decision}/bundle").body
    zipfile.ZipFile(io.BytesIO(answer)).extractall(directory)
    done = subprocess.run(
        [sys.executable, "-m", "steelyard", "verify", str(directory)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    _verify_with_pymerkle(town, directory)
    target = directory / "report.html"
    target.write_bytes(target.read_bytes() + b" ")
    broken = subprocess.run(
        [sys.executable, "-m", "steelyard", "verify", str(directory)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert broken.returncode == 1
    assert "report.html" in broken.stdout + broken.stderr


def _verify_with_pymerkle(town: Town, directory: Path) -> None:
    """The root a decision's checkpoint names is the one pymerkle computes from all leaves."""
    import base64

    from pymerkle import InmemoryTree
    from sqlalchemy import select

    from steelyard.platform.log.tables import EventRow

    lines = (directory / "checkpoint").read_text().splitlines()
    size, root = int(lines[1]), base64.b64decode(lines[2])
    tree = InmemoryTree(algorithm="sha256")
    with town.house.reading() as session:
        for leaf in session.scalars(
            select(EventRow.leaf).where(EventRow.position < size).order_by(EventRow.position)
        ):
            tree.append_entry(leaf)
    assert tree.get_root(size) == root


def test_a_public_product_is_decided_by_people(town: Town, tmp_path: Path) -> None:
    anna = town.settle(
        "anna", "requester", "administrator", "security", "legal", "privacy", unit="search"
    )
    sven = town.settle("sven", "security", unit="it")
    olga = town.settle("olga", "model-owner", unit="search")
    lena = town.settle("lena", "legal", unit="law")
    paul = town.settle("paul", "privacy", unit="law")
    petra = town.settle("petra", "privacy", unit="law")
    otto = town.settle("otto", "auditor")
    case = anna.post("/use-cases", PUBLIC).body
    request = ask(anna, case, model(tmp_path / "m"))
    town.work_off()
    assert seen(anna, f"/requests/{request['id']}")["stage"] == "in review"
    review = lena.get("/reviews", request=request["id"]).body["items"][0]
    path = f"/reviews/{review['id']}"
    assert review["track"] == "deep"

    # The requester holds every role that is asked, and the administrator's; none of them counts.
    for role in ("security", "legal", "privacy"):
        said = refused(ForbiddenError, lambda role=role: sign(anna, path, role))
        assert "requester" in said.message.lower() or "requester" in said.code
    refused(ForbiddenError, lambda: sign(otto, path, "legal"))

    # Legal asks for changes: the clocks stand until the requester answers.
    lena.post(
        f"{path}/changes",
        {"changes": [{"evidence": "license", "text": "Name the dataset's license."}]},
        version=seen(lena, path)["version"],
    )
    assert seen(anna, f"/requests/{request['id']}")["state"] == "changes requested"
    clock = anna.get("/clocks", subject=review["id"]).body["items"][0]
    assert clock["state"] == "paused"
    anna.post(
        f"{path}/answer",
        {"answer": "It is CC0; see the card."},
        version=seen(anna, path)["version"],
    )
    town.work_off()
    assert anna.get("/clocks", subject=review["id"]).body["items"][0]["state"] == "running"

    # One steps aside, the others sign to the quorum; one ties a condition to the yes.
    paul.post(f"{path}/recusals", {"why": "I own shares."}, version=seen(paul, path)["version"])
    refused(ForbiddenError, lambda: sign(paul, path, "privacy"))
    sign(sven, path, "security")
    refused(ConflictError, lambda: sign(sven, path, "security"))
    sign(olga, path, "model-owner")
    sign(lena, path, "legal", conditions=["Show the notice in the product."])
    sign(petra, path, "privacy")
    town.work_off()
    found = seen(anna, f"/requests/{request['id']}")
    assert found["state"] == "approved", (found, seen(lena, path))
    decision = anna.get("/decisions", request=request["id"]).body["items"][0]
    assert decision["outcome"] == "approved_with_conditions"
    texts = [each["text"] for each in decision["conditions"]]
    assert "Show the notice in the product." in texts
    _verify(town, otto, decision["id"], tmp_path / "bundle")
    assert verify_database(town.house.database).ok


def sign(client: Client, path: str, role: str, answer: str = "yes", **more: Any) -> None:
    client.post(
        f"{path}/sign-offs",
        {"role": role, "answer": answer, "declares": True, "nothing_to_improve": True, **more},
        version=seen(client, path)["version"],
    )


def test_an_approval_does_not_carry_over_to_a_new_revision(town: Town, tmp_path: Path) -> None:
    anna = town.settle("anna", "requester", unit="search")
    case = anna.post("/use-cases", CASE).body
    first = ask(anna, case, model(tmp_path / "one" / "tiny"))
    town.work_off()
    old = seen(anna, f"/requests/{first['id']}")
    assert old["state"] == "approved"
    changed = model(tmp_path / "two" / "tiny", **{"extra.py": b"import os\nos.system('id')\n"})
    second = ask(anna, case, changed, justification="Upstream fixed a bug.")
    town.work_off()
    new = seen(anna, f"/requests/{second['id']}")
    assert new["revision"] != old["revision"]
    admitted = admission(anna, old, case)
    assert admitted["allowed"]
    if new["state"] != "approved":
        assert not admission(anna, new, case)["allowed"]
    diff = seen(anna, f"/revisions/{new['revision']}/diff?against={old['revision']}")
    assert "extra.py" in json.dumps(diff)


def admission(client: Client, request: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.get(
        "/decisions/admission",
        revision=request["revision"],
        use_case=case["id"],
        environment=request["environment"],
    ).body
    return found


def test_an_exception_is_granted_and_ends_by_the_clock(town: Town, tmp_path: Path) -> None:
    anna = town.settle("anna", "requester", unit="search")
    town.settle("olga", "model-owner", unit="search")
    hanna = town.settle("hanna", "head-of-risk", unit="risk")
    case = anna.post("/use-cases", {**CASE, "environment": "staging"}).body
    directory = model(tmp_path / "m", **{"extra.joblib": joblib_file()})
    first = ask(anna, case, directory)
    town.work_off()
    rejected = seen(anna, f"/requests/{first['id']}")
    assert rejected["state"] == "rejected", rejected
    decision = anna.get("/decisions", request=first["id"]).body["items"][0]
    assert decision["reasons"]
    for rule in decision["reasons"]:
        asked = {
            "request": first["id"],
            "rule": rule,
            "reason": "The file is not loaded.",
            "owner": town.ids["olga"],
            "until": (town.clock().date() + dt.timedelta(days=14)).isoformat(),
            "controls": ["Only the safetensors file is read."],
        }
        try:
            made = anna.post("/exceptions", asked)
        except SteelyardError as error:
            assert "never" in error.message or "exception" in error.message.lower()
            continue
        path = f"/exceptions/{made.body['id']}"
        sent = anna.post(f"{path}/submit", version=made.version)
        refused(
            ForbiddenError,
            lambda path=path, sent=sent: anna.post(
                f"{path}/votes", {"role": "head-of-risk", "answer": "yes"}, version=sent.version
            ),
        )
        voted = hanna.post(
            f"{path}/votes",
            {"role": "head-of-risk", "answer": "yes", "declares": True},
            version=sent.version,
        ).body
        assert voted["state"] == "active", voted
    town.work_off()
    assert "exception.granted" in _kinds(anna)
    second = ask(
        anna, case, directory, reference=rejected["revision"], justification="It is excepted."
    )
    town.work_off()
    again = seen(anna, f"/requests/{second['id']}")
    assert again["state"] == "approved", again
    decision = anna.get("/decisions", request=second["id"]).body["items"][0]
    assert any("By exception exc_" in each["text"] for each in decision["conditions"])
    assert decision["valid_until"] <= asked["until"]
    assert admission(anna, again, case)["allowed"]
    town.clock.forward(days=20)
    town.work_off()
    assert not admission(anna, again, case)["allowed"]
    assert {each["state"] for each in anna.get("/exceptions").body["items"]} == {"expired"}
    assert verify_database(town.house.database).ok


def _kinds(client: Client) -> list[str]:
    return [note["kind"] for note in client.get("/notifications").body["items"]]


def test_a_silent_review_climbs_to_the_executive_sponsor(town: Town, tmp_path: Path) -> None:
    anna = town.settle("anna", "requester", unit="search")
    hanna = town.settle("hanna", "head-of-risk", unit="risk")
    clara = town.settle("clara", "executive-sponsor")
    case = anna.post("/use-cases", PUBLIC).body
    request = ask(anna, case, model(tmp_path / "m"))
    town.work_off()
    review = hanna.get("/reviews", request=request["id"]).body["items"][0]
    assert not _kinds(clara)
    town.clock.forward(days=30)
    town.work_off()
    overdue = hanna.get("/clocks", subject=review["id"]).body["items"][0]
    assert overdue["state"] == "overdue"
    assert any("clock" in kind for kind in _kinds(hanna))
    town.clock.forward(days=10)
    town.work_off()
    assert any("clock" in kind for kind in _kinds(clara))


def test_break_glass_needs_two_people_and_forces_a_review_afterwards(
    town: Town, tmp_path: Path
) -> None:
    anna = town.settle("anna", "requester", "operator", unit="search")
    oscar = town.settle("oscar", "operator", unit="it")
    olaf = town.settle("olaf", "operator", unit="it")
    otto = town.settle("otto", "auditor")
    case = anna.post("/use-cases", PUBLIC).body
    request = ask(anna, case, model(tmp_path / "m"))
    town.work_off()
    asked = seen(anna, f"/requests/{request['id']}")
    assert not admission(anna, asked, case)["allowed"]
    opened = anna.post(
        "/emergencies",
        {
            "revision": asked["revision"],
            "use_case": case["id"],
            "environment": "production",
            "hours": 4,
            "reason": "The old model is down for customers.",
        },
    )
    path = f"/emergencies/{opened.body['id']}"
    assert opened.body["state"] == "asked", "one person is not enough"
    refused(ForbiddenError, lambda: agree(anna, path))
    agree(oscar, path)
    assert seen(oscar, path)["state"] == "asked"
    agree(olaf, path)
    town.work_off()
    now = seen(anna, path)
    assert (now["state"], now["review"]) == ("open", "due")
    clocks = otto.get("/clocks", subject=now["id"]).body["items"]
    assert clocks
    town.clock.forward(hours=5)
    town.work_off()
    assert seen(anna, path)["state"] == "closed"
    town.clock.forward(days=60)
    town.work_off()
    assert seen(anna, path)["review"] == "missed"
    assert verify_database(town.house.database).ok


def agree(client: Client, path: str) -> None:
    client.post(f"{path}/agreements", {"role": "operator"}, version=client.get(path).version)
