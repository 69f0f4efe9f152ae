# SPDX-License-Identifier: Apache-2.0
"""Notification duties and playbooks: whole, dated, and leading to what exists."""

from __future__ import annotations

import pytest

from steelyard.catalog.controls import controls
from steelyard.catalog.duties import Duty, duties
from steelyard.catalog.frameworks import find
from steelyard.catalog.playbooks import Playbook, playbook_catalog, playbooks

REQUIRED = """
drift performance-degradation ontology-misalignment poisoned-artifact license-change prompt-leak
personal-data-leak supplier-withdrawal malicious-pull biased-outcome vulnerable-dependency
"""


@pytest.mark.parametrize("duty", duties().values(), ids=lambda duty: duty.id)
def test_duty_is_whole(duty: Duty) -> None:
    assert (duty.deadline is None) == bool(duty.urgency)
    assert (duty.deadline is None) == (not duty.unit)
    assert duty.deadline is None or duty.deadline > 0
    assert duty.recipient
    assert duty.clock_starts
    assert duty.source
    assert duty.as_of >= "2026-11-23"
    assert all(find(ref) is not None for ref in duty.references)
    assert not duty.note or duty.note.endswith(".")


@pytest.mark.parametrize(
    ("name", "due", "confidence"),
    [
        ("gdpr-33-1", "72 hours", "text"),
        ("gdpr-34-1", "without undue delay", "text"),
        ("nis2-23-4-a", "24 hours", "secondary"),
        ("dora-5-1-a", "4 hours", "text"),
        ("dora-5-1-a-cap", "24 hours", "text"),
        ("eu-ai-act-73-2", "15 days", "secondary"),
        ("eu-ai-act-73-3", "2 days", "secondary"),
        ("eu-ai-act-73-4", "10 days", "secondary"),
        ("eu-ai-act-26-5", "immediately", "text"),
        ("hipaa-164-408-b", "60 calendar days", "text"),
        ("us-banking", "36 hours", "text"),
        ("uk-gdpr-33", "72 hours", "unverified"),
        ("circia", "72 hours", "unverified"),
    ],
)
def test_deadlines_and_how_well_they_were_checked(name: str, due: str, confidence: str) -> None:
    assert (duties()[name].due, duties()[name].confidence) == (due, confidence)


def test_what_was_not_checked_says_so() -> None:
    assert len(duties()) == 38
    for duty in duties().values():
        unchecked = duty.source == "general knowledge, not checked"
        assert unchecked == (duty.confidence == "unverified")


@pytest.mark.parametrize("playbook", playbooks().values(), ids=lambda playbook: playbook.id)
def test_playbook_is_whole(playbook: Playbook) -> None:
    assert len(playbook.first_hour) >= 3
    assert playbook.then
    assert len(playbook.roles) >= 2
    assert playbook.evidence
    assert playbook.controls
    steps = (*playbook.first_hour, *playbook.then, playbook.trigger, playbook.closed_when)
    assert all(step.endswith(".") for step in steps)
    assert set(playbook.duties) <= set(duties())
    assert set(playbook.controls) <= set(controls())


def test_every_playbook_asked_for_is_there_and_of_our_own_making() -> None:
    assert set(playbooks()) == set(REQUIRED.split())
    assert playbook_catalog().source == "own work"
