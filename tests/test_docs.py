# SPDX-License-Identifier: Apache-2.0
"""The documentation is complete and has not fallen behind the code."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def load_builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "build_reference", ROOT / "scripts" / "build_reference.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date() -> None:
    stale = [
        name
        for name, content in load_builder().pages().items()
        if not (DOCS / "reference" / name).is_file()
        or (DOCS / "reference" / name).read_bytes() != content
    ]
    assert not stale, f"run `make docs`: {stale}"


def test_every_setting_is_documented() -> None:
    folders = [ROOT / "src" / "steelyard" / name for name in ("cli", "platform")]
    sources = "".join(
        path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py")
    )
    settings = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    names = set(re.findall(r"\bSTEELYARD_[A-Z]+\b", sources))
    assert names
    assert not names - set(re.findall(r"\bSTEELYARD_[A-Z]+\b", settings))


def rule_ids(tree: ast.AST) -> set[str]:
    """Return the rule ids given to ``into.add(…)`` and ``Finding(rule=…)`` as literals."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr == "add" and node.keywords:
            candidates = node.args[:1]
        else:
            candidates = [word.value for word in node.keywords if word.arg == "rule"]
        for value in candidates:
            for leaf in ast.walk(value):
                if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str):
                    found.add(leaf.value)
    return {rule for rule in found if re.fullmatch(r"[a-z]+\.[a-z-]+", rule)}


def test_every_finding_has_a_documented_rule() -> None:
    known = set(load_builder().scanner_rules())
    used: set[str] = set()
    for folder in ("scanning", "platform"):
        for path in (ROOT / "src" / "steelyard" / folder).rglob("*.py"):
            used |= rule_ids(ast.parse(path.read_text(encoding="utf-8")))
    assert len(used) > 20
    assert not used - known, sorted(used - known)


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))], ids=lambda page: page.name
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    broken = [
        link for link in links(page) if "://" not in link and not (page.parent / link).exists()
    ]
    assert not broken
