# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter test``: does a charter decide what its authors wrote down it must."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.charter.reading import print_document
from steelyard.cli.door import EXIT_OK, EXIT_REJECTED, console, deliver, format_option
from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from steelyard.charter.cases.verdict import Difference, Result
    from steelyard.governance.charters.facts import Policy

TEST_SCHEMA = "steelyard.charter-test/v1"
_MOST_FILES = 1000


class Tested:
    """A file of cases, the charter that judged them, and what came of each."""

    def __init__(self, file: str, policy: Policy, results: list[Result]) -> None:
        self.file, self.policy, self.results = file, policy, results


@click.command("test")
@click.argument("path", default=".")
@click.option("--charter", "instead", metavar="CHARTER", help="Judge by this charter instead.")
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML there."
)
@click.option("--all-rules", is_flag=True, help="Fail when a rule fires in no case.")
@format_option()
def command(
    path: str, instead: str | None, junit: Path | None, all_rules: bool, output_format: str
) -> int:
    """Run the test cases of a charter.

    PATH is a file of cases, a directory with a directory `tests` of such files (by default this
    one), or the name of a shipped charter. A case has a few facts, over those of a harmless model
    for an internal pilot, and what must come of them.

    Exit codes: 0 every case passes, 1 some fail, 2 the files or charters cannot be used.
    """
    begun = time.monotonic()
    tested = [_run(file, text, instead) for file, text in _files(path)]
    seconds = time.monotonic() - begun
    coverage = _coverage(tested)
    if junit is not None:
        deliver(_junit(tested), junit)
    if output_format == "json":
        print_document(_document(tested, coverage))
    else:
        _show(console(), tested, coverage, seconds)
    failed = any(not result.passed for item in tested for result in item.results)
    uncovered = all_rules and any(never for _, never in coverage.values())
    return EXIT_REJECTED if failed or uncovered else EXIT_OK


def _files(path: str) -> list[tuple[str, str]]:
    """Return the names and texts of the files of cases at ``path``."""
    from steelyard.bootstrap import read_text
    from steelyard.catalog.charters import NAMES
    from steelyard.catalog.charters.tests import cases_text

    if path in NAMES:
        return [(f"{path}.yaml", cases_text(path))]
    root = Path(path)
    if not root.is_dir():
        return [(str(root), read_text(root, "file of cases"))]
    below = root / "tests" if (root / "tests").is_dir() else root
    found = sorted(
        file for file in below.rglob("*") if file.suffix in (".yaml", ".yml") and file.is_file()
    )
    if not found or (below is root and root.name != "tests"):
        raise InputError(
            f"There are no test cases of a charter in {str(root)!r}.",
            next_step="Write them to tests/NAME.yaml beside the charter, or name a file.",
            code="cases.none",
        )
    if len(found) > _MOST_FILES:
        raise InputError(
            f"There are {len(found):,} files of cases in {str(below)!r}; at most {_MOST_FILES:,} "
            "are read.",
            next_step="Name a directory with fewer.",
            code="cases.many",
        )
    return [(str(file), read_text(file, "file of cases")) for file in found]


def _run(file: str, text: str, instead: str | None) -> Tested:
    from steelyard.charter.cases.suite import Suite
    from steelyard.charter.cases.verdict import judge_case

    suite = Suite(text, file)
    policy = _policy(suite.charter, file, suite.include) if instead is None else _policy(instead)
    return Tested(
        file,
        policy,
        [judge_case(policy.charter, case) for case in suite.cases(policy.charter)],
    )


def _policy(name: str, file: str = "", include: tuple[str, ...] = ()) -> Policy:
    """Return a charter by its shipped name, or from a file beside the file that names it.

    With packs it is the charter that extends that one and includes them.
    """
    from steelyard.bootstrap import load_policy, read_beside
    from steelyard.catalog.charters import NAMES
    from steelyard.charter.load import load_charter
    from steelyard.charter.resolve import identity_of, resolved_json
    from steelyard.governance.charters.facts import Policy

    base = load_policy(name if name in NAMES or not file else str(Path(file).parent / name))
    if not include:
        return base
    words = {
        "charter": f"{base.charter.name}-with-packs",
        "version": base.charter.version,
        "effective": base.charter.effective.isoformat(),
        "owner": base.charter.owner,
        "purpose": base.charter.purpose,
        "extends": name,
        "include": list(include),
    }
    charter = load_charter(json.dumps(words), file, read_beside)
    return Policy(charter, identity_of(charter), resolved_json(charter))


def _coverage(tested: list[Tested]) -> dict[str, tuple[Policy, tuple[str, ...]]]:
    """Return, by digest, each charter and its rules that fire in no case of any file."""
    from steelyard.charter.cases.verdict import never_fired

    results: dict[str, list[Result]] = {}
    policies: dict[str, Policy] = {}
    for item in tested:
        digest = item.policy.identity.sha256
        policies[digest] = item.policy
        results.setdefault(digest, []).extend(item.results)
    return {
        digest: (policy, never_fired(policy.charter, results[digest]))
        for digest, policy in policies.items()
    }


def _document(
    tested: list[Tested], coverage: dict[str, tuple[Policy, tuple[str, ...]]]
) -> dict[str, Any]:
    import msgspec

    results = [result for item in tested for result in item.results]
    return {
        "schema": TEST_SCHEMA,
        "passed": sum(result.passed for result in results),
        "failed": sum(not result.passed for result in results),
        "files": [
            {
                "file": item.file,
                "charter": msgspec.to_builtins(item.policy.identity),
                "cases": [
                    {"passed": result.passed, **msgspec.to_builtins(result)}
                    for result in item.results
                ],
            }
            for item in tested
        ],
        "coverage": [
            {
                "charter": msgspec.to_builtins(policy.identity),
                "rules": len(policy.charter.rules),
                "never_fired": list(never),
            }
            for policy, never in coverage.values()
        ],
    }


def _junit(tested: list[Tested]) -> bytes:
    from steelyard.reporting.case_junit import CaseReport, SuiteReport, cases_junit

    return cases_junit(
        [
            SuiteReport(
                item.file,
                item.policy.identity.name,
                tuple(
                    CaseReport(result.name, tuple(map(_sentence, result.differences)))
                    for result in item.results
                ),
            )
            for item in tested
        ]
    )


def _sentence(difference: Difference) -> str:
    said = f"{difference.what}: expected {difference.expected}, but {difference.actual}"
    return "\n  ".join((said, *difference.why))


def _show(
    screen: Console,
    tested: list[Tested],
    coverage: dict[str, tuple[Policy, tuple[str, ...]]],
    seconds: float,
) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from steelyard.reporting.text import plain, visible

    ascii_only = screen.options.ascii_only

    def say(text: str, columns: int = 0, style: str = "") -> None:
        shown = visible(text)
        line = Text(plain(shown) if ascii_only else shown, style=style)
        screen.print(Padding(line, (0, 0, 0, columns), expand=False))

    good, bad = ("+", "x") if ascii_only else ("✓", "✗")
    for item in tested:
        identity = item.policy.identity
        say(f"{item.file}: charter {identity.name} {identity.version} ({identity.sha256[:12]})")
        for result in item.results:
            if result.passed:
                say(f"{good} {result.name}", 2, "green")
                continue
            say(f"{bad} {result.name} (line {result.line})", 2, "bold red")
            for difference in result.differences:
                said = f"expected {difference.expected}, but {difference.actual}"
                say(f"{difference.what}: {said}", 6)
                for line in difference.why:
                    say(line, 8, "dim")
    results = [result for item in tested for result in item.results]
    failed = sum(not result.passed for result in results)
    for policy, never in coverage.values():
        if never:
            total = len(policy.charter.rules)
            say("")
            say(
                f"{len(never)} of {total} rules of {policy.identity.name} fire in no case:",
                style="yellow",
            )
            for rule in never:
                say(rule, 2)
    say("")
    say(
        f"{len(results) - failed} passed, {failed} failed, "
        f"{len(tested)} file{'s' if len(tested) != 1 else ''}, {seconds:.1f} s",
        style="bold red" if failed else "bold green",
    )
