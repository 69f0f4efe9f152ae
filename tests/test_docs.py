# SPDX-License-Identifier: Apache-2.0
"""The documentation is complete and has not fallen behind the code."""

from __future__ import annotations

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
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    settings = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    missing = set(re.findall(r"\bSTEELYARD_[A-Z]+\b", sources)) - set(
        re.findall(r"\bSTEELYARD_[A-Z]+\b", settings)
    )
    assert not missing


def test_every_finding_has_a_documented_rule() -> None:
    """Rule ids in the code are literals; each must stand in a RULES table, so in the reference."""
    known = set(load_builder().scanner_rules())
    pattern = re.compile(r'"((?:pickle|archive|file|path|torch|joblib|numpy)\.[a-z-]+)"')
    used: set[str] = set()
    for folder in ("scanning", "platform"):
        for path in (ROOT / "src" / "steelyard" / folder).rglob("*.py"):
            used |= set(pattern.findall(path.read_text(encoding="utf-8")))
    codes = set(load_builder().error_codes())
    assert not used - known - codes, sorted(used - known - codes)


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
