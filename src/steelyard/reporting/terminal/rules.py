# SPDX-License-Identifier: Apache-2.0
"""A rule of the scanner as a page of text, and the list of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from steelyard.catalog.rules import ScannerRule
from steelyard.reporting.chips import SEVERITIES
from steelyard.reporting.terminal.plain import Screen


def rule_lines(rule: ScannerRule, screen: Screen) -> Iterator[str]:
    """Yield the page of one rule."""
    yield f"{screen.bold(rule.id)}  {screen.chip(SEVERITIES[rule.severity])}"
    yield from screen.wrapped(rule.title)
    for title, text in (
        ("What it sees", rule.what),
        ("Why it matters", rule.why),
        ("What to do", rule.remedy),
        ("When it is harmless", rule.false_alarm),
    ):
        if text:
            yield ""
            yield screen.bold(title)
            yield from screen.wrapped(text, first="  ", indent=2)
    if rule.references:
        yield ""
        yield screen.bold("Read more")
        for reference in rule.references:
            line = screen.text(f"  {reference.title}  {reference.url}".rstrip())
            if len(line) <= screen.width:
                yield line
            else:  # an address stays whole, so that it can be clicked
                yield from screen.wrapped(reference.title, first="  ", indent=4)
                yield screen.text(f"    {reference.url}")


def list_lines(rules: Mapping[str, ScannerRule], screen: Screen) -> Iterator[str]:
    """Yield every rule on a line, by family."""
    family = ""
    for rule in rules.values():
        own = rule.id.partition(".")[0]
        if own != family:
            if family:
                yield ""
            yield screen.bold(own)
            family = own
        line = screen.text(f"  {rule.severity.value:9}{rule.id:32} {rule.title}")
        if len(line) <= screen.width:
            yield line
        else:
            yield f"  {rule.severity.value:9}{rule.id}"
            yield from screen.wrapped(rule.title, first=" " * 13, indent=13)
    yield ""
    yield screen.text(f"{len(rules)} rules. `steelyard scan --explain RULE` shows one.")
