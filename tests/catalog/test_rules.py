# SPDX-License-Identifier: Apache-2.0
"""The texts of the scanner's rules are complete: a finding without them helps nobody."""

from __future__ import annotations

import re

import pytest

from steelyard.catalog.rules import ScannerRule, scanner_rules

RULES = scanner_rules()


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_every_rule_says_what_why_what_to_do_and_when_it_is_harmless(rule: ScannerRule) -> None:
    texts = {name: getattr(rule, name) for name in ("what", "why", "remedy", "false_alarm")}
    assert not [name for name, text in texts.items() if not text.strip()]
    assert all(text.rstrip().endswith((".", "?", "!")) for text in texts.values())


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_every_title_is_short_and_every_reference_leads_somewhere(rule: ScannerRule) -> None:
    assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", rule.id)
    assert 0 < len(rule.title) <= 80
    assert not rule.title.endswith(".")
    assert all(reference.title for reference in rule.references)
    urls = [reference.url for reference in rule.references if reference.url]
    assert all(url.startswith("https://") for url in urls)
