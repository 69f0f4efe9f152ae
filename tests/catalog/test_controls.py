# SPDX-License-Identifier: Apache-2.0
"""The library of controls: complete, honest about its mappings, checkable by machine."""

from __future__ import annotations

import datetime
import re
from collections import Counter

import pytest
from tests.charter.samples import facts

from steelyard.catalog.controls import (
    CatalogControl,
    controls,
    evidence_types,
    mapping_bases,
    topics,
    written_controls,
)
from steelyard.catalog.frameworks import all_items, find
from steelyard.charter.durations import add_duration
from steelyard.charter.engine import check, compile_rule, run, view_of

WORDED = (
    "NIST-AI-RMF:",
    "SSDF:",
    "SSDF-218A:",
    "OWASP-AISVS:",
    "OWASP-LLM-Checklist:",
    "AI-Verify:",
    "EU-AI-Act-Concepts:",
)
"""Frameworks whose entries are whole sentences; of the others the catalog holds titles only."""

REQUIRED = """
differential-privacy prompt-leak-guardrails sandbox-isolation environment-separation event-logging
forensic-logging bias-evaluation human-oversight red-team-exercise tabletop-exercise
supplier-exit-plan supplier-exit-test notification-duties data-minimization
training-data-provenance dataset-permissions poisoning-checks secrets-in-files
signature-verification remote-code-review dependency-vulnerabilities ml-bom license-duties
use-restrictions-passed-on model-documentation reproducible-evaluation performance-baseline
drift-monitoring bias-monitoring attack-detection rollback-plan kill-switch rate-limits
output-filtering prompt-injection-defense excessive-agency-limits retrieval-access
vector-store-integrity robot-account-least-privilege access-review retention-and-deletion
retirement-plan weights-disposal post-market-monitoring ai-literacy role-matrix
committee-oversight independent-validation effective-challenge third-party-assessment
near-miss-reporting post-incident-review incident-contact indicators content-marking
ai-interaction-notice explanation-to-affected appeal-route energy-record accessibility
"""

FIRST = """
inventory-record integrity-pinning license-record license-duties sandbox-isolation
safe-serialization remote-code-review model-documentation human-oversight incident-contact
output-monitoring acceptance-evaluation access-control rollback-plan event-logging
red-team-exercise bias-evaluation privacy-impact-assessment data-minimization
prompt-leak-guardrails independent-validation supplier-exit-plan incident-drill
decision-record-retention
"""
"""Ids that charters in use may already select: they never go away."""

TODAY = datetime.date(2026, 11, 27)
cited = {ref for control in controls().values() for ref in control.frameworks}


def each(control: CatalogControl) -> str:
    return control.id


@pytest.mark.parametrize("control", controls().values(), ids=each)
def test_control_is_whole(control: CatalogControl) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", control.id)
    assert not control.title.endswith(".")
    assert control.objective.endswith(".")
    assert control.why.endswith(".")
    assert control.tasks
    assert control.mappings
    assert len(set(control.frameworks)) == len(control.frameworks)
    assert len({task.id for task in control.tasks}) == len(control.tasks)
    for task in control.tasks:
        assert task.acceptance.endswith(".")
        assert bool(task.fact) != bool(task.evidence), f"{control.id}/{task.id}"
        assert not task.evidence or task.evidence in evidence_types()


@pytest.mark.parametrize("control", controls().values(), ids=each)
def test_expressions_compile(control: CatalogControl) -> None:
    texts = [control.applies, control.evidence, *(task.fact for task in control.tasks)]
    assert [problem for text in texts if text for problem in check(text)] == []


@pytest.mark.parametrize("control", controls().values(), ids=each)
def test_references_resolve_and_say_where_they_come_from(control: CatalogControl) -> None:
    assert [ref for ref in control.frameworks if find(ref) is None] == []
    assert all(mapping.basis.endswith(".") for mapping in control.mappings)


def test_a_basis_is_only_claimed_where_it_can_be_true() -> None:
    borrowed = mapping_bases().cosai.maps
    for topic in topics():
        for control in written_controls(topic):
            for key, refs in control.mappings.items():
                if key == "text":
                    assert all(ref.startswith(WORDED) for ref in refs), control.id
                if key.startswith("cosai:"):
                    assert set(refs) <= set(borrowed[key.partition(":")[2]]), control.id
    assert all(find(ref) is not None for refs in borrowed.values() for ref in refs)


def test_an_unknown_basis_is_refused() -> None:
    with pytest.raises(KeyError):
        mapping_bases().sentence("hearsay")


def test_ids_are_unique_and_topics_sorted() -> None:
    written = [control.id for topic in topics() for control in written_controls(topic)]
    assert [name for name, count in Counter(written).items() if count > 1] == []
    assert len(written) >= 125
    assert list(topics()) == sorted(topics())
    assert {control.topic for control in controls().values()} == set(topics())
    assert set(FIRST.split()) <= set(controls())
    assert set(REQUIRED.split()) <= set(controls())


def test_no_two_controls_say_the_same() -> None:
    for field in ("title", "objective", "why"):
        texts = Counter(getattr(control, field) for control in controls().values())
        assert [text for text, count in texts.items() if count > 1] == []


def test_every_stage_of_the_lifecycle_has_controls() -> None:
    stages = Counter(control.stage for control in controls().values())
    expected = ["scoping", "integration", "testing", "deployment", "operation", "retirement"]
    assert sorted(stages) == sorted(expected)


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        (r"ISO-42001:A\.\d+(\.\d+)?\.\d+", 38),
        (r"NIST-AI-RMF:[A-Z]+-\d+\.\d+", 72),
        (r"NIST-AI-600-1:.*", 12),
        (r"SSDF-218A:(PO\.5\.3|PS\.1\.[23]|PW\.3\.\d)", 6),
        (r"OWASP-LLM-2025:.*", 10),
        (r"OWASP-LLM-2026:.*", 10),
        (r"OWASP-ML-2023:.*", 10),
        (r"SAIF:GSC-.*", 23),
        (r"CoSAI:control.*", 35),
        (r"ATLAS:AML\.M\d+", 37),
        (r"OWASP-AISVS:3\..*", 15),
        (r"OWASP-AISVS:6\..*", 7),
        (r"EU-AI-Act:Art-(9|1[0-5]|26|27|50|53|72|73)", 13),
    ],
)
def test_what_is_answered_whole(pattern: str, count: int) -> None:
    items = {item.id for item in all_items() if re.fullmatch(pattern, item.id)}
    if pattern.startswith("ISO"):
        items -= {"ISO-42001:A.6.1", "ISO-42001:A.6.2"}  # objectives, not controls
    assert len(items) == count
    assert items - cited == set()


def test_facts_prove_what_they_can() -> None:
    by_fact = [c.id for c in controls().values() if any(task.fact for task in c.tasks)]
    assert len(by_fact) >= 25
    proven = {control.id for control in controls().values() if control.evidence}
    assert {
        "integrity-pinning",
        "license-record",
        "import-scan",
        "signature-verification",
    } <= proven


ASKED_OF_PEOPLE = {
    ("role-matrix", "owner"),
    ("executive-sponsor", "name"),
    ("benefit-case", "purpose"),
    ("use-case-register", "register"),
    ("time-boxed-approval", "expiry"),
}
"""Tasks whose fact stands in the use case, so that knowing nothing of the model does not matter."""


def test_nothing_is_proved_by_what_is_not_known() -> None:
    unread = view_of(
        facts(
            model__publisher=None,
            model__commit=None,
            artifacts__executes_on_load=None,
            artifacts__has_remote_code=None,
            scan__worst="unreadable",
            scan__coverage="none",
            scan__isolated=False,
            scan__unexamined=("model.bin",),
            license__known=False,
            license__has_text=False,
            license__category=None,
            license__use=None,
            license__use_policy=None,
            license__output_restrictions=None,
            license__share_alike=None,
            card__training_data={"stated": False},
            card__intended_use={"stated": False},
            card__limitations={"stated": False},
            card__evaluation={"stated": False},
            provenance__revision_immutable=False,
            provenance__base_models_stated=False,
            provenance__datasets_stated=False,
            provenance__origin=None,
            provenance__signed=None,
            provenance__signature=None,
            provenance__signed_whole=None,
        )
    )
    proved = {
        (control.id, task.id)
        for control in controls().values()
        for task in control.tasks
        if task.fact and run(compile_rule(task.fact), unread) == "true"
    }
    assert proved == ASKED_OF_PEOPLE
    shown = [
        control.id
        for control in controls().values()
        if control.evidence and run(compile_rule(control.evidence), unread) == "true"
    ]
    assert shown == []


def test_evidence_types_are_used_and_dated() -> None:
    used = {kind for control in controls().values() for kind in control.evidence_types}
    assert set(evidence_types()) == used
    for kind in evidence_types().values():
        assert kind.what.endswith(".")
        if kind.valid_for:
            assert add_duration(TODAY, kind.valid_for) > TODAY
