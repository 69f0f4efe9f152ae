# SPDX-License-Identifier: Apache-2.0
"""Bundles and ledgers of every released format verify for ever; their files are never changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from steelyard.ledger.consistency import read_manifest
from steelyard.ledger.verification import Findings
from steelyard.ledger.verify import verify_bundle
from steelyard.ledger.verify_log import verify_ledger
from steelyard.platform import durable
from steelyard.platform.model_files import compare_model

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
V1 = GOLDEN / "v1"
V1_KEY = "51ad15b5fec757cfcf05b6af8a462f0c27063b2b9afc897454cc0f41f63065f6"
V1_SHA256 = "b572591e5145b84f06f28f073d63df5c01ea028380f60a8983d035f61f774116"


@pytest.mark.parametrize("version", sorted(path.name for path in GOLDEN.glob("v*")))
def test_bundles_and_ledgers_verify(version: str) -> None:
    root = GOLDEN / version
    bundle = root / "bundle"
    answer = verify_bundle(durable.reader(bundle), durable.list_files(bundle))
    assert answer.ok, answer.problems
    ledger = root / "ledger"
    earlier = (bundle / "checkpoint").read_bytes()
    names = durable.list_files(ledger)
    whole = verify_ledger(durable.reader(ledger), names, checkpoints=[earlier])
    assert whole.ok, whole.problems
    found = Findings()
    manifest = read_manifest((bundle / "manifest.json").read_bytes())
    compare_model(root / "model", manifest, found, lambda count: None)
    assert found.problems == []


def test_v1_says_what_it_always_said() -> None:
    bundle = V1 / "bundle"
    answer = verify_bundle(durable.reader(bundle), durable.list_files(bundle), trusted=[V1_KEY])
    assert answer.ok
    assert answer.signer is not None
    assert answer.signer.trust == "pinned"
    assert answer.decision is not None
    assert answer.decision.outcome == "approved_with_conditions"
    assert answer.decision.environment == "production"
    assert answer.decision.valid_until == "2027-05-24"
    assert answer.checkpoint is not None
    assert (answer.checkpoint.index, answer.checkpoint.size) == (2, 3)


def test_the_files_of_v1_were_never_changed() -> None:
    hasher = hashlib.sha256()
    for name in durable.list_files(V1):
        data = (V1 / name).read_bytes()
        hasher.update(f"{name} {hashlib.sha256(data).hexdigest()}\n".encode())
    assert hasher.hexdigest() == V1_SHA256
