# SPDX-License-Identifier: Apache-2.0
"""Bandit's tests over the syntax trees of Python files: no file of it is written or run.

Bandit judges an application by the habits of its authors, so its severities are taken down: what it
calls high and is sure of becomes high, medium and sure becomes medium, everything else is low. Its
``nosec`` comments are not heeded, because the publisher of a model writes them.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

from steelyard.scanning.plugins import (
    Context,
    Coverage,
    Examination,
    Plugin,
    RuleReference,
    ScannerRule,
    Severity,
    Source,
)

if TYPE_CHECKING:
    from bandit.core.issue import Issue

_FAMILY = "x-bandit."


class BanditPlugin(Plugin):
    """Runs every test of Bandit with its default configuration."""

    name = "bandit"
    distribution = "bandit"
    formats = ("python",)

    def __init__(self) -> None:
        from bandit.core.config import BanditConfig
        from bandit.core.extension_loader import MANAGER
        from bandit.core.meta_ast import BanditMetaAst
        from bandit.core.test_set import BanditTestSet

        self._tests = BanditTestSet(BanditConfig())
        self._meta = BanditMetaAst
        names = {plugin.plugin._test_id: plugin.name for plugin in MANAGER.plugins}
        names |= {entry["id"]: entry["name"] for entry in MANAGER.blacklist_by_id.values()}
        self.rules = tuple(_rule(key, name) for key, name in sorted(names.items()))

    def examine(self, context: Context, source: Source, into: Examination) -> None:
        """Run the tests over one file."""
        from bandit.core.metrics import Metrics
        from bandit.core.node_visitor import BanditNodeVisitor

        most = context.limits.text_bytes
        data = source.read_at(0, min(source.size, most))
        if source.size > most:
            into.gap(Coverage.PARTIAL, f"Bandit saw only the first {most} bytes")
        name = "model/file.py"
        metrics = Metrics()
        metrics.begin(name)
        visitor = BanditNodeVisitor(
            name, io.BytesIO(data), self._meta(), self._tests, False, {}, metrics
        )

        def failed(test: str, *_: Any) -> None:
            into.gap(Coverage.PARTIAL, f"Bandit's test {test} failed")

        visitor.tester.report_error = failed
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                visitor.process(data)
        except (SyntaxError, ValueError) as error:
            into.gap(Coverage.PARTIAL, f"Bandit cannot read this Python: {error}")
        for issue in visitor.tester.results:
            _note(issue, context, into)


def _note(issue: Issue, context: Context, into: Examination) -> None:
    into.add(
        f"{_FAMILY}{issue.test_id.lower()}",
        _severity(issue),
        f"Bandit {issue.test_id}: {issue.text.rstrip('.')}.",
        location=context.at(f"line {issue.lineno}"),
        remedy="Read the line; it matters only if the code is run.",
    )


def _severity(issue: Issue) -> Severity:
    if issue.confidence == "HIGH" and issue.severity == "HIGH":
        return Severity.HIGH
    if issue.confidence == "HIGH" and issue.severity == "MEDIUM":
        return Severity.MEDIUM
    return Severity.LOW


def _rule(key: str, name: str) -> ScannerRule:
    from bandit.core.docs_utils import get_url

    return ScannerRule(
        id=f"{_FAMILY}{key.lower()}",
        title=f"Bandit {key}: {name.replace('_', ' ')}",
        severity=Severity.MEDIUM,
        what=f"Bandit's test {key} ({name}) fired on the syntax tree of a Python file.",
        why="The code does something that often goes wrong or is misused.",
        remedy="Read the line that is named, and what Bandit's documentation says about the test.",
        false_alarm="Code that nobody runs, or that is handed nothing hostile, does no harm.",
        references=(RuleReference(title=f"Bandit {key}", url=get_url(key)),),
    )
