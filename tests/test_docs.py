# SPDX-License-Identifier: Apache-2.0
"""The documentation is complete and has not fallen behind the code."""

from __future__ import annotations

import ast
import datetime
import importlib.util
import re
import subprocess
import sys
import typing
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from steelyard.catalog.controls import controls, topics
from steelyard.catalog.rules import scanner_rules
from steelyard.charter.evaluate import evaluate
from steelyard.charter.load import load_charter
from steelyard.charter.schema import CharterDocument
from steelyard.governance.use_cases.facts import load_use_case
from steelyard.kernel.errors import DocumentErrors
from steelyard.kernel.use_case import UseCase
from steelyard.triage.suppressions import Suppression, read_suppressions
from tests.charter.samples import JOBLIB, TODAY, facts

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
    # In a process of its own: a command that a test called by itself remembers its help option.
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "build_reference.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


def test_every_rule_has_a_place_in_the_page_of_its_family() -> None:
    folder = DOCS / "reference" / "rules"
    families = {rule.partition(".")[0] for rule in scanner_rules()}
    assert {path.stem for path in folder.iterdir()} == families, "run `make docs`"
    index = (DOCS / "reference" / "scanner-rules.md").read_text(encoding="utf-8")
    for rule in scanner_rules():
        page = f"rules/{rule.partition('.')[0]}.md"
        assert f"({page}#{rule})" in index
        text = (DOCS / "reference" / page).read_text(encoding="utf-8")
        assert text.count(f'<a id="{rule}"></a>') == 1


def test_every_control_has_a_place_in_the_page_of_its_topic() -> None:
    folder = DOCS / "reference" / "controls"
    assert {path.stem for path in folder.iterdir()} == set(topics()), "run `make docs`"
    index = (DOCS / "reference" / "controls.md").read_text(encoding="utf-8")
    for control in controls().values():
        assert f"(controls/{control.topic}.md#{control.id})" in index
        page = (folder / f"{control.topic}.md").read_text(encoding="utf-8")
        _, found, after = page.partition(f'<a id="{control.id}"></a>')
        assert found
        own = after.partition('<a id="')[0]
        for mapping in control.mappings:
            (row,) = [line for line in own.splitlines() if line.startswith(f"| `{mapping.ref}` |")]
            assert row.endswith(f"| {mapping.basis} |")


def anchors(page: Path) -> list[tuple[Path, str]]:
    found = re.findall(r"\]\(([^)#\s]*\.md)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return [((page.parent / name).resolve(), anchor) for name, anchor in found]


@pytest.mark.parametrize("name", ["controls.md", "playbooks.md", "controls/incident.md"])
def test_anchors_of_the_catalog_pages_exist(name: str) -> None:
    for target, anchor in anchors(DOCS / "reference" / name):
        assert f'<a id="{anchor}"></a>' in target.read_text(encoding="utf-8"), (target, anchor)


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
    known = set(scanner_rules())
    used: set[str] = set()
    for folder in ("scanning", "platform"):
        for path in (ROOT / "src" / "steelyard" / folder).rglob("*.py"):
            used |= rule_ids(ast.parse(path.read_text(encoding="utf-8")))
    assert len(used) > 20
    assert not used - known, sorted(used - known)


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "page", [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))], ids=lambda page: page.name
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    broken = [
        link for link in links(page) if "://" not in link and not (page.parent / link).exists()
    ]
    assert not broken


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def charter_example() -> str:
    return next(text for text in blocks("how-to/write-a-charter.md", "yaml") if "extends" in text)


def test_the_charter_of_the_guide_decides_as_the_guide_says() -> None:
    charter = load_charter(charter_example(), "acme.yaml")

    def fired(**changes: object) -> dict[str, str]:
        found = evaluate(charter, facts(**changes), {}, TODAY)
        return {reason.rule: reason.message for reason in found.decision.reasons}

    usual = fired(model__parameters=22_700_000)
    assert "fits-our-machines" not in usual
    assert "no-music" not in usual
    assert "limits-are-known" in usual
    said = "It could not be evaluated because model.parameters is not known."
    assert said in fired()["fits-our-machines"]
    assert " ".join(said.split()) in " ".join(guide().split())
    assert "no-music" not in fired(model__task=None)
    assert "no-music" in fired(model__task="text-to-audio")
    assert "safetensors-for-customers" in fired(use_case__people_affected="public", **JOBLIB)
    assert "acme-support.licenses.forbid" in fired(license__category="non-commercial")


def guide() -> str:
    return (DOCS / "how-to" / "write-a-charter.md").read_text(encoding="utf-8")


def test_the_error_shown_in_the_guide_is_the_real_one() -> None:
    wrong = charter_example().replace("model.parameters", "model.parametres")
    with pytest.raises(DocumentErrors) as caught:
        load_charter(wrong, "acme.yaml")
    assert blocks("how-to/write-a-charter.md", "text")[0].strip() == str(caught.value)


def test_the_suppressions_of_the_guide_can_be_used() -> None:
    text = next(t for t in blocks("how-to/scan-models.md", "yaml") if t.startswith("suppressions"))
    today = datetime.date(2026, 12, 1)
    entries = read_suppressions(text, "s.yaml", today, frozenset(scanner_rules()))
    assert [entry.sha256 is None for entry in entries] == [True, False]
    guide = (DOCS / "how-to" / "scan-models.md").read_text(encoding="utf-8")
    assert not {name for name in fields_below(Suppression) if f"| `{name}` |" not in guide}


@pytest.mark.parametrize("page", ["how-to/scan-models.md"])
def test_every_option_a_guide_names_exists(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    known = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    assert not {name for name in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text) if name not in known}


def fields_below(kind: object) -> set[str]:
    """Return the names of all fields of a struct and of the structs inside it."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        own = msgspec.structs.fields(kind)
        return {field.encode_name for field in own}.union(
            *(fields_below(field.type) for field in own)
        )
    return set().union(*(fields_below(inner) for inner in typing.get_args(kind)))


@pytest.mark.parametrize(
    ("page", "kind"), [("charter.md", CharterDocument), ("use-case.md", UseCase)]
)
def test_every_field_of_a_file_people_write_is_documented(
    page: str, kind: type[msgspec.Struct]
) -> None:
    text = (DOCS / "reference" / page).read_text(encoding="utf-8")
    assert not {name for name in fields_below(kind) if f"`{name}`" not in text}


def test_every_example_can_be_used() -> None:
    (written,) = blocks("reference/use-case.md", "yaml")
    load_use_case(written, "use-case.md")
    for path in (ROOT / "examples" / "use-cases").glob("*.yaml"):
        load_use_case(path.read_text(encoding="utf-8"), path.name)
    for path in (ROOT / "examples" / "charters").glob("*.yaml"):
        load_charter(path.read_text(encoding="utf-8"), path.name)


def test_every_page_is_in_the_index() -> None:
    reference = DOCS / "reference"
    indexes = [DOCS / "README.md", reference / "scanner-rules.md", reference / "controls.md"]
    listed = {(index.parent / link).resolve() for index in indexes for link in links(index)}
    assert not set(DOCS.rglob("*.md")) - listed - {DOCS / "README.md"}
