# SPDX-License-Identifier: Apache-2.0
"""The charter names plug-ins of the scanner; an overlay may only add some."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from steelyard.bootstrap import parse_plugin
from steelyard.charter.document import Document
from steelyard.charter.load import load_charter, shipped
from steelyard.charter.overlay import Laying, lay_over
from steelyard.charter.resolve import from_resolved, resolved_json
from steelyard.charter.schema import Charter, CharterDocument, PluginPin, ScannerSection
from steelyard.governance.assessment.plugins import plugins_of
from steelyard.kernel.errors import DocumentErrors, InputError

HEAD = """\
charter: acme
version: "1"
effective: 2026-12-01
owner: A
purpose: P
extends: starter
"""
SECTION = """\
scanner:
  plugins:
    - name: detect-secrets
      version: 1.5.0
    - {name: yara-x, version: "1.23.0", rules: [rules]}
"""


def load(section: str) -> Charter:
    return load_charter(HEAD + section, "acme.yaml")


def test_plugins_are_part_of_the_resolved_charter() -> None:
    charter = load(SECTION)
    assert charter.scanner is not None
    assert [plugin.name for plugin in charter.scanner.plugins] == ["detect-secrets", "yara-x"]
    assert from_resolved(resolved_json(charter)) == charter


def test_a_charter_without_them_is_the_charter_it_was() -> None:
    assert b'"scanner"' not in resolved_json(shipped("starter"))
    assert from_resolved(resolved_json(shipped("starter"))) == shipped("starter")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('{name: detect-secrets, version: ">=1"}', "one exact version"),
        ('{name: Detect.Secrets, version: "1"}', "name of a plug-in"),
        ("{name: bandit}", "needs the field 'version'"),
        ('{name: bandit, version: "1", url: x}', "no field 'url'"),
    ],
)
def test_a_wrong_entry_is_an_error_at_its_line(entry: str, said: str) -> None:
    with pytest.raises(DocumentErrors, match=said) as caught:
        load(f"scanner:\n  plugins:\n    - {entry}\n")
    assert "acme.yaml:9:" in str(caught.value)


def test_a_plugin_is_named_once() -> None:
    twice = SECTION + '    - {name: yara-x, version: "2"}\n'
    with pytest.raises(DocumentErrors, match="'yara-x' is named twice"):
        load(twice)


def test_an_overlay_adds_and_never_changes() -> None:
    base = msgspec.structs.replace(
        shipped("starter"),
        scanner=ScannerSection(plugins=(PluginPin(name="bandit", version="1.9.4"),)),
    )

    def laid(section: str) -> tuple[Document, Charter]:
        document = Document(HEAD + section, "acme.yaml")
        laying = Laying(document, "the charter 'starter'", refuse=True)
        return document, lay_over(laying, document.decode(CharterDocument), base, (), ())

    document, charter = laid(SECTION)
    assert not document.errors
    assert charter.scanner is not None
    names = [plugin.name for plugin in charter.scanner.plugins]
    assert names == ["bandit", "detect-secrets", "yara-x"]
    document, charter = laid("")
    assert charter.scanner == base.scanner
    document, _ = laid("scanner:\n  plugins: [{name: bandit, version: '1.0'}]\n")
    assert "may not change it" in str(document.errors[0])


def test_paths_of_rules_are_looked_up_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="'rules' of the plug-in 'yara-x' are not there"):
        plugins_of(load(SECTION))
    (tmp_path / "rules").mkdir()
    first, second = plugins_of(load(SECTION))
    assert (first.name, first.version, first.paths) == ("detect-secrets", "1.5.0", ())
    assert second.paths == (str(tmp_path / "rules"),)
    assert plugins_of(shipped("starter")) == ()


def test_a_plugin_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "a:b").mkdir()
    assert parse_plugin("bandit==1.9.4").version == "1.9.4"
    assert parse_plugin(f"yara-x==1.23.0:{tmp_path}/a:b").paths == (f"{tmp_path}/a%3Ab",)
    for wrong in ("bandit", "bandit>=1", "Bandit==1", "bandit==", "==1", "bandit== 1"):
        with pytest.raises(InputError, match="does not name a plug-in"):
            parse_plugin(wrong)
