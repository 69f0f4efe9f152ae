# SPDX-License-Identifier: Apache-2.0
"""Sections about models, data, licenses, security and scope: the rules they stand for."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.charter.evaluate import evaluate
from tests.charter.samples import TODAY, facts
from tests.charter.writing import ALONE, errors, loaded, warnings


def fired(section: str, **changes: Any) -> list[str]:
    charter = loaded(ALONE + section).charter
    found = evaluate(charter, facts(**changes), {}, TODAY)
    return [f"{reason.rule} {reason.effect}" for reason in found.decision.reasons]


MODELS = """\
models:
  allow: {modalities: [text], origins: [EU], architectures: [Bert*]}
  forbid: {names: ["evil/*"], tasks: [face-*]}
  publishers: {sentence-transformers: {origin: EU}, far-away: {origin: XX}}
  most_parameters: 1000000
  most_bytes: 100000000
  oldest: 1 year
  settled_for: 3 days
  otherwise: review(risk)
  unknown: warn
"""
FINE: dict[str, Any] = {
    "model__modalities": ["text"],
    "model__architectures": ["BertModel"],
    "model__parameters": 900_000,
    "model__published": "2026-11-01",
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"model__modalities": ["text", "image"]}, ["models.allow.modalities reject"]),
        ({"model__modalities": None}, ["models.unknown.modalities warn"]),
        ({"model__architectures": ["GPT2Model"]}, ["models.allow.architectures reject"]),
        ({"model__architectures": []}, ["models.unknown.architectures warn"]),
        ({"model__publisher": "far-away"}, ["models.allow.origins reject"]),
        ({"model__publisher": "stranger"}, ["models.unknown.origins warn"]),
        ({"model__publisher": None}, ["models.unknown.origins warn"]),
        ({"model__name": "evil/x"}, ["models.forbid.names reject"]),
        ({"model__task": "face-recognition"}, ["models.forbid.tasks reject"]),
        ({"model__task": "surface-mapping"}, []),
        ({"model__parameters": 1_000_001}, ["models.most-parameters review"]),
        ({"model__parameters": None}, ["models.unknown.parameters warn"]),
        ({"model__published": "2025-01-01"}, ["models.oldest review"]),
        ({"model__published": "2026-11-23"}, ["models.settled-for review"]),
        ({"model__published": None}, ["models.unknown.published warn"]),
    ],
)
def test_models(changes: dict[str, Any], said: list[str]) -> None:
    assert fired(MODELS, **{**FINE, **changes}) == said


DATA = """\
data_sources:
  training:
    {forbid: [scraped-*], allow: [s2orc, ms_marco], otherwise: review(privacy), unlisted: warn}
  use: {allow: [handbook], forbid: [patient-*], unknown: condition}
"""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"use_case__data_sources": ["handbook"]}, []),
        ({"use_case__data_sources": ["handbook", "patient-files"]}, ["data.use.forbid reject"]),
        ({"use_case__data_sources": ["wiki"]}, ["data.use.listed review"]),
        ({"use_case__data_sources": []}, ["data.use.unknown condition"]),
        ({}, ["data.use.unknown condition"]),
        (
            {"model__datasets": ["scraped-forums"], "use_case__data_sources": ["handbook"]},
            ["data.training.forbid review"],
        ),
        (
            {"model__datasets": ["s2orc", "other"], "use_case__data_sources": ["handbook"]},
            ["data.training.listed warn"],
        ),
    ],
)
def test_data(changes: dict[str, Any], said: list[str]) -> None:
    assert fired(DATA, provenance__datasets_stated=True, **changes) == said


LICENSES = """\
licenses:
  allow: [permissive]
  review: [{license: community, when: "environment == 'production'"}]
  forbid: [{license: non-commercial, when: use_case.commercial, why: We sell things.}]
  clauses: {review: [user-cap], forbid: [no-production]}
"""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"license__clauses": ["user-cap", "modify"]}, ["licenses.clauses.review review"]),
        ({"license__clauses": ["no-production"]}, ["licenses.clauses.forbid reject"]),
        (
            {"license__category": "non-commercial", "license__keys": []},
            ["licenses.forbid.non-commercial reject"],
        ),
        (
            {
                "license__category": "non-commercial",
                "license__keys": [],
                "use_case__commercial": False,
            },
            [],
        ),
        ({"license__category": "community", "license__keys": []}, []),
        (
            {
                "license__category": "community",
                "license__keys": [],
                "environment": "production",
            },
            ["licenses.review.community review"],
        ),
    ],
)
def test_licenses(changes: dict[str, Any], said: list[str]) -> None:
    assert fired(LICENSES, **changes) == said


SECURITY = """\
security:
  malicious: reject
  code_on_load: {sandbox: condition, production: reject, other: review(security)}
  unsigned: {production: "review(security)", other: warn}
  signers: [release@publisher.example]
  executables: reject
"""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"provenance__signed": None}, ["security.unsigned.other warn"]),
        (
            {"provenance__signed": True, "provenance__signed_by": "someone@else.example"},
            ["security.unsigned.other warn"],
        ),
        ({"scan__worst": "malicious"}, ["security.malicious reject"]),
        ({"artifacts__executes_on_load": True}, ["security.code-on-load.sandbox condition"]),
        (
            {"artifacts__executes_on_load": None, "environment": "production"},
            ["security.code-on-load.production reject"],
        ),
        (
            {"artifacts__executes_on_load": True, "environment": "staging"},
            ["security.code-on-load.other review"],
        ),
        ({"scan__coverage": "partial"}, ["security.executables reject"]),
    ],
)
def test_security_baseline(changes: dict[str, Any], said: list[str]) -> None:
    signed = {
        "provenance__signed": True,
        "provenance__signed_by": "release@publisher.example",
    }
    assert fired(SECURITY, **{**signed, **changes}) == said


def test_scope() -> None:
    scope = "scope: {environments: [sandbox], units: [retail], regions: [EU, DE]}\n"
    assert fired(scope, use_case__unit="retail") == []
    assert fired(scope) == ["scope.units review"]
    assert fired(scope, use_case__unit="retail", environment="production") == [
        "scope.environments reject"
    ]
    assert fired(scope, use_case__unit="retail", use_case__regions=["US"]) == [
        "scope.regions review"
    ]


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("models: {allow: {modalities: [smell]}}\n", "is not a modality"),
        ("models: {allow: {origins: [EU]}}\n", "No publisher of the table"),
        ("models: {allow: {tasks: [a]}, forbid: {tasks: [a]}}\n", "both allowed and forbidden"),
        ("data_sources: {use: {allow: [a], forbid: [a]}}\n", "both allowed and forbidden"),
        ("licenses: {allow: [permissive], forbid: [permissive]}\n", "stands under 'allow' already"),
        ("licenses: {clauses: {forbid: [user-capp]}}\n", "Did you mean 'user-cap'"),
        ("licenses: {forbid: [{license: mit, when: use_case.comercial}]}\n", "Did you mean"),
        ("security: {signers: [a]}\n", "nothing follows from an unsigned model"),
        ("security: {unsigned: {Production: warn}}\n", "not the name of an environment"),
        ("security: {unsigned: explode}\n", "must be reject, warn, condition"),
        ("terms: [{word: C3, field: data_clas, means: public}]\n", "Did you mean 'data_class'"),
        ("terms: [{word: C3, field: data_class, means: secret}]\n", "is never 'secret'"),
        ("terms: [{word: public, field: data_class, means: internal}]\n", "keeps its meaning"),
        ("controls: [{select: [topic:nothing]}]\n", "no control 'topic:nothing'"),
    ],
)  # fmt: skip
def test_sections_that_cannot_be(section: str, said: str) -> None:
    found = errors(ALONE + section)
    assert any(said in each for each in found), found


def test_a_scale_explains_values_that_have_points() -> None:
    dimension = "{of: environment, points: {a: 1}, other: 0, scale: {b: x}}"
    found = errors(ALONE.replace("risk:\n", f"risk:\n  dimensions: {{d: {dimension}}}\n"))
    assert any("explains 'b'" in each for each in found), found


def test_environments_without_a_consequence_are_warned_of() -> None:
    found = warnings(ALONE + "security: {unsigned: {production: reject}}\n")
    assert any("has no consequence" in each for each in found)
