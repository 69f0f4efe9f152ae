# SPDX-License-Identifier: Apache-2.0
"""A house with a charter in force and a hub beside it, and requests made in it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from tests.corpus.build import by_global, config, safetensors
from tests.server import KeptJobs, person

from steelyard.bootstrap import load_policy
from steelyard.bootstrap.house import House
from steelyard.governance.assessment import run
from steelyard.governance.assessment.finish import Assessed
from steelyard.governance.charters.tables import CharterRow
from steelyard.governance.intake import service as intake
from steelyard.governance.intake.states import RequestView
from steelyard.governance.use_cases import service as use_cases
from steelyard.platform.settings import Settings
from steelyard.platform.work import Work

ANNA = person("anna", "requester")
LENA = person("lena", "security", "legal")
WHY = "Our search needs an embedding model."
CASE = {
    "name": "internal-search",
    "purpose": "Find passages in our handbook",
    "data_class": "public",
    "personal_data": "none",
    "people_affected": "nobody",
    "autonomy": "assistive",
    "exposure": "internal",
}
CARD = b"""---
license: apache-2.0
base_model: meta/base
pipeline_tag: feature-extraction
---
# Tiny

## Intended use
Finding things.

## Limitations
None known.
"""
MODEL = {
    "README.md": CARD,
    "config.json": config(model_type="bert", architectures=["BertModel"]),
    "model.safetensors": safetensors(),
    "requirements.txt": b"torch>=2\n",
}
EVIL = {**MODEL, "extra.pkl": by_global()}


def furnish(house: House, data: Path, charter: str = "starter") -> None:
    """Give a house a data directory and a charter in force."""
    house.settings = Settings.model_construct(data=data, local_models=True)
    policy = load_policy(charter)

    def adopt(work: Work) -> None:
        work.session.add(
            CharterRow(
                id=work.id("chr"),
                sha256=policy.identity.sha256,
                name=policy.identity.name,
                version_name=policy.identity.version,
                unit="",
                effective=dt.date(2026, 1, 1),
                until=None,
                owner="owner@example.org",
                identity=msgspec.to_builtins(policy.identity),
                canonical=policy.canonical,
                files={},
                previous="",
                adopted_at=work.now,
            )
        )

    house.transact(adopt)


def use_case(house: House, **more: Any) -> str:
    return house.transact(lambda work: use_cases.register(work, ANNA, {**CASE, **more})).id


def ask(house: House, case: str, reference: str, **more: str) -> RequestView:
    def act(work: Work) -> RequestView:
        made = intake.draft(
            work, ANNA, reference=reference, use_case=case, justification=WHY, **more
        )
        return intake.submit(work, ANNA, made.id)

    return house.transact(act)


def last_job(house: House, kind: str) -> dict[str, Any]:
    assert isinstance(house.jobs, KeptJobs)
    return [job.payload for job in house.jobs.jobs if job.kind == kind][-1]


def assess(house: House) -> Assessed | None:
    """Do the last job that was put for an assessment."""
    return house.transact(run.assess(house, last_job(house, intake.ASSESS)))


def write(directory: Path, files: Mapping[str, bytes]) -> str:
    """Write a model and return the reference to it."""
    for name, data in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return f"dir:{directory}"


def document(house: House, found: Assessed, name: str) -> Any:
    return json.loads(house.blobs.read(found.view.documents[name], most=1 << 26))
